"""Runners that are held up, clocks that jump, and attempts whose outcome cannot be found out."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from pamela import Call, CallPage, PamelaClient
from pamela.campaigns import Breaker, Campaign, CampaignHaltedError, CampaignState, Hours, Ledger
from pamela.campaigns.callers import HeldUpError, SyncCaller
from pamela.campaigns.ledger.look_ups import MOST_LOOK_UPS
from pamela.campaigns.ledger.placements import MOST_ERRORS
from pamela.campaigns.ledger.schema import ATTEMPTS, RUNNERS
from pamela.campaigns.lookup import IncompleteListError, find_calls
from pamela.campaigns.records import LEASE, Claim, LookUp, NotPlaced, Unclear, attempt_key
from pamela.campaigns.runner import Runner
from pamela.campaigns.runners import RunnerIdentity
from pamela.sandbox import Sandbox

from ..sandbox.waiting import until
from .conftest import MakeCampaign, calls_of, numbers, rows
from .test_killed import start

TASK = "Tell {name} that the order is here"
MINUTE = 60 * 1_000_000


@attrs.define
class Time:
    """The ledger's clock, to be put forward and back."""

    ahead: int = 0

    def now(self, _connection: Any = None) -> int:
        return time.time_ns() // 1000 + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    moment = Time()
    monkeypatch.setattr("pamela.campaigns.ledger.database.Database.now", lambda self, connection: moment.now())
    return moment


def claims(campaign: Campaign, runner: RunnerIdentity, limit: int) -> list[Claim]:
    campaign.ledger.register(runner)
    return list(campaign.ledger.claim(campaign.info.id, runner.id, limit).claims)


def test_a_claim_that_is_old_is_not_sent(client: PamelaClient) -> None:
    caller = SyncCaller(client, 1)
    request = {"to": "+12025550100", "task": "Say hello"}
    old = Claim(1, 1, "key-1", request, monotonic=time.monotonic() - LEASE.total_seconds())
    suspended = Claim(2, 2, "key-2", request, wall=time.time() - LEASE.total_seconds())
    for claim in (old, suspended):
        with pytest.raises(HeldUpError):
            caller.place(claim).result()
    assert caller.place(Claim(3, 3, "key-3", request)).result()["id"]
    caller.close()
    assert len(calls_of(client)) == 1


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1), timedelta(minutes=-2), timedelta(minutes=2)])
def test_the_clock_jumps_while_it_runs(
    make_campaign: MakeCampaign, client: PamelaClient, clock: Time, jump: timedelta
) -> None:
    campaign = make_campaign(rate="40/s")
    campaign.add_rows(rows(60), to="phone", id="id", task=TASK)
    for count, _ in enumerate(campaign.run(), 1):
        if count == 20:
            clock.ahead = jump // timedelta(microseconds=1)
    assert campaign.progress().recipients == {"done": 60}
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(60))


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_the_clock_jumps_between_a_crash_and_the_next_run(
    make_campaign: MakeCampaign, client: PamelaClient, clock: Time, jump: timedelta
) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(20), to="phone", id="id", task=TASK)
    crashed = RunnerIdentity.create()
    taken = claims(campaign, crashed, 10)
    for claim in taken[:5]:
        client.create_call(**claim.request, idempotency_key=claim.key)
    crashed.retire()
    clock.ahead = jump // timedelta(microseconds=1)
    list(make_campaign().run())
    assert campaign.progress().recipients == {"done": 20}
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(20))


def test_nobody_is_given_up_because_the_service_is_gone_for_hours(
    make_campaign: MakeCampaign, client: PamelaClient, api_key: str, clock: Time
) -> None:
    """Each run ends when the breaker sees that nothing works; somebody's timer begins the next, again and again."""
    with PamelaClient(api_key, "http://127.0.0.1:9", max_retries=0) as nowhere:
        for number in range(MOST_ERRORS + 2):
            campaign = make_campaign(client=nowhere, breaker=Breaker(at_least=1))
            if not number:
                campaign.add_rows(rows(2), to="phone", id="id", task=TASK)
            with pytest.raises(CampaignHaltedError, match="failures"):
                list(campaign.run())
            clock.ahead += 30 * MINUTE
            assert campaign.progress().recipients == {"waiting": 2}
    assert [result.state for result in make_campaign().run()] == ["done", "done"]
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(2))


def test_who_is_listed_after_a_crash_is_not_called(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    """Nor who is listed while the service refuses the request for the time being."""
    campaign = make_campaign()
    campaign.add_rows(rows(4), to="phone", id="id", task=TASK)
    crashed = RunnerIdentity.create()
    _, second, third = claims(campaign, crashed, 3)
    client.create_call(**second.request, idempotency_key=second.key)
    campaign.add_do_not_call(numbers(4)[:3])
    refused = NotPlaced(third.attempt_id, "429: slow down", counts=False, retry_after=0.01)
    campaign.ledger.record(campaign.info.id, crashed.id, [refused])
    crashed.retire()
    assert sorted(result.id for result in make_campaign().run()) == ["r1", "r3"]
    # The one whose call had been placed before that keeps its result.
    assert campaign.progress().recipients == {"do_not_call": 2, "done": 2}
    assert Counter(call.to for call in calls_of(client)) == Counter([numbers(4)[1], numbers(4)[3]])


def test_nobody_is_called_at_night_because_of_a_crash_in_the_evening(
    make_campaign: MakeCampaign, client: PamelaClient
) -> None:
    moment = [datetime(2026, 11, 26, 0, 59, tzinfo=UTC)]  # 19:59 in New York
    hours: dict[str, Any] = {"hours": Hours("09:00", "20:00"), "clock": lambda: moment[0]}
    campaign = make_campaign(**hours)
    campaign.add_rows(rows(3), to="phone", id="id", task=TASK)
    crashed = RunnerIdentity.create()
    placed, _ = claims(campaign, crashed, 2)
    client.create_call(**placed.request, idempotency_key=placed.key)
    crashed.retire()
    moment[0] += timedelta(hours=3)
    night = iter(make_campaign(**hours).run())
    assert next(night).id == "r0"
    until(lambda: campaign.progress().waiting_until == {datetime(2026, 11, 26, 14, tzinfo=UTC): 2})
    assert len(calls_of(client)) == 1
    moment[0] = datetime(2026, 11, 26, 14, tzinfo=UTC)
    assert sorted(result.id for result in night) == ["r1", "r2"]
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(3))
    assert {result.attempts for result in campaign.results()} == {1}


def test_a_runner_that_is_alive_keeps_its_attempts(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
    runner, other = RunnerIdentity.create(), RunnerIdentity.create()
    taken = claims(campaign, runner, 2)
    campaign.ledger.register(other)
    ledger, id_ = campaign.ledger, campaign.info.id
    assert ledger.adopt(id_, other.id, set()) == 0
    assert ledger.take_lease(id_, "following", runner.id)
    assert not ledger.take_lease(id_, "following", other.id)
    # An attempt that its own runner does not know of is looked up, but not at once: it may have just been made.
    assert ledger.adopt(id_, runner.id, {claim.attempt_id for claim in taken}) == 0
    assert ledger.adopt(id_, runner.id, set()) == 0
    runner.retire()
    assert ledger.adopt(id_, other.id, set()) == 2
    assert ledger.take_lease(id_, "following", other.id)
    # What the runner says after all, of attempts that were taken from it, is not heeded, unless it is a call.
    assert ledger.record(id_, runner.id, [Unclear(taken[0].attempt_id, "late")]) == []


def test_a_runner_of_another_machine_is_dead_after_a_minute(make_campaign: MakeCampaign, clock: Time) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
    runner = RunnerIdentity("elsewhere-1", "another host", "7:1234")
    claims(campaign, runner, 2)
    here = RunnerIdentity.create()
    campaign.ledger.register(here)
    assert campaign.ledger.adopt(campaign.info.id, here.id, set()) == 0
    clock.ahead = 2 * MINUTE
    campaign.ledger.register(here)
    assert campaign.ledger.adopt(campaign.info.id, here.id, set()) == 2


@pytest.mark.slow
def test_a_process_that_is_stopped_for_a_while(
    sandbox: Sandbox, client: PamelaClient, api_key: str, ledger: Path, make_campaign: MakeCampaign
) -> None:
    """Another takes over what it holds when its lease is made to end; then it goes on as if nothing had been."""
    held = start("sync", ledger, sandbox.base_url, api_key, 200)
    until(lambda: bool(calls_of(client)))
    stop_between_transactions(held, ledger)
    campaign = make_campaign()
    with campaign.ledger.database.engine.begin() as connection:
        connection.execute(RUNNERS.update().values(seen_at=0))
        connection.execute(ATTEMPTS.update().where(ATTEMPTS.c.state == "placing").values(claimed_at=0))
    list(campaign.run())
    assert campaign.progress().recipients == {"done": 200}
    held.send_signal(signal.SIGCONT)
    _, errors = held.communicate(timeout=120)
    assert held.returncode == 0, errors.decode()
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(200))
    assert campaign.info.state is CampaignState.FINISHED


def stop_between_transactions(process: subprocess.Popen[bytes], ledger: Path) -> None:
    """Stop a process, but not while it holds the lock of SQLite: nobody can go on with a ledger that is locked."""
    while True:
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(ledger, timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
            else:
                return


class Lists:
    """A caller whose lists are what a test says."""

    capacity = 1

    def __init__(self, *pages: dict[str, Any], whole: dict[str, Any] | None = None) -> None:
        self.pages = list(pages)
        self.whole = whole

    def list(self, **_: Any) -> Any:
        return Ready(CallPage(self.pages.pop(0)))

    def get(self, call_id: str) -> Any:
        return Ready(Call(self.whole or {}))


@attrs.frozen
class Ready:
    value: Any

    def result(self) -> Any:
        return self.value


SOUGHT = LookUp(1, 1, "key-1", "+12025550100", datetime(2026, 11, 25, tzinfo=UTC), {})
MINE = {"id": "call_1", "to": "+12025550100", "metadata": {"idempotency_key": "key-1"}}
OTHER = {"id": "call_2", "to": "+12025550100", "metadata": {"idempotency_key": "key-2"}}


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        (Lists({"items": [MINE], "total": 1}), True),
        (Lists({"items": [OTHER], "total": 1}), False),
        (Lists({"items": [], "total": 0}), False),
        (
            Lists({"items": [OTHER], "total": 2, "has_more": True, "next_offset": 1}, {"items": [MINE], "total": 2}),
            True,
        ),
        # A list in short leaves the metadata out; the call itself has it.
        (Lists({"items": [{"id": "call_1", "to": "+12025550100"}]}, whole=MINE), True),
        (Lists({"items": [{"id": "call_3", "to": "+12025550199"}]}, whole=MINE), False),
        (Lists({"items": [{"id": "call_1", "to": "+12025550100"}]}, whole={"id": "call_1"}), "metadata"),
        (Lists({"items": [OTHER], "total": 2}), "ends after 1 of 2"),
        (Lists({"items": "none"}), "an invalid list of calls"),
        (Lists({"items": [{"to": "+12025550100"}]}), "an invalid list of calls"),
    ],
)
def test_looking_an_attempt_up(lists: Any, found: bool | str) -> None:
    if isinstance(found, str):
        with pytest.raises(IncompleteListError, match=found):
            find_calls(lists, [SOUGHT])
    else:
        assert bool(find_calls(lists, [SOUGHT])) is found


def test_what_cannot_be_found_out_is_set_aside(make_campaign: MakeCampaign, clock: Time) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(1), to="phone", id="id", task=TASK)
    runner = RunnerIdentity.create()
    (claim,) = claims(campaign, runner, 1)
    ledger, id_ = campaign.ledger, campaign.info.id
    ledger.record(id_, runner.id, [Unclear(claim.attempt_id, "no answer")])
    for count in range(MOST_LOOK_UPS):
        clock.ahead += 10 * MINUTE
        ledger.register(runner)
        (look_up,) = ledger.claim_look_ups(id_, runner.id)
        assert look_up.key == claim.key
        through = ledger.not_found_out(id_, runner.id, [look_up], "the list is not whole")
        assert bool(through) is (count == MOST_LOOK_UPS - 1)
    (result,) = campaign.results()
    assert result.state == "set_aside"
    assert "It could not be found out whether the call was placed: the list is not whole" in str(result.detail)
    runner.retire()
    assert list(make_campaign().run()) == []


def test_whoever_asks_a_runner_that_has_ended_is_not_held_up(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign()
    caller = SyncCaller(client, 1)
    runner = Runner(campaign.ledger, campaign.info, caller, on_result=lambda _: None, on_demand=True)
    before = runner.advance(1)
    runner.run()
    after = runner.advance(1)
    assert before.result(timeout=30) is None
    assert after.result(timeout=30) is None
    caller.close()


def test_keys_are_those_of_campaign_recipient_and_number() -> None:
    keys = [attempt_key("a", "b", 1), attempt_key("a", "b", 2), attempt_key("a", "c", 1), attempt_key("ab", "", 1)]
    assert len(set(keys)) == 4
    assert attempt_key("a", "b", 1) == keys[0]
    assert all(len(key) < 100 and key.isascii() and key.isprintable() for key in keys)


def test_a_ledger_is_brought_to_a_new_version(tmp_path: Path) -> None:
    from sqlalchemy import text

    from pamela.campaigns.errors import LedgerError
    from pamela.campaigns.ledger.schema import MIGRATIONS, migrate

    def add_column(connection: Any) -> None:
        connection.execute(text("ALTER TABLE pamela_campaigns ADD COLUMN colour TEXT"))

    ledger = Ledger(tmp_path / "orders.db")
    steps = (*MIGRATIONS, add_column)
    for _ in range(2):
        ledger.database.write(lambda connection: migrate(connection, steps))
    version = ledger.database.read(
        lambda connection: connection.execute(text("SELECT version FROM pamela_ledger")).scalars().all()
    )
    assert version == [len(steps)]
    with pytest.raises(LedgerError, match=f"has version {len(steps)} of the tables"):
        ledger.database.write(migrate)
    ledger.close()


def test_a_ledger_of_the_first_version_goes_on(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(3), to="phone", id="id", task=TASK)
    with campaign.ledger.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pamela_campaigns DROP COLUMN trouble")
        connection.exec_driver_sql("UPDATE pamela_ledger SET version = 1")
    campaign.close()
    assert len(list(make_campaign().run())) == 3
