"""What is on disk outlives the process, however it ends."""

import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox

from .api import PREFIX, Api, body_of
from .process import Process, start_fork
from .receiver import Received, Receiver, Reply
from .waiting import until

TOOL: dict[str, Any] = {"name": "look_up", "description": "Looks up", "input_schema": {}}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "pamela.db"


def everything(sandbox: Sandbox) -> list[Any]:
    with Api(sandbox, sandbox.api_key) as api:
        paths = (f"{PREFIX}/calls", f"{PREFIX}/tools", f"{PREFIX}/usage", "/sandbox/deliveries", "/sandbox/project")
        return [api.get(path).json() for path in (*paths, "/sandbox/faults")]


def test_a_restart_changes_nothing(database: Path, receiver: Receiver) -> None:
    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        api.put("/sandbox/project", json={"webhook_url": receiver.url, "webhook_secret": "whsec_mine"})
        api.post(f"{PREFIX}/tools", json={"tool": TOOL})
        body = {"to": "+1234567890", "task": "Test call"}
        placed = api.post(f"{PREFIX}/calls", json=body, headers={"Idempotency-Key": "once"})
        api.finish("+15005550002")
        api.put("/sandbox/faults", json={"seed": 5})
        api.wait_for_status(body_of(placed)["id"], "completed")
        until(lambda: {each["status"] for each in api.deliveries()} == {"delivered"})
        before = everything(sandbox)

    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        assert everything(sandbox) == before
        again = api.post(f"{PREFIX}/calls", json=body, headers={"Idempotency-Key": "once"})
        assert (again.status_code, body_of(again)["id"]) == (200, body_of(placed)["id"])


def test_calls_catch_up_with_what_should_have_happened(database: Path, receiver: Receiver) -> None:
    with pamela.sandbox.run(database=database, speed=1) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id = api.create(webhooks={"webhook_url": receiver.url})["id"]
        receiver.wait_for_event("call.queued")
    let_pass(database, minutes=60)

    with pamela.sandbox.run(database=database, speed=1) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.wait_for_status(call_id, "completed")
        completed = receiver.wait_for_event("call.completed")

    lasted = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["started_at"])
    assert round(lasted.total_seconds()) == call["duration_seconds"]
    assert receiver.names == ["call.queued", "call.started", "call.completed"]
    # The events are new, whatever they tell of: a receiver must not take them for replays.
    age = datetime.now(UTC) - datetime.fromisoformat(completed.json["timestamp"])
    assert age.total_seconds() < 60 < (datetime.now(UTC) - datetime.fromisoformat(call["ended_at"])).total_seconds()


def let_pass(database: Path, minutes: int) -> None:
    """Makes what is kept older than it is, as if the sandbox had been off for so long."""
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE calls SET created_at = created_at - ?1, updated_at = updated_at - ?1, due = due - ?1",
            [minutes * 60_000_000],
        )
    connection.close()


def spoil(database: Path, *call_ids: str) -> None:
    """Makes calls such that their next step cannot be taken."""
    with sqlite3.connect(database) as connection:
        connection.executemany("UPDATE calls SET plan = '{}', due = 0 WHERE id = ?", [[each] for each in call_ids])
    connection.close()


def test_a_call_that_cannot_go_on_fails_and_the_others_go_on(
    database: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with pamela.sandbox.run(database=database, speed=20) as sandbox, Api(sandbox, sandbox.api_key) as api:
        over = api.finish("+15005550002")["id"]
        bad = api.create(webhooks={"webhook_url": receiver.url})["id"]
        good = api.create()["id"]
        receiver.wait_for_event("call.queued")
    spoil(database, bad, over)

    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        failed = api.wait_for_status(bad, "failed")
        api.wait_for_status(good, "completed")
        receiver.wait_for_event("call.failed")
        summary = api.call(over)["summary"]

    assert failed["summary"] == "The sandbox could not go on with this call; its log says why."
    assert f"Call {bad} has come to a fault of the sandbox and is ended." in caplog.text
    assert summary == "The line was busy."


def stop_while_a_tool_is_waited_for(database: Path, receiver: Receiver) -> str:
    """Runs a sandbox until a call has asked for its tool; the tool answers when there is no sandbox any more."""
    release = threading.Event()

    def answer(received: Received) -> Reply:
        release.wait(10)
        return Reply.of({"result": "done"})

    receiver.answer = answer
    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id: str = api.create(tools=[TOOL], webhooks={"tool_webhook_url": receiver.tool_url})["id"]
        until(lambda: bool(receiver.invocations))
    release.set()
    return call_id


def test_time_that_was_up_meanwhile_ends_a_wait_for_a_tool(database: Path, receiver: Receiver) -> None:
    call_id = stop_while_a_tool_is_waited_for(database, receiver)
    let_pass(database, minutes=60)

    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.wait_for_status(call_id, "completed")
        deliveries = api.deliveries(call_id=call_id)

    assert call["duration_seconds"] == 299
    assert [each["status"] for each in deliveries] == ["dropped"]
    assert len(receiver.invocations) == 1


def test_a_call_goes_on_where_it_was(database: Path) -> None:
    with pamela.sandbox.run(database=database, speed=20) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id = api.create()["id"]
        until(lambda: len(api.call(call_id)["transcript"] or []) >= 2)

    with pamela.sandbox.run(database=database, speed=1000) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.wait_for_status(call_id, "completed")

    assert len(call["transcript"]) == 10


def test_deliveries_go_on_where_they_were(database: Path, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply(503)
    with pamela.sandbox.run(database=database, speed=5) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id = api.finish("+15005550002", webhooks={"webhook_url": receiver.url})["id"]
        until(lambda: len(api.deliveries(call_id=call_id)[0]["attempts"]) >= 2)

    receiver.answer = lambda received: Reply()
    with pamela.sandbox.run(database=database, speed=20) as sandbox, Api(sandbox, sandbox.api_key) as api:
        until(lambda: {each["status"] for each in api.deliveries()} == {"delivered"})
        first, _ = api.deliveries()

    assert [attempt["response_status"] for attempt in first["attempts"]][-2:] == [503, 200]
    assert receiver.names[-2:] == ["call.queued", "call.failed"]


def test_a_tool_that_was_being_waited_for_is_asked_again(database: Path, receiver: Receiver) -> None:
    call_id = stop_while_a_tool_is_waited_for(database, receiver)

    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.wait_for_status(call_id, "completed")

    first, second = receiver.invocations
    assert first.json["correlation_id"] == second.json["correlation_id"]
    assert [entry["speaker"] for entry in call["transcript"]].count("tool") == 1


def create_until_it_dies(client: httpx.Client, acknowledged: list[str]) -> None:
    while True:
        try:
            answer = client.post(f"{PREFIX}/calls", json={"to": "+1234567890", "task": "Test call"})
        except httpx.HTTPError:
            return
        acknowledged.append(body_of(answer)["id"])


def create_and_kill(database: Path, key: str, acknowledged: list[str], enough: int) -> None:
    """Runs a sandbox, creates calls with four threads, and kills it when enough more were acknowledged."""
    process, base_url = start_fork(database)
    before = len(acknowledged)
    with (
        httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, verify=False) as client,
        ThreadPoolExecutor(4) as callers,
    ):
        for _ in range(4):
            callers.submit(create_until_it_dies, client, acknowledged)
        try:
            until(lambda: len(acknowledged) >= before + enough)
        finally:
            process.kill()
    process.join()


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_an_acknowledged_call_survives_being_killed(database: Path, kills: int) -> None:
    key = "pk_live_killed"
    acknowledged: list[str] = []
    chance = random.Random(1042)
    for _ in range(kills):
        create_and_kill(database, key, acknowledged, enough=chance.randrange(1, 40))

    with Process.start("--database", database) as process:
        kept: list[str] = []
        with httpx.Client(base_url=process.base_url, headers={"Authorization": f"Bearer {key}"}) as client:
            page: dict[str, Any] = {"next_offset": 0}
            while page["next_offset"] is not None:
                page = client.get(f"{PREFIX}/calls", params={"limit": 100, "offset": page["next_offset"]}).json()
                kept += [item["id"] for item in page["items"]]
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept)) == page["total"]
    # Of each caller's last request it is not known whether it was carried out.
    assert len(kept) <= len(acknowledged) + 4 * kills
