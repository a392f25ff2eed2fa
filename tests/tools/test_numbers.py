"""Numbers in arguments: as exact as the hinted type is, and refused where no value of it is what was sent."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pamela._core.strict_json import ExactFloat, parse_object
from pamela.endpoint import WebhookEndpoint
from pamela.tools import FunctionTool, ToolRegistry
from pamela.webhooks import sign_webhook

SECRET = "whsec_example"


def send(hint: Any, text: str, **settings: Any) -> tuple[Any, list[Any]]:
    """Send an argument, as text of JSON, to a tool, and return the error and what the tool was called with."""
    seen: list[Any] = []

    def take(value: Any) -> None:
        seen.append(value)

    take.__annotations__ = {"value": hint}
    registry = ToolRegistry()
    registry.add(FunctionTool(take, description="It.", **settings))
    body = f'{{"tool_name": "take", "call_id": "c", "correlation_id": "x", "arguments": {{"value": {text}}}}}'.encode()
    headers = {"X-Pamela-Signature": sign_webhook(body, SECRET)}
    response = WebhookEndpoint(SECRET, tools=registry).handle("POST", headers, [body])
    return json.loads(response.body).get("error"), seen


@dataclass
class Price:
    amount: Decimal
    currency: str = "EUR"


LONG = "12345678901234567.89"
HUGE = "1" + 400 * "0"


@pytest.mark.parametrize(
    ("hint", "text", "expected"),
    [
        (Decimal, LONG, Decimal(LONG)),
        (Decimal, "0.10", Decimal("0.1")),
        (Decimal, "5", Decimal(5)),
        (Decimal, HUGE, Decimal(10**400)),
        (Decimal, '"0.10"', Decimal("0.10")),
        (Decimal | None, "0.30000000000000004441", Decimal("0.30000000000000004441")),
        (int | Decimal, "1.0000000000000000001", Decimal("1.0000000000000000001")),
        (int | Decimal, "5", 5),
        (str | Decimal, "1.5", Decimal("1.5")),
        (list[Decimal], "[1e-400, 1.5]", [Decimal("1e-400"), Decimal("1.5")]),
        (Price, f'{{"amount": {LONG}}}', Price(Decimal(LONG))),
        (Annotated[Decimal, Field(max_digits=20, multiple_of=0.01)], LONG, Decimal(LONG)),
        (float, LONG, float(LONG)),
        (int, HUGE, 10**400),
        (int, "12345678901234567890.0", 12345678901234567890),
        (int | float, HUGE, 10**400),
        (Any, HUGE, 10**400),
    ],
    ids=str,
)
def test_a_number_is_as_exact_as_its_type(hint: Any, text: str, expected: Any) -> None:
    error, seen = send(hint, text)
    assert (error, seen) == (None, [expected])
    assert type(seen[0]) is type(expected)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**300), max_value=10**300))
def test_every_decimal_arrives_as_it_was_written(number: Decimal) -> None:
    (value,) = parse_object(f'{{"value": {number}}}'.encode()).values()
    text = value.text if isinstance(value, ExactFloat) else repr(value)
    assert Decimal(text) == number
    assert float(value) == float(number)
    assert json.dumps(value) == json.dumps(float(number) if isinstance(value, float) else int(number))
    again = pickle.loads(pickle.dumps(value))
    assert (again, getattr(again, "text", None)) == (value, getattr(value, "text", None))


@pytest.mark.parametrize(
    ("hint", "text", "problem"),
    [
        (float, HUGE, "value: the number is out of range"),
        (float | None, HUGE, "value: the number is out of range"),
        (list[float], f"[{HUGE}]", "value.0: the number is out of range"),
        (Decimal, "1e999", "value: the number is out of range"),
        (int, LONG, "value: Input should be a valid integer"),
        (int, "1.00000000000000000001", "value: Input should be a valid integer"),
        (str | Decimal, LONG, "value: the number has too many digits"),
    ],
    ids=str,
)
def test_a_number_that_its_type_does_not_keep_is_refused(hint: Any, text: str, problem: str) -> None:
    assert send(hint, text) == (f"Invalid arguments: {problem}", [])


@pytest.mark.parametrize("number", ["19.99", "0.07", "1e15", "123456.78", "5", "0.3", "-0.01"])
@pytest.mark.parametrize("whose", ["of the hint", "own schema"])
def test_multiples_are_those_of_the_numbers_as_they_are_written(number: str, whose: str) -> None:
    schema = {"type": "object", "properties": {"value": {"type": "number", "multipleOf": 0.01}}}
    settings: Any = {"input_schema": schema} if whose == "own schema" else {}
    hint: Any = Annotated[float, Field(multiple_of=0.01)] if whose == "of the hint" else float
    assert send(hint, number, **settings) == (None, [float(number)])
    error, seen = send(hint, "19.995", **settings)
    assert "multiple of 0.01" in error
    assert seen == []
