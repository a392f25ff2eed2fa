"""What a response means: a value of the documented shape, or one of our exceptions. Without I/O."""

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
"""What an exception is called on a path of calls."""
_UNTOUCHED_REDIRECTS = frozenset({307, 308})
"""Redirects that ask for the same request at another address. All others may follow an action."""
LARGEST_JSON = 16 * 1024 * 1024
"""Bytes of JSON that are read, which takes two seconds at most and which no deadline can end. A page of 100 calls of an
hour each has some 10 MB."""
LONGEST_MESSAGE = 2000
"""Characters of a message of the service. `details` has all of it."""


def value_of(request: Request[T], response: Response) -> T:
    """Return the value of a success, typed.

    Raises:
        UnexpectedResponseError: It is not what the API sends.
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
    """Return the exception for a success that is not what the API sends."""
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
    """Return the exception that a response other than a success means.

    Args:
        request: What was sent.
        response: What came back.
        url: Where it was sent.
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
        kind = PamelaError  # The error is about the request itself, not about the state of the call.
    return _OF_CALLS.get(kind, kind) if "calls" in request.operation.path.split("/") else kind


def _is_path_unknown(request: Request[Any], response: Response) -> bool:
    """Whether a 404 is about the path: no id was asked for, or it is the response of a web framework or a proxy."""
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
    """Return the exception that a missing response means.

    Args:
        request: What was to be sent.
        failure: What came of it.
        base_url: Where to.
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
    """Return what to do about a request whose outcome is unknown."""
    if request.operation.idempotent:
        return "It is safe to try again."
    if IDEMPOTENCY_HEADER in request.headers:
        return "The service may have acted on it: try again with the same idempotency_key."
    return "The service may have acted on it: check before you try again, or give idempotency_key=."


def _read(response: Response) -> tuple[str, Any, Any]:
    """Return message, code and details of an error's body, in whichever shape it is."""
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
        ValueError: It is none, or too large to be read.
        RecursionError: It is nested too deeply.
    """
    if len(response.content) > LARGEST_JSON:
        raise ValueError(f"{len(response.content)} bytes of JSON")
    return json.loads(response.content)


def _code(value: Any) -> Any:
    """Return a code: a number, also where the service sends its digits, or another text as it came."""
    if not isinstance(value, int | str) or isinstance(value, bool) or value == "":
        return None
    try:
        return int(value)
    except ValueError:
        return value


def _issue(issue: Any) -> str:
    """Say in words what one entry of FastAPI's list of issues says."""
    if not isinstance(issue, dict):
        return str(issue)
    location = issue.get("loc")
    names = [str(part) for part in location] if isinstance(location, list) else []
    message = str(issue.get("msg", "is not valid"))
    return f"{'.'.join(names[1:] or names)}: {message}" if names else message


def _excerpt(response: Response) -> str:
    content = response.content[:LONGEST_MESSAGE]
    for secret in response.secrets:  # Hide them before the text is cut: a part of a secret is not found.
        content = content.replace(secret.encode(), HIDDEN.encode())
    text = mask(" ".join(content[:500].decode("utf-8", "replace").split()))
    if not text:
        return "an empty body"
    return repr(text if len(text) <= 120 else f"{text[:120]}...")
