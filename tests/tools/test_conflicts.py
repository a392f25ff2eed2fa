"""A correlation id that comes again with another tool, call or other arguments: refused, never given another's response."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pamela.tools import InvocationRecord, InvocationState, MemoryInvocationStore, ToolRegistry

from .stores import KINDS, close, open_store, store_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Server

REFUSED = {"error": "The correlation id belongs to another invocation", "correlation_id": "corr_1"}
FIRST = {
    "tool_name": "pay",
    "arguments": {"order": "1042", "amount": 5, "lines": [{"sku": "a", "count": 1}]},
    "call_id": "call_1",
    "correlation_id": "corr_1",
}
OTHERS = [
    {**FIRST, "tool_name": "refund"},
    {**FIRST, "call_id": "call_2"},
    {**FIRST, "arguments": {**FIRST["arguments"], "amount": 6}},  # type: ignore[dict-item]
    {**FIRST, "arguments": {"order": "1042", "amount": 5}},
]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, server_for: Callable[[str], Server], tmp_path: Path) -> Iterator[Any]:
    opened = open_store(store_options(request.param, server_for, tmp_path))
    yield opened
    close(opened)


class Shop:
    """Two tools that take the same arguments and say which of them ran."""

    def __init__(self, store: Any, **settings: Any) -> None:
        self.runs: list[str] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.registry = ToolRegistry(store=store)
        for name in ("pay", "refund"):
            self.registry.tool(name=name, description="Move money.", **settings)(self._tool(name))

    def _tool(self, name: str) -> Callable[..., Any]:
        def run(order: str, amount: float, lines: list[dict[str, Any]] | None = None) -> str:
            self.began.set()
            assert self.go_on.wait(30)
            self.runs.append(name)
            return f"{name} {order} {amount:g}"

        return run

    def invoke(self, payload: Any) -> Any:
        return json.loads(self.registry.invoke(payload).body)


@pytest.mark.parametrize("after_crash", ["refuse", "run"])
def test_another_tool_call_or_arguments_are_refused(
    store: Any, after_crash: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(store, after_crash=after_crash)
    paid = {"result": "pay 1042 5", "correlation_id": "corr_1"}
    assert shop.invoke(FIRST) == paid
    for other in OTHERS:
        assert shop.invoke(other) == REFUSED
    assert "another tool, call or other arguments came with this correlation id before" in caplog.text
    # The refusals have left what is kept alone, and the order of names and the spelling of numbers make no difference.
    arguments = {"lines": [{"count": 1.0, "sku": "a"}], "amount": 5.0, "order": "1042"}
    assert shop.invoke({**FIRST, "arguments": arguments, "call_session_id": "session_1"}) == paid
    assert shop.runs == ["pay"]


def test_a_conflict_with_what_still_runs_does_not_wait_for_it(store: Any) -> None:
    shop = Shop(store)
    shop.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shop.invoke, FIRST)
        try:
            assert shop.began.wait(30)
            assert shop.invoke(OTHERS[0]) == REFUSED
        finally:
            shop.go_on.set()
        assert first.result()["result"] == "pay 1042 5"
    assert shop.runs == ["pay"]


@pytest.mark.parametrize("after_crash", ["refuse", "run"])
def test_what_a_dead_process_ran_is_not_passed_on_to_another_invocation(store: Any, after_crash: str) -> None:
    if isinstance(store, MemoryInvocationStore):
        pytest.skip("no lease ends in the memory of one process")
    shop = Shop(store, after_crash=after_crash)
    store.claim("corr_1", owner=f"machine:1:{'0' * 32}:{'A' * 22}", lease_seconds=0.01)
    while not store.get("corr_1").is_abandoned:
        pass
    assert shop.invoke(FIRST) == REFUSED
    assert shop.runs == []


@pytest.mark.parametrize(
    "owner", ["machine:1:0123456789abcdef0123456789abcdef", "version 2.0", "begin:0123", "", "é\n:"]
)
def test_entries_of_earlier_versions_answer_as_before(owner: str) -> None:
    store = MemoryInvocationStore()
    store.claim("corr_1", owner=owner, lease_seconds=30)
    store.complete("corr_1", '{"result": "kept"}', owner=owner)
    shop = Shop(store)
    for each in (FIRST, *OTHERS):
        assert shop.invoke(each) == {"result": "kept", "correlation_id": "corr_1"}
    assert shop.runs == []


def test_the_repeats_of_an_agent_have_their_own_arguments_and_ids(store: Any) -> None:
    shop = Shop(store, once=60)
    plain = {**FIRST, "arguments": {"order": "1042", "amount": 5}}
    assert shop.invoke(plain)["result"] == "pay 1042 5"
    repeat = {**plain, "arguments": {"order": "1042", "amount": 5, "lines": None}, "correlation_id": "corr_2"}
    assert shop.invoke(repeat) == {"result": "pay 1042 5", "correlation_id": "corr_2"}
    assert shop.invoke({**repeat, "tool_name": "refund"})["error"] == REFUSED["error"]
    assert shop.runs == ["pay"]


class Users:
    """A store of a user's own, by the protocol, that keeps an owner in a column of 128 characters."""

    def __init__(self) -> None:
        self.rows: dict[str, InvocationRecord] = {}

    def claim(self, invocation_id: str, *, owner: str, lease_seconds: float, **_: Any) -> InvocationRecord:
        assert len(owner) <= 128
        assert owner.isascii()
        return self.rows.setdefault(invocation_id, InvocationRecord(InvocationState.RUNNING, owner))

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        return self.rows[invocation_id].belongs_to(owner)

    def complete(
        self, invocation_id: str, response: str, *, owner: str, state: Any = InvocationState.DONE, **_: Any
    ) -> bool:
        self.rows[invocation_id] = InvocationRecord(state, owner, response)
        return True

    def get(self, invocation_id: str) -> InvocationRecord | None:
        return self.rows.get(invocation_id)


def test_a_store_of_a_users_own_tells_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "mächine-" * 30)
    shop = Shop(Users())
    assert shop.invoke(FIRST) == shop.invoke(FIRST)
    assert shop.invoke(OTHERS[1]) == REFUSED
