"""Interprets the response to a request for a call, or its absence. Without I/O."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING

from .. import (
    APIConnectionError,
    AuthenticationError,
    ErrorCode,
    PamelaError,
    RateLimitError,
    SubscriptionError,
    UnexpectedResponseError,
)
from .errors import KEY_REFUSED
from .records import NotPlaced, Placed, Placement, Unclear

if TYPE_CHECKING:
    from .. import Call

_PAUSE_AFTER_429 = 1.0
_UNAVAILABLE = 503


def interpret(attempt_id: int, answer: Future[Call]) -> Placement:
    """Return the result of an attempt from its response.

    | response | result |
    |---|---|
    | a call | placed |
    | an error after which a call may exist (`ambiguous`), or an unexpected one | unclear, looked up later |
    | 429, quota used up (6002) | not placed; the campaign halts |
    | 429 | not placed; all runners pause for `retry_after`; not a failure |
    | 401, 403 | not placed; the campaign halts |
    | no connection, 503 | not placed; repeated after a pause, without a limit |
    | a redirect, another 5xx | not placed; repeated after a pause, a few times |
    | any other error, such as 400 or 409 | not placed; the recipient is given up |
    """
    try:
        call = answer.result()
    except RateLimitError as error:
        if error.error_code == ErrorCode.QUOTA:
            return NotPlaced(attempt_id, _in_words(error), counts=False, halt=f"The quota is used up: {error}")
        return NotPlaced(attempt_id, _in_words(error), counts=False, retry_after=error.retry_after or _PAUSE_AFTER_429)
    except PamelaError as error:
        if error.ambiguous:
            return Unclear(attempt_id, _in_words(error))
        if isinstance(error, AuthenticationError | SubscriptionError):
            return NotPlaced(attempt_id, _in_words(error), counts=False, halt=f"{KEY_REFUSED}: {error}")
        passing = isinstance(error, APIConnectionError | UnexpectedResponseError) or (error.status_code or 0) >= 500
        unavailable = isinstance(error, APIConnectionError) or error.status_code == _UNAVAILABLE
        return NotPlaced(attempt_id, _in_words(error), final=not passing, unavailable=unavailable)
    except CancelledError:
        return Unclear(attempt_id, "The request was cancelled.")
    except Exception as error:
        return Unclear(attempt_id, f"{type(error).__name__}: {error}")
    if not isinstance(call.get("id"), str) or not call["id"]:
        return Unclear(attempt_id, "The response has no id.")
    return Placed(attempt_id, call)


def _in_words(error: PamelaError) -> str:
    return f"{error.status_code}: {error}" if error.status_code else str(error)
