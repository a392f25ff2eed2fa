"""One attempt and its outcome: the data that the policy and the transports exchange."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..errors import PamelaError

SHORTEST_STEP = 0.001
"""Seconds. It is above 0, because for a socket the timeout 0 means never to wait."""


def remaining(give_up_at: float) -> float:
    """Return the seconds until a time of the monotonic clock, at least `SHORTEST_STEP`."""
    return max(give_up_at - time.monotonic(), SHORTEST_STEP)


class DeadlineTimeout(float):
    """Seconds for a step of an attempt, with the time of the monotonic clock when the operation must end."""

    __slots__ = ("give_up_at",)
    give_up_at: float

    def __new__(cls, seconds: float, give_up_at: float) -> DeadlineTimeout:
        limit = super().__new__(cls, seconds)
        limit.give_up_at = give_up_at
        return limit

    def remaining(self) -> float:
        """Return the seconds that the step may take if it begins now."""
        return min(self, remaining(self.give_up_at))


class Attempt:
    """A request to send now.

    Attributes:
        give_up_at: The time of the monotonic clock when the response must be complete.
        number: 1 for the first attempt of an operation.
        template: The path with the names of its arguments, such as `/api/b2b/v1/calls/{call_id}`.
        accepts: For a streamed response, a function that says whether the content type is the expected one. None for a
            response that is read whole.
        is_of_another: Whether a response shows that it belongs to another request. It is asked of what comes on a
            connection that has carried a request before. None where no response can show that.
        on_new_connection: Whether the request goes out on a connection that has carried none before, where the
            connections are ours.
    """

    __slots__ = (
        "accepts",
        "content",
        "give_up_at",
        "headers",
        "is_of_another",
        "method",
        "number",
        "on_new_connection",
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
        is_of_another: Callable[[Response], bool] | None = None,
        *,
        on_new_connection: bool = False,
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
        self.is_of_another = is_of_another
        self.on_new_connection = on_new_connection

    def __repr__(self) -> str:
        return f"Attempt({self.operation!r}, number={self.number})"  # The headers contain the API key.


class Wait:
    """A pause before the next attempt, in seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Response:
    """A response, complete or with a body that is still to be read.

    Attributes:
        body: The body of a streamed response, an `OpenBody` or `AsyncOpenBody`. None if `content` is the whole body.
        secrets: Texts to hide when the response is shown: the API key and the proxy's password.
        is_of_another: Whether it belongs to another request; its connection is closed then.
    """

    __slots__ = ("body", "content", "headers", "is_of_another", "secrets", "status")

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes, secrets: tuple[str, ...] = ()) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.secrets = secrets
        self.body: Any = None
        self.is_of_another = False

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.content)} bytes)"  # The content may repeat secrets of the request.


class Failure:
    """An attempt without a complete response.

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
"""The result of an attempt. It is an exception of this package if the attempt was not made."""


class AttemptInfo:
    """An attempt, as the hooks `on_request` and `on_response` get it.

    Attributes:
        operation: The name of the operation, such as `create_call`.
        method: The HTTP method.
        url: The URL of the request.
        attempt: The number of the attempt. The first one of an operation is 1.
        status_code: The HTTP status of the response, or None before or without a response.
        request_id: The service's id of the request (`X-Request-Id`), or None.
        elapsed: Duration of the attempt in seconds. 0 before the attempt.
        problem: Why there was no response, or None.
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
"""The old name of `AttemptInfo`. Version 3.0 removes it."""
