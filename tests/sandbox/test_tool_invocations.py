"""Tools in the middle of a call: what they are asked, and how their answers, or none, show in the conversation."""

import threading
from typing import Any

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox
from pamela.sandbox.specification import load_specification
from pamela.sandbox.tool_responses import in_words
from pamela.webhooks import verify_webhook_signature

from .api import Api, body_of
from .receiver import Received, Receiver, Reply
from .waiting import until

TOOL = {
    "name": "check_order_status",
    "description": "Look up an order by ID",
    "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
LOOKING_UP = "One moment, please, I am looking that up."
NOT_FOUND = "I am sorry, I cannot look that up right now."


def place(api: Api, receiver: Receiver, **more: Any) -> str:
    request = {"task": "Check on order 1042", "tools": [TOOL], "webhooks": {"tool_webhook_url": receiver.tool_url}}
    call_id: str = api.create(**{**request, **more})["id"]
    return call_id


def finish(api: Api, receiver: Receiver, **more: Any) -> list[tuple[str, str]]:
    """Makes a call with a tool, and returns what was said by the tool and right after it."""
    call = api.wait_for_status(place(api, receiver, **more), "completed")
    said = [(entry["speaker"], entry["text"]) for entry in call["transcript"]]
    start = [speaker for speaker, _ in said].index("tool")
    assert said[start - 1] == ("agent", LOOKING_UP)
    return said[start : start + 2]


def test_a_tool_is_invoked_signed_and_its_result_spoken(sandbox: Sandbox, api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of(
        {"result": {"status": "shipped", "eta_days": 2}, "correlation_id": received.json["correlation_id"]}
    )

    said = finish(api, receiver)

    assert said == [
        ("tool", 'check_order_status({"order_id": "1042"}): {"status": "shipped", "eta_days": 2}'),
        ("agent", "Here is what I found: status shipped, eta days 2."),
    ]
    (received,) = receiver.invocations
    invocation = received.json
    assert (invocation["tool_name"], invocation["arguments"]) == ("check_order_status", {"order_id": "1042"})
    assert verify_webhook_signature(received.body, received.signature, sandbox.webhook_secret)
    specification = load_specification()
    assert specification.request_schema(specification.schema("ToolInvocation")).find_issues(invocation, []) == []
    call = api.call(invocation["call_id"])
    project = body_of(api.get("/sandbox/project"))
    assert invocation["call_session_id"] == call["call_session_id"]
    assert (invocation["partner_id"], invocation["project_id"]) == (project["partner_id"], project["project_id"])


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply.of({"error": "Unknown tool"}, 400), "Unknown tool"),
        (Reply.of({"error": "Unknown tool"}), "Unknown tool"),
        (Reply.of({"error": {"code": 5}}, 500), "{'code': 5}"),
        (Reply.of({"result": "too late"}, 500), "status 500"),
        (Reply.of([], 404), "status 404"),
        (Reply(500, b"<html>"), "status 500, and the answer is not JSON"),
        (Reply(200, b""), "status 200, and the answer is not JSON"),
        (Reply(200, b'{"result": NaN}'), "status 200, and the answer is not JSON"),
        (Reply(200, b"[" * 100_000), "status 200, and the answer is not JSON"),
        (Reply(200, b'{"result": "\\ud800"}'), "status 200, and the answer is not JSON"),
        (Reply(200, b'"' + b"x" * 2_000_000 + b'"'), "status 200, and the answer is not JSON"),
        (Reply.of({"status": "shipped"}), "the answer has no result"),
        (Reply.of("shipped"), "the answer has no result"),
    ],
)
def test_a_tool_that_fails_is_shown_and_the_call_goes_on(
    api: Api, receiver: Receiver, reply: Reply, reason: str
) -> None:
    receiver.answer = lambda received: reply

    said = finish(api, receiver)

    assert said == [("tool", f'check_order_status({{"order_id": "1042"}}) failed: {reason}'), ("agent", NOT_FOUND)]


def test_an_answer_for_another_invocation_does_not_count(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": 1, "correlation_id": "corr_0"})

    (_, text), _ = finish(api, receiver)

    assert "the answer is for 'corr_0', not for 'corr_" in text


def test_a_broken_connection_is_a_failure(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: None

    (_, text), (_, sentence) = finish(api, receiver)

    assert "Error" in text
    assert sentence == NOT_FOUND
    assert len(receiver.invocations) == 1


def test_a_long_result_is_shown_in_part(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": "x" * 10_000})

    (_, text), (_, sentence) = finish(api, receiver)

    assert text.endswith("…")
    assert (len(text), len(sentence)) == (2001, len("Here is what I found: .") + 201)


def silent(release: threading.Event) -> Any:
    def answer(received: Received) -> Reply:
        release.wait(10)
        return Reply.of({"result": "late"})

    return answer


def test_a_silent_tool_is_waited_for_until_its_timeout(api: Api, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer = silent(release)

    said = finish(api, receiver, tools=[{**TOOL, "timeout_ms": 50}])

    release.set()
    assert said[0] == ("tool", 'check_order_status({"order_id": "1042"}) failed: no answer within 50 ms')
    assert said[1] == ("agent", NOT_FOUND)


def test_a_conversation_waits_for_its_tool(api: Api, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer = silent(release)
    call_id = place(api, receiver)
    until(lambda: bool(receiver.invocations))

    waiting = api.call(call_id)
    other = api.finish("+1234567890")
    assert api.call(call_id) == waiting
    assert waiting["status"] == "in_progress"
    release.set()

    done = api.wait_for_status(call_id, "completed")
    assert done["ended_at"] > other["ended_at"]
    assert "late" in str(done["transcript"])


def test_a_call_that_waits_for_a_tool_can_be_hung_up(api: Api, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer = silent(release)
    call_id = place(api, receiver)
    until(lambda: bool(receiver.invocations))

    ended = body_of(api.hang_up(call_id))
    release.set()
    until(lambda: [each["status"] for each in api.deliveries(call_id=call_id)] == ["delivered"])

    assert ended["status"] == "completed"
    assert api.call(call_id)["transcript"] == ended["transcript"]


def test_a_wait_for_a_tool_cannot_outlast_the_call(receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer = silent(release)
    with pamela.sandbox.run() as sandbox, Api(sandbox, sandbox.api_key) as api:
        # The lines before the tool take more than 14 seconds of sandbox time; the tool gets the rest, in real time.
        call = api.wait_for_status(place(api, receiver, max_duration_seconds=15), "completed")

    release.set()
    assert len(receiver.invocations) == 1
    assert call["duration_seconds"] == 15
    assert call["transcript"][-1]["text"] == LOOKING_UP
    assert "ended before" in call["summary"]


def test_a_tool_that_has_not_been_asked_cannot_outlast_the_call_either(receiver: Receiver) -> None:
    with pamela.sandbox.run() as sandbox, Api(sandbox, sandbox.api_key) as api:
        api.put("/sandbox/faults", json={"delay_seconds": 3600})
        call = api.wait_for_status(place(api, receiver, max_duration_seconds=15), "completed")
        (delivery,) = api.deliveries(call_id=call["id"])

    assert call["duration_seconds"] == 15
    assert call["transcript"][-1]["text"] == LOOKING_UP
    assert "ended before" in call["summary"]
    assert (delivery["status"], delivery["attempts"]) == ("dropped", [])


def test_a_wait_to_ask_a_tool_counts_as_conversation(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": "done"})
    without = api.wait_for_status(place(api, receiver), "completed")

    api.put("/sandbox/faults", json={"delay_seconds": 3000})
    delayed = api.wait_for_status(place(api, receiver), "completed")

    assert delayed["duration_seconds"] >= without["duration_seconds"] + 2


def test_a_wait_for_a_tool_counts_when_the_call_is_hung_up(receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer = silent(release)
    with pamela.sandbox.run() as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id = place(api, receiver)
        until(lambda: bool(receiver.invocations))
        sandbox.clock.advance(100)
        ended = body_of(api.hang_up(call_id))
    release.set()

    # The lines before the tool take more than 14 seconds.
    assert 114 <= ended["duration_seconds"] < 299


def test_a_tool_waits_for_the_events_before_it(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": "done"})

    call_id = place(api, receiver, webhooks={"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url})
    api.wait_for_status(call_id, "completed")

    arrived = [each.event for each in receiver.received]
    place_of_tool = arrived.index(None)
    assert arrived[:2] == ["call.queued", "call.started"]
    transcript = receiver.received[place_of_tool - 1].json["transcript"]
    assert transcript[-1]["text"] == LOOKING_UP
    assert receiver.received[place_of_tool + 1].json["transcript"][-1]["speaker"] == "tool"


def test_a_tool_does_not_wait_for_the_retries_of_an_event(slow_api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply(503) if received.event else Reply.of({"result": "done"})

    place(slow_api, receiver, webhooks={"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url})

    until(lambda: bool(receiver.invocations))
    assert "delivered" not in [each["status"] for each in slow_api.deliveries() if each["kind"] == "event"]


def test_an_invocation_that_was_not_sent_is_dropped_when_the_call_ends(receiver: Receiver) -> None:
    release = threading.Event()

    def answer(received: Received) -> Reply:
        if "looking that up" in received.body.decode():
            release.wait(10)
        return Reply()

    receiver.answer = answer
    with pamela.sandbox.run() as sandbox, Api(sandbox, sandbox.api_key) as api:
        webhooks = {"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url}
        call_id = place(api, receiver, webhooks=webhooks)
        until(lambda: [each["kind"] for each in api.deliveries(call_id=call_id)][-1] == "tool")
        api.hang_up(call_id)
        tool = next(each for each in api.deliveries(call_id=call_id) if each["kind"] == "tool")
        release.set()

    assert (tool["status"], tool["attempts"]) == ("dropped", [])
    assert receiver.invocations == []


def test_without_an_address_there_are_no_tools(api: Api) -> None:
    call = api.finish(tools=[TOOL])

    assert {entry["speaker"] for entry in call["transcript"]} == {"agent", "user"}


def test_an_address_that_is_taken_away_is_missed(slow_api: Api, receiver: Receiver) -> None:
    slow_api.put("/sandbox/project", json={"tool_webhook_url": receiver.tool_url})
    call_id = slow_api.create(task="Check on order 1042", tools=[TOOL])["id"]
    slow_api.put("/sandbox/project", json={})
    call = slow_api.wait_for_status(call_id, "completed")

    assert "failed: there is no tool webhook address" in str(call["transcript"])


def test_tool_invocations_go_to_the_projects_address(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": None})
    api.put("/sandbox/project", json={"tool_webhook_url": receiver.tool_url})

    said = finish(api, receiver, webhooks={})

    assert said[1] == ("agent", "Here is what I found: nothing.")


def test_a_tool_redelivery_is_only_logged(api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": "done"})
    finish(api, receiver)
    (delivery,) = api.deliveries()
    before = api.call(delivery["call_id"])

    again = body_of(api.post(f"/sandbox/deliveries/{delivery['id']}/redeliver"))
    until(lambda: body_of(api.get(f"/sandbox/deliveries/{again['id']}"))["status"] == "delivered")

    first, second = receiver.invocations
    assert first.body == second.body
    assert api.call(delivery["call_id"]) == before


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"eta_days": 2, "on": {"time": True}}, "eta days 2, on time yes"),
        (["a", 1.5, False], "a, 1.5, no"),
        ("x" * 201, "x" * 200 + "…"),
    ],
)
def test_a_result_is_put_in_words(value: object, words: str) -> None:
    assert in_words(value) == words
