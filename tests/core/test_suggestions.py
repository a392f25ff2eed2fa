"""What was probably meant."""

from __future__ import annotations

import sys

import pytest

from pamela import ErrorCode, PamelaClient, ValidationError
from pamela._core.phone_numbers import likely_number
from pamela._core.suggestions import nearest, suggest

NUMBERS = [
    ("+1 202 555 0100", None, "+12025550100", "+12025550100"),
    ("+1 (202) 555-0100", None, "+12025550100", "+12025550100"),
    ("001 202.555.0100", None, "+12025550100", "+12025550100"),
    ("+44 (0)20 7946 0000", None, "+442079460000", "+442079460000"),
    ("(202) 555-0100", "us", "+12025550100", None),
    ("020 7946 0000", "GB", "+442079460000", None),
    ("1 650 253 0000", None, "+16502530000", None),
    ("555-1234", None, None, None),
    ("555", None, None, None),
    ("", None, None, None),
    ("+0123456", None, None, None),
    ("call me", "US", None, None),
    ("+1 202 555 0100 ext. 5", None, None, None),
    ("1" * 1000, "US", None, None),
]


@pytest.mark.parametrize(("text", "country", "likely", "_"), NUMBERS)
def test_numbers(text: str, country: str | None, likely: str | None, _: str | None) -> None:
    assert likely_number(text, country) == likely


@pytest.mark.parametrize(("text", "country", "_", "likely"), NUMBERS)
def test_numbers_without_phonenumbers(
    monkeypatch: pytest.MonkeyPatch, text: str, country: str | None, _: str | None, likely: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    assert likely_number(text, country) == likely


def test_a_number_is_refused_with_the_one_that_is_meant() -> None:
    with PamelaClient("pk_live_example", "http://127.0.0.1:1") as client, pytest.raises(ValidationError) as caught:
        client.create_call("(202) 555-0100", "task", "US")
    assert str(caught.value) == "to='(202) 555-0100' is not in E.164 form. Did you mean '+12025550100'?"
    assert (caught.value.error_code, caught.value.status_code) == (ErrorCode.INVALID_PHONE_NUMBER, None)


@pytest.mark.parametrize(
    ("name", "found"),
    [("webhok_url", "webhook_url"), ("webhookUrl", "webhook_url"), ("WEBHOOK-URL", "webhook_url"), ("colour", None)],
)
def test_names(name: str, found: str | None) -> None:
    assert nearest(name, ["webhook_url", "tool_webhook_url"]) == found


def test_many_names_are_not_all_shown() -> None:
    assert suggest("x", [f"name_{number:02}" for number in range(20)]).endswith("name_11 and others.")
