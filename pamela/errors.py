"""The exceptions of this package: one for each thing that a caller would handle differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class PamelaError(Exception):
    """Anything that went wrong in this package or at the service.

    Attributes:
        message: What went wrong, in words; `str(error)` gives it.
        error_code: The service's code for it (see `ErrorCode`), or None. A service that sends another kind of code, a
            text say, is passed on as it is.
        details: Values that belong to it; a dict unless the service sent something else.
        status_code: The HTTP status of the response, or None without a response.
        request_id: What names the request at the service (`X-Request-Id`), or None.
        retry_after: Seconds that the service asks to wait, or None.
        attempts: How many times the request was sent; 0 if it never was.
        elapsed: Seconds from the first attempt to the failure.
        ambiguous: Whether the service may have acted on the request all the same.
    """

    def __init__(
        self,
        message: str,
        error_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        status_code: int | None = None,
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code
        self.details: dict[str, Any] = dict(details) if isinstance(details, dict) else details or {}  # type: ignore[assignment]
        self.status_code = status_code
        self.request_id = request_id
        self.retry_after = retry_after
        self.attempts = 0
        self.elapsed = 0.0
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        shown = [repr(self.message)]
        shown += [
            f"{name}={value!r}"
            for name in ("error_code", "status_code", "request_id", "retry_after")
            if (value := getattr(self, name)) is not None
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class AuthenticationError(PamelaError):
    """There is no API key, or it does not work (401)."""


class SubscriptionError(PamelaError):
    """The account's subscription does not allow it (403)."""


class RateLimitError(PamelaError):
    """Too many requests, or the quota is used up (429)."""


class QuotaExceededError(RateLimitError):
    """The account's quota is used up (429 with code 6002). Waiting a moment does not help."""


class ValidationError(PamelaError):
    """An argument is invalid: found before anything was sent, or by the service (400, 422)."""


class NotFoundError(PamelaError):
    """The service has no such thing (404), or `base_url` leads elsewhere."""


class ConflictError(PamelaError):
    """The state of things does not allow it (409): a call that has ended, an idempotency key of another request.

    Attributes:
        original: The call that the idempotency key was used for, if the service shows it; else None.
    """

    original: Any = None


class ServerError(PamelaError):
    """The service failed (5xx)."""


class CallError(PamelaError):
    """The service could not do what was asked of a call."""


class CallNotFoundError(CallError, NotFoundError):
    """There is no such call (404)."""


class CallConflictError(CallError, ConflictError):
    """The state of the call does not allow it, or its idempotency key was used for another call (409)."""


class CallServerError(CallError, ServerError):
    """The service failed at a call (5xx). `ambiguous` says whether the call may have been placed all the same."""


class CallLookupError(CallError):
    """The calls that the service shows do not tell whether the wanted one is among them."""


class WaitTimeoutError(CallError):
    """A call did not end in the time given to wait for it. The call itself goes on.

    Attributes:
        call: The call as it was last seen.
    """

    call: Any = None


class APIConnectionError(PamelaError):
    """The service could not be reached, or the connection broke before the whole response had come.

    Attributes:
        sent: Whether the request may have reached the service.
    """

    sent: bool = False


class APITimeoutError(APIConnectionError):
    """The service did not respond in time."""


class UnexpectedResponseError(PamelaError):
    """The response is not one that the API sends: a proxy's page, truncated JSON, a redirect."""
