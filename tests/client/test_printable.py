"""Text of a server in exceptions: one line, and nothing that a terminal obeys."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela import PamelaError, WaitTimeoutError
from pamela._http.redaction import JOINERS, printable

from ..http.conftest import Make
from ..http.scripted import Scripted

EVIL = "two\r\nlines\t\x1b[31mred\x07 \u202eback\u2028end \x9b2J"
SHOWN = "two  lines \\x1b[31mred\\x07 \\u202eback end \\x9b2J"


def is_harmless(text: str) -> bool:
    return all(each.isprintable() or each in JOINERS for each in text)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"detail": EVIL}),
        (500, {"detail": {"error_code": EVIL, "message": EVIL, "details": {"a": EVIL}}}),
        (404, {"error": EVIL}),
        (422, {"detail": [{"loc": ["body", EVIL], "msg": EVIL, "type": EVIL}]}),
        (502, f"<h1>{EVIL}</h1>".encode()),
        (200, EVIL.encode()),
    ],
)
def test_errors(scripted: Scripted, make: Make, status: int, body: Any) -> None:
    scripted.answers = [(status, {}, body)]
    with pytest.raises(PamelaError) as caught:
        make(scripted.base_url, max_retries=0).create_call("+1234567890", "Order a pizza")
    error = caught.value
    assert is_harmless(str(error))
    assert is_harmless(repr(error))
    assert str(error) == error.message == error.args[0]
    lines = traceback.format_exception_only(error)
    assert is_harmless(lines[0].rstrip("\n"))
    if status == 422 and isinstance(body, dict) and isinstance(body["detail"], str):
        assert str(error) == SHOWN


def test_a_call_that_does_not_end(scripted: Scripted, make: Make) -> None:
    scripted.answers = [(200, {}, {"id": EVIL, "status": EVIL})]
    with pytest.raises(WaitTimeoutError) as caught:
        make(scripted.base_url).wait_for_call("call_1", timeout=0)
    assert is_harmless(str(caught.value))


@given(st.text())
def test_any_text(text: str) -> None:
    shown = printable(text)
    assert is_harmless(shown)
    assert printable(shown) == shown
    if is_harmless(text):
        assert shown == text


def test_letters_of_all_languages_stay() -> None:
    for text in ("Grüße, 東京, नमस्ते", "👩\u200d🚀", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
        assert printable(text) == text
