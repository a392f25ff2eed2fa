"""Turns a response into a value of the documented type, or into one of our exceptions. Without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from .._core.operation import IDEMPOTENCY_HEADER
from .._http.addresses import without_credentials
from .._http.redaction import HIDDEN, mask
from ..errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    CallConflictError,
    CallError,
    CallNotFoundError,
    CallServerError,
    ConflictError,
    NotFoundError,
    PamelaError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    SubscriptionError,
    UnexpectedResponseError,
    ValidationError,
)

if TYPE_CHECKING:
    from .._core.operation import Request
    from .._http.attempt import Failure, Response

T = TypeVar("T")

_BY_STATUS: dict[int, type[PamelaError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: SubscriptionError,
    404: NotFoundError,
    409: ConflictError,
    422: ValidationError,
    429: RateLimitError,
}
_OF_CALLS: dict[type[PamelaError], type[CallError]] = {
    ConflictError: CallConflictError,
    NotFoundError: CallNotFoundError,
    PamelaError: CallError,
    ServerError: CallServerError,
}
"""The exceptions of paths below `/calls`, by the general exception."""
_UNTOUCHED_REDIRECTS = frozenset({307, 308})
"""Redirects that repeat the same request at another address. All others may be the result of an action."""
LARGEST_JSON = 16 * 1024 * 1024
"""Maximum bytes of JSON to parse. No deadline can interrupt that, and it takes at most two seconds. A page of 100 calls
of an hour each has about 10 MB."""
LONGEST_MESSAGE = 2000
"""Maximum length of a message from the service. `details` has the whole message."""


def value_of(request: Request[T], response: Response) -> T:
    """Return the typed value of a success.

    Raises:
        UnexpectedResponseError: The response does not have the documented form.
    """
    parser = request.operation.parser
    if not parser.media_type and len(response.content) > LARGEST_JSON:
        problem = f"{len(response.content)} bytes of JSON, but at most {LARGEST_JSON} are accepted"
        raise unexpected_response(request, response, problem)
    try:
        value: T = parser.parse_bytes(response.content, response.headers.get("content-type", ""))
    except (ValueError, TypeError, RecursionError) as error:
        problem = str(error) if isinstance(error, TypeError) else "not JSON"
        raise unexpected_response(request, response, problem) from None
    return value


def unexpected_response(request: Request[Any], response: Response, problem: str) -> UnexpectedResponseError:
    """Return the exception for a success without the documented form."""
    return UnexpectedResponseError(
        f"The response to {request.operation.name} is not what the API sends ({problem}): "
        f"{_excerpt(response)}. Is base_url right, and is there a proxy in between?",
        status_code=response.status,
        request_id=response.headers.get("x-request-id"),
        ambiguous=not request.operation.idempotent,
    )


def response_of_another(request: Request[Any], response: Response, mismatch: str) -> UnexpectedResponseError:
    """Return the exception for a response that belongs to another request."""
    error = UnexpectedResponseError(
        f"The response to {request.operation.name} belongs to another request: {mismatch}. The server sent more "
        "responses than it was asked for, or a proxy in between mixes them up. The connection is closed.",
        status_code=response.status,
        request_id=response.headers.get("x-request-id"),
        ambiguous=not request.operation.idempotent,
    )
    if error.ambiguous:
        error.add_note(_advice(request))
    return error


def error_of_response(request: Request[Any], response: Response, url: str) -> PamelaError:
    """Return the exception for an error response.

    Args:
        request: The request.
        response: The response.
        url: The URL of the request.
    """
    from .retries import retry_after

    if response.status < 400:
        return _error_of_redirect(request, response)
    message, code, details = _read(response)
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}..."
    kind = _kind(request, response.status, code)
    if issubclass(kind, NotFoundError) and code is None and _is_path_unknown(request, response):
        message = f"{request.operation.method} {url} was not found ({message}). Is base_url right?"
    error = kind(
        message,
        code,
        details,
        response.status,
        request_id=response.headers.get("x-request-id"),
        retry_after=retry_after(response.headers.get("retry-after"), details),
        ambiguous=not request.operation.idempotent and (response.status >= 500 or response.status == 408),
    )
    if error.ambiguous:
        error.add_note(_advice(request))  # in addition to the service's own message
    return error


def _kind(request: Request[Any], status: int, code: Any) -> type[PamelaError]:
    from .._generated.models.error_code import ErrorCode

    if status == 429 and code == ErrorCode.QUOTA:
        return QuotaExceededError
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else PamelaError)
    if kind is ConflictError and code in (ErrorCode.NO_NUMBER_FOR_COUNTRY, ErrorCode.UNSUPPORTED_COUNTRY):
        kind = PamelaError  # The request itself is wrong, not the state of the call.
    return _OF_CALLS.get(kind, kind) if "calls" in request.operation.path.split("/") else kind


def _is_path_unknown(request: Request[Any], response: Response) -> bool:
    """Return whether a 404 is about the path: the request has no id, or a web framework or proxy has responded."""
    if "{" not in request.operation.path:
        return True
    try:
        body = _json_of(response)
    except (ValueError, RecursionError):
        return True
    return bool(body == {"detail": "Not Found"})


def _error_of_redirect(request: Request[Any], response: Response) -> PamelaError:
    target = response.headers.get("location")
    to_where = f", a redirect to {without_credentials(target or '')}. Redirects are not followed: set base_url to the address of the API."
    untouched = request.operation.idempotent or response.status in _UNTOUCHED_REDIRECTS
    error = UnexpectedResponseError(
        f"The response to {request.operation.name} is HTTP {response.status}{to_where if target else '.'}",
        status_code=response.status,
        request_id=response.headers.get("x-request-id"),
        ambiguous=not untouched,
    )
    if error.ambiguous:
        error.add_note(_advice(request))
    return error


def error_of_failure(request: Request[Any], failure: Failure, base_url: str, *, may_have_arrived: bool) -> PamelaError:
    """Return the exception for a missing response.

    Args:
        request: The request.
        failure: The failure.
        base_url: The address.
        may_have_arrived: Whether an earlier attempt may have reached the service.
    """
    kind = APITimeoutError if failure.timed_out else APIConnectionError
    sent = failure.sent or may_have_arrived
    advice = _advice(request) if sent else "Nothing was sent."
    message = f"{request.operation.name} got no response from {base_url}: {failure.problem}. {advice}"
    error = kind(message, ambiguous=sent and not request.operation.idempotent)
    error.sent = sent
    return error


def _advice(request: Request[Any]) -> str:
    """Return the advice for a request with an unknown outcome."""
    if request.operation.idempotent:
        return "It is safe to try again."
    if IDEMPOTENCY_HEADER in request.headers:
        return "The service may have acted on it: try again with the same idempotency_key."
    return "The service may have acted on it: check before you try again, or give idempotency_key=."


def _read(response: Response) -> tuple[str, Any, Any]:
    """Return message, code and details of an error's body, in each of its possible forms."""
    try:
        body = _json_of(response)
    except (ValueError, RecursionError):
        return f"HTTP {response.status}: {_excerpt(response)}", None, {}
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, str) and detail:
        return detail, None, {}
    if isinstance(detail, list):
        return "; ".join(_issue(issue) for issue in detail) or f"HTTP {response.status}", None, {"errors": detail}
    if not isinstance(detail, dict):
        return f"HTTP {response.status}", None, {}
    if isinstance(detail.get("error"), str):
        detail = {"message": detail["error"], **detail}
    error = detail["error"] if isinstance(detail.get("error"), dict) else detail
    details = error.get("details")
    message = error.get("message")
    return (
        message if isinstance(message, str) and message else f"HTTP {response.status}",
        _code(error.get("error_code", error.get("code"))),
        details or {},
    )


def _json_of(response: Response) -> Any:
    """Return the JSON of an error.

    Raises:
        ValueError: The body is not JSON, or too large.
        RecursionError: The JSON is nested too deeply.
    """
    if len(response.content) > LARGEST_JSON:
        raise ValueError(f"{len(response.content)} bytes of JSON")
    return json.loads(response.content)


def _code(value: Any) -> Any:
    """Return a code. A text with digits becomes a number; other text is unchanged."""
    if not isinstance(value, int | str) or isinstance(value, bool) or value == "":
        return None
    try:
        return int(value)
    except ValueError:
        return value


def _issue(issue: Any) -> str:
    """Return the text of one entry in FastAPI's list of issues."""
    if not isinstance(issue, dict):
        return str(issue)
    location = issue.get("loc")
    names = [str(part) for part in location] if isinstance(location, list) else []
    message = str(issue.get("msg", "is not valid"))
    return f"{'.'.join(names[1:] or names)}: {message}" if names else message


def _excerpt(response: Response) -> str:
    content = response.content[:LONGEST_MESSAGE]
    for secret in response.secrets:  # before the text is cut: a part of a secret is not found
        content = content.replace(secret.encode(), HIDDEN.encode())
    text = mask(" ".join(content[:500].decode("utf-8", "replace").split()))
    if not text:
        return "an empty body"
    return repr(text if len(text) <= 120 else f"{text[:120]}...")
