"""Serving invocations: once for a correlation id, in time, with no internals in the answer and all of them in the log."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pamela._webhooks.concurrency import run_in_thread
from pamela.tools import InvocationRecord, MemoryInvocationStore, ToolError, ToolRegistry, tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pamela._webhooks.responses import WebhookResponse

TENANT = contextvars.ContextVar("TENANT", default="nobody")


def invocation(tool_name: str, correlation_id: str = "corr_1", **arguments: Any) -> dict[str, Any]:
    return {"tool_name": tool_name, "arguments": arguments, "call_id": "call_1", "correlation_id": correlation_id}


def customer_of(number: str) -> str:
    return {"1042": "Ann"}[number]


@attrs.define
class Order:
    """Fails when it is made of a number that nobody has."""

    customer: str = attrs.field(converter=customer_of)


class Desk:
    """Tools whose running the tests can see and hold."""

    def __init__(self, store: Any = None) -> None:
        self.registry = ToolRegistry(store=store)
        self.runs: list[Any] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.cancelled = threading.Semaphore(0)
        registry = self.registry

        @registry.tool
        def add(a: int, b: int) -> int:
            """Add."""
            self.runs.append((a, b))
            return a + b

        @registry.tool
        async def add_async(a: int, b: int) -> int:
            """Add."""
            self.runs.append((a, b))
            await asyncio.sleep(0)
            return a + b

        @registry.tool(timeout_seconds=20)
        def held() -> int:
            """Wait for the test."""
            self.runs.append("held")
            self.began.set()
            assert self.go_on.wait(20)
            return len(self.runs)

        @registry.tool(timeout_seconds=20)
        async def held_async() -> int:
            """Wait for the test."""
            self.runs.append("held")
            self.began.set()
            assert await asyncio.to_thread(self.go_on.wait, 20)
            return len(self.runs)

        @registry.tool(timeout_seconds=0.05)
        def slow() -> str:
            """Take too long."""
            self.runs.append("slow")
            assert self.go_on.wait(20)
            return "late"

        @registry.tool(timeout_seconds=0.05)
        async def slow_async() -> str:
            """Take too long."""
            self.runs.append("slow")
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                self.cancelled.release()
                raise
            return "late"

        @registry.tool
        def fail(how: str) -> Any:
            """Fail."""
            self.runs.append(how)
            match how:
                case "said":
                    raise ToolError("There is no order 1042.")
                case "exit":
                    raise SystemExit(3)
                case "timeout":
                    raise TimeoutError("the database at 10.0.0.7 did not answer")
                case "result":
                    return object()
            raise RuntimeError("the password is 1234")

        @registry.tool
        async def fail_async(how: str) -> Any:
            """Fail."""
            match how:
                case "said":
                    raise ToolError("There is no order 1042.")
                case "cancel":
                    raise asyncio.CancelledError
                case "timeout":
                    raise TimeoutError("the database at 10.0.0.7 did not answer")
            raise RuntimeError("the password is 1234")

        @registry.tool
        def confirm(order: Order) -> None:
            """Must not run."""
            self.runs.append(order)

        @registry.tool
        def tenant() -> str:
            """Say whose."""
            return TENANT.get()

        @registry.tool
        async def tenant_async() -> str:
            """Say whose."""
            return TENANT.get()

    def invoke(self, *args: Any, **kwargs: Any) -> WebhookResponse:
        return self.registry.invoke(invocation(*args, **kwargs))

    async def invoke_async(self, *args: Any, **kwargs: Any) -> WebhookResponse:
        return await self.registry.invoke_async(invocation(*args, **kwargs))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.go_on.set()


async def both(desk: Desk, *args: Any, **kwargs: Any) -> list[WebhookResponse]:
    """The answers of a sync and of an async server, each to an invocation of its own."""
    return [
        await asyncio.to_thread(desk.invoke, *args, correlation_id="corr_sync", **kwargs),
        await desk.invoke_async(*args, correlation_id="corr_async", **kwargs),
    ]


def contents(answers: list[WebhookResponse]) -> list[Any]:
    loaded = [json.loads(answer.body) for answer in answers]
    assert [each.pop("correlation_id") for each in loaded] == ["corr_sync", "corr_async"]
    return loaded


@pytest.mark.parametrize("name", ["add", "add_async"])
async def test_functions_of_both_colours_run_on_servers_of_both(desk: Desk, name: str) -> None:
    answers = await both(desk, name, a=1, b=2)
    assert [answer.status for answer in answers] == [200, 200]
    assert contents(answers) == [{"result": 3}] * 2


@pytest.mark.parametrize("name", ["tenant", "tenant_async"])
async def test_the_context_of_the_request_is_the_functions(desk: Desk, name: str) -> None:
    TENANT.set("acme")
    assert contents(await both(desk, name)) == [{"result": "acme"}] * 2


async def test_an_async_function_runs_on_the_servers_loop() -> None:
    registry = ToolRegistry()

    @registry.tool
    async def loop() -> int:
        """Say which loop."""
        return id(asyncio.get_running_loop())

    answer = await registry.invoke_async(invocation("loop"))
    assert json.loads(answer.body)["result"] == id(asyncio.get_running_loop())


@pytest.mark.parametrize(
    ("name", "how", "error"),
    [
        ("fail", "said", "There is no order 1042."),
        ("fail", "raise", "The tool failed"),
        ("fail", "exit", "The tool failed"),
        ("fail", "timeout", "The tool failed"),
        ("fail", "result", "The tool failed"),
        ("fail_async", "said", "There is no order 1042."),
        ("fail_async", "raise", "The tool failed"),
        ("fail_async", "cancel", "The tool failed"),
        ("fail_async", "timeout", "The tool failed"),
    ],
)
async def test_exceptions_are_logged_and_not_told(
    desk: Desk, name: str, how: str, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pamela.tools"):
        answers = await both(desk, name, how=how)
    assert [answer.status for answer in answers] == [400, 400]
    assert contents(answers) == [{"error": error}] * 2
    assert [record.correlation_id for record in caplog.records] == ["corr_sync", "corr_async"]  # type: ignore[attr-defined]
    assert all("corr_" in record.getMessage() for record in caplog.records)
    assert how != "raise" or "the password is 1234" in caplog.text


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (invocation("nothing"), "Unknown tool"),
        (invocation("add", a="x", b=1), "Invalid arguments: a: Input should be a valid integer"),
    ],
)
def test_what_cannot_be_run_is_logged_with_its_correlation_id(
    desk: Desk, payload: dict[str, Any], error: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = desk.registry.invoke(payload)
    assert answer.status == 400
    assert json.loads(answer.body) == {"error": error, "correlation_id": "corr_1"}
    assert "corr_1" in caplog.text
    # It did not run, so a corrected repeat does.
    assert desk.invoke("add", a=1, b=2).status == 200


async def test_an_exception_of_a_conversion_is_logged_and_not_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    answers = await both(desk, "confirm", order={"customer": "secret"})
    assert [answer.status for answer in answers] == [400, 400]
    assert contents(answers) == [{"error": "Invalid arguments: invalid value"}] * 2
    assert desk.runs == []
    assert [record.correlation_id for record in caplog.records] == ["corr_sync", "corr_async"]  # type: ignore[attr-defined]
    assert "KeyError: 'secret'" in caplog.text


async def test_what_the_agent_wrote_cannot_forge_a_line_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "1042\n2026-01-01 CRITICAL root: all is lost \x1b[2J"

    @desk.registry.tool
    def look_up(order_id: str, how: str) -> None:
        """Look up."""
        raise (ToolError if how == "say" else RuntimeError)(f"no order {order_id}")

    payloads = [
        invocation("look_up", order_id=forged, how="say"),
        invocation("look_up", "corr_2", order_id=forged, how="raise"),
        invocation("look_up", forged, order_id="1042", how="say"),
        invocation(forged, "corr_3"),
        invocation("look_up", "corr_4", **{forged: 1}),
    ]
    responses = [desk.registry.invoke(payload) for payload in payloads]
    assert [response.status for response in responses] == [400] * 5
    assert json.loads(responses[0].body)["error"] == f"no order {forged}"
    assert not [line for line in caplog.text.splitlines() if line.startswith("2026")]
    assert "\x1b" not in caplog.text
    assert r"no order 1042\n2026-01-01 CRITICAL" in caplog.text
    assert {str(record.correlation_id).count("\n") for record in caplog.records} == {0}  # type: ignore[attr-defined]


def passed_on(function: Any) -> Any:
    """A decorator that does not know async functions."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def add_late(a: int, b: int) -> int:
    """Add."""
    await asyncio.sleep(0)
    return a + b


class Adder:
    """Add."""

    async def __call__(self, a: int, b: int) -> int:
        return await add_late(a, b)


@pytest.mark.parametrize(
    "function",
    [Adder(), passed_on(add_late), tool(add_late), lambda a, b: add_late(a, b)],
    ids=["object", "decorated", "tool", "lambda"],
)
async def test_what_a_function_returns_to_be_awaited_is_awaited(desk: Desk, function: Any) -> None:
    desk.registry.tool(name="it", description="It.")(function)
    assert contents(await both(desk, "it", a=1, b=2)) == [{"result": 3}] * 2
    (definition,) = [each for each in desk.registry.definitions() if each["name"] == "it"]
    assert list(definition["input_schema"]["properties"]) == ["a", "b"]


async def test_what_is_returned_to_be_awaited_is_cancelled_at_the_timeout(desk: Desk) -> None:
    cancelled = threading.Semaphore(0)

    @desk.registry.tool(timeout_seconds=0.05)
    @passed_on
    async def sleep() -> None:
        """Take too long."""
        try:
            await asyncio.sleep(20)
        finally:
            cancelled.release()

    assert contents(await both(desk, "sleep")) == [{"error": "The tool did not answer in time"}] * 2
    for _ in range(2):
        assert await asyncio.to_thread(cancelled.acquire, timeout=20)


@pytest.mark.parametrize("field", ["tool_name", "arguments", "call_id", "correlation_id"])
@pytest.mark.parametrize("value", [None, "", 5, [], "absent"])
async def test_what_is_no_invocation_is_a_bad_body(desk: Desk, field: str, value: Any) -> None:
    payload = {**invocation("add", a=1, b=2), field: value}
    if value == "absent":
        del payload[field]
    for answer in (desk.registry.invoke(payload), await desk.registry.invoke_async(payload)):
        assert (answer.status, json.loads(answer.body)) == (400, {"error": "Invalid body"})
    assert desk.runs == []


@pytest.mark.parametrize("payload", [None, b'{"tool_name": "add"}', "add", [], 5])
async def test_what_is_no_object_at_all_is_an_error_of_the_program(desk: Desk, payload: Any) -> None:
    with pytest.raises(
        TypeError, match=r"payload=.* is not the object that was posted\. Give the body parsed: json\.loads"
    ):
        desk.registry.invoke(payload)
    with pytest.raises(TypeError, match=r"payload=.* is not the object that was posted"):
        await desk.registry.invoke_async(payload)


async def test_a_repeat_is_answered_from_memory(desk: Desk) -> None:
    first = desk.invoke("add", a=1, b=2)
    assert desk.invoke("add", a=1, b=2) == first
    assert await desk.invoke_async("add", a=1, b=2) == first
    assert desk.runs == [(1, 2)]
    refused = desk.invoke("fail", "corr_2", how="said")
    assert desk.invoke("fail", "corr_2", how="said") == refused
    assert desk.runs == [(1, 2), "said"]


@pytest.mark.parametrize("name", ["held", "held_async"])
def test_repeats_in_threads_wait_for_the_first(desk: Desk, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(desk.invoke, name) for _ in range(8)]
        assert desk.began.wait(20)
        desk.go_on.set()
        answers = {each.result().body for each in waiting}
    assert answers == {b'{"result": 1, "correlation_id": "corr_1"}'}
    assert desk.runs == ["held"]


@pytest.mark.parametrize("name", ["held", "held_async"])
async def test_repeats_in_tasks_wait_for_the_first(desk: Desk, name: str) -> None:
    tasks = [asyncio.create_task(desk.invoke_async(name)) for _ in range(8)]
    assert await asyncio.to_thread(desk.began.wait, 20)
    desk.go_on.set()
    assert {answer.body for answer in await asyncio.gather(*tasks)} == {b'{"result": 1, "correlation_id": "corr_1"}'}
    assert desk.runs == ["held"]


async def test_a_request_that_is_given_up_does_not_stop_its_function(desk: Desk) -> None:
    task = asyncio.create_task(desk.invoke_async("held_async"))
    assert await asyncio.to_thread(desk.began.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    desk.go_on.set()
    answer = await desk.invoke_async("held_async")
    assert (answer.status, desk.runs) == (200, ["held"])


async def test_a_function_that_takes_too_long_is_answered_for(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    answers = await both(desk, "slow")
    assert [answer.status for answer in answers] == [400, 400]
    assert contents(answers) == [{"error": "The tool did not answer in time"}] * 2
    assert "no response within 0.05 s" in caplog.text


def test_a_late_result_is_what_a_repeat_gets(desk: Desk) -> None:
    assert desk.invoke("slow").status == 400
    assert desk.invoke("slow").status == 400  # it still runs
    desk.go_on.set()
    while (answer := desk.invoke("slow")).status == 400:
        time.sleep(0.001)
    assert json.loads(answer.body)["result"] == "late"
    assert desk.runs == ["slow"]


async def test_an_async_function_that_takes_too_long_is_cancelled(desk: Desk) -> None:
    answers = await both(desk, "slow_async")
    assert contents(answers) == [{"error": "The tool did not answer in time"}] * 2
    for _ in range(2):
        assert await asyncio.to_thread(desk.cancelled.acquire, timeout=20)
    assert desk.runs.count("slow") == 2
    repeat = await desk.invoke_async("slow_async", "corr_async")
    assert json.loads(repeat.body)["error"] == "The tool did not answer in time"
    assert desk.runs.count("slow") == 2


class BrokenStore(MemoryInvocationStore):
    """Fails in one of its methods."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method = method

    def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
        self._maybe_fail("claim")
        return super().claim(*args, **kwargs)

    def complete(self, *args: Any, **kwargs: Any) -> bool:
        self._maybe_fail("complete")
        return super().complete(*args, **kwargs)

    def get(self, *args: Any) -> InvocationRecord | None:
        self._maybe_fail("get")
        return super().get(*args)

    def _maybe_fail(self, method: str) -> None:
        if method == self.method:
            raise ConnectionError("redis://10.0.0.7 is gone")


def test_without_a_store_nothing_runs(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(BrokenStore("claim"))
    answer = desk.invoke("add", a=1, b=2)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "The tool failed")
    assert desk.runs == []
    assert "redis://10.0.0.7 is gone" in caplog.text


def test_an_answer_that_is_not_kept_is_given_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(BrokenStore("complete"))
    assert desk.invoke("add", a=1, b=2).status == 200
    assert "the invocation store failed to store its response" in caplog.text


def test_a_repeat_that_cannot_be_looked_up_fails_without_a_second_run(desk: Desk) -> None:
    broken = Desk(BrokenStore("get"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(broken.invoke, "held")
        assert broken.began.wait(20)
        assert broken.invoke("held").status == 400
        broken.go_on.set()
        assert first.result().status == 200
    assert broken.runs == ["held"]


async def test_a_tools_thread_enters_the_scope_that_it_is_given(desk: Desk) -> None:
    seen: list[Any] = []

    @contextmanager
    def scope() -> Iterator[None]:
        seen.append(threading.current_thread())
        yield
        seen.append(threading.current_thread())

    desk.registry.invoke(invocation("add", a=1, b=2), scope=scope)
    await desk.registry.invoke_async(invocation("add", "corr_2", a=1, b=2), scope=scope)
    assert seen[0] is seen[1] is not seen[2] is seen[3] is not threading.current_thread()


def test_a_tool_that_hangs_does_not_keep_out_others(desk: Desk) -> None:
    for number in range(100):
        threading.Thread(target=desk.invoke, args=("held", f"held_{number}"), daemon=True).start()
    began = time.monotonic()
    while len(desk.runs) < 100 and time.monotonic() < began + 20:
        time.sleep(0.001)
    assert desk.invoke("add", a=1, b=2).status == 200
    assert desk.runs.count("held") == 100


def test_a_thread_that_fails_says_so() -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_thread(fail).result()
