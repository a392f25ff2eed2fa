"""The invocation stores: once for everybody, bounded, and shared by processes."""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pamela import tool_memory
from pamela._tools import stores
from pamela.tools import MemoryInvocationStore, SQLiteInvocationStore, ToolRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=["process", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    if request.param == "process":
        return MemoryInvocationStore
    return lambda *args, **options: SQLiteInvocationStore(tmp_path / "memory.db", **options)


def test_an_invocation_begins_once(make_store: Callable[..., Any]) -> None:
    store = make_store()
    assert store.get("corr_1") is None
    assert store.claim("corr_1") is True
    assert store.claim("corr_1") is False
    assert store.get("corr_1") is None
    store.complete("corr_1", "answer é")
    assert store.claim("corr_1") is False
    assert store.get("corr_1") == "answer é"
    assert store.claim("corr_2") is True


def test_the_oldest_answers_are_forgotten(make_store: Callable[..., Any]) -> None:
    store = make_store(max_entries=3)
    for number in range(5):
        assert store.claim(f"corr_{number}")
        store.complete(f"corr_{number}", "answer")
    known = [number for number in range(5) if store.get(f"corr_{number}") is not None]
    assert known == [2, 3, 4]


def test_what_runs_is_not_forgotten_and_counts_from_when_it_is_answered(make_store: Callable[..., Any]) -> None:
    store = make_store(max_entries=1)
    assert store.claim("running")
    for number in range(5):
        store.claim(f"corr_{number}")
        store.complete(f"corr_{number}", "answer")
    assert store.claim("running") is False
    store.complete("running", "at last")
    assert store.claim("another") is True
    assert store.get("running") == "at last"


def test_repeats_do_not_push_out_other_answers(make_store: Callable[..., Any]) -> None:
    registry = ToolRegistry(store=make_store(max_entries=3))
    runs = []

    @registry.tool
    def note(text: str) -> None:
        """Note the run."""
        runs.append(text)

    for text in "abbbbbca":
        payload = {"tool_name": "note", "arguments": {"text": text}, "call_id": "call_1", "correlation_id": text}
        assert registry.invoke(payload).status == 200
    assert runs == ["a", "b", "c"]


def test_what_dead_processes_left_behind_does_not_grow_forever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_MAX_UNANSWERED", 3)
    store = SQLiteInvocationStore(tmp_path / "memory.db", max_entries=1)
    assert store.claim("answered")
    store.complete("answered", "answer")
    assert all(store.claim(f"dead_{number}") for number in range(5))
    assert [store.claim(f"dead_{number}") for number in (4, 3, 2)] == [False, False, False]
    assert store.claim("dead_1") is True
    assert store.get("answered") == "answer"


def test_one_of_many_threads_wins(make_store: Callable[..., Any]) -> None:
    store = make_store()
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert sum(pool.map(store.claim, [f"corr_{number}"] * 8)) == 1


def _wins(path: Path) -> int:
    store = SQLiteInvocationStore(path)
    return sum(store.claim(f"corr_{number}") for number in range(50))


def test_one_of_many_processes_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as pool:
        assert sum(pool.map(_wins, [tmp_path / "memory.db"] * 4)) == 50


def _answer(path: Path) -> tuple[int, bytes]:
    registry = ToolRegistry(store=SQLiteInvocationStore(path / "memory.db"))

    @registry.tool
    def note() -> int:
        """Note the run in a file."""
        with (path / "runs").open("a") as runs:
            return runs.write("x")

    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    answer = registry.invoke(payload)
    return answer.status, answer.body


def test_processes_that_share_a_file_run_a_tool_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as pool:
        answers = set(pool.map(_answer, [tmp_path] * 8))
    assert answers == {(200, b'{"result": 1, "correlation_id": "corr_1"}')}
    assert (tmp_path / "runs").read_text() == "x"


def test_an_invocation_whose_process_died_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    assert SQLiteInvocationStore(path).claim("corr_1")
    registry = ToolRegistry(store=SQLiteInvocationStore(path))

    @registry.tool(timeout_seconds=0.05)
    def note() -> None:
        """Must not run."""
        pytest.fail("it ran again")

    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    assert b"did not answer in time" in registry.invoke(payload).body


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, and long enough to show it" * 50)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        SQLiteInvocationStore(tmp_path / "notes.txt")


class DictStore:
    """A user's own store, with the method names of version 2.0."""

    def __init__(self) -> None:
        self.answers: dict[str, str | None] = {}

    def begin(self, correlation_id: str) -> bool:
        is_new = correlation_id not in self.answers
        self.answers.setdefault(correlation_id, None)
        return is_new

    def finish(self, correlation_id: str, answer: str) -> None:
        self.answers[correlation_id] = answer

    def recall(self, correlation_id: str) -> str | None:
        return self.answers.get(correlation_id)


class CountingStore(tool_memory.InMemory):
    """A built-in store with a method overridden under its name of version 2.0."""

    claims = 0

    def begin(self, correlation_id: str) -> bool:
        self.claims += 1
        return super().begin(correlation_id)


@pytest.mark.parametrize("make", [DictStore, CountingStore])
def test_a_store_with_the_method_names_of_version_2_0_still_works(make: Callable[[], Any]) -> None:
    store = make()
    registry = ToolRegistry(memory=store)
    runs = []

    @registry.tool
    def note() -> int:
        """Note the run."""
        runs.append(1)
        return len(runs)

    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    assert registry.invoke(payload) == registry.invoke(payload)
    assert runs == [1]
    assert not isinstance(store, CountingStore) or store.claims == 2


def test_what_is_not_a_store_is_an_error_at_once() -> None:
    not_a_store: Any = {}
    with pytest.raises(TypeError, match=r"store=\{\} is not an invocation store. It needs the methods claim, complete"):
        ToolRegistry(store=not_a_store)
    with pytest.raises(TypeError, match=r"memory=\.\.\. is the old name of store"):
        ToolRegistry(store=MemoryInvocationStore(), memory=MemoryInvocationStore())
