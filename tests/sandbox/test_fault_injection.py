"""Deliveries that go wrong because they were told to."""

import json
import threading
from collections import Counter
from itertools import count
from typing import Any

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox
from pamela.sandbox.fault_injection import FAULTS_SCHEMA, FaultInjection
from pamela.webhooks import verify_webhook_signature

from .api import Api, body_of
from .receiver import Received, Receiver, Reply
from .test_deliveries import place, settled
from .waiting import until

TOOL: dict[str, Any] = {"name": "look_up", "description": "Looks up", "input_schema": {}}


def inject(api: Api, **settings: float) -> None:
    assert api.put("/sandbox/faults", json=settings).status_code == 200


def is_signed(sandbox: Sandbox, received: Received) -> bool:
    return verify_webhook_signature(received.body, received.signature, sandbox.webhook_secret)


def test_all_is_well_at_first(api: Api) -> None:
    nothing = dict.fromkeys([*FAULTS_SCHEMA["properties"]], 0)

    assert body_of(api.get("/sandbox/faults")) == nothing
    assert body_of(api.put("/sandbox/faults", json={"duplicate": 0.5})) == {**nothing, "duplicate": 0.5}
    assert body_of(api.get("/sandbox/faults"))["duplicate"] == 0.5
    assert body_of(api.put("/sandbox/faults", json={})) == nothing


@pytest.mark.parametrize(
    "body", [{"duplicate": 2}, {"reorder": -1}, {"delay_seconds": "x"}, {"seed": 0.5}, {"lose": 1}, []]
)
def test_faults_are_checked(api: Api, body: object) -> None:
    assert api.put("/sandbox/faults", json=body).status_code == 422


def test_everything_comes_twice(api: Api, receiver: Receiver) -> None:
    inject(api, duplicate=1)

    call_id = place(api, receiver, "+15005550002")
    settled(api, call_id)

    until(lambda: len(receiver.events) == 4)
    assert set(Counter(each.body for each in receiver.events).values()) == {2}
    until(lambda: [len(each["attempts"]) for each in api.deliveries(call_id=call_id)] == [2, 2])
    attempts = [attempt for each in api.deliveries(call_id=call_id) for attempt in each["attempts"]]
    assert sorted(attempt["duplicate"] for attempt in attempts) == [False, False, True, True]


def test_a_tool_is_invoked_twice_and_answers_once(api: Api, receiver: Receiver) -> None:
    inject(api, duplicate=1)
    receiver.answer = lambda received: Reply.of({"result": "done"})

    call = api.finish(tools=[TOOL], webhooks={"tool_webhook_url": receiver.tool_url})

    until(lambda: len(receiver.invocations) == 2)
    assert len({each.json["correlation_id"] for each in receiver.invocations}) == 1
    assert [entry["speaker"] for entry in call["transcript"]].count("tool") == 1


@pytest.mark.parametrize("silent", [0, 1])
def test_the_first_answer_to_a_tool_invoked_twice_counts(api: Api, receiver: Receiver, silent: int) -> None:
    inject(api, duplicate=1)
    release = threading.Event()
    order = count()

    def answer(received: Received) -> Reply:
        if next(order) == silent:
            release.wait(30)
            return Reply.of({"result": "second"})
        return Reply.of({"result": "first"})

    receiver.answer = answer
    call = api.finish(tools=[TOOL], webhooks={"tool_webhook_url": receiver.tool_url})

    release.set()
    until(lambda: len(api.deliveries(call_id=call["id"])[0]["attempts"]) == 2)
    assert [entry["text"] for entry in call["transcript"] if entry["speaker"] == "tool"] == ['look_up({}): "first"']
    assert api.call(call["id"]) == call
    bodies = [json.loads(each["response_body"]) for each in api.deliveries(call_id=call["id"])[0]["attempts"]]
    assert bodies == [{"result": "first"}, {"result": "second"}]


def test_a_wrong_signature_looks_like_a_right_one(sandbox: Sandbox, api: Api, receiver: Receiver) -> None:
    inject(api, wrong_signature=0.5)
    receiver.answer = lambda received: Reply(200 if is_signed(sandbox, received) else 401)

    deliveries = settled(api, place(api, receiver))

    right = [each for each in receiver.events if is_signed(sandbox, each)]
    assert 0 < len(right) < len(receiver.events)
    assert {len(each.signature) for each in receiver.events} == {64}
    assert len([each for each in deliveries if each["status"] == "delivered"]) == len(right)


def test_a_wrongly_signed_invocation_fails_in_the_conversation(api: Api, receiver: Receiver) -> None:
    inject(api, wrong_signature=1)
    receiver.answer = lambda received: Reply.of({"error": "Invalid signature"}, 401)

    call = api.finish(tools=[TOOL], webhooks={"tool_webhook_url": receiver.tool_url})

    assert "failed: Invalid signature" in str(call["transcript"])


def test_events_change_places(api: Api, receiver: Receiver) -> None:
    inject(api, reorder=0.5)

    deliveries = settled(api, place(api, receiver))

    arrived = [each.json["timestamp"] for each in receiver.events]
    assert arrived != sorted(arrived)
    assert len(set(arrived)) == len(arrived) == len(deliveries)
    assert {each["status"] for each in deliveries} == {"delivered"}


def test_each_event_may_change_places_with_the_next(api: Api, receiver: Receiver) -> None:
    inject(api, reorder=1)

    settled(api, place(api, receiver, "+15005550003"))

    arrived = [(each.event, len(each.json.get("transcript", []))) for each in receiver.events]
    assert arrived == [
        ("call.started", 0),
        ("call.queued", 0),
        ("call.transcript_update", 2),
        ("call.transcript_update", 1),
        ("call.failed", 0),
        ("call.transcript_update", 3),
    ]


def test_a_tool_does_not_wait_for_an_event_that_waits(api: Api, receiver: Receiver) -> None:
    inject(api, reorder=1)
    receiver.answer = lambda received: Reply.of({"result": "done"})

    api.finish(tools=[TOOL], webhooks={"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url})

    assert len(receiver.invocations) == 1


def test_the_same_seed_does_the_same_again(receiver: Receiver) -> None:
    def arrivals(seed: int) -> list[str | None]:
        with pamela.sandbox.run(speed=1000) as sandbox, Api(sandbox, sandbox.api_key) as api:
            inject(api, reorder=0.5, seed=seed)
            receiver.received.clear()
            settled(api, place(api, receiver, "+15005550003"))
            return [f"{each.event} {len(each.json.get('transcript', []))}" for each in receiver.events]

    assert arrivals(1) == arrivals(1)
    assert arrivals(1) != arrivals(4)


def test_an_event_that_nothing_overtakes_is_sent_all_the_same(slow_api: Api, receiver: Receiver) -> None:
    inject(slow_api, reorder=1)

    call_id = place(slow_api, receiver, "+15005550001")
    slow_api.cancel(call_id)

    settled(slow_api, call_id)
    assert receiver.names == ["call.queued"]


def test_deliveries_are_delayed(api: Api, receiver: Receiver) -> None:
    inject(api, delay_seconds=3600)

    api.wait_for_status(place(api, receiver, "+15005550002"), "failed")

    deliveries = api.deliveries()
    assert [each["status"] for each in deliveries] == ["pending", "waiting"]
    assert deliveries[0]["next_attempt_at"] > deliveries[0]["created_at"]


def test_a_short_delay_passes(api: Api, receiver: Receiver) -> None:
    inject(api, delay_seconds=1)

    settled(api, place(api, receiver, "+15005550002"))

    assert receiver.names == ["call.queued", "call.failed"]


def test_probabilities_are_what_they_say() -> None:
    half = FaultInjection(duplicate=0.5, wrong_signature=1, reorder=0, seed=7)
    chances = [str(n) for n in range(10_000)]

    assert 4800 < sum(half.applies("duplicate", chance) for chance in chances) < 5200
    assert all(half.applies("wrong_signature", chance) for chance in chances)
    assert not any(half.applies("reorder", chance) for chance in chances)
