"""Check the signature, the form and the age of a webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .._core.model import as_datetime
from .._core.strict_json import parse_object
from ..errors import PamelaError
from .signatures import hex_signature, verify_webhook_signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Body = bytes | bytearray | memoryview | str


class VerificationFailureReason(StrEnum):
    """Why a webhook was refused."""

    MISSING_SIGNATURE = "missing_signature"
    MALFORMED_SIGNATURE = "malformed_signature"
    WRONG_SIGNATURE = "wrong_signature"
    STALE = "stale"
    MALFORMED_BODY = "malformed_body"


class WebhookVerificationError(PamelaError):
    """A webhook could not be verified. Do not act upon it.

    Attributes:
        reason: Why the webhook was refused. Write it to your log, but do not send it to the sender.
    """

    def __init__(
        self,
        message: str,
        error_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        status_code: int | None = None,
        *,
        reason: VerificationFailureReason = VerificationFailureReason.WRONG_SIGNATURE,
    ) -> None:
        super().__init__(message, error_code, details, status_code)
        self.reason = reason


def verified_payload(
    body: Body, signature: str | None, secret: str | Sequence[str], *, tolerance: float | None = 300
) -> dict[str, Any]:
    """Verify a webhook of any kind and return its JSON object.

    It has the arguments and exceptions of `construct_event`.
    """
    if not isinstance(body, Body):
        raise TypeError(f"The body must be the raw body, bytes or str, not {type(body).__name__}.")
    check_tolerance(tolerance)
    if not verify_webhook_signature(body, signature, secret):
        raise _signature_error(signature)
    try:
        # Text that cannot be encoded cannot have been signed, so it is safe to encode here.
        payload = parse_object(body.encode() if isinstance(body, str) else bytes(body))
    except ValueError as error:
        message = f"The body of the webhook is signed but not a JSON object: {error}."
        raise WebhookVerificationError(message, reason=VerificationFailureReason.MALFORMED_BODY) from None
    if tolerance is not None:
        _check_age(payload.get("timestamp"), tolerance)
    return payload


def check_tolerance(tolerance: float | None) -> None:
    """Raise ValueError unless a tolerance is None or a number of seconds, 0 or more."""
    if tolerance is not None and not (isinstance(tolerance, int | float) and tolerance >= 0):
        raise ValueError(f"tolerance={tolerance!r} must be a number of seconds, 0 or more, or None.")


def _signature_error(signature: str | None) -> WebhookVerificationError:
    if signature is None or (isinstance(signature, str) and not signature.strip()):
        message, reason = "The webhook has no signature.", VerificationFailureReason.MISSING_SIGNATURE
    elif hex_signature(signature) is None:
        message = "The signature of the webhook is not 64 hexadecimal digits."
        reason = VerificationFailureReason.MALFORMED_SIGNATURE
    else:
        message = "The signature of the webhook does not match its body and the secret. Is this the current secret?"
        reason = VerificationFailureReason.WRONG_SIGNATURE
    return WebhookVerificationError(message, reason=reason)


def _check_age(timestamp: object, tolerance: float) -> None:
    if timestamp is None:
        return
    moment = as_datetime(timestamp)
    if not isinstance(moment, datetime):
        message = f"The timestamp of the webhook, {timestamp!r:.100}, is not ISO 8601."
        raise WebhookVerificationError(message, reason=VerificationFailureReason.MALFORMED_BODY)
    age = (datetime.now(UTC) - moment).total_seconds()
    if abs(age) > tolerance:
        when = f"{abs(age):.0f} s {'ago' if age > 0 else 'ahead'}"
        message = f"The timestamp of the webhook, {timestamp!r:.100}, is {when}. The tolerance is {tolerance:g} s."
        raise WebhookVerificationError(message, reason=VerificationFailureReason.STALE)
