"""Running a campaign against a sandbox: who is called, how often, and what is kept of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pamela import AsyncPamelaClient, AttemptInfo, Call, CallOutcome, PamelaClient, WebhookEndpoint
from pamela.campaigns import (
    AsyncCampaign,
    Breaker,
    Campaign,
    CampaignError,
    CampaignHaltedError,
    CampaignResult,
    CampaignState,
    Decision,
    Done,
    GiveUp,
    Hours,
    Pace,
    RecipientState,
    Retry,
    RetryAt,
)
from pamela.campaigns.callers import SyncCaller
from pamela.campaigns.following import Follower, plan_poll
from pamela.campaigns.records import LiveCall, Placed
from pamela.campaigns.runner import Runner
from pamela.sandbox import Sandbox

from ..http.proxy import Fault, running
from ..sandbox.waiting import until
from .conftest import MakeCampaign, calls_of, numbers, rows

TASK = "Tell {name} that the order is here"
NO_ANSWER, BUSY, BROKEN_OFF = "+15005550001", "+15005550002", "+15005550003"
INVALID, UNSUPPORTED, RATE_LIMITED_ONCE = "+15005550011", "+15005550013", "+15005550022"
UNAVAILABLE_ONCE, ANSWER_LOST = "+15005550025", "+15005550026"


def add(campaign: Campaign, *numbers: str) -> None:
    campaign.add_rows(({"phone": number} for number in numbers), to="phone", task="Say hello")


def test_everybody_is_called_once(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign()
    report = campaign.add_rows(rows(60), to="phone", id="id", task=TASK)
    assert (report.rows, report.added, report.invalid) == (60, 60, 0)
    results = list(campaign.run())
    assert {result.id for result in results} == {f"r{index}" for index in range(60)}
    assert {(result.state, result.outcome, result.attempts) for result in results} == {("done", "completed", 1)}
    calls = calls_of(client)
    assert Counter(call.to for call in calls) == Counter(numbers(60))
    assert {call.task for call in calls} == {f"Tell Ann {index} that the order is here" for index in range(60)}
    assert {result.call["id"] for result in results if result.call} == {call.id for call in calls}
    progress = campaign.progress()
    assert (progress.total, progress.final, progress.live, progress.placed) == (60, 60, 0, 60)
    assert progress.minutes_billed == sum(call.billed_minutes or 0 for call in calls)
    assert campaign.info.state is CampaignState.FINISHED
    assert sorted(result.id for result in campaign.results()) == sorted(result.id for result in results)


def test_a_second_run_and_a_second_campaign_object_call_nobody_again(
    make_campaign: MakeCampaign, client: PamelaClient
) -> None:
    for expected in (20, 0, 0):
        campaign = make_campaign()
        report = campaign.add_rows(rows(20), to="phone", id="id", task=TASK)
        assert report.added + report.known == 20
        assert len(list(campaign.run())) == expected
    assert len(calls_of(client)) == 20


def test_the_same_name_in_another_ledger_calls_nobody_again(
    make_campaign: MakeCampaign, client: PamelaClient, tmp_path: Path
) -> None:
    for name in ("one.db", "two.db"):
        campaign = make_campaign(ledger=tmp_path / name)
        campaign.add_rows(rows(10), to="phone", id="id", task=TASK)
        assert len(list(campaign.run())) == 10
    assert len(calls_of(client)) == 10


async def test_async(async_client: AsyncPamelaClient, client: PamelaClient, ledger: Path) -> None:
    async with AsyncCampaign(async_client, "orders", ledger=ledger, rate=None, poll_interval=0.05) as campaign:
        report = await campaign.add_rows(rows(40), to="phone", id="id", task=TASK)
        assert report.added == 40
        results = [result async for result in campaign.run()]
    assert len(results) == 40
    assert {result.outcome for result in results} == {CallOutcome.COMPLETED}
    assert len(await asyncio.to_thread(calls_of, client)) == 40


@pytest.mark.parametrize(
    ("number", "retry", "outcomes", "state"),
    [
        (NO_ANSWER, Retry(not_reached=2, after=0), ["not_reached"] * 3, "given_up"),
        (BUSY, Retry(), ["not_reached"], "given_up"),
        (BROKEN_OFF, Retry(not_reached=5, broken_off=1, after=0), ["broken_off"] * 2, "given_up"),
        (BROKEN_OFF, Retry(not_reached=5, after=0), ["broken_off"], "given_up"),
        (numbers(1)[0], Retry(not_reached=5, after=0), ["completed"], "done"),
    ],
)
def test_retries_by_outcome(
    make_campaign: MakeCampaign, client: PamelaClient, number: str, retry: Retry, outcomes: list[str], state: str
) -> None:
    campaign = make_campaign(retry=retry)
    add(campaign, number)
    (result,) = campaign.run()
    assert (result.state, result.outcome, result.attempts) == (state, outcomes[-1], len(outcomes))
    assert [call.outcome for call in calls_of(client)] == outcomes


def test_each_outcome_has_a_pause_of_its_own(make_campaign: MakeCampaign) -> None:
    began = datetime.now(UTC)
    campaign = make_campaign(
        clock=Speeded(began, 3600),
        retry=Retry(not_reached=1, broken_off=1, after={"not_reached": "2h", "broken_off": "20m"}),
    )
    add(campaign, NO_ANSWER, BROKEN_OFF)
    waited = {result.to: result.ended_at - began for result in campaign.run() if result.ended_at}
    assert timedelta(hours=2) <= waited[NO_ANSWER]
    assert timedelta(minutes=20) <= waited[BROKEN_OFF]


class Speeded:
    """A clock that runs faster than that of the machine."""

    def __init__(self, start: datetime, factor: float) -> None:
        self.start = start
        self.factor = factor
        self.began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.start + (datetime.now(UTC) - self.began) * self.factor


def test_hours_are_waited_for(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    # 06:00 in New York, 11:00 in London; an hour passes in a second.
    clock = Speeded(datetime(2026, 11, 25, 11, tzinfo=UTC), 3600)
    campaign = make_campaign(hours=Hours("09:00", "20:00"), clock=clock)
    people = [{"phone": "+12025550101", "tz": "America/New_York"}, {"phone": "+442079460001", "tz": "Europe/London"}]
    campaign.add_rows(people, to="phone", timezone="tz", task="Say hello")
    results = {result.to: result for result in campaign.run()}
    assert results["+442079460001"].ended_at is not None
    assert results["+442079460001"].ended_at < datetime(2026, 11, 25, 14, tzinfo=UTC)
    assert results["+12025550101"].ended_at is not None
    assert results["+12025550101"].ended_at >= datetime(2026, 11, 25, 14, tzinfo=UTC)
    assert len(calls_of(client)) == 2


def test_what_waits_for_which_hour_is_seen(make_campaign: MakeCampaign) -> None:
    night = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
    campaign = make_campaign(hours=Hours("09:00", "20:00"), clock=lambda: night)
    add(campaign, *numbers(3))
    thread = threading.Thread(target=lambda: list(campaign.run()))
    thread.start()
    until(lambda: campaign.progress().waiting_until == {datetime(2026, 11, 25, 14, tzinfo=UTC): 3})
    campaign.stop()
    thread.join()


def test_refusals_and_rate_limits(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign(breaker=None, client=client.with_options(max_retries=0))
    add(campaign, INVALID, UNSUPPORTED, RATE_LIMITED_ONCE, UNAVAILABLE_ONCE, ANSWER_LOST)
    results = {result.to: result for result in campaign.run()}
    assert results[INVALID].state == results[UNSUPPORTED].state == "given_up"
    assert "valid phone number" in str(results[INVALID].detail)
    assert results[INVALID].call is None
    for number in (RATE_LIMITED_ONCE, UNAVAILABLE_ONCE, ANSWER_LOST):
        assert (results[number].state, results[number].outcome, results[number].attempts) == ("done", "completed", 1)
    assert Counter(call.to for call in calls_of(client)) == Counter([RATE_LIMITED_ONCE, UNAVAILABLE_ONCE, ANSWER_LOST])


def test_a_wrong_key_ends_clearly_and_loses_nothing(
    make_campaign: MakeCampaign, sandbox: Sandbox, client: PamelaClient
) -> None:
    with PamelaClient("pk_live_expired", sandbox.base_url) as expired:
        campaign = make_campaign(client=expired)
        campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
        with pytest.raises(CampaignHaltedError, match="refused the key"):
            list(campaign.run())
        assert campaign.progress().recipients == {"waiting": 5}
    again = make_campaign()
    assert [result.attempts for result in again.run()] == [1] * 5
    assert len(calls_of(client)) == 5


def test_a_quota_halts(make_campaign: MakeCampaign, sandbox: Sandbox) -> None:
    with PamelaClient("pk_live_over_quota", sandbox.base_url) as over:
        campaign = make_campaign(client=over)
        campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
        with pytest.raises(CampaignHaltedError, match="quota"):
            list(campaign.run())
        assert campaign.progress().recipients == {"waiting": 5}


def test_the_breaker_stops_a_campaign_that_fails(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign(breaker=Breaker(share=0.5, at_least=5), in_flight=2)
    campaign.add_rows(
        ({"id": index, "phone": BROKEN_OFF} for index in range(40)), to="phone", id="id", task="Hi", same_number=True
    )
    with pytest.raises(CampaignHaltedError, match="failures"):
        list(campaign.run())
    assert campaign.info.state is CampaignState.HALTED
    progress = campaign.progress()
    assert progress.live == 0
    assert progress.recipients["waiting"] > 0
    assert progress.final == len(calls_of(client))


@pytest.mark.parametrize(("broken_off", "stops"), [(7, True), (3, False)])
def test_the_breaker_counts_a_call_that_breaks_off_as_one_result(
    make_campaign: MakeCampaign, broken_off: int, stops: bool
) -> None:
    """7 or 3 of 10 calls break off. The breaker allows 5 of 10."""
    campaign = make_campaign(breaker=Breaker(share=0.5, at_least=10), in_flight=5)
    phones = [BROKEN_OFF if index % 10 < broken_off else "+12022000101" for index in range(60)]
    people = ({"id": index, "phone": phone} for index, phone in enumerate(phones))
    campaign.add_rows(people, to="phone", id="id", task="Hi", same_number=True)
    if not stops:
        assert len(list(campaign.run())) == 60
        return
    with pytest.raises(CampaignHaltedError, match="failures"):
        list(campaign.run())
    assert campaign.progress().recipients["waiting"] > 0


def test_an_api_that_cannot_be_reached_halts(make_campaign: MakeCampaign, api_key: str) -> None:
    with PamelaClient(api_key, "http://127.0.0.1:9", max_retries=0) as nowhere:
        campaign = make_campaign(client=nowhere, breaker=Breaker(at_least=5))
        campaign.add_rows(rows(10), to="phone", id="id", task=TASK)
        with pytest.raises(CampaignHaltedError, match="100% of the last"):
            list(campaign.run())
        assert campaign.progress().recipients == {"waiting": 10}


def test_the_budget_is_never_exceeded(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign(max_minutes=12, in_flight=5)
    campaign.add_rows(rows(40), to="phone", id="id", task=TASK, call={"max_duration_seconds": 120})
    with pytest.raises(CampaignHaltedError, match="budget of 12 minutes"):
        list(campaign.run())
    billed = sum(call.billed_minutes or 0 for call in calls_of(client))
    assert campaign.progress().minutes_billed == billed
    assert 10 < billed <= 12


@pytest.mark.parametrize(("in_flight", "prefix_limit"), [(3, None), (10, 2)])
def test_calls_in_flight(
    make_campaign: MakeCampaign, client: PamelaClient, in_flight: int, prefix_limit: int | None
) -> None:
    per_prefix = None if prefix_limit is None else {"+1202": Pace(in_flight=prefix_limit)}
    campaign = make_campaign(in_flight=in_flight, per_prefix=per_prefix)
    campaign.add_rows(rows(20), to="phone", id="id", task=TASK)
    list(campaign.run())
    limit = prefix_limit or in_flight
    spans = [(call.created_at, call.ended_at) for call in calls_of(client)]
    overlaps = [sum(begin <= at < end for begin, end in spans if begin and end) for at, _ in spans if at]
    assert max(overlaps) <= limit
    assert len(spans) == 20


@pytest.mark.parametrize("limited", ["rate", "prefix"])
def test_the_rate_is_kept(make_campaign: MakeCampaign, client: PamelaClient, limited: str) -> None:
    pace = {"rate": "20/s"} if limited == "rate" else {"per_prefix": {"+1": Pace(rate="20/s")}}
    campaign = make_campaign(**pace)
    campaign.add_rows(rows(30), to="phone", id="id", task=TASK)
    list(campaign.run())
    created = sorted(call.created_at for call in calls_of(client) if call.created_at)
    # 30 calls at 20 a second, of which two may go at once, cannot take less than 1.4 s; how much more is the machine's.
    assert created[-1] - created[0] >= timedelta(seconds=1.3)


def test_the_hook_decides(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    asked: list[Call] = []

    def decide(call: Call) -> Decision | None:
        asked.append(call)
        if call.to == numbers(4)[0]:
            return GiveUp("They said stop.", do_not_call=True)
        if call.to == numbers(4)[1]:
            return RetryAt(datetime.now(UTC)) if sum(each.to == call.to for each in asked) < 3 else Done()
        if call.to == NO_ANSWER:
            return Done()
        return None

    campaign = make_campaign(decide=decide, retry=Retry(not_reached=3, after=0))
    add(campaign, *numbers(3), NO_ANSWER)
    results = {result.to: result for result in campaign.run()}
    stopped, retried, plain = numbers(3)
    assert (results[stopped].state, results[stopped].detail) == ("given_up", "They said stop.")
    assert (results[retried].state, results[retried].attempts) == ("done", 3)
    assert (results[plain].state, results[plain].attempts) == ("done", 1)
    assert (results[NO_ANSWER].state, results[NO_ANSWER].attempts) == ("done", 1)
    other = make_campaign("next month")
    add(other, stopped, plain)
    assert {result.to for result in other.run()} == {plain}
    assert {result.to: result.state for result in other.results()}[stopped] is RecipientState.DO_NOT_CALL


def test_a_hook_that_fails_ends_clearly_and_loses_nothing(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    def fail(call: Call) -> Decision | None:
        raise KeyError("reply")

    campaign = make_campaign(decide=fail)
    campaign.add_rows(rows(3), to="phone", id="id", task=TASK)
    with pytest.raises(CampaignError, match="decide hook failed: KeyError"):
        list(campaign.run())
    mended = make_campaign()
    assert len(list(mended.run())) == 3
    assert len(calls_of(client)) == 3


def test_pause_resume_and_stop(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign(rate="20/s")
    campaign.add_rows(rows(40), to="phone", id="id", task=TASK)
    results: list[CampaignResult] = []
    thread = threading.Thread(target=lambda: results.extend(campaign.run()))
    thread.start()
    until(lambda: campaign.progress().placed >= 3)
    campaign.pause()
    until(lambda: campaign.progress().live == 0)
    placed = campaign.progress().placed
    assert placed < 40
    assert thread.is_alive()
    campaign.resume()
    until(lambda: campaign.progress().placed > placed)
    campaign.stop()
    thread.join()
    assert campaign.progress().live == 0
    with pytest.raises(CampaignError, match="was stopped"):
        list(campaign.run())
    campaign.resume()
    results.extend(campaign.run())
    assert len(results) == len(calls_of(client)) == 40


def test_whoever_stops_iterating_can_go_on_later(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    campaign = make_campaign(in_flight=4)
    campaign.add_rows(rows(30), to="phone", id="id", task=TASK)
    for _ in campaign.run():
        break
    assert campaign.progress().final < 30
    list(make_campaign().run())
    assert campaign.progress().recipients == {"done": 30}
    assert len(calls_of(client)) == 30


def test_a_call_that_the_service_does_not_know_any_more_is_set_aside(
    make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Follower, "unknown_timeout", 0.1)
    campaign = make_campaign(in_flight=5, poll_interval=0.1)
    campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
    placed = campaign.ledger.claim(campaign.info.id, "gone", 1).claims
    campaign.ledger.record(campaign.info.id, "gone", [Placed(placed[0].attempt_id, {"id": "call_unknown"})])
    results = {result.id: result for result in campaign.run()}
    assert Counter(result.state for result in results.values()) == {"done": 4, "set_aside": 1}
    assert results["r0"].detail == "The service no longer knows call call_unknown."
    assert campaign.info.state is CampaignState.FINISHED


def test_the_machines_clock_does_not_say_how_long_a_call_has_been_unknown(
    make_campaign: MakeCampaign, client: PamelaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers share the clock of the ledger, and that of one machine may be ten minutes ahead."""
    slow = time.time_ns() // 1000 - 600_000_000
    monkeypatch.setattr("pamela.campaigns.ledger.database.Database.now", lambda self, connection: slow)
    campaign = make_campaign()
    campaign.add_rows(rows(1), to="phone", id="id", task=TASK)
    ledger, id_ = campaign.ledger, campaign.info.id
    (claim,) = ledger.claim(id_, "here", 1).claims
    ledger.record(id_, "here", [Placed(claim.attempt_id, {"id": "call_not_shown_yet"})])
    caller = SyncCaller(client, 1)
    follower = Follower(ledger, caller, None)
    for _ in range(2):
        assert follower.poll(ledger.live_calls(id_), timedelta(seconds=10)).lost == []
    slow += 61_000_000
    assert [each.call_id for each in follower.poll(ledger.live_calls(id_), timedelta(0)).lost] == ["call_not_shown_yet"]
    caller.close()


def test_why_nothing_works_can_be_seen(
    make_campaign: MakeCampaign, client: PamelaClient, api_key: str, sandbox: Sandbox
) -> None:
    with running(sandbox.base_url) as proxy, PamelaClient(api_key, proxy.base_url, max_retries=0) as cut_off:
        proxy.chance = lambda: Fault.HTML_502
        campaign = make_campaign(client=cut_off, breaker=None)
        campaign.add_rows(rows(3), to="phone", id="id", task=TASK)
        thread = threading.Thread(target=lambda: list(campaign.run()))
        thread.start()
        until(lambda: campaign.info.trouble is not None)
        assert "502" in str(campaign.info.trouble)
        proxy.chance = lambda: None
        thread.join()
    assert campaign.info.trouble is None
    assert len(calls_of(client)) == 3


def test_an_engine_of_another_kind_needs_three_functions(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    """Two workers, and an engine that hands every recipient to both of them, again and again."""
    campaign = make_campaign(retry=Retry(not_reached=1, after=0))
    campaign.add_rows([*rows(20), {"id": "nobody", "phone": NO_ANSWER, "name": "-"}], to="phone", id="id", task=TASK)
    ledger, info, caller = campaign.ledger, campaign.info, SyncCaller(client, 4)
    workers = [Runner(ledger, info, caller, on_result=lambda _: None, on_demand=True) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        jobs = [worker.advance(recipient) for recipient in ledger.due(info.id, limit=10) for worker in workers]
        for job in jobs:
            job.result(timeout=30)
    caller.close()
    assert campaign.progress().recipients == {"done": 20, "given_up": 1}
    assert Counter(call.to for call in calls_of(client)) == Counter([*numbers(20), NO_ANSWER, NO_ANSWER])


def test_a_slow_consumer_holds_up_nobody(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(30), to="phone", id="id", task=TASK)
    run = campaign.run()
    next(run)
    until(lambda: campaign.progress().final == 30)
    assert len(list(run)) == 29


@pytest.fixture
def endpoint(sandbox: Sandbox) -> WebhookEndpoint:
    return WebhookEndpoint(sandbox.webhook_secret)


@contextmanager
def serving(endpoint: WebhookEndpoint) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            response = endpoint.handle("POST", dict(self.headers), [body])
            self.send_response(response.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_following_by_webhook(make_campaign: MakeCampaign, endpoint: WebhookEndpoint, client: PamelaClient) -> None:
    # Lists are read every ten minutes; only webhooks can say in time that the calls have ended.
    campaign = make_campaign(poll_interval=600)
    endpoint.include(campaign)
    with serving(endpoint) as address:
        call = {"webhooks": {"webhook_url": address}}
        campaign.add_rows(rows(20), to="phone", id="id", task=TASK, call=call)
        assert len(list(campaign.run())) == 20
    assert campaign.info.webhooks
    assert len(calls_of(client)) == 20


@pytest.mark.parametrize(
    ("attempts", "pages", "single"),
    [
        ([], 0, 0),
        ([7], 0, 1),
        (range(1000, 0, -1), 10, 0),
        (range(1050, 1000, -1), 1, 0),
        # One call that has been live for long is got by itself; many of them are read from the list.
        ([*range(5000, 4950, -1), 3], 1, 1),
        ([*range(5000, 4950, -1), *range(300, 0, -1)], 50, 0),
        # Two live calls far apart are got, rather than read from pages between.
        ([5000, 3], 0, 2),
    ],
)
def test_how_live_calls_are_looked_at(attempts: Iterable[int], pages: int, single: int) -> None:
    live = [LiveCall(number, number, f"call_{number}", None, 0) for number in attempts]
    plan = plan_poll(live)
    assert (plan.pages, len(plan.single)) == (pages, single)


def test_hundreds_of_live_calls_cost_few_requests_a_poll(
    make_campaign: MakeCampaign, client: PamelaClient, sandbox_at: Callable[[float], AbstractContextManager[Sandbox]]
) -> None:
    seen: Counter[str] = Counter()

    def count(attempt: AttemptInfo) -> None:
        seen[attempt.operation] += 1

    with sandbox_at(0.001) as still, PamelaClient(client.api_key, still.base_url, on_request=count) as watched:
        campaign = make_campaign(client=watched, in_flight=300, poll_interval=0.5)
        campaign.add_rows(rows(300), to="phone", id="id", task=TASK)
        thread = threading.Thread(target=lambda: list(campaign.run()))
        thread.start()
        until(lambda: campaign.progress().placed == 300)
        before = seen["list_calls"]
        until(lambda: seen["list_calls"] >= before + 9)
        campaign.stop()
        assert seen["get_call"] == 0
        assert seen["create_call"] == 300
        for call in calls_of(watched):
            watched.cancel_call(call.id)
        thread.join()
