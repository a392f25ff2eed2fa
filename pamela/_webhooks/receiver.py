"""Turn an HTTP request into the verified payload of a webhook, or into the response that refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .refusals import RefusalLog
from .responses import WebhookResponse
from .signatures import SIGNATURE_HEADER, secret_list, signing_keys
from .verification import VerificationFailureReason, WebhookVerificationError, check_tolerance, verified_payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Iterator, Sequence

CHUNK_BYTES = 65_536
MAX_BODY_BYTES = 1_048_576
MAX_LENGTH_DIGITS = 18  # Python refuses to parse numbers of thousands of digits


class Headers(Protocol):
    """The headers of a request: a dict or the object of a framework."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return pairs of name and value. Upper and lower case make no difference."""


class HeaderPairs:
    """Headers as pairs of name and value. A name may occur several times."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def items(self) -> list[tuple[str, str]]:
        """Return pairs of name and value, in their order."""
        return self._pairs


class BodyUnreadableError(Exception):
    """The server could not read the body of a request. It is malformed, or the sender closed the connection."""


class RequestRefusedError(Exception):
    """A request is refused.

    Attributes:
        response: The response to send.
    """

    def __init__(self, response: WebhookResponse) -> None:
        super().__init__(f"answered {response.status}")
        self.response = response


class WebhookReceiver:
    """Reads requests and checks their method, size, signature and age.

    Args:
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.
        tolerance: Maximum difference between a ``timestamp`` and now, in seconds. None accepts any timestamp.
        max_body_bytes: Maximum size of a body, in bytes.

    Raises:
        ValueError: The secret is empty, contains a line break, or starts or ends with a space; or `tolerance` or
            `max_body_bytes` is out of range.
        TypeError: The secret is not a str or a list of str.
    """

    def __init__(
        self,
        secret: str | Sequence[str],
        *,
        tolerance: float | None = 300,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._secret = secret if isinstance(secret, str) else tuple(secret_list(secret))
        _check_secrets(signing_keys(self._secret))
        check_tolerance(tolerance)
        _check_max_body_bytes(max_body_bytes)
        self._tolerance = tolerance
        self._max_body_bytes = max_body_bytes
        self._refusals = RefusalLog()

    def read(self, method: str, headers: Headers, chunks: Iterable[bytes], *, path: str = "") -> dict[str, Any]:
        """Return the verified payload of a request. The path is for the log.

        Raises:
            RequestRefusedError: The request is not a valid webhook.
        """
        body = self._check_head(method, headers, path)
        try:
            for chunk in chunks:
                self._append(body, chunk, path)
        except BodyUnreadableError as error:
            raise self._unreadable(error, path) from None
        return self._verify(body, headers, path)

    async def read_async(
        self, method: str, headers: Headers, chunks: AsyncIterable[bytes], *, path: str = ""
    ) -> dict[str, Any]:
        """Return the verified payload of a request with an async iterable of chunks. The path is for the log.

        Raises:
            RequestRefusedError: The request is not a valid webhook.
        """
        body = self._check_head(method, headers, path)
        try:
            async for chunk in chunks:
                self._append(body, chunk, path)
        except BodyUnreadableError as error:
            raise self._unreadable(error, path) from None
        return self._verify(body, headers, path)

    def _check_head(self, method: str, headers: Headers, path: str) -> bytearray:
        if method != "POST":
            self._refusals.write(path, "method", f"The method is {method!r:.20}, not POST.")
            raise RequestRefusedError(WebhookResponse.of_json(405, {"error": "Method not allowed"}, Allow="POST"))
        length = next(_values(headers, "Content-Length"), "")
        if length.isdecimal() and (len(length) > MAX_LENGTH_DIGITS or int(length) > self._max_body_bytes):
            raise self._too_large(path)
        return bytearray()

    def _append(self, body: bytearray, chunk: bytes, path: str) -> None:
        if len(body) + len(chunk) > self._max_body_bytes:
            raise self._too_large(path)
        body += chunk

    def _too_large(self, path: str) -> RequestRefusedError:
        self._refusals.write(path, "too_large", f"The body is larger than {self._max_body_bytes} bytes.")
        return RequestRefusedError(WebhookResponse.of_json(413, {"error": "Body too large"}))

    def _unreadable(self, error: BodyUnreadableError, path: str) -> RequestRefusedError:
        self._refusals.write(path, "unreadable", f"The body cannot be read: {error}")
        return RequestRefusedError(WebhookResponse.of_json(400, {"error": "Invalid body"}))

    def _verify(self, body: bytearray, headers: Headers, path: str) -> dict[str, Any]:
        signatures = list(_values(headers, SIGNATURE_HEADER))
        signature = signatures[0] if signatures else None
        try:
            if len(signatures) > 1:
                raise WebhookVerificationError(
                    f"The webhook has {len(signatures)} signatures.",
                    reason=VerificationFailureReason.MALFORMED_SIGNATURE,
                )
            return verified_payload(bytes(body), signature, self._secret, tolerance=self._tolerance)
        except WebhookVerificationError as error:
            self._refusals.write(path, str(error.reason), str(error))
            malformed = error.reason is VerificationFailureReason.MALFORMED_BODY
            # Only a sender that knows the secret gets a 400. All others get the same response, whatever was wrong.
            status, message = (400, "Invalid body") if malformed else (401, "Invalid signature")
            raise RequestRefusedError(WebhookResponse.of_json(status, {"error": message})) from None


def _check_secrets(keys: Iterable[bytes]) -> None:
    if any(key != key.strip() for key in keys):
        raise ValueError("The webhook secret starts or ends with a space. Pass secret.strip().")


def _check_max_body_bytes(number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"max_body_bytes={number!r} must be a whole number of bytes, 1 or more.")


def _values(headers: Headers, name: str) -> Iterator[str]:
    return (value for key, value in headers.items() if key.lower() == name.lower())
