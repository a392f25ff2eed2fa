"""What the tests of receiving share: an endpoint that notes what reaches it, in each framework."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pamela.endpoint import WebhookEndpoint
from pamela.tools import ToolRegistry
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook

from .servers import FRAMEWORKS, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_example"
MAX_BODY_BYTES = 20_000


class Receiver:
    """An endpoint in a framework, what has reached its handlers and tools, and a way to send to it."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.events: list[Any] = []
        self.runs: Counter[str] = Counter()
        self.hold = threading.Event()
        self.hold.set()
        self.endpoint = WebhookEndpoint(SECRET, tools=self._tools(), max_body_bytes=MAX_BODY_BYTES)
        self.endpoint.on("call.*")(self.events.append)
        self.address = ""
        self.http = httpx.Client(trust_env=False)

    def _tools(self) -> ToolRegistry:
        tools = ToolRegistry()

        @tools.tool(timeout_seconds=20)
        def double(number: int, run: str) -> int:
            """Double a number."""
            self.runs[run] += 1
            assert self.hold.wait(20)
            return 2 * number

        @tools.tool(timeout_seconds=20)
        async def triple(number: int, run: str) -> int:
            """Triple a number."""
            self.runs[run] += 1
            return 3 * number

        return tools

    def send(self, body: bytes, signature: str | None = None, **request: Any) -> httpx.Response:
        """Send a body, signed with the right secret unless a signature is given."""
        headers = {SIGNATURE_HEADER: sign_webhook(body, SECRET) if signature is None else signature}
        method = request.pop("method", "POST")
        return self.http.request(
            method, self.address, content=body, headers=headers | request.pop("headers", {}), **request
        )


def event_body(event: str = "call.queued", **fields: Any) -> bytes:
    """The body of a fresh event."""
    payload = {"event": event, "call_id": "call_1", "status": "queued", "timestamp": datetime.now(UTC).isoformat()}
    return json.dumps(payload | fields).encode()


def invocation_body(tool_name: str, correlation_id: str, **arguments: Any) -> bytes:
    """The body of a tool invocation."""
    payload = {
        "tool_name": tool_name,
        "arguments": arguments,
        "call_id": "call_1",
        "correlation_id": correlation_id,
        "call_session_id": "session_1",
        "project_id": "project_1",
    }
    return json.dumps(payload).encode()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    """A receiver in each framework in turn."""
    receiver = Receiver(request.param)
    with receiver.http, serve(request.param, receiver.endpoint) as receiver.address:
        yield receiver
