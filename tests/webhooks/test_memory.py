"""The memories of invocations: once for everybody, bounded, and shared by processes."""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pamela import tool_memory
from pamela.tool_memory import InMemory, SQLiteMemory
from pamela.tools import ToolRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=["process", "sqlite"])
def make_memory(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    if request.param == "process":
        return InMemory
    return lambda *args, **options: SQLiteMemory(tmp_path / "memory.db", **options)


def test_an_invocation_begins_once(make_memory: Callable[..., Any]) -> None:
    memory = make_memory()
    assert memory.recall("corr_1") is None
    assert memory.begin("corr_1") is True
    assert memory.begin("corr_1") is False
    assert memory.recall("corr_1") is None
    memory.finish("corr_1", "answer é")
    assert memory.begin("corr_1") is False
    assert memory.recall("corr_1") == "answer é"
    assert memory.begin("corr_2") is True


def test_the_oldest_answers_are_forgotten(make_memory: Callable[..., Any]) -> None:
    memory = make_memory(max_entries=3)
    for number in range(5):
        assert memory.begin(f"corr_{number}")
        memory.finish(f"corr_{number}", "answer")
    known = [number for number in range(5) if memory.recall(f"corr_{number}") is not None]
    assert known == [2, 3, 4]


def test_what_runs_is_not_forgotten_and_counts_from_when_it_is_answered(make_memory: Callable[..., Any]) -> None:
    memory = make_memory(max_entries=1)
    assert memory.begin("running")
    for number in range(5):
        memory.begin(f"corr_{number}")
        memory.finish(f"corr_{number}", "answer")
    assert memory.begin("running") is False
    memory.finish("running", "at last")
    assert memory.begin("another") is True
    assert memory.recall("running") == "at last"


def test_repeats_do_not_push_out_other_answers(make_memory: Callable[..., Any]) -> None:
    registry = ToolRegistry(memory=make_memory(max_entries=3))
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
    monkeypatch.setattr(tool_memory, "_MAX_UNANSWERED", 3)
    memory = SQLiteMemory(tmp_path / "memory.db", max_entries=1)
    assert memory.begin("answered")
    memory.finish("answered", "answer")
    assert all(memory.begin(f"dead_{number}") for number in range(5))
    assert [memory.begin(f"dead_{number}") for number in (4, 3, 2)] == [False, False, False]
    assert memory.begin("dead_1") is True
    assert memory.recall("answered") == "answer"


def test_one_of_many_threads_wins(make_memory: Callable[..., Any]) -> None:
    memory = make_memory()
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert sum(pool.map(memory.begin, [f"corr_{number}"] * 8)) == 1


def _wins(path: Path) -> int:
    memory = SQLiteMemory(path)
    return sum(memory.begin(f"corr_{number}") for number in range(50))


def test_one_of_many_processes_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as pool:
        assert sum(pool.map(_wins, [tmp_path / "memory.db"] * 4)) == 50


def _answer(path: Path) -> tuple[int, bytes]:
    registry = ToolRegistry(memory=SQLiteMemory(path / "memory.db"))

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
    assert SQLiteMemory(path).begin("corr_1")
    registry = ToolRegistry(memory=SQLiteMemory(path))

    @registry.tool(timeout_seconds=0.05)
    def note() -> None:
        """Must not run."""
        pytest.fail("it ran again")

    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    assert b"did not answer in time" in registry.invoke(payload).body


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, and long enough to show it" * 50)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        SQLiteMemory(tmp_path / "notes.txt")
