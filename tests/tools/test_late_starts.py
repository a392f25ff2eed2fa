"""Nothing starts after its deadline, whatever held it up: the agent has been told that the tool did not answer."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pamela.tools import InvocationRecord, MemoryInvocationStore, SQLiteInvocationStore, ToolRegistry, tool

from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

TIMEOUT = 0.05
LATE = {"error": "The tool did not answer in time", "correlation_id": "corr_1"}
PAYLOAD = {"tool_name": "pay", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}


class StallingStore(MemoryInvocationStore):
    """Claims only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
        assert self.go_on.wait(30)
        return super().claim(*args, **kwargs)


def registry_with(paid: list[str], store: Any, *, is_async: bool = False) -> ToolRegistry:
    registry = ToolRegistry(store=store)
    if is_async:

        @registry.tool(name="pay", timeout_seconds=TIMEOUT)
        async def pay_async() -> str:
            """Pay."""
            paid.append("paid")
            return "paid"
    else:

        @registry.tool(timeout_seconds=TIMEOUT)
        def pay() -> str:
            """Pay."""
            paid.append("paid")
            return "paid"

    return registry


def is_answered(store: Any) -> bool:
    return store.recall("corr_1") is not None


def content(response: Any) -> Any:
    return json.loads(response.body)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync tool", "async tool"])
async def test_a_store_that_stalls_lets_nothing_start_late(is_async: bool) -> None:
    for invoke_async in (False, True):
        store, paid = StallingStore(), list[str]()
        registry = registry_with(paid, store, is_async=is_async)
        if invoke_async:
            response = await registry.invoke_async(PAYLOAD)
        else:
            response = await asyncio.to_thread(registry.invoke, PAYLOAD)
        assert content(response) == LATE
        store.go_on.set()
        await asyncio.to_thread(until, partial(is_answered, store))
        assert paid == []
        assert content(await registry.invoke_async(PAYLOAD)) == LATE  # what the agent was told remains true
        assert paid == []


def test_a_locked_sqlite_file_lets_nothing_start_late(tmp_path: Path) -> None:
    path = tmp_path / "invocations.db"
    paid: list[str] = []
    registry = registry_with(paid, SQLiteInvocationStore(path))
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert content(registry.invoke(PAYLOAD))["error"] in ("The tool did not answer in time", "The tool failed")
    lock.execute("COMMIT")
    lock.close()
    until(lambda: not any(thread.name == "pamela-tool" for thread in threading.enumerate()))
    assert paid == []


def test_a_scope_that_stalls_lets_nothing_start_late() -> None:
    paid: list[str] = []
    registry = registry_with(paid, MemoryInvocationStore())
    go_on = threading.Event()

    @contextmanager
    def scope() -> Iterator[None]:
        assert go_on.wait(30)
        yield

    assert content(registry.invoke(PAYLOAD, scope=scope)) == LATE
    go_on.set()
    until(lambda: not any(thread.name == "pamela-tool" for thread in threading.enumerate()))
    assert paid == []


class BlockingStore(MemoryInvocationStore):
    """Blocks the server's loop for longer than the tool may take, before the tool's function gets there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.is_blocking = True

    def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
        if self.is_blocking:
            self.loop.call_soon_threadsafe(time.sleep, 4 * TIMEOUT)
        return super().claim(*args, **kwargs)


class Lazy:
    """Begins when it is awaited, and is no coroutine."""

    def __init__(self, paid: list[str]) -> None:
        self.paid = paid

    def __await__(self) -> Generator[Any, Any, str]:
        self.paid.append("paid")
        yield from asyncio.sleep(0).__await__()
        return "paid"


async def no_tool_runs() -> None:
    await asyncio.to_thread(until, lambda: not any(thread.name == "pamela-tool" for thread in threading.enumerate()))


@pytest.mark.parametrize("kind", ["coroutine", "object"])
async def test_a_busy_loop_lets_nothing_that_is_awaited_start_late(kind: str) -> None:
    paid: list[str] = []
    store = BlockingStore(asyncio.get_running_loop())
    registry = registry_with(paid, store, is_async=kind == "coroutine")
    if kind == "object":
        registry = ToolRegistry(store=store)
        registry.tool(name="pay", description="Pay.", timeout_seconds=TIMEOUT)(lambda: Lazy(paid))
    assert content(await registry.invoke_async(PAYLOAD)) == LATE
    await no_tool_runs()
    assert paid == []


async def test_a_future_that_is_too_late_is_cancelled() -> None:
    loop = asyncio.get_running_loop()
    registry = ToolRegistry(store=BlockingStore(loop))
    future: asyncio.Future[str] = loop.create_future()
    registry.tool(name="pay", description="Pay.", timeout_seconds=TIMEOUT)(lambda: future)
    assert content(await registry.invoke_async(PAYLOAD)) == LATE
    await no_tool_runs()
    assert future.cancelled()


class Counter:
    """Pay."""

    def __init__(self) -> None:
        self.paid: list[str] = []

    async def __call__(self) -> str:
        self.paid.append("paid")
        return "paid"


@pytest.mark.parametrize("wrap", [lambda each: each, partial, tool(name="pay")], ids=["object", "partial", "tool"])
async def test_a_repeat_of_the_agent_runs_if_an_async_tool_never_began(wrap: Any) -> None:
    counter = Counter()
    store = BlockingStore(asyncio.get_running_loop())
    registry = ToolRegistry(store=store)
    registry.tool(name="pay", timeout_seconds=0.1, once=60)(wrap(counter))
    assert content(await registry.invoke_async(PAYLOAD)) == LATE
    await no_tool_runs()
    store.is_blocking = False
    names = (f"corr_{number}" for number in range(2, 10_000))
    until_then = time.monotonic() + 30
    while "error" in content(await registry.invoke_async({**PAYLOAD, "correlation_id": next(names)})):
        assert time.monotonic() < until_then
    assert counter.paid == ["paid"]


class FailingStore(StallingStore):
    """Its first claim is made, but the answer to it is lost, when it is let."""

    def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
        is_first, record = not self.go_on.is_set(), super().claim(*args, **kwargs)
        if is_first:
            raise ConnectionError("gone")
        return record


def test_a_store_that_fails_late_does_not_change_what_the_agent_was_told() -> None:
    store, paid = FailingStore(), list[str]()
    registry = registry_with(paid, store)
    assert content(registry.invoke(PAYLOAD)) == LATE
    store.go_on.set()
    until(lambda: is_answered(store))
    assert content(registry.invoke(PAYLOAD)) == LATE
    assert paid == []


def test_a_response_that_only_has_to_be_kept_is_given_in_time() -> None:
    go_on = threading.Event()

    class Slow(MemoryInvocationStore):
        """Takes responses when it is let."""

        def complete(self, *args: Any, **kwargs: Any) -> bool:
            assert go_on.wait(30)
            return super().complete(*args, **kwargs)

    registry = ToolRegistry(store=Slow())
    registry.tool(name="pay", description="Pay.", timeout_seconds=1)(lambda: "paid")
    assert content(registry.invoke(PAYLOAD)) == {"result": "paid", "correlation_id": "corr_1"}
    go_on.set()


def test_a_run_that_takes_over_late_does_not_start(tmp_path: Path) -> None:
    paid: list[str] = []
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    store.claim("corr_1", owner="dead", lease_seconds=10 * TIMEOUT)

    def registry_that_waits(seconds: float) -> ToolRegistry:
        registry = ToolRegistry(store=store)

        @registry.tool(timeout_seconds=seconds, after_crash="run")
        def pay() -> str:
            """Pay."""
            paid.append("paid")
            return "paid"

        return registry

    assert content(registry_that_waits(TIMEOUT).invoke(PAYLOAD)) == LATE
    until(lambda: (record := store.get("corr_1")) is not None and record.is_abandoned)
    assert paid == []
    assert content(registry_that_waits(30).invoke(PAYLOAD))["result"] == "paid"
    assert paid == ["paid"]


def test_the_response_comes_in_time_however_long_the_store_takes(tmp_path: Path) -> None:
    store: Any = StallingStore()
    registry = registry_with([], store)
    answered: list[Any] = []
    thread = threading.Thread(target=lambda: answered.append(registry.invoke(PAYLOAD)))
    thread.start()
    thread.join(30)
    assert content(answered[0]) == LATE
    store.go_on.set()


def test_a_repeat_of_the_agent_runs_if_the_first_never_began() -> None:
    store, paid = StallingStore(), list[str]()
    registry = ToolRegistry(store=store)

    @registry.tool(timeout_seconds=0.3, once=60)
    def pay() -> str:
        """Pay."""
        paid.append("paid")
        return "paid"

    assert content(registry.invoke(PAYLOAD)) == LATE
    store.go_on.set()
    until(lambda: is_answered(store))
    names = (f"corr_{number}" for number in range(2, 10_000))
    until(lambda: "result" in content(registry.invoke({**PAYLOAD, "correlation_id": next(names)})))
    assert paid == ["paid"]
    assert content(registry.invoke(PAYLOAD)) == LATE
    assert content(registry.invoke({**PAYLOAD, "correlation_id": "another"}))["result"] == "paid"
    assert paid == ["paid"]
