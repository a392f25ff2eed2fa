"""The objects in a nested list are models for whoever looks at one of them, however that is done."""

from __future__ import annotations

import copy
import dataclasses
import json
import multiprocessing
import operator
import os
import pickle
import random
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pamela import Call, CallPage, TranscriptEntry
from pamela._core import model
from pamela._core.yaml_support import teach_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = [{"speaker": "agent", "text": "Hello"}, {"speaker": "user", "text": "Hi"}, "noise"]


@dataclasses.dataclass
class Holder:
    lines: list[Any]


def pattern(lines: Any) -> Any:
    match lines:
        case [first, *_]:
            return first
    raise AssertionError("it is no sequence")


def unpacked(lines: Any) -> Any:
    first, *_ = lines
    return first


def extended(lines: Any) -> Any:
    others: list[Any] = []
    others += lines
    others.extend(lines)
    others[:0] = lines
    return others[-3]


def in_place(method: str, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
    def call_and_look(lines: Any) -> Any:
        getattr(lines, method)(*arguments, **options)
        return lines[0]

    return call_and_look


WAYS: dict[str, Callable[[Any], Any]] = {
    "index": operator.itemgetter(0),
    "negative index": lambda lines: lines[-3],
    "slice": lambda lines: lines[:1][0],
    "iteration": lambda lines: next(iter(lines)),
    "reversed": lambda lines: [*reversed(lines)][-1],
    "star": lambda lines: [*lines, ""][0],
    "arguments": lambda lines: (lambda first, *_: first)(*lines),
    "unpacking": unpacked,
    "pattern": pattern,
    "extending": extended,
    "list": lambda lines: list(lines)[0],  # noqa: RUF015
    "tuple": lambda lines: tuple(lines)[0],  # noqa: RUF015
    "zip": lambda lines: next(zip(lines, lines, strict=True))[1],
    "sum": lambda lines: sum([lines, lines], [])[-3],  # noqa: RUF017
    "plus": lambda lines: (lines + ["more"])[0],  # noqa: RUF005
    "plus before": lambda lines: (["more"] + lines)[1],  # noqa: RUF005
    "times": lambda lines: (lines * 2)[3],
    "times before": lambda lines: (2 * lines)[3],
    "pop": lambda lines: lines.pop(0),
    "choice": lambda lines: random.Random(1).choice(lines[:2]),
    "sorted": lambda lines: sorted(lines[:2], key=lambda line: line.text)[0],
    "sort": in_place("sort", key=lambda line: getattr(line, "text", "~")),
    "append": in_place("append", {}),
    "insert": in_place("insert", 1, {}),
    "reverse": lambda lines: [lines.reverse(), lines[-1]][1],
    "copy": lambda lines: lines.copy()[0],
    "copy.copy": lambda lines: copy.copy(lines)[0],
    "deepcopy": lambda lines: copy.deepcopy(lines)[0],
    "pickle": lambda lines: pickle.loads(pickle.dumps(lines))[0],
    "asdict": lambda lines: dataclasses.asdict(Holder(lines))["lines"][0],
    "of a copied call": lambda lines: copy.deepcopy(Call({"transcript": lines}))["transcript"][0],
    "of a pickled call": lambda lines: pickle.loads(pickle.dumps(Call({"transcript": lines})))["transcript"][0],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("read", [operator.attrgetter("transcript"), operator.itemgetter("transcript")])
def test_an_object_is_a_model(read: Callable[[Call], Any], way: str) -> None:
    call = Call({"id": "call_1", "transcript": copy.deepcopy(LINES)})
    assert isinstance(WAYS[way](read(call)), TranscriptEntry)
    assert read(call)[-1] is read(call)[-1]
    assert all(isinstance(line, TranscriptEntry) for line in call.lines)


def test_the_list_is_what_was_sent() -> None:
    sent = {"id": "call_1", "transcript": copy.deepcopy(LINES)}
    call: Any = Call(sent)
    lines = call["transcript"]

    assert (len(lines), bool(lines), lines == LINES, LINES[1] in lines) == (3, True, True, True)
    assert (lines.index(LINES[1]), lines.count(LINES[1]), repr(lines)) == (1, 1, repr(LINES))
    assert call == sent
    assert sent == json.loads(json.dumps(call)) == json.loads(json.dumps(call, indent=1))
    assert call.transcript is call["transcript"]
    lines[0]["text"] = "Good morning"
    assert (call["transcript"][0].text, call.lines[0].text) == ("Good morning", "Good morning")
    assert (type(sent["transcript"]), type(sent["transcript"][0]), sent["transcript"]) == (list, dict, LINES)


@pytest.mark.parametrize("look", [list, len])
def test_objects_that_are_added_are_models_too(look: Callable[[Any], Any]) -> None:
    call = Call(id="call_1", transcript=[{"text": "Hello"}])
    lines: Any = call.transcript
    look(lines)
    lines.append({"text": "Hi"})
    assert [line.text for line in call.transcript or ()] == ["Hello", "Hi"]  # type: ignore[union-attr]
    call["transcript"] = [{"text": "Bye"}]
    assert [line.text for line in call.transcript or ()] == ["Bye"]  # type: ignore[union-attr]


PUT: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda lines, added: lines.append(added),
    "insert": lambda lines, added: lines.insert(3, added),
    "extend": lambda lines, added: lines.extend([added]),
    "in place": lambda lines, added: lines.__iadd__([added]),
    "item": lambda lines, added: operator.setitem(lines, 2, added),
    "slice": lambda lines, added: operator.setitem(lines, slice(2, 3), [added]),
}


@pytest.mark.parametrize("way", PUT)
def test_what_is_put_into_a_list_stays_what_it_is(way: str) -> None:
    call: Any = Call({"transcript": copy.deepcopy(LINES)})
    lines, added = call["transcript"], {"text": "Bye"}
    PUT[way](lines, added)
    assert lines[-1] is added
    assert isinstance(lines[0], TranscriptEntry)


def test_a_list_of_the_same_kind_holds_what_it_is_made_of() -> None:
    lines: Any = Call({"transcript": copy.deepcopy(LINES)})["transcript"]
    made = type(lines)({"text": "Hi"} for _ in range(2))
    assert [*made] == [{"text": "Hi"}] * 2
    made *= 2
    assert made[0] is made[2]


def test_threads_get_the_same_models() -> None:
    """A change that is made through one is there for all."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            call: Any = Call({"transcript": [{"text": "Hi"} for _ in range(200)]})
            ready = threading.Barrier(3)

            def change(number: int, call: Any = call, ready: threading.Barrier = ready) -> None:
                ready.wait(30)
                call.transcript[number]["changed"] = True

            threads = [threading.Thread(target=change, args=(number,)) for number in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [line.get("changed") for line in call.transcript[:4]] == [True, True, True, None]
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_child_process_reads_a_list_although_the_parent_was_making_one() -> None:
    context = multiprocessing.get_context("fork")
    with model._making:
        child = context.Process(target=read_one)
        forking = threading.Thread(target=child.start)  # in the child, nobody is left who would release the lock
        forking.start()
        forking.join()
    child.join(30)
    assert child.exitcode == 0


def read_one() -> None:
    assert isinstance(Call({"transcript": [{"text": "Hi"}]})["transcript"][0], TranscriptEntry)


def test_a_list_is_read_by_several_threads() -> None:
    for _ in range(20):
        page = CallPage({"items": [{"id": f"call_{number}", "transcript": [{"text": "Hi"}]} for number in range(50)]})
        found: list[str | None] = []

        def read(page: CallPage = page, found: list[str | None] = found) -> None:
            found.extend(line.text for call in page for line in call.lines)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["Hi"] * 200


def test_a_list_is_written_as_yaml() -> None:
    teach_yaml()
    source = {"id": "call_1", "status": "queued", "transcript": [{"speaker": "user", "text": "Hello"}]}
    call = Call(source)
    assert yaml.safe_load(yaml.safe_dump(call)) == source
    assert isinstance(call["transcript"][0], TranscriptEntry)
    assert yaml.safe_load(yaml.safe_dump(call["transcript"])) == source["transcript"]
    assert yaml.safe_load(yaml.dump(CallPage({"items": [source]}))) == {"items": [source]}
