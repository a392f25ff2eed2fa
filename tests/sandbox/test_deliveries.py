"""Events: what is sent where, in which order, tried how often, and what the log says of it."""

import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox
from pamela.webhooks import sign_webhook, verify_webhook_signature

from .api import Api, body_of, issues_of_event
from .receiver import Received, Receiver, Reply, receiving
from .waiting import until


def place(api: Api, receiver: Receiver, to: str = "+1234567890", **more: Any) -> str:
    call_id: str = api.create(to, webhooks={"webhook_url": receiver.url}, **more)["id"]
    return call_id


def settled(api: Api, call_id: str) -> list[dict[str, Any]]:
    """Waits until a call is over and nothing of it is on its way any more; returns its deliveries."""
    api.wait_for_status(call_id, "completed", "failed", "cancelled")
    until(
        lambda: all(
            each["status"] in ("delivered", "failed", "dropped") for each in api.deliveries(call_id=call_id, limit=100)
        )
    )
    return api.deliveries(call_id=call_id, limit=100)


def test_all_events_of_a_call_arrive_signed_and_in_order(sandbox: Sandbox, api: Api, receiver: Receiver) -> None:
    settled(api, place(api, receiver))

    events = [each.json for each in receiver.events]
    assert receiver.names == ["call.queued", "call.started", "call.completed"]
    assert [event["status"] for event in events] == ["queued", *["in_progress"] * (len(events) - 2), "completed"]
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    updates = [event["transcript"] for event in events if event["event"] == "call.transcript_update"]
    assert [len(transcript) for transcript in updates] == list(range(1, 11))
    assert events[-1]["transcript"] == updates[-1]
    for received in receiver.events:
        assert received.headers["Content-Type"] == "application/json"
        assert verify_webhook_signature(received.body, received.signature, sandbox.webhook_secret)
        assert verify_webhook_signature(received.json, received.signature, sandbox.webhook_secret)
        assert issues_of_event(received.json) == []


def test_the_timestamps_of_events_are_the_wall_clocks(api: Api, receiver: Receiver) -> None:
    before = datetime.now(UTC)

    settled(api, place(api, receiver))

    times = [datetime.fromisoformat(each.json["timestamp"]) for each in receiver.events]
    assert before - timedelta(milliseconds=1) <= times[0]
    assert times[-1] <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("to", "events"),
    [
        ("+15005550001", ["call.queued", "call.failed"]),
        ("+15005550003", ["call.queued", "call.started", "call.failed"]),
    ],
)
def test_a_call_that_fails_says_so(api: Api, receiver: Receiver, to: str, events: list[str]) -> None:
    settled(api, place(api, receiver, to))

    assert receiver.names == events


def test_a_cancelled_call_says_nothing_more(slow_api: Api, receiver: Receiver) -> None:
    call_id = place(slow_api, receiver, "+15005550001")
    slow_api.wait_for_status(call_id, "ringing")
    slow_api.cancel(call_id)

    settled(slow_api, call_id)

    assert receiver.names == ["call.queued"]


def test_a_call_that_is_hung_up_is_completed(api: Api, receiver: Receiver) -> None:
    call_id = place(api, receiver, "+15005550004", max_duration_seconds=3600)
    api.wait_for_status(call_id, "in_progress")
    api.hang_up(call_id)

    settled(api, call_id)

    assert receiver.names == ["call.queued", "call.started", "call.completed"]


def test_a_late_transcript_is_in_no_event(api: Api, receiver: Receiver) -> None:
    settled(api, place(api, receiver, "+15005550005"))

    assert [each.event for each in receiver.events] == ["call.queued", "call.started", "call.completed"]
    assert receiver.events[-1].json["transcript"] == []


class TestProjectSettings:
    def test_a_project_has_none_at_first(self, api: Api) -> None:
        settings = body_of(api.get("/sandbox/project"))

        assert (settings["webhook_url"], settings["tool_webhook_url"]) == (None, None)
        assert (settings["webhook_secret"], settings["webhook_secret_is_default"]) == (None, True)

    def test_events_go_to_the_project_unless_the_call_says_otherwise(self, api: Api, receiver: Receiver) -> None:
        project = {"webhook_url": f"{receiver.url}?project", "webhook_secret": "whsec_mine"}
        answer = body_of(api.put("/sandbox/project", json=project))
        assert answer == body_of(api.get("/sandbox/project")) == answer | project

        settled(api, api.create("+15005550002")["id"])
        assert [each.path for each in receiver.received] == ["/events?project"] * 2
        assert all(verify_webhook_signature(each.body, each.signature, "whsec_mine") for each in receiver.received)

        settled(api, place(api, receiver, "+15005550002"))
        assert receiver.names == ["call.queued", "call.failed"]

    def test_what_is_left_out_is_unset(self, api: Api, receiver: Receiver) -> None:
        api.put("/sandbox/project", json={"webhook_url": receiver.url})

        assert body_of(api.put("/sandbox/project", json={}))["webhook_url"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"webhook_url": "acme.test"},
            {"webhook_secret": ""},
            {"webhook-url": "http://acme.test/"},
            [],
            {"webhook_url": 5},
        ],
    )
    def test_settings_are_checked(self, api: Api, body: object) -> None:
        assert api.put("/sandbox/project", json=body).status_code == 422


class TestFailures:
    def test_a_failed_delivery_is_tried_again_and_holds_back_those_behind_it(
        self, api: Api, receiver: Receiver
    ) -> None:
        failures = {"call.queued": 3, "call.completed": 1}

        def answer(received: Received) -> Reply | None:
            event = received.event or ""
            failures[event] = failures.get(event, 0) - 1
            return Reply(503, b"not now") if failures[event] >= 0 else Reply()

        receiver.answer = answer
        deliveries = settled(api, place(api, receiver))

        assert receiver.names == [*["call.queued"] * 4, "call.started", *["call.completed"] * 2]
        assert {each["status"] for each in deliveries} == {"delivered"}
        first = deliveries[0]
        assert [attempt["response_status"] for attempt in first["attempts"]] == [503, 503, 503, 200]
        assert first["attempts"][0]["response_body"] == "not now"
        assert len({attempt["request_headers"]["X-Pamela-Signature"] for attempt in first["attempts"]}) == 1

    def test_five_retries_are_all(self) -> None:
        def refuse_first(received: Received) -> Reply:
            return Reply(500 if received.event == "call.queued" else 200)

        with (
            pamela.sandbox.run(speed=1000) as sandbox,
            Api(sandbox, sandbox.api_key) as api,
            receiving() as receiver,
        ):
            receiver.answer = refuse_first
            deliveries = settled(api, place(api, receiver, "+15005550002"))

        assert receiver.names == [*["call.queued"] * 6, "call.failed"]
        assert [each["status"] for each in deliveries] == ["failed", "delivered"]
        times = [datetime.fromisoformat(attempt["at"]) for attempt in deliveries[0]["attempts"]]
        gaps = [(later - earlier).total_seconds() * 1000 for earlier, later in pairwise(times)]
        assert all(gap >= wanted for gap, wanted in zip(gaps, (1, 2, 4, 8, 16), strict=True))

    def test_a_receiver_that_is_not_there_is_logged(self, api: Api) -> None:
        call_id = api.create(webhooks={"webhook_url": "http://127.0.0.1:9/"})["id"]

        until(lambda: len(api.deliveries(call_id=call_id)[0]["attempts"]) > 1)

        delivery = api.deliveries(call_id=call_id)[0]
        attempt = delivery["attempts"][0]
        assert attempt["error"].startswith("ConnectError")
        assert (attempt["response_status"], attempt["response_body"]) == (None, "")

    def test_a_receiver_that_is_silent_is_given_up(self, receiver: Receiver) -> None:
        done = threading.Event()

        def answer(received: Received) -> Reply:
            done.wait(10)
            return Reply()

        receiver.answer = answer
        with pamela.sandbox.run(event_timeout=0.1) as sandbox, Api(sandbox, sandbox.api_key) as api:
            place(api, receiver, "+15005550002")
            until(lambda: bool(api.deliveries()[0]["attempts"]))
            assert api.deliveries()[0]["attempts"][0]["error"] == "no answer within 100 ms"
        done.set()

    def test_a_connection_that_breaks_is_a_failure(self, api: Api, receiver: Receiver) -> None:
        receiver.answer = lambda received: None
        call_id = place(api, receiver)

        until(lambda: bool(api.deliveries(call_id=call_id)[0]["attempts"]))

        assert "Error" in api.deliveries(call_id=call_id)[0]["attempts"][0]["error"]

    def test_a_redirect_is_a_failure_and_not_followed(self, api: Api, receiver: Receiver) -> None:
        receiver.answer = lambda received: Reply(307, b"", {"Location": receiver.tool_url})
        call_id = place(api, receiver)

        until(lambda: len(api.deliveries(call_id=call_id)[0]["attempts"]) > 1)

        assert receiver.invocations == []

    def test_a_host_that_cannot_be_is_a_failure(self, api: Api) -> None:
        call_id = api.create(webhooks={"webhook_url": f"http://{'a' * 64}..test/"})["id"]

        until(lambda: bool(api.deliveries(call_id=call_id)[0]["attempts"]))

        first = api.deliveries(call_id=call_id)[0]
        assert first["status"] != "delivered"
        assert first["attempts"][0]["response_status"] is None
        assert "label empty or too long" in first["attempts"][0]["error"]

    def test_a_long_answer_is_not_read_to_its_end(self, api: Api, receiver: Receiver) -> None:
        receiver.answer = lambda received: Reply(200, b"x" * 5_000_000)

        deliveries = settled(api, place(api, receiver, "+15005550002"))

        assert [each["status"] for each in deliveries] == ["delivered"] * 2
        assert deliveries[0]["attempts"][0]["response_body"] == "x" * 2000

    def test_a_slow_receiver_holds_up_no_other_project(
        self, sandbox: Sandbox, api: Api, api_key: str, receiver: Receiver
    ) -> None:
        release = threading.Event()

        def answer(received: Received) -> Reply:
            release.wait(30)
            return Reply()

        receiver.answer = answer
        with receiving() as quick_receiver, Api(sandbox, f"{api_key}_other") as other:
            for _ in range(110):
                place(api, receiver, "+15005550001")
            until(lambda: len(receiver.events) == 100)

            settled(other, place(other, quick_receiver, "+15005550002"))
            assert len(receiver.events) == 100
            release.set()
            until(lambda: len(receiver.events) >= 110)

    def test_a_receiver_that_is_far_behind_gets_the_newest_transcript_only(self, api: Api, receiver: Receiver) -> None:
        release = threading.Event()

        def answer(received: Received) -> Reply:
            release.wait(30)
            return Reply()

        receiver.answer = answer
        for _ in range(310):
            place(api, receiver, "+15005550001")
        call_id = place(api, receiver)
        call = api.wait_for_status(call_id, "completed")
        release.set()
        deliveries = settled(api, call_id)

        assert [(each["name"], each["status"]) for each in deliveries] == [
            ("call.queued", "delivered"),
            ("call.started", "delivered"),
            ("call.transcript_update", "dropped"),
            ("call.completed", "delivered"),
        ]
        assert json.loads(deliveries[-1]["body"])["transcript"] == call["transcript"]

    def test_cookies_are_neither_kept_nor_sent(
        self, sandbox: Sandbox, api: Api, api_key: str, receiver: Receiver
    ) -> None:
        receiver.answer = lambda received: Reply(200, b"{}", {"Set-Cookie": "session=1042; Path=/"})

        with Api(sandbox, f"{api_key}_other") as other:
            settled(api, place(api, receiver, "+15005550002"))
            settled(other, place(other, receiver, "+15005550002"))

        assert len(receiver.events) == 4
        assert not any("Cookie" in each.headers for each in receiver.events)


class TestLog:
    @pytest.fixture
    def deliveries(self, api: Api, receiver: Receiver) -> list[dict[str, Any]]:
        return settled(api, place(api, receiver, "+15005550002"))

    def test_an_attempt_is_logged_whole(
        self, sandbox: Sandbox, receiver: Receiver, deliveries: list[dict[str, Any]]
    ) -> None:
        delivery = deliveries[0]
        (attempt,) = delivery["attempts"]

        assert (delivery["kind"], delivery["name"], delivery["url"]) == ("event", "call.queued", receiver.url)
        assert delivery["body"] == receiver.events[0].body.decode()
        assert (delivery["status"], delivery["next_attempt_at"], delivery["redelivery_of"]) == ("delivered", None, None)
        assert (attempt["response_status"], attempt["error"], attempt["duplicate"]) == (200, None, False)
        assert attempt["duration_ms"] > 0
        assert delivery["created_at"] <= attempt["at"]
        signature = sign_webhook(delivery["body"], sandbox.webhook_secret)
        assert attempt["request_headers"]["X-Pamela-Signature"] == signature == receiver.events[0].signature
        assert attempt["request_headers"] == receiver.events[0].headers
        assert sandbox.webhook_secret not in json.dumps(deliveries)

    def test_deliveries_are_found_by_call_and_status(self, api: Api, deliveries: list[dict[str, Any]]) -> None:
        settled(api, api.create("+15005550002")["id"])

        assert len(api.deliveries()) == 2
        assert api.deliveries(call_id="call_0") == api.deliveries(status="failed") == []
        assert api.deliveries(status="delivered", limit=1) == deliveries[:1]
        assert api.deliveries(offset=1) == deliveries[1:]
        assert body_of(api.get(f"/sandbox/deliveries/{deliveries[1]['id']}")) == deliveries[1]

    def test_a_delivery_can_be_sent_again(self, api: Api, receiver: Receiver, deliveries: list[dict[str, Any]]) -> None:
        response = api.post(f"/sandbox/deliveries/{deliveries[0]['id']}/redeliver")

        assert response.status_code == 202
        again = body_of(response)
        assert again["redelivery_of"] == deliveries[0]["id"]
        until(lambda: body_of(api.get(f"/sandbox/deliveries/{again['id']}"))["status"] == "delivered")
        assert receiver.events[-1].body == receiver.events[0].body

    def test_a_redelivery_does_not_wait_for_its_queue(self, api: Api, receiver: Receiver) -> None:
        released = threading.Event()

        def answer(received: Received) -> Reply:
            if received.event == "call.queued":
                released.wait(10)
            return Reply()

        receiver.answer = answer
        call_id = place(api, receiver, "+15005550002")
        until(lambda: len(api.deliveries(call_id=call_id)) == 2)
        first, second = api.deliveries(call_id=call_id)
        assert (first["status"], second["status"]) == ("sending", "waiting")

        again = body_of(api.post(f"/sandbox/deliveries/{second['id']}/redeliver"))
        until(lambda: body_of(api.get(f"/sandbox/deliveries/{again['id']}"))["status"] == "delivered")
        assert api.deliveries(call_id=call_id)[1]["status"] == "waiting"
        released.set()
        settled(api, call_id)

    def test_an_unknown_delivery_is_not_found(self, api: Api) -> None:
        assert api.get("/sandbox/deliveries/delivery_0").status_code == 404
        assert api.post("/sandbox/deliveries/delivery_0/redeliver").status_code == 404

    def test_the_log_is_the_projects_own(
        self, sandbox: Sandbox, api_key: str, deliveries: list[dict[str, Any]]
    ) -> None:
        with Api(sandbox, f"{api_key}_other") as other:
            assert other.deliveries() == []
            assert other.get(f"/sandbox/deliveries/{deliveries[0]['id']}").status_code == 404
            assert other.post(f"/sandbox/deliveries/{deliveries[0]['id']}/redeliver").status_code == 404

    def test_a_key_is_required(self, sandbox: Sandbox) -> None:
        with Api(sandbox, "nonsense") as api:
            assert api.get("/sandbox/deliveries").status_code == 401
            assert api.get("/sandbox").status_code == 200
