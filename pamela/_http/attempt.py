"""One attempt at a request and what can come of it: data that passes between the policy and the transports."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..errors import PamelaError

SHORTEST_STEP = 0.001
"""Seconds. A socket takes a timeout of 0 for something else, never to wait."""


def remaining(give_up_at: float) -> float:
    """Return the seconds until a moment of the monotonic clock; a little when it is over."""
    return max(give_up_at - time.monotonic(), SHORTEST_STEP)


class DeadlineTimeout(float):
    """Seconds for a step of an attempt, and the moment, of the monotonic clock, when the operation must be over."""

    __slots__ = ("give_up_at",)
    give_up_at: float

    def __new__(cls, seconds: float, give_up_at: float) -> DeadlineTimeout:
        limit = super().__new__(cls, seconds)
        limit.give_up_at = give_up_at
        return limit

    def remaining(self) -> float:
        """Return the seconds that the step may take when it begins now."""
        return min(self, remaining(self.give_up_at))


class Attempt:
    """A request to send now.

    Attributes:
        give_up_at: The moment, of the monotonic clock, when the answer must be whole.
        number: 1 for the first attempt of an operation.
        template: The path with the names of its arguments, `/api/b2b/v1/calls/{call_id}` say.
        accepts: Where the body of a success is read as it arrives: whether it is one of a content type. None where a
            response is read whole.
    """

    __slots__ = (
        "accepts",
        "content",
        "give_up_at",
        "headers",
        "method",
        "number",
        "operation",
        "template",
        "timeout",
        "url",
    )

    def __init__(
        self,
        operation: str,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | None,
        timeout: dict[str, float | None],
        give_up_at: float | None,
        number: int,
        template: str = "",
        accepts: Callable[[str], bool] | None = None,
    ) -> None:
        self.operation = operation
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content
        self.timeout = timeout
        self.give_up_at = give_up_at
        self.number = number
        self.template = template
        self.accepts = accepts

    def __repr__(self) -> str:
        return f"Attempt({self.operation!r}, number={self.number})"  # the headers have the key


class Wait:
    """A pause before the next attempt, in seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Response:
    """A response, whole or with its body still to come.

    Attributes:
        body: The body that is read as it arrives, an `OpenBody` or `AsyncOpenBody`; None where `content` is all of it.
        secrets: What must not be shown where the response is: what the request was sent with, and the proxy's password.
    """

    __slots__ = ("body", "content", "headers", "secrets", "status")

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes, secrets: tuple[str, ...] = ()) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.secrets = secrets
        self.body: Any = None

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.content)} bytes)"  # a server may have put what it was sent in it


class Failure:
    """No whole response came back.

    Attributes:
        sent: Whether the request may have reached the service.
    """

    __slots__ = ("cause", "problem", "sent", "timed_out")

    def __init__(self, cause: Exception, problem: str, *, timed_out: bool = False, sent: bool = True) -> None:
        self.cause = cause
        self.problem = problem
        self.timed_out = timed_out
        self.sent = sent

    def __repr__(self) -> str:
        return f"Failure({self.problem!r})"


Outcome: TypeAlias = "Response | Failure | PamelaError"
"""What came of an attempt; an exception of ours where it was not even tried."""


class AttemptInfo:
    """An attempt as hooks see it: before it is sent, and again after it with the outcome.

    Attributes:
        operation: The operation's name, `create_call` say.
        method: The HTTP method.
        url: The address.
        attempt: 1 for the first attempt of an operation.
        status_code: The HTTP status of the answer, or None without one.
        request_id: What names the request at the service, or None.
        elapsed: Seconds that the attempt took; 0 before it.
        problem: What went wrong when there is no answer, or None.
    """

    def __init__(
        self,
        operation: str,
        method: str,
        url: str,
        attempt: int,
        status_code: int | None = None,
        request_id: str | None = None,
        elapsed: float = 0.0,
        problem: str | None = None,
    ) -> None:
        self.operation = operation
        self.method = method
        self.url = url
        self.attempt = attempt
        self.status_code = status_code
        self.request_id = request_id
        self.elapsed = elapsed
        self.problem = problem

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"AttemptInfo({shown})"

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, AttemptInfo) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


Exchange = AttemptInfo
"""The name until 2.1; it goes with 3.0."""
