"""JSON has the same value with msgspec and with `json`, to the last bit, or is refused by both."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pamela._core import json_reader
from pamela._core.json_reader import read_json

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.integers(-20, 20).flatmap(lambda each: st.integers(-3, 3).map(lambda near: (1 << 63) * each + near)),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "WORTHWHILE", 0)
    json_reader.fast_decoder.cache_clear()


def outcome(read: Any, content: bytes) -> Any:
    try:
        return exactly(read(content))
    except (ValueError, RecursionError) as error:
        return type(error)


def exactly(value: Any) -> Any:
    """Return a value in a form that tells -0.0 from 0, and 1 from 1.0 and from true, and keeps the order of keys."""
    match value:
        case dict():
            return [(name, exactly(each)) for name, each in value.items()]
        case list():
            return [exactly(each) for each in value]
        case float():
            return "nan" if math.isnan(value) else value.hex()
        case _:
            return type(value).__name__, value


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_value(value: Any, ascii_only: bool, indent: int | None) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert outcome(read_json, content) == outcome(json.loads, content)


@given(st.binary(max_size=30))
@example(b"1E400")
@example(b"-0")
@example(b"-0.0")
@example(b"9" * 5000)
@example(b"123456789012345678901234567890")
@example(b"18446744073709551616")
@example(b"9007199254740993")
@example(b"NaN")
@example(b'{"a": 1, "b": 2, "a": 3}')
@example(b'"\\ud800"')
@example(b'"\xed\xa0\x80"')
@example(b"\xef\xbb\xbf{}")
@example("{}".encode("utf-16"))
@example(b'"\x01"')
@example(b"[1,]")
@example(b"01")
@example(b"")
def test_any_bytes(content: bytes) -> None:
    assert outcome(read_json, content) == outcome(json.loads, content)


@given(st.text(alphabet='0123456789.eE+-[]{},:"\\ntrufalse ', max_size=30))
def test_what_looks_like_json(text: str) -> None:
    assert outcome(read_json, text.encode()) == outcome(json.loads, text.encode())


def test_nesting() -> None:
    with pytest.raises((RecursionError, ValueError)):
        read_json(b"[" * 100_000)


def test_msgspec_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda content: pytest.fail("json was used"))
    assert read_json(b'{"id": "call_1"}') == {"id": "call_1"}


def test_without_msgspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.setitem(sys.modules, "msgspec.json", None)
    assert read_json(b'{"id": "call_1"}') == {"id": "call_1"}
    json_reader.fast_decoder.cache_clear()


def test_small_responses_do_not_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "WORTHWHILE", 1000)
    monkeypatch.setattr(json_reader, "fast_decoder", lambda: pytest.fail("it was loaded"))
    assert read_json(b"{}") == {}
