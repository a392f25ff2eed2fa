"""What becomes of a webhook that was received: forwarded to a web server, given to an endpoint, or only acknowledged."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from types import TracebackType

    from pamela import WebhookEndpoint

Headers = tuple[tuple[str, str], ...]

EVENT_TIMEOUT = 9.0
"""Seconds that the application may take for an event: a little less than the sandbox waits, so that it hears why."""

TOOL_TIMEOUT = 300.0
"""Seconds that the application may take for a tool invocation; the caller gives up before, when the tool's time is up."""

_MOST_CONNECTIONS = 50
_NOT_FORWARDED = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Reply(NamedTuple):
    """What a webhook is answered.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: What the body is.
        problem: Why there is no answer of the application's, in words; empty if there is one.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    problem: str = ""

    @classmethod
    def of_json(cls, status: int, content: object, problem: str = "") -> Self:
        """Return a reply with a JSON body."""
        return cls(status, json.dumps(content).encode(), problem=problem)


class Handler(Protocol):
    """What webhooks are given to."""

    answers_tools: bool
    """Whether somebody is there who can run a tool."""

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""

    async def __aenter__(self) -> Self:
        """Get ready."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of what was needed."""


class Acknowledging:
    """Says that the webhook was received, and does nothing with it."""

    answers_tools = False

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""
        if is_tool:
            return Reply.of_json(400, {"error": "Nobody runs tools here: give pamela listen --forward-to or --exec."})
        return Reply.of_json(200, {"received": True})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


class Forwarding:
    """Sends the webhook on, byte for byte, and returns the application's response.

    Args:
        url: Where events go.
        tool_url: Where tool invocations go.
    """

    answers_tools = True

    def __init__(self, url: str, tool_url: str) -> None:
        self._url = url
        self._tool_url = tool_url
        local = is_loopback(httpx.URL(url).host) and is_loopback(httpx.URL(tool_url).host)
        # A connection is not kept as long as a web server might: it would meet one that is being closed.
        limits = httpx.Limits(
            max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS, keepalive_expiry=1.0
        )
        # A proxy of the environment does not reach this machine.
        self._client = httpx.AsyncClient(trust_env=not local, limits=limits, follow_redirects=False)

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""
        url = self._tool_url if is_tool else self._url
        timeout = TOOL_TIMEOUT if is_tool else EVENT_TIMEOUT
        # A web server gives names in lower case; they go out as Pamela writes them.
        kept = [(name.title(), value) for name, value in headers if name.lower() not in _NOT_FORWARDED]
        extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
        request = httpx.Request("POST", url, headers=kept, content=body, extensions=extensions)
        try:
            response = await self._client.send(request)
        except httpx.TimeoutException:
            problem = f"no answer within {timeout:g} s"
            return Reply.of_json(504, {"error": f"The application gave {problem}."}, problem)
        except httpx.HTTPError as error:
            problem = str(error) or type(error).__name__
            return Reply.of_json(502, {"error": f"The application cannot be reached: {problem}"}, problem)
        return Reply(response.status_code, response.content, response.headers.get("content-type", ""))

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)


class Executing:
    """Gives the webhook to an endpoint of the user's program, in this process."""

    answers_tools = True

    def __init__(self, endpoint: WebhookEndpoint) -> None:
        self._endpoint = endpoint

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""

        async def chunks() -> AsyncIterator[bytes]:
            yield body

        response = await self._endpoint.handle_async("POST", dict(headers), chunks())
        return Reply(response.status, response.body, response.headers.get("Content-Type", ""))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name of an event fits one of the patterns; without patterns all do."""
    from fnmatch import fnmatchcase

    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
