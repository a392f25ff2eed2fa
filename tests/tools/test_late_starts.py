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

from pamela.tools import InvocationRecord, MemoryInvocationStore, SQLiteInvocationStore, ToolRegistry

from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
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


async def test_a_busy_loop_lets_no_coroutine_start_late() -> None:
    loop = asyncio.get_running_loop()

    class Blocking(MemoryInvocationStore):
        """Blocks the server's loop for longer than the tool may take, before the tool's function gets there."""

        def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
            loop.call_soon_threadsafe(time.sleep, 4 * TIMEOUT)
            return super().claim(*args, **kwargs)

    paid: list[str] = []
    registry = registry_with(paid, Blocking(), is_async=True)
    assert content(await registry.invoke_async(PAYLOAD)) == LATE
    await asyncio.to_thread(until, lambda: not any(thread.name == "pamela-tool" for thread in threading.enumerate()))
    assert paid == []


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
