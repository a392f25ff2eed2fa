"""The clock that can be set and moved."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox, SandboxError
from pamela.sandbox.clock import SettableClock

from .api import PREFIX, Api, body_of
from .receiver import Receiver, Reply
from .waiting import until

NEW_YEARS_EVE = datetime(2031, 12, 31, 23, 0, tzinfo=UTC)


@pytest.fixture
def slow() -> Any:
    """A sandbox of its own in which a second takes a second, as its clock is everybody's."""
    with pamela.sandbox.run(speed=1) as sandbox, Api(sandbox, sandbox.api_key) as api:
        yield sandbox, api


def test_what_is_due_by_then_happens_at_once(slow: tuple[Sandbox, Api]) -> None:
    sandbox, api = slow
    call_id = api.create()["id"]

    sandbox.clock.advance(timedelta(minutes=5))

    call = api.wait_for_status(call_id, "completed")
    assert 20 <= call["duration_seconds"] <= 60
    lasted = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["started_at"])
    assert round(lasted.total_seconds()) == call["duration_seconds"]


def test_calls_are_billed_in_the_month_of_the_clock(slow: tuple[Sandbox, Api]) -> None:
    sandbox, api = slow
    now = sandbox.clock.set(NEW_YEARS_EVE)
    assert NEW_YEARS_EVE <= now < NEW_YEARS_EVE + timedelta(minutes=1)
    api.create()
    sandbox.clock.advance(3600)
    until(lambda: bool(body_of(api.get(f"{PREFIX}/usage", params={"period": "2031-12"}))["call_count"]))

    assert body_of(api.get(f"{PREFIX}/usage"))["period"] == "2032-01"
    daily = body_of(api.get("/sandbox/usage/daily", params={"period": "2031-12"}))
    assert [(day["day"], day["calls"]) for day in daily["days"]] == [("2031-12-31", 1)]


def test_a_clock_that_is_put_back_lets_calls_go_on(slow: tuple[Sandbox, Api]) -> None:
    sandbox, api = slow
    sandbox.clock.set(NEW_YEARS_EVE)
    call_id = api.create()["id"]

    sandbox.clock.reset()

    api.wait_for_status(call_id, "ringing")
    assert abs(sandbox.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_events_go_on_after_the_clock_is_put_back(receiver: Receiver, tmp_path: Path) -> None:
    database = tmp_path / "pamela.db"
    receiver.answer = lambda received: Reply(500)
    with pamela.sandbox.run(speed=1, database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        sandbox.clock.set(NEW_YEARS_EVE)
        call_id = api.create(webhooks={"webhook_url": receiver.url})["id"]
        until(lambda: bool(api.deliveries(call_id=call_id)[0]["attempts"]))

        now = sandbox.clock.reset()

        delivery = api.deliveries(call_id=call_id)[0]
        assert delivery["next_attempt_at"] is not None
        assert abs(datetime.fromisoformat(delivery["next_attempt_at"]) - now) < timedelta(seconds=20)

    receiver.answer = lambda received: Reply()
    with pamela.sandbox.run(speed=1000, database=database) as sandbox:
        sandbox.wait_for_deliveries(call_id)
    assert receiver.names == ["call.queued"] * (len(receiver.names) - 2) + ["call.started", "call.completed"]


def test_a_clock_can_be_put_back_any_number_of_times(slow: tuple[Sandbox, Api], receiver: Receiver) -> None:
    sandbox, api = slow
    sandbox.inject_faults(delay_seconds=1)
    call_id = api.create(webhooks={"webhook_url": receiver.url})["id"]

    for _ in range(40):
        sandbox.clock.set("9990-01-01T00:00:00Z")
        sandbox.clock.set("0010-01-01T00:00:00Z")
    sandbox.clock.reset()

    sandbox.wait_for_deliveries(call_id)
    assert receiver.names == ["call.queued", "call.started", "call.completed"]


def test_a_tools_time_passes_with_the_clock(slow: tuple[Sandbox, Api], receiver: Receiver) -> None:
    sandbox, api = slow
    receiver.answer = lambda received: Reply.of({"result": 1}) if received.event else None
    tool = {"name": "look_up", "description": "Looks up", "input_schema": {}}
    sandbox.inject_faults(delay_seconds=3600)
    call_id = api.create(tools=[tool], webhooks={"tool_webhook_url": receiver.tool_url})["id"]

    until(lambda: advanced_to_the_tool(sandbox, api, call_id))
    sandbox.clock.advance(20)
    ended = body_of(api.hang_up(call_id))

    # The lines before the tool take more than 14 seconds.
    assert 34 <= ended["duration_seconds"] < 299


def advanced_to_the_tool(sandbox: Sandbox, api: Api, call_id: str) -> bool:
    sandbox.clock.advance(1)
    return bool(api.deliveries(call_id=call_id))


def test_the_clock_outlives_the_process(tmp_path: Path) -> None:
    database = tmp_path / "pamela.db"
    with pamela.sandbox.run(database=database) as sandbox:
        sandbox.clock.set(NEW_YEARS_EVE)
    with pamela.sandbox.run(database=database) as sandbox:
        assert sandbox.clock.now() >= NEW_YEARS_EVE
        sandbox.clock.reset()


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("2026-12-31", "not a 'date-time'"),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00 has no time zone"),
        ("0001-01-01T00:00:00Z", "years from 2 to 9998"),
        ("9999-12-31T00:00:00Z", "years from 2 to 9998"),
    ],
)
def test_a_moment_that_cannot_be_is_refused(sandbox: Sandbox, moment: Any, message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        sandbox.clock.set(moment)


def test_it_does_not_go_backwards_by_advancing(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="minimum"):
        sandbox.clock.advance(-1)


def test_a_wall_clock_that_jumps_back_is_noticed() -> None:
    class JumpingClock(SettableClock):
        times = [10_000_000, 10_000_000, 4_000_000, 4_500_000]

        def now(self) -> int:
            return self.times.pop(0)

    clock = JumpingClock(speed=1)

    assert [clock.take_setback() for _ in range(3)] == [0, 6_000_000, 0]
