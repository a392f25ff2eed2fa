"""What a key, a number or a task that a service shows proves, and what it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela._client.evidence import has_text, is_another_key, is_another_number, is_another_task

KEYS = ["pizza-1", "order-1042-pizza", "5f2b8a9e-0c1d-4e3f-8a6b-7c5d4e3f2a1b", "9f86d081884c7d659a2feaa0c55ad015", "42"]
NUMBERS = st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True)
SECRET = b"of the service"

FORMS: dict[str, Callable[[str], str]] = {
    "md5": lambda key: hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(),
    "sha1": lambda key: hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest(),
    "sha256": lambda key: hashlib.sha256(key.encode()).hexdigest(),
    "sha256, its beginning": lambda key: hashlib.sha256(key.encode()).hexdigest()[:12],
    "sha256, in capitals": lambda key: hashlib.sha256(key.encode()).hexdigest().upper(),
    "sha256 with its name": lambda key: f"sha256:{hashlib.sha256(key.encode()).hexdigest()}",
    "sha512": lambda key: hashlib.sha512(key.encode()).hexdigest(),
    "hmac": lambda key: hmac.new(SECRET, key.encode(), "sha256").hexdigest(),
    "hmac in base64": lambda key: base64.b64encode(hmac.new(SECRET, key.encode(), "sha256").digest()).decode(),
    "uuid5": lambda key: str(uuid5(UUID(int=1), key)),
    "cut off": lambda key: key[: len(key) // 2],
    "without its beginning": lambda key: key[len(key) // 2 :],
    "masked": lambda key: f"{key[:1]}***",
    "hidden": lambda key: "<redacted>",
    "in capitals": str.upper,
    "empty": lambda key: "",
    "masked by x": lambda key: "xxxx" + key[-2:],
    "masked by dashes": lambda key: "----" + key[-2:],
    "masked by underscores": lambda key: "____" + key[-2:],
    "in quotation marks": lambda key: f'"{key}"',
    "escaped for an address": lambda key: key.replace("-", "%2D"),
    "with other marks between its words": lambda key: key.replace("-", "_"),
    "without the marks between its words": lambda key: key.replace("-", ""),
    "behind the name of an account": lambda key: f"partner_7:{key}",
    "before the name of a region": lambda key: f"{key}:eu",
    "encrypted": lambda key: "vault:v1:c2VjcmV0",
    "with a reason for hiding it": lambda key: "[filtered by policy]",
    "not available": lambda key: "N/A",
    "described": lambda key: "<string>",
    "in fullwidth letters": lambda key: "".join(chr(ord(each) + 0xFEE0) for each in key),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", KEYS)
def test_other_forms_of_the_key(key: str, form: str) -> None:
    shown = FORMS[form](key)
    if (form == "uuid5" and len(key) == 36) or (form == "cut off" and key.isdigit()):
        pytest.skip("One UUID or number looks like another.")
    assert not is_another_key(key, shown), shown


@pytest.mark.parametrize("wanted", ["pizza-1", "order-1042-pizza"])
@pytest.mark.parametrize(
    "shown",
    ["burger-1", "pizza-10", "order-1043-pizza", "four-cheese-12", "b***r", "Bestellung 7", "campaign:12", "a:pizza-2"],
)
def test_other_keys(wanted: str, shown: str) -> None:
    assert is_another_key(wanted, shown)


@given(st.uuids(), st.uuids())
def test_generated_keys_are_told_from_each_other(one: UUID, other: UUID) -> None:
    assert is_another_key(str(one), str(other)) is (one != other)
    assert is_another_key(f"campaign-{one.hex}", f"campaign-{other.hex}") is (one != other)


@given(st.text(min_size=1, max_size=40))
def test_a_key_is_no_other_than_itself(key: str) -> None:
    assert not is_another_key(key, key)
    assert not is_another_key(key, key[: len(key) // 2], may_be_cut=True)
    assert has_text({"a": [{"b": key}]}, key)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_texts_can_be_compared(wanted: str, shown: str) -> None:
    assert is_another_key(wanted, shown) in (True, False)
    assert is_another_task(wanted, shown) in (True, False)
    assert is_another_number(wanted, shown) in (True, False)


@given(NUMBERS, st.data())
def test_a_number_masked_by_digits_is_no_other(number: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(2, len(number) - 3))
    last = data.draw(st.integers(first + 3, len(number)))
    digit = data.draw(st.sampled_from("0123456789"))
    for length in (last - first, 3, 4, 6):
        assert not is_another_number(number, number[:first] + digit * length + number[last:])


@given(NUMBERS, st.data())
def test_a_number_without_a_part_is_no_other(number: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(number)))
    last = data.draw(st.integers(first, len(number)))
    assert not is_another_number(number, number[:first] + number[last:])


@pytest.mark.parametrize("mask", ["X", "x", "*", "#", "\u2022", "_", "?"])
def test_a_number_with_anything_but_digits_is_no_other(mask: str) -> None:
    assert not is_another_number("+1234567890", f"+1234{mask * 4}90")


@pytest.mark.parametrize("shown", ["+1234567891", "+4930123456", "+15550000012", "+1 (555) 010-9999", "+12345678901"])
def test_other_numbers(shown: str) -> None:
    assert is_another_number("+1234567890", shown)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("+49301234567", "+490301234567"),
        ("+525512345678", "+5215512345678"),
        ("+541112345678", "+5491112345678"),
        ("+551112345678", "+5511912345678"),
        ("+1234567890", "+1234567800"),
    ],
)
def test_a_number_with_a_prefix_in_it_or_its_end_hidden_is_no_other(wanted: str, shown: str) -> None:
    assert not is_another_number(wanted, shown)


@pytest.mark.parametrize("wanted", [None, "(234) 567-890", "1234567890", "+1"])
def test_a_number_that_is_not_in_e164_form_proves_nothing(wanted: str | None) -> None:
    assert not is_another_number(wanted, "+4930123456")


@pytest.mark.parametrize(
    "shown",
    ["***za", "ORDER A PIZZA", "Order", "Task: Order a pizza", "[hidden]", None, 7, "9f86d081884c7d659a2feaa0c55ad015"],
)
def test_other_forms_of_the_task(shown: object) -> None:
    assert not is_another_task("Order a pizza", shown)


def test_another_task() -> None:
    assert is_another_task("Order a pizza", "Book a table")
    assert is_another_task("Order a pizza", "Book a tab...")


def test_a_digest_of_the_key_under_any_name_is_found() -> None:
    digest = hashlib.sha256(b"pizza-1").hexdigest()
    assert has_text({"reference": {"sha": digest}}, "pizza-1")
    assert not has_text({"reference": {"sha": digest}}, "pizza-2")


@pytest.mark.parametrize(
    "metadata",
    [
        {"idempotencyKey": "order-****"},
        {"KEY": "ORDER-1042-PIZZA"},
        {"key": "b3JkZXItMTA0Mi1waXp6YQ=="},
        {"redacted": True},
        {"_truncated": 1},
        {"note": "[REDACTED]"},
    ],
)
def test_metadata_that_may_have_the_key_in_them(metadata: dict[str, object]) -> None:
    assert has_text(metadata, "order-1042-pizza")


@pytest.mark.parametrize(
    "metadata", [{"source": "api"}, {"note": "Wait..."}, {"hidden": False}, {"key": "order-1043-pizza"}]
)
def test_metadata_that_do_not(metadata: dict[str, object]) -> None:
    assert not has_text(metadata, "order-1042-pizza")
