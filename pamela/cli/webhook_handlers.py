"""Handlers of received webhooks: forward them to a web server, pass them to an endpoint, or acknowledge them."""

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
"""Seconds for the application to handle an event: less than the sandbox waits, so that it gets an explanation."""

TOOL_TIMEOUT = 300.0
"""Seconds for the application to handle a tool invocation. The sender has the tool's own, shorter limit."""

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
    """The response to a webhook.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: The media type of the body.
        problem: Why the application did not respond; empty if it did.
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
    """Handles webhooks."""

    answers_tools: bool
    """Whether the handler can run tools."""

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""

    async def __aenter__(self) -> Self:
        """Open resources."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close resources."""


class Acknowledging:
    """Acknowledges webhooks, and does nothing else."""

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
    """Forwards webhooks unchanged, and returns the application's response.

    Args:
        url: The address for events.
        tool_url: The address for tool invocations.
    """

    answers_tools = True

    def __init__(self, url: str, tool_url: str) -> None:
        self._url = url
        self._tool_url = tool_url
        local = is_loopback(httpx.URL(url).host) and is_loopback(httpx.URL(tool_url).host)
        # The client closes idle connections before a web server would, so that it never uses one that is being closed.
        limits = httpx.Limits(
            max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS, keepalive_expiry=1.0
        )
        # A proxy from the environment cannot reach this machine.
        self._client = httpx.AsyncClient(trust_env=not local, limits=limits, follow_redirects=False)

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return what the webhook is answered."""
        url = self._tool_url if is_tool else self._url
        timeout = TOOL_TIMEOUT if is_tool else EVENT_TIMEOUT
        # A web server provides header names in lower case; they are sent as Pamela writes them.
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
    """Passes webhooks to an endpoint of the user's program in this process."""

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
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Return whether the name of an event matches a pattern. Without patterns, every name does."""
    from fnmatch import fnmatchcase

    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
