"""The public types as a user meets them: type-checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Any, Literal, assert_type

import httpx

from pamela import (
    APIConnectionError,
    AsyncPamelaClient,
    AttemptInfo,
    Call,
    CallCompletedEvent,
    CallError,
    CallFailedEvent,
    CallPage,
    CallQueuedEvent,
    CallStartedEvent,
    CallStatus,
    CallTranscriptUpdateEvent,
    Pamela,
    PamelaClient,
    PamelaError,
    Timeout,
    Tool,
    ToolDefinition,
    ToolDeletion,
    ToolInvocation,
    ToolRegistration,
    ToolRegistry,
    TranscriptEntry,
    UnknownEvent,
    Usage,
    UsageClient,
    UsageQuota,
    Voice,
    WebhookEndpoint,
    WebhookEvent,
    construct_event,
    openapi_document,
    tool,
    verify_webhook_signature,
)

client = PamelaClient()
client = PamelaClient("pk_live_...", "https://api.thisispamela.com")
client = PamelaClient(timeout=5, deadline=None, max_retries=0, headers={"X-Team": "voice"})
client = PamelaClient(timeout=Timeout(read=2.5), http_client=httpx.Client())
client = PamelaClient(timeout=httpx.Timeout(5), transport=httpx.HTTPTransport())
client = Pamela("pk_live_...")
PamelaClient(api_key=1)  # type: ignore[arg-type]
PamelaClient(http_client=httpx.AsyncClient())  # type: ignore[arg-type]

call = client.create_call("+1234567890", "Schedule a meeting")
assert_type(call, Call)
client.create_call(
    to="+1234567890",
    task="Schedule a meeting",
    voice=Voice.FEMALE,
    metadata={"ticket": 1042},
    tools=[ToolDefinition(name="t", description="d", input_schema={}), {"name": "t"}],
    webhooks={"webhook_url": "https://acme.test/"},
    idempotency_key="order-1042",
)
client.create_call("+1234567890", "task", voice="a voice that is new")
client.create_call("+1234567890")  # type: ignore[call-arg]
client.create_call("+1234567890", "task", speed=2)  # type: ignore[call-arg]

assert_type(call.id, str)
assert_type(call["id"], Any)
assert_type(call.status, CallStatus)
assert_type(call.status.is_final, bool)
assert_type(call.created_at, datetime | None)
assert_type(call.duration_seconds, float | None)
assert_type(call.billed_minutes, int | None)
assert_type(call.transcript, list[TranscriptEntry] | str | None)
assert_type(call.metadata, dict[str, Any] | None)
assert_type(call.lines, list[TranscriptEntry])
assert_type(call.to_row(), dict[str, Any])
plain: dict[str, Any] = call
call.id = "no"  # type: ignore[misc]

page = client.list_calls(status="completed", limit=50)
assert_type(page, CallPage)
assert_type(page.items_, list[Call])
assert_type(page.calls, list[Call])
for each in page:
    assert_type(each, Call)
assert_type(page.next_page(), CallPage | None)
assert_type(page.next_offset, int | None)
client.list_calls("completed", None, 50, 0, date(2026, 1, 1), datetime.now(UTC))
client.list_calls(status_filter=CallStatus.COMPLETED, start_date="2026-01-01")
client.list_calls(limit="50")  # type: ignore[arg-type]

assert_type(client.iter_calls(status="completed", limit=10), Iterator[Call])
client.iter_calls(colour="red")  # type: ignore[call-arg]
assert_type(client.get_call("call_1"), Call)
assert_type(client.cancel_call("call_1"), Call)
assert_type(client.hangup_call("call_1"), Call)
assert_type(client.wait_for_call("call_1", timeout=60, poll_interval=0.5), Call)
assert_type(client.watch_call("call_1"), Iterator[Call])
assert_type(client.register_tool("n", "d", {}, {}, 30000), ToolRegistration)
assert_type(client.register_tool("n", "d", {}, timeout_seconds=1.5).tool, Tool | None)
assert_type(client.list_tools(), list[Tool])
assert_type(client.delete_tool("tool_1"), ToolDeletion)
assert_type(client.usage, UsageClient)
assert_type(client.usage.get("2026-01"), Usage)
assert_type(client.get_usage().quota, UsageQuota | None)
assert_type(client.request("GET", "/api/b2b/v1/voices"), Any)
assert_type(client.with_options(timeout=None, max_retries=5), PamelaClient)


def seen(attempt: AttemptInfo) -> None:
    assert_type(attempt.status_code, int | None)


PamelaClient(on_request=seen, on_response=seen)

try:
    client.get_call("call_1")
except CallError as error:
    assert_type(error.error_code, int | None)
    assert_type(error.details, dict[str, Any])
except APIConnectionError as error:
    assert_type(error.sent, bool)
except PamelaError as error:
    assert_type(error.retry_after, float | None)

assert_type(verify_webhook_signature(b"{}", None, "whsec_example"), bool)
assert_type(openapi_document(), str)

match construct_event(b"{}", None, ["whsec_new", "whsec_old"], tolerance=60):
    case CallCompletedEvent() as completed:
        assert_type(completed.transcript, list[TranscriptEntry] | None)
        assert_type(completed.event, Literal["call.completed"])
    case CallFailedEvent(call_id=call_id):
        assert_type(call_id, str)
    case UnknownEvent() as unknown:
        assert_type(unknown.event, str | None)
    case other:
        assert_type(other, CallQueuedEvent | CallStartedEvent | CallTranscriptUpdateEvent)


@tool
def check_order_status(order_id: str, invocation: ToolInvocation) -> dict[str, str]:
    """Look up an order by ID."""
    return {"order_id": order_id, "call_id": invocation.call_id}


assert_type(check_order_status("1042", ToolInvocation()), dict[str, str])
check_order_status(1042, ToolInvocation())  # type: ignore[arg-type]
tools = ToolRegistry("acme-orders")
tools.add(check_order_status)
endpoint = WebhookEndpoint("whsec_example", tools=tools)


@endpoint.on("call.*")
def show(event: WebhookEvent) -> None:
    print(event.event, event.call_id)


async def asynchronous() -> None:
    async with AsyncPamelaClient("pk_live_...") as client:
        assert_type(await client.create_call("+1234567890", "task"), Call)
        assert_type(await client.list_tools(), list[Tool])
        assert_type(client.iter_calls(limit=10), AsyncIterator[Call])
        assert_type(await client.usage.get(), Usage)
        assert_type(await client.wait_for_call("call_1"), Call)
        async for call in client.watch_call("call_1", timeout=1):
            assert_type(call, Call)
        AsyncPamelaClient(http_client=httpx.Client())  # type: ignore[arg-type]
