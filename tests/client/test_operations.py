"""Every operation, sync and async, against the sandbox."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import httpx
import pytest

from pamela import (
    AsyncPamelaClient,
    AuthenticationError,
    Call,
    CallError,
    CallPage,
    CallStatus,
    ErrorCode,
    NotFoundError,
    PamelaClient,
    PamelaError,
    RateLimitError,
    SubscriptionError,
    Tool,
    ToolDefinition,
    ToolRegistration,
    UnexpectedResponseError,
    Usage,
    UsageQuota,
    ValidationError,
    Voice,
    WaitTimeoutError,
)
from pamela._client.responses import LARGEST_JSON
from pamela._http.attempt import Attempt
from pamela.sandbox import Sandbox

SandboxAt = Callable[[float], AbstractContextManager[Sandbox]]

TO = "+1234567890"
LONG_TALK = "+15005550004"
TASK = "Schedule a meeting for next week"
TOOL = {"name": "check_order_status", "description": "Look up an order by ID", "input_schema": {"type": "object"}}


def test_a_call_from_beginning_to_end(client: PamelaClient) -> None:
    call = client.create_call(TO, TASK, agent_name="Pamela", caller_name="John from Acme", metadata={"ticket": "T-1"})
    assert isinstance(call, Call)
    assert call.status in {CallStatus.QUEUED, CallStatus.RINGING}
    ended = client.wait_for_call(call.id, timeout=30, poll_interval=0.02)
    assert ended.status is CallStatus.COMPLETED
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert ended.ended_at > ended.started_at >= ended.created_at  # type: ignore[operator]
    assert ended.created_at.tzinfo is not None  # type: ignore[union-attr]
    assert ended.duration_seconds is not None
    assert ended.billed_minutes == max(-(-ended.duration_seconds // 60), 1)
    assert isinstance(ended.transcript, list)
    assert {"agent", "user"} <= {entry.speaker for entry in ended.transcript}
    assert any("John" in str(entry.text) for entry in ended.transcript)
    assert ended.summary
    assert ended.metadata == {"ticket": "T-1"}
    usage = client.usage.get()
    assert (usage.call_count, usage.billed_minutes) == (1, ended.billed_minutes)


def test_watching_a_call(client: PamelaClient) -> None:
    call = client.create_call(TO, TASK)
    seen = list(client.watch_call(call.id, timeout=30, poll_interval=0.01))
    assert seen[-1].status == "completed"
    assert len({json.dumps(each) for each in seen}) == len(seen)
    lengths = [len(each.transcript or ()) for each in seen]
    assert lengths == sorted(lengths)


def test_waiting_no_longer_than_asked(client: PamelaClient) -> None:
    call = client.create_call(LONG_TALK, TASK, max_duration_seconds=3600)
    with pytest.raises(WaitTimeoutError, match="hangup_call") as caught:
        client.wait_for_call(call.id, timeout=0, poll_interval=0.01)
    assert isinstance(caught.value, CallError)
    assert caught.value.call.id == call.id
    assert pickle.loads(pickle.dumps(caught.value)).call == caught.value.call


async def test_a_call_from_beginning_to_end_async(async_client: AsyncPamelaClient) -> None:
    call = await async_client.create_call(TO, TASK)
    ended = await async_client.wait_for_call(call.id, timeout=30, poll_interval=0.02)
    assert ended.status == "completed"
    again = [each async for each in async_client.watch_call(call.id)]
    assert again == [ended]
    late = await async_client.create_call(LONG_TALK, TASK, max_duration_seconds=3600)
    with pytest.raises(WaitTimeoutError):
        await async_client.wait_for_call(late.id, timeout=0, poll_interval=0.01)
    assert (await async_client.usage.get()).call_count is not None


def test_cancel(still_sandbox: Sandbox, api_key: str) -> None:
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        call = client.create_call(TO, TASK)
        assert client.cancel_call(call.id).status == "cancelled"
        with pytest.raises(CallError) as caught:
            client.cancel_call(call.id)
        assert caught.value.status_code == 409


def test_hang_up(sandbox_at: SandboxAt, api_key: str) -> None:
    with sandbox_at(20) as slower, PamelaClient(api_key, slower.base_url) as client:
        call = client.create_call(LONG_TALK, TASK)
        for each in client.watch_call(call.id, timeout=20, poll_interval=0.02):
            if each.status == "in_progress":
                assert client.hangup_call(call.id).id == call.id
                break
        ended = client.wait_for_call(call.id, timeout=20, poll_interval=0.02, transcript_timeout=0)
        assert ended.status == "completed"


def test_lists_and_pages(client: PamelaClient) -> None:
    ids = [client.create_call(TO, f"{TASK} {number}").id for number in range(7)]
    page = client.list_calls(limit=3)
    assert isinstance(page, CallPage)
    assert [call.id for call in page.items_] == ids[:-4:-1]
    assert page.items_[0] is page["items"][0]
    assert (page.total, page.limit, page.offset, page.has_more, page.next_offset) == (7, 3, 0, True, 3)
    assert [call.id for call in client.iter_calls(limit=2)] == ids[::-1]
    assert [call.id for call in client.iter_calls(limit=2, offset=5)] == ids[1::-1]
    assert [call.id for call in client.iter_calls()] == ids[::-1]
    client.wait_for_call(ids[0], timeout=30, poll_interval=0.02)
    assert ids[0] in {call.id for call in client.iter_calls(status="completed")}
    assert list(client.iter_calls(status_filter=CallStatus.FAILED)) == []


async def test_lists_and_pages_async(async_client: AsyncPamelaClient) -> None:
    ids = [(await async_client.create_call(TO, TASK)).id for _ in range(5)]
    assert [call.id async for call in async_client.iter_calls(limit=2)] == ids[::-1]


def test_dates_in_every_form(client: PamelaClient) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    call = client.create_call(TO, TASK)
    tomorrow = before.date() + timedelta(days=2)
    for start in (before, before.replace(tzinfo=None), before.isoformat(), before.date(), f"{before:%Y%m%dT%H%M%SZ}"):
        assert [each.id for each in client.iter_calls(start_date=start, end_date=tomorrow)] == [call.id]
    assert list(client.iter_calls(start_date=tomorrow)) == []
    assert list(client.iter_calls(end_date=before)) == []


def test_a_call_placed_while_the_list_is_read_comes_once(client: PamelaClient) -> None:
    ids = [client.create_call(TO, TASK).id for _ in range(4)]
    seen: list[str] = []
    for call in client.iter_calls(limit=2):
        if not seen:
            client.create_call(TO, "Another")
        seen.append(call.id)
    assert seen == ids[::-1]


@pytest.mark.parametrize("answer", [{}, {"tools": None}, {"error": "maintenance"}])
def test_an_answer_without_a_list_of_tools(answer: dict[str, Any]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    client = PamelaClient("pk_live_...", "http://127.0.0.1:1", transport=transport)
    with pytest.raises(UnexpectedResponseError, match="an object with a list in 'tools', got a JSON object"):
        client.list_tools()


class Choice(str, Enum):  # noqa: UP042
    """An enumeration as it is written for any Python version; its `str()` is the name of the member."""

    VOICE = "female"
    STATUS = "queued"


def test_enumerations_of_the_callers_own(client: PamelaClient) -> None:
    call = client.create_call(TO, TASK, voice=Choice.VOICE)
    assert call.id in {each.id for each in client.iter_calls()}
    client.list_calls(status=Choice.STATUS)


def test_tools(client: PamelaClient) -> None:
    registered = client.register_tool(**TOOL, output_schema={"type": "object"}, timeout_seconds=60)  # type: ignore[arg-type]
    assert isinstance(registered, ToolRegistration)
    assert isinstance(registered.tool, Tool)
    assert registered.tool.timeout_ms == 60_000
    assert client.register_tool("positional", "As in version 1", {"type": "object"}, None, 5000).tool.timeout_ms == 5000  # type: ignore[union-attr]
    assert client.register_tool("default", "No timeout", {"type": "object"}).tool.timeout_ms == 30_000  # type: ignore[union-attr]
    tools = client.list_tools()
    assert type(tools) is list
    assert {tool.name for tool in tools} == {"check_order_status", "positional", "default"}
    assert client.delete_tool(tools[0]["id"]).success
    assert tools[0].id not in {tool.id for tool in client.list_tools() if tool.active}
    with pytest.raises(NotFoundError) as caught:
        client.delete_tool("tool_none")
    assert not isinstance(caught.value, CallError)
    assert caught.value.status_code == 404


async def test_tools_async(async_client: AsyncPamelaClient) -> None:
    await async_client.register_tool(**TOOL, timeout_seconds=1.5)  # type: ignore[arg-type]
    (tool,) = await async_client.list_tools()
    assert tool.timeout_ms == 1500
    assert (await async_client.delete_tool(tool.id)).tool_id == tool.id


def test_usage(client: PamelaClient) -> None:
    usage = client.usage.get("2024-01")
    assert isinstance(usage, Usage)
    assert (usage.period, usage.call_count, usage.billed_minutes) == ("2024-01", 0, 0)
    assert isinstance(usage.quota, UsageQuota)
    assert usage.quota.partner_limit is None
    assert client.get_usage("2024-01") == usage
    assert client.usage.get() == client.get_usage(None)


def test_everything_a_call_can_take(client: PamelaClient) -> None:
    call = client.create_call(
        TO,
        TASK,
        "US",
        "en-US",
        "Be brief.",
        60,
        Voice.FEMALE,
        "Pamela",
        "John from Acme",
        {"a": [1, 2.5, None, {"b": "ü"}]},
        [ToolDefinition(TOOL), TOOL],
        {"webhook_url": "http://127.0.0.1:9/"},
        "tenant_42",
    )
    assert call.metadata == {"a": [1, 2.5, None, {"b": "ü"}]}


def test_idempotency_key(client: PamelaClient) -> None:
    first = client.create_call(TO, TASK, idempotency_key="meeting-1")
    again = client.create_call(TO, TASK, idempotency_key="meeting-1")
    assert again.id == first.id
    assert (first.metadata or {})["idempotency_key"] == "meeting-1"
    with pytest.raises(CallError) as caught:
        client.create_call(TO, "Something else", idempotency_key="meeting-1")
    assert caught.value.status_code == 409
    assert len(list(client.iter_calls())) == 1


def test_endpoints_that_the_contract_does_not_have(client: PamelaClient) -> None:
    call = client.request("POST", "/api/b2b/v1/calls", json={"to": TO, "task": TASK})
    assert client.request("get", f"/api/b2b/v1/calls/{call['id']}")["task"] == TASK
    assert client.request("GET", "/api/b2b/v1/calls", params={"limit": 1})["limit"] == 1
    with pytest.raises(PamelaError) as caught:
        client.request("GET", "/api/b2b/v1/voices")
    assert caught.value.status_code == 404


async def test_endpoints_that_the_contract_does_not_have_async(async_client: AsyncPamelaClient) -> None:
    assert (await async_client.request("GET", "/api/b2b/v1/tools")) == []


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [
        ("+15005550011", ValidationError, ErrorCode.INVALID_PHONE_NUMBER),
        ("+15005550012", CallError, ErrorCode.NO_NUMBER_FOR_COUNTRY),
        ("+15005550013", CallError, ErrorCode.UNSUPPORTED_COUNTRY),
        ("+15005550021", RateLimitError, ErrorCode.RATE_LIMIT),
    ],
)
def test_the_service_refuses_a_call(client: PamelaClient, to: str, kind: type[PamelaError], code: ErrorCode) -> None:
    with pytest.raises(kind) as caught:
        client.with_options(max_retries=0).create_call(to, TASK)
    error = caught.value
    assert type(error) is kind
    assert error.error_code == code
    assert error.request_id
    assert error.status_code in {400, 404, 409, 429}
    assert (error.retry_after is not None) == (kind is RateLimitError)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert (str(twin), twin.__dict__) == (str(error), error.__dict__)


@pytest.mark.parametrize(
    ("key", "kind", "code"),
    [
        ("unknown_key", AuthenticationError, ErrorCode.INVALID_KEY),
        ("pk_live_expired", AuthenticationError, ErrorCode.EXPIRED_KEY),
        ("pk_live_no_subscription", SubscriptionError, ErrorCode.SUBSCRIPTION_REQUIRED),
        ("pk_live_past_grace", SubscriptionError, ErrorCode.SUBSCRIPTION_EXPIRED),
    ],
)
def test_the_service_refuses_a_key(sandbox: Sandbox, key: str, kind: type[PamelaError], code: ErrorCode) -> None:
    with PamelaClient(key, sandbox.base_url) as client, pytest.raises(kind) as caught:
        client.list_calls()
    assert caught.value.error_code == code
    assert key not in repr(caught.value)


def test_a_tool_named_calls_was_not_found(client: PamelaClient) -> None:
    with pytest.raises(PamelaError) as caught:
        client.delete_tool("calls")
    assert not isinstance(caught.value, CallError)


def test_what_was_not_found(client: PamelaClient) -> None:
    for operation in (client.get_call, client.cancel_call, client.hangup_call):
        with pytest.raises(CallError) as caught:
            operation("call_none")
        assert caught.value.error_code == ErrorCode.CALL_NOT_FOUND


@pytest.mark.parametrize("call_id", ["a/b", "..", ".", "%2e%2e", "a?b=c#d", "ü é", "a\nb", "☎"])
def test_ids_are_escaped(client: PamelaClient, call_id: str) -> None:
    with pytest.raises(CallError) as caught:
        client.get_call(call_id)
    assert caught.value.status_code == 404


def test_projects_are_apart(sandbox: Sandbox, client: PamelaClient) -> None:
    call = client.create_call(TO, TASK)
    with PamelaClient("pk_test_another", sandbox.base_url) as other, pytest.raises(CallError):
        other.get_call(call.id)


def test_settings_from_the_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMELA_API_KEY", sandbox.api_key)
    monkeypatch.setenv("PAMELA_BASE_URL", f"{sandbox.base_url}/")
    with PamelaClient() as client:
        assert (client.api_key, client.base_url) == (sandbox.api_key, sandbox.base_url)
        client.list_tools()
    with PamelaClient("pk_live_...", "https://api.thisispamela.com/") as client:
        assert (client.api_key, client.base_url) == ("pk_live_...", "https://api.thisispamela.com")


def test_http_clients_of_the_users_own(sandbox: Sandbox) -> None:
    seen: list[httpx.Request] = []
    with httpx.Client(headers={"X-Team": "voice"}, event_hooks={"request": [seen.append]}) as http_client:
        with PamelaClient(
            sandbox.api_key, sandbox.base_url, http_client=http_client, headers={"X-Call": "1"}
        ) as client:
            client.list_tools()
        assert not http_client.is_closed
    assert seen[0].headers["X-Team"] == "voice"
    assert seen[0].headers["X-Call"] == "1"
    assert seen[0].headers["User-Agent"].startswith("thisispamela/")


async def test_http_clients_of_the_users_own_async(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient() as http_client:
        async with AsyncPamelaClient(sandbox.api_key, sandbox.base_url, http_client=http_client) as client:
            await client.list_tools()
        assert not http_client.is_closed


def test_a_transport_of_the_users_own(sandbox: Sandbox) -> None:
    seen: list[str] = []

    class Transport(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.url.path)
            return super().handle_request(request)

    with PamelaClient(sandbox.api_key, sandbox.base_url, transport=Transport()) as client:
        client.list_tools()
    assert seen == ["/api/b2b/v1/tools"]


def test_representations_have_no_secrets(sandbox: Sandbox) -> None:
    client = PamelaClient("pk_live_secret", sandbox.base_url, headers={"X-Token": "hidden"})
    attempt = Attempt("create_call", "POST", "http://a/", {"Authorization": "secret"}, b"hidden", {}, None, 1)
    for thing in (client, client._options, client.usage, attempt):
        assert "secret" not in repr(thing)
        assert "hidden" not in repr(thing)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_json_that_is_too_large_to_be_read_in_time(status: int) -> None:
    body = b"[" + b"{}," * (LARGEST_JSON // 3) + b"{}]"
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=body))
    with (
        PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=transport, max_retries=0) as client,
        pytest.raises(PamelaError) as caught,
    ):
        client.list_calls()
    assert caught.value.status_code == status
    assert len(str(caught.value)) < 500
    if status == 200:
        assert isinstance(caught.value, UnexpectedResponseError)
        assert f"{len(body)} bytes of JSON, but at most {LARGEST_JSON} are accepted" in str(caught.value)
