"""From an HTTP request to the verified payload of a webhook, or to the answer that refuses it; no framework needed."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..events import VerificationFailure, WebhookVerificationError, check_tolerance, verified_payload
from ..webhooks import SIGNATURE_HEADER, signing_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Sequence

logger = logging.getLogger("pamela.webhooks")

CHUNK_BYTES = 65_536
MAX_BODY_BYTES = 1_048_576
_MANY_DIGITS = 18  # Python refuses to read numbers of thousands of digits


class Headers(Protocol):
    """Request headers of any framework, or a dict of them."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names, in any case, and values."""


class Answer(NamedTuple):
    """What to answer an HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of_json(cls, status: int, content: Any, **headers: str) -> Answer:
        """Answer with a JSON value; ValueError or TypeError when it has no JSON form."""
        body = json.dumps(content, allow_nan=False).encode()
        return cls(status, {"Content-Type": "application/json", **headers}, body)


class RequestRefusedError(Exception):
    """A request that is answered, because it is no webhook to act upon."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


class WebhookReader:
    """Reads requests: the method, the size, the signature and the age must be right.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tolerance: How far a ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read.

    Raises:
        ValueError: The secret is empty, or `tolerance` or `max_body_bytes` cannot be.
    """

    def __init__(
        self,
        secret: str | Sequence[str],
        *,
        tolerance: float | None = 300,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._secret = secret if isinstance(secret, str) else tuple(secret or ())
        signing_keys(self._secret)
        check_tolerance(tolerance)
        _check_max_body_bytes(max_body_bytes)
        self._tolerance = tolerance
        self._max_body_bytes = max_body_bytes

    def read(self, method: str, headers: Headers, chunks: Iterable[bytes]) -> dict[str, Any]:
        """Give the payload of a request.

        Raises:
            RequestRefusedError: The request is not a webhook to act upon; it has the answer.
        """
        body = self._begin(method, headers)
        for chunk in chunks:
            self._append(body, chunk)
        return self._open(body, headers)

    async def read_async(self, method: str, headers: Headers, chunks: AsyncIterable[bytes]) -> dict[str, Any]:
        """As `read`."""
        body = self._begin(method, headers)
        async for chunk in chunks:
            self._append(body, chunk)
        return self._open(body, headers)

    def _begin(self, method: str, headers: Headers) -> bytearray:
        if method != "POST":
            logger.warning("Refused a webhook: the method is %.20r, not POST.", method)
            raise RequestRefusedError(Answer.of_json(405, {"error": "Method not allowed"}, Allow="POST"))
        length = _header(headers, "Content-Length") or ""
        if length.isdecimal() and (len(length) > _MANY_DIGITS or int(length) > self._max_body_bytes):
            raise self._too_large()
        return bytearray()

    def _append(self, body: bytearray, chunk: bytes) -> None:
        if len(body) + len(chunk) > self._max_body_bytes:
            raise self._too_large()
        body += chunk

    def _too_large(self) -> RequestRefusedError:
        logger.warning("Refused a webhook: its body is larger than %d bytes.", self._max_body_bytes)
        return RequestRefusedError(Answer.of_json(413, {"error": "Body too large"}))

    def _open(self, body: bytearray, headers: Headers) -> dict[str, Any]:
        signature = _header(headers, SIGNATURE_HEADER)
        try:
            return verified_payload(bytes(body), signature, self._secret, tolerance=self._tolerance)
        except WebhookVerificationError as error:
            logger.warning("Refused a webhook (%s): %s", error.reason, error)
            malformed = error.reason is VerificationFailure.MALFORMED_BODY
            # Only who knows the secret gets as far as 400. All others are told the same, whatever was wrong.
            status, message = (400, "Invalid body") if malformed else (401, "Invalid signature")
            raise RequestRefusedError(Answer.of_json(status, {"error": message})) from None


def _check_max_body_bytes(number: int) -> None:
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"max_body_bytes={number!r} must be a whole number of bytes, 1 or more.")


def _header(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)
