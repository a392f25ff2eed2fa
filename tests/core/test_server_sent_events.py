"""Server-sent events, read from bytes that come in any parts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela._core import server_sent_events
from pamela._core.server_sent_events import EventParser, ServerSentEvent

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff"), max_size=8)
LINES = st.lists(NAMES, min_size=1, max_size=3)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[ServerSentEvent]]:
    """A stream with each kind of line end, and the events in it."""
    end, text, wanted, last_id = draw(ENDS), draw(st.sampled_from(["", "\ufeff"])), [], ""
    for _ in range(draw(st.integers(0, 4))):
        data, event, id_ = draw(LINES), draw(NAMES), draw(st.none() | NAMES)
        last_id = last_id if id_ is None else id_
        lines = [f"event: {event}", *([f"id: {id_}"] if id_ is not None else []), ": a comment", "retry: 10", "other"]
        text += end.join([*draw(st.permutations(lines)), *(f"data: {line}" for line in data), end])
        wanted.append(ServerSentEvent("\n".join(data), event or "message", last_id))
    return text.encode(), wanted


def read(content: bytes, cuts: list[int]) -> list[ServerSentEvent]:
    parser, places = EventParser(), [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [event for start, stop in pairwise(places) for event in parser.feed(content[start:stop])]


@given(streams(), st.lists(st.integers(min_value=0, max_value=10_000), max_size=20))
def test_events_are_the_same_however_the_bytes_are_cut(
    stream: tuple[bytes, list[ServerSentEvent]], cuts: list[int]
) -> None:
    content, wanted = stream

    assert read(content, cuts) == wanted


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0, max_value=200), max_size=10))
def test_any_bytes_are_read(content: bytes, cuts: list[int]) -> None:
    assert read(content, cuts) == read(content, [])


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"data:no space\n\n", ["no space"]),
        (b"data:  two spaces\n\n", [" two spaces"]),
        (b"data\n\n", [""]),
        (b"event: nothing\n\n", []),
        (b"data: not ended\n", []),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_what_an_event_is(content: bytes, wanted: list[str]) -> None:
    assert [event.data for event in read(content, [])] == wanted


def test_an_id_with_a_null_is_left_out() -> None:
    assert read(b"id: a\ndata: 1\n\nid: b\0\ndata: 2\n\n", [])[1].id == "a"


@pytest.mark.parametrize("content", [b"x" * 50, b"data: aaaaaaa\n" * 5])
def test_an_endless_event_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sent_events, "LARGEST_EVENT", 32)

    with pytest.raises(ValueError, match="an event of more than 32 characters"):
        EventParser().feed(content)
