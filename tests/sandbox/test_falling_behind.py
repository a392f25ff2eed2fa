"""What a receiver gets that the sandbox is ahead of: fewer transcripts, and of what it gets nothing out of order, old or lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import deliveries
from pamela.sandbox.options import DEFAULT_SECRET
from pamela.webhooks import verify_webhook_signature

from .api import PREFIX, Api, body_of, issues_of_event
from .process import start_fork
from .receiver import Received, Receiver, Reply
from .waiting import until

UNSENT = ("waiting", "pending", "sending")
ANSWERED, BROKEN_OFF = "+1234567890", "+15005550003"


@contextmanager
def stalled(receiver: Receiver) -> Iterator[None]:
    """Has a receiver answer nothing for a while."""
    release = threading.Event()

    def answer(received: Received) -> Reply:
        release.wait(30)
        return Reply()

    receiver.answer = answer
    try:
        yield
    finally:
        receiver.answer = lambda received: Reply()
        release.set()


def check_events(events: list[Received], call: dict[str, Any]) -> None:
    """Fails unless the events of a call are as documented, in order, and end with all that was said."""
    for each in events:
        assert verify_webhook_signature(each.body, each.signature, DEFAULT_SECRET)
        assert issues_of_event(each.json) == []
    names = [each.event for each in events]
    first, second, *updates, last = names
    assert (first, second, last) == ("call.queued", "call.started", f"call.{call['status']}")
    assert set(updates) <= {"call.transcript_update"}
    statuses = [each.json["status"] for each in events]
    assert statuses == ["queued", *["in_progress"] * (len(events) - 2), call["status"]]
    assert [each.json["timestamp"] for each in events] == sorted(each.json["timestamp"] for each in events)
    transcripts = [each.json["transcript"] for each in events if "transcript" in each.json]
    for earlier, later in pairwise(transcripts):
        assert later[: len(earlier)] == earlier
    assert transcripts[-1] == call["transcript"]


def unsent(api: Api) -> list[dict[str, Any]]:
    return [each for each in api.deliveries(limit=100) if each["status"] in UNSENT]


@pytest.mark.parametrize("is_lasting", [False, True])
def test_a_transcript_that_was_not_sent_yet_grows(
    is_lasting: bool, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_MOST_IN_FLIGHT", {"event": 1, "tool": 1})
    monkeypatch.setattr(deliveries, "_MANY_READY", 0)
    database = tmp_path / "pamela.db" if is_lasting else None
    with pamela.sandbox.run(speed=1000, database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        with stalled(receiver):
            calls = [api.create(to, webhooks={"webhook_url": receiver.url})["id"] for to in (ANSWERED, BROKEN_OFF)]
            finished = [api.wait_for_status(each, "completed", "failed") for each in calls]
            shown = {each: [json.loads(one["body"]) for one in api.deliveries(call_id=each)] for each in calls}
        until(lambda: not unsent(api))
        kept = {each: [json.loads(one["body"]) for one in api.deliveries(call_id=each)] for each in calls}
        update = next(one for one in api.deliveries(call_id=calls[1]) if one["name"] == "call.transcript_update")
        again = body_of(api.post(f"/sandbox/deliveries/{update['id']}/redeliver"))
        until(lambda: body_of(api.get(f"/sandbox/deliveries/{again['id']}"))["status"] == "delivered")

    # What the log showed of it before it was sent is what was sent, and what can be sent again.
    assert kept == shown
    by_call = {each: [one for one in receiver.events if one.json["call_id"] == each] for each in calls}
    assert by_call[calls[1]].pop().body.decode() == update["body"]
    for call in finished:
        check_events(by_call[call["id"]], call)
    # A summary says all that the transcript before it would have; a failure does not.
    assert [each.event for each in by_call[calls[0]]] == ["call.queued", "call.started", "call.completed"]
    assert [len(each.json.get("transcript", "")) for each in by_call[calls[1]]][2] == len(finished[1]["transcript"])


def test_nothing_is_lost_or_out_of_order_when_a_sandbox_is_killed_that_is_ahead_of_its_receiver(
    tmp_path: Path, receiver: Receiver
) -> None:
    database = tmp_path / "pamela.db"
    headers = {"Authorization": "Bearer pk_live_behind"}
    calls: list[str] = []

    def client_of(base_url: str) -> httpx.Client:
        return httpx.Client(base_url=base_url, headers=headers, verify=False, timeout=30)

    def get(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
        return body_of(client.get(path, params=query))

    with stalled(receiver):
        process, base_url = start_fork(database)
        with client_of(base_url) as client:
            for number in range(20):
                body = {
                    "to": (ANSWERED, BROKEN_OFF)[number % 2],
                    "task": "Order a pizza",
                    "webhooks": {"webhook_url": receiver.url},
                }
                calls.append(body_of(client.post(f"{PREFIX}/calls", json=body))["id"])
            until(lambda: get(client, "/sandbox/deliveries")["total"] >= 40)
        process.kill()
        process.join()

    process, base_url = start_fork(database)
    try:
        with client_of(base_url) as client:
            until(lambda: all(get(client, f"{PREFIX}/calls/{each}")["ended_at"] for each in calls))
            until(lambda: not any(get(client, "/sandbox/deliveries", status=each)["total"] for each in UNSENT))
            finished = [get(client, f"{PREFIX}/calls/{each}") for each in calls]
    finally:
        process.kill()
        process.join()

    for call in finished:
        events: dict[bytes, Received] = {}
        for each in receiver.events:
            # What was on its way when the process was killed comes once more, as it was.
            if each.json["call_id"] == call["id"]:
                events.setdefault(each.body, each)
        check_events([*events.values()], call)
