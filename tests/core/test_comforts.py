"""What a call and a page have beside the fields of the API: lines, rows, iteration."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from pamela import Call, CallPage, PamelaError, TranscriptEntry


@pytest.mark.parametrize(
    ("transcript", "lines"),
    [
        (None, []),
        ("", []),
        (" \n ", []),
        (5, []),
        ({}, []),
        ([], []),
        ([{"speaker": "agent", "text": "Hello"}], [("agent", "Hello")]),
        (
            [{"speaker": "agent"}, None, "by itself", {"text": "Bye"}],
            [("agent", None), (None, "by itself"), (None, "Bye")],
        ),
        ("agent: Hello\n\nuser: It is 10: 30.", [("agent", "Hello"), ("user", "It is 10: 30.")]),
        ("agent: Hello\nand welcome", [(None, "agent: Hello"), (None, "and welcome")]),
        ("The line was busy.", [(None, "The line was busy.")]),
    ],
)
def test_lines_are_always_a_list_of_entries(transcript: Any, lines: list[tuple[str | None, str | None]]) -> None:
    call = Call({"id": "call_1", "status": "completed", "transcript": transcript})

    assert all(isinstance(line, TranscriptEntry) for line in call.lines)
    assert [(line.speaker, line.text) for line in call.lines] == lines
    assert json.loads(json.dumps(call))["transcript"] == transcript


def test_lines_of_a_call_without_a_transcript() -> None:
    assert Call({"id": "call_1", "status": "failed"}).lines == []


def test_a_row() -> None:
    call = Call(
        {
            "id": "call_1",
            "status": "voicemail",
            "created_at": "2026-03-14T15:09:26Z",
            "started_at": "soon",
            "transcript": [{"speaker": "agent", "text": "Hello"}, {"text": "Bye"}],
            "metadata": {"order": 1042},
            "new_field": [1],
        }
    )
    row = call.to_row()

    assert [*row][: len(Call._fields)] == [*Call._fields]
    assert (row["created_at"], row["started_at"]) == (datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "soon")
    assert (type(row["status"]), row["status"], row["outcome"]) == (str, "voicemail", "ongoing")
    assert (row["transcript"], row["metadata"], row["summary"]) == ("agent: Hello\nBye", {"order": 1042}, None)
    assert row["new_field"] == [1]


def test_a_page_iterates_over_its_calls_and_is_the_object_that_was_sent() -> None:
    sent = {"items": [{"id": "call_1", "status": "queued"}, {"id": "call_2", "status": "queued"}], "total": 2}
    page = CallPage(json.loads(json.dumps(sent)))

    assert [call.id for call in page] == [call.id for call in page.calls] == ["call_1", "call_2"]
    assert page == sent == dict(page) == {**page} == json.loads(json.dumps(page)) == page.to_dict()
    assert list(page.keys()) == ["items", "total"]
    assert "total" in page
    for again in (copy.copy(page), copy.deepcopy(page), pickle.loads(pickle.dumps(page))):
        assert (type(again), again) == (CallPage, page)
        assert type(again.calls[0]) is Call
    assert [*CallPage({})] == [*CallPage({"items": None})] == []


async def test_a_page_of_no_client_says_so() -> None:
    page = CallPage({"items": []})
    with pytest.raises(PamelaError, match="not fetched by a client"):
        page.next_page()
    with pytest.raises(PamelaError, match="not fetched by a client"):
        await page.next_page_async()
