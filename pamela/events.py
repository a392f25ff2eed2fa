"""What a webhook says: its body verified, fresh and typed by event."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Union

from ._core.model import Model, as_datetime
from ._core.strict_json import parse_object
from ._generated import models
from ._generated.events import EVENTS
from .errors import PamelaError
from .webhooks import hex_signature, verify_webhook_signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._generated.events import WebhookEvent as DocumentedEvent

Body = bytes | bytearray | memoryview | str


class VerificationFailure(StrEnum):
    """Why a webhook was not believed."""

    MISSING_SIGNATURE = "missing_signature"
    MALFORMED_SIGNATURE = "malformed_signature"
    WRONG_SIGNATURE = "wrong_signature"
    STALE = "stale"
    MALFORMED_BODY = "malformed_body"


class WebhookVerificationError(PamelaError):
    """A webhook is not one to act upon.

    Attributes:
        reason: Why. It is for your log; tell the sender nothing.
    """

    def __init__(
        self,
        message: str,
        error_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        status_code: int | None = None,
        *,
        reason: VerificationFailure = VerificationFailure.WRONG_SIGNATURE,
    ) -> None:
        super().__init__(message, error_code, details, status_code)
        self.reason = reason


class UnknownEvent(Model):
    """An event that this version of the package has never heard of."""

    __slots__ = ()

    @property
    def event(self) -> str | None:
        """The kind of event."""
        name: str | None = self._get("event")
        return name

    @property
    def call_id(self) -> str | None:
        """The call's `id`."""
        name: str | None = self._get("call_id")
        return name

    @property
    def timestamp(self) -> datetime | None:
        """When it happened."""
        moment: datetime | None = as_datetime(self._get("timestamp"))
        return moment


if TYPE_CHECKING:
    WebhookEvent = DocumentedEvent | UnknownEvent
else:
    WebhookEvent = Union[(*(getattr(models, name) for name in EVENTS.values()), UnknownEvent)]


def construct_event(
    body: Body, signature: str | None, secret: str | Sequence[str], *, tolerance: float | None = 300
) -> WebhookEvent:
    """Verify a webhook and give its event, typed.

    Args:
        body: The raw body of the request, before any JSON parser had it.
        signature: The ``X-Pamela-Signature`` header, None when it is missing.
        secret: The webhook secret, or several of them while one replaces another.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds, so that a recorded webhook cannot be
            played again later; None accepts any. An event without a timestamp is accepted (our decision).

    Returns:
        The event, a dict with typed attributes: ``CallQueuedEvent``, ``CallStartedEvent``,
        ``CallTranscriptUpdateEvent``, ``CallCompletedEvent``, ``CallFailedEvent``, or ``UnknownEvent`` for one that
        this version has never heard of.

    Raises:
        WebhookVerificationError: The webhook is not one to act upon; ``reason`` says why.
        ValueError: The secret is empty, or the tolerance no number of 0 or more.

    Example:
        >>> from pamela.webhooks import sign_webhook
        >>> body = b'{"event": "call.queued", "call_id": "call_1"}'
        >>> event = construct_event(body, sign_webhook(body, "whsec_example"), "whsec_example")
        >>> type(event).__name__, event.call_id
        ('CallQueuedEvent', 'call_1')
    """
    return as_event(verified_payload(body, signature, secret, tolerance=tolerance))


def as_event(payload: dict[str, Any]) -> WebhookEvent:
    """Give a verified payload the type of its event."""
    name = payload.get("event")
    model = EVENTS.get(name) if isinstance(name, str) else None
    event: WebhookEvent = getattr(models, model)(payload) if model else UnknownEvent(payload)
    return event


def verified_payload(
    body: Body, signature: str | None, secret: str | Sequence[str], *, tolerance: float | None = 300
) -> dict[str, Any]:
    """Verify a webhook of any kind and give its JSON object.

    Arguments and exceptions are those of `construct_event`.
    """
    if not isinstance(body, Body):
        raise TypeError(f"The body must be the raw body, bytes or str, not {type(body).__name__}.")
    check_tolerance(tolerance)
    if not verify_webhook_signature(body, signature, secret):
        raise _signature_error(signature)
    try:
        # What cannot be encoded was not signed, so text is safe to encode here.
        payload = parse_object(body.encode() if isinstance(body, str) else bytes(body))
    except ValueError as error:
        message = f"The body of the webhook is signed but not a JSON object: {error}."
        raise WebhookVerificationError(message, reason=VerificationFailure.MALFORMED_BODY) from None
    if tolerance is not None:
        _check_age(payload.get("timestamp"), tolerance)
    return payload


def check_tolerance(tolerance: float | None) -> None:
    """ValueError for a tolerance that cannot be."""
    if tolerance is not None and not (isinstance(tolerance, int | float) and tolerance >= 0):
        raise ValueError(f"tolerance={tolerance!r} must be a number of seconds, 0 or more, or None.")


def _signature_error(signature: str | None) -> WebhookVerificationError:
    if signature is None or (isinstance(signature, str) and not signature.strip()):
        message, reason = "The webhook has no signature.", VerificationFailure.MISSING_SIGNATURE
    elif hex_signature(signature) is None:
        message = "The signature of the webhook is not 64 hexadecimal digits."
        reason = VerificationFailure.MALFORMED_SIGNATURE
    else:
        message = "The signature of the webhook is not that of this body with this secret. Is it the secret in use?"
        reason = VerificationFailure.WRONG_SIGNATURE
    return WebhookVerificationError(message, reason=reason)


def _check_age(timestamp: object, tolerance: float) -> None:
    if timestamp is None:
        return
    moment = as_datetime(timestamp)
    if not isinstance(moment, datetime):
        message = f"The timestamp of the webhook, {timestamp!r:.100}, is not ISO 8601."
        raise WebhookVerificationError(message, reason=VerificationFailure.MALFORMED_BODY)
    age = (datetime.now(UTC) - moment).total_seconds()
    if abs(age) > tolerance:
        when = f"{abs(age):.0f} s {'ago' if age > 0 else 'ahead'}"
        message = f"The timestamp of the webhook, {timestamp!r:.100}, is {when}; {tolerance:g} s are tolerated."
        raise WebhookVerificationError(message, reason=VerificationFailure.STALE)
