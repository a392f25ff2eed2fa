"""What one request can ask for has a limit. How long it takes is measured by `benchmarks/sandbox_fuzz.py`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pamela.sandbox.fake_arguments import ArgumentMaker
from pamela.sandbox.task_words import TaskWords

from .api import PREFIX, Api, body_of
from .receiver import Receiver, Reply
from .waiting import until

ROOT = Path(__file__).parents[2]
REQUEST = {"to": "+1234567890", "task": "Check on order 1042"}
SMALL = {"properties": {"order_id": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "minimum": "1e100000000"},
        {"type": "number", "minimum": 10**4000},
        {"type": "number", "multipleOf": True},
        {"type": "string", "minLength": "1e100000000"},
        {"$ref": "#/" + "a/" * 100_000},
        {"type": "array", "minItems": "1e9"},
        {"const": "x" * 3_000_000},
        {"default": [0] * 30_000},
    ],
)
def test_a_schema_that_asks_for_too_much_gives_no_arguments(schema: dict[str, Any]) -> None:
    assert ArgumentMaker(REQUEST).make({"properties": {"value": schema}}) == {}


def test_all_tools_of_a_call_share_one_amount_of_work() -> None:
    large = {"properties": {f"p{number}": {"type": "integer"} for number in range(900)}}
    maker = ArgumentMaker(REQUEST)

    made = [maker.make(large) for _ in range(500)]

    assert sum(map(bool, made)) == 1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 19 + "!"),
        ("(a|aa)*b", "a" * 20),
        ("a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa", "a" * 10),
        (r"(\w)\1\1\1", "aaaa"),
        ("a*a*a*a*a*a*a*b", "a" * 20),
        ("x" * 201, "x"),
    ],
)
def test_a_pattern_that_could_take_long_is_not_tried(pattern: str, text: str) -> None:
    request = {"to": "+1234567890", "task": text}

    # The first text that may be meant is taken as it is.
    assert ArgumentMaker(request).make({"properties": {"text": {"pattern": pattern}}}) == {"text": text}


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=40))
def test_any_task_has_an_opinion_on_any_tool(task: str, name: str) -> None:
    words = TaskWords(task)

    assert words.call_for(name) in (True, False)
    assert not (words.forbid(name) and not task)


@pytest.mark.parametrize(
    ("task", "name", "called_for", "forbidden"),
    [
        ("Check on order 1042", "check_order_status", True, False),
        ("Check on order 1042", "cancel_order", False, False),
        ("Cancel order 1042", "cancel_order", True, False),
        ("Ask about order 1042 but do not cancel it", "cancel_order", True, True),
        ("Don't mention the invoice, ask about the order", "get_invoice", True, True),
        ("Don't mention the invoice, ask about the order", "get_order", True, False),
        ("Termin verschieben, aber nicht absagen", "cancelAppointment", False, True),
        ("Termin verschieben, aber nicht absagen", "rescheduleAppointment", False, False),
        ("Storniere die Bestellung nicht, frage nur nach der order", "cancel_order", False, True),
        ("N'annulez pas la commande, demandez order 1042", "cancel_order", True, True),
        ("No canceles el pedido", "cancel_order", False, True),
        ("Order a pizza. Do not use tools.", "order_pizza", True, True),
        ("Order a pizza, use no tools at all", "order_pizza", True, True),
        ("Order a pizza without using any tools", "order_pizza", True, True),
        ("Do not use the refund tool, check the order", "refund_order", True, True),
        ("Do not use the refund tool, check the order", "check_order", True, False),
        ("Book a table. If there is no table free, ask for tomorrow", "book_table", True, False),
    ],
)
def test_a_task_calls_for_tools_and_forbids_them(task: str, name: str, called_for: bool, forbidden: bool) -> None:
    words = TaskWords(task)

    assert (words.call_for(name) and not words.forbid(name)) == (called_for and not forbidden)
    assert words.forbid(name) == forbidden


def test_a_call_uses_fifty_tools_at_most(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": 1})
    tools = [{"name": f"tool_{number}", "description": "x", "input_schema": SMALL} for number in range(60)]

    api.finish(tools=tools, webhooks={"tool_webhook_url": receiver.tool_url}, max_duration_seconds=3600)

    assert len(receiver.invocations) == 50


def test_others_are_served_while_a_large_body_is_checked(api: Api) -> None:
    tools = [{"name": "x", "description": "x", "input_schema": {}}] * 18_000
    body = json.dumps({**REQUEST, "tools": tools})

    assert api.post(f"{PREFIX}/calls", content=body, headers={"Content-Type": "application/json"}).status_code == 201


def test_a_dead_receiver_holds_up_no_other_of_the_same_project(api: Api, receiver: Receiver) -> None:
    for number in range(60):
        # Nothing answers there, as the port is not one that is listened at.
        api.create("+15005550001", webhooks={"webhook_url": f"http://127.0.0.1:9/{number}"})

    call = api.create("+15005550002", webhooks={"webhook_url": receiver.url})

    until(lambda: receiver.names == ["call.queued", "call.failed"])
    assert body_of(api.get("/sandbox/deliveries", params={"call_id": call["id"]}))["total"] == 2


@pytest.mark.slow
def test_thousands_of_requests_that_nobody_would_send_do_no_harm() -> None:
    command = [sys.executable, "benchmarks/sandbox_fuzz.py", "--requests", "5000", "--seed", "7"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=ROOT)

    assert ended.returncode == 0, ended.stdout + ended.stderr
