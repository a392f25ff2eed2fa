"""Many workers on one PostgreSQL ledger, while all that can break does: everybody is called once, and all results are there."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from pamela import AsyncPamelaClient, PamelaClient
from pamela.campaigns import AsyncCampaign, Campaign, CampaignError, CampaignState, Ledger, LedgerError, Retry
from pamela.campaigns.ledger import database
from pamela.campaigns.worker import Worker
from pamela.sandbox import Sandbox

from ..http.proxy import at_random, running
from ..sandbox.waiting import until
from ..servers import PostgreSQLServer, or_skip, postgresql_server
from .conftest import MakeCampaign, calls_of, numbers, rows

TASK = "Tell {name} that the order is here"
SETTINGS: dict[str, Any] = {"rate": None, "poll_interval": 0.3, "settle": 1, "transcript_timeout": 1, "breaker": None}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSQLServer]:
    with or_skip(postgresql_server()) as server:
        yield server


@pytest.fixture
def address(postgres: PostgreSQLServer, request: pytest.FixtureRequest) -> str:
    """A database of the test's own."""
    return postgres.create_database(f"test_{abs(hash(request.node.nodeid)):x}")


@dataclass
class WorkerProcess:
    """A worker, as a process of its own."""

    process: subprocess.Popen[bytes]
    told: Path
    working_since: float | None = None

    @classmethod
    def start(cls, folder: Path, address: str, base_url: str, api_key: str) -> WorkerProcess:
        command = [
            sys.executable,
            "-m",
            "pamela",
            "campaign",
            "worker",
            "--ledger",
            address,
            "--concurrency",
            "20",
            "-y",
        ]
        environment = {**os.environ, "PAMELA_BASE_URL": base_url, "PAMELA_API_KEY": api_key}
        told = folder / f"worker-{time.monotonic_ns()}.txt"
        with told.open("wb") as file:
            return cls(subprocess.Popen(command, env=environment, stderr=file, stdout=file), told)

    def works_for(self, seconds: float) -> bool:
        """Return whether it has begun to work so long ago: to kill one that is still being imported proves nothing."""
        if self.working_since is None and "Working." in self.told.read_text():
            self.working_since = time.monotonic()
        return self.working_since is not None and time.monotonic() - self.working_since >= seconds

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def check(address: str, client: PamelaClient, count: int, make_campaign: MakeCampaign) -> None:
    calls = calls_of(client)
    assert Counter(call.to for call in calls) == Counter(numbers(count))
    campaign = make_campaign(ledger=address)
    assert campaign.progress().recipients == {"done": count}
    results = list(campaign.results())
    assert {result.call["id"] for result in results if result.call} == {call.id for call in calls}
    assert {result.attempts for result in results} == {1}
    assert campaign.info.state is CampaignState.FINISHED


@pytest.mark.slow
async def test_a_worker(address: str, async_client: AsyncPamelaClient, client: PamelaClient) -> None:
    async with AsyncCampaign(
        async_client, "orders", ledger=address, retry=Retry(not_reached=1, after=0), **SETTINGS
    ) as campaign:
        people = [*rows(30), {"id": "nobody", "phone": "+15005550001", "name": "Nobody"}]
        await campaign.add_rows(people, to="phone", id="id", task=TASK)
        await Worker(async_client, address, until_finished=True).run()
        assert campaign.progress().recipients == {"done": 30, "given_up": 1}
        assert campaign.info.state is CampaignState.FINISHED
    assert len(await asyncio.to_thread(calls_of, client)) == 32


@pytest.mark.slow
async def test_a_worker_ends_when_it_is_told_to_and_others_go_on(
    address: str, async_client: AsyncPamelaClient, client: PamelaClient
) -> None:
    async with AsyncCampaign(async_client, "orders", ledger=address, **{**SETTINGS, "rate": "20/s"}) as campaign:
        await campaign.add_rows(rows(60), to="phone", id="id", task=TASK)
        worker = Worker(async_client, address)
        working = asyncio.create_task(worker.run())
        await asyncio.to_thread(until, lambda: campaign.progress().placed >= 5)
        worker.stop()
        await working
        assert campaign.progress().recipients.get("placing", 0) == 0
        assert campaign.progress().placed < 60
        workers = [Worker(async_client, address, until_finished=True) for _ in range(3)]
        await asyncio.gather(*(worker.run() for worker in workers))
        assert campaign.progress().recipients == {"done": 60}
    assert len(await asyncio.to_thread(calls_of, client)) == 60


@pytest.mark.slow
async def test_one_process_runs_a_campaign_in_postgresql_too(
    address: str, async_client: AsyncPamelaClient, client: PamelaClient
) -> None:
    async with AsyncCampaign(async_client, "orders", ledger=address, **SETTINGS) as campaign:
        await campaign.add_rows(rows(30), to="phone", id="id", task=TASK)
        assert len([result async for result in campaign.run()]) == 30
    assert len(await asyncio.to_thread(calls_of, client)) == 30


def test_a_worker_needs_postgresql(client: PamelaClient, tmp_path: Path) -> None:
    async def make() -> None:
        async with AsyncPamelaClient(client.api_key, client.base_url) as async_client:
            Worker(async_client, str(tmp_path / "orders.db"))

    with pytest.raises(CampaignError, match="Workers need a ledger in PostgreSQL"):
        asyncio.run(make())


@pytest.mark.parametrize(
    ("ledger", "message"),
    [
        ("postgresql://pamela:geheim@127.0.0.1:1/orders", r"Cannot open the ledger .*pamela:\*\*\*@127.0.0.1.*refused"),
        ("mysql://pamela:geheim@127.0.0.1/orders", "A ledger cannot be kept in 'mysql'"),
        ("://orders", "address is not valid"),
        ("", "needs a file"),
        (":memory:", "needs a file"),
        ("/no/such/folder/orders.db", "Cannot open the ledger /no/such/folder/orders.db: unable to open"),
    ],
)
def test_ledgers_that_cannot_be_opened(client: PamelaClient, ledger: str, message: str) -> None:
    with pytest.raises(LedgerError, match=message) as caught:
        Campaign(client, "orders", ledger=ledger)
    assert "geheim" not in str(caught.value)


def test_a_database_that_accepts_connections_and_says_nothing(
    client: PamelaClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that is stopped, or that restarts with a slow disk: the system accepts for it."""
    monkeypatch.setitem(database.POSTGRESQL_LIMITS, "connect_timeout", "2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"postgresql://pamela:geheim@127.0.0.1:{server.getsockname()[1]}/orders"
        with pytest.raises(LedgerError, match=r"Cannot open the ledger .*timeout"):
            Ledger(address, opening_patience=0.1)
    assert caplog.text == ""
    with pytest.raises(LedgerError, match=r"Cannot open the ledger .*refused"):
        Ledger("postgresql://pamela:geheim@127.0.0.1:1/orders", opening_patience=0.1)
    assert "127.0.0.1:1/orders cannot be opened yet: connection failed" in caplog.text
    assert "geheim" not in caplog.text


@pytest.mark.slow
async def test_a_lost_job_that_two_workers_find_is_given_away_once(
    address: str, async_client: AsyncPamelaClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Worker(async_client, address), Worker(async_client, address)
    async with first._app.open_async(), second._app.open_async():
        await first._install()

        def lose(connection: Connection) -> None:
            connection.execute(
                text(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
                    "VALUES ('pamela-campaigns', 'pamela.campaigns.advance', '{}', 'doing')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO procrastinate_events (job_id, type, at) "
                    "SELECT id, 'started', now() - interval '1 hour' FROM procrastinate_jobs"
                )
            )

        first._ledger.database.write(lose)
        found = second._overdue_jobs()
        assert len(found) == 1
        await first._sweep()
        assert first._overdue_jobs() == set()
        monkeypatch.setattr(second, "_overdue_jobs", lambda: found)
        await second._sweep()  # this one is late
    for worker in (first, second):
        worker._ledger.close()
    assert "cannot be reached" not in caplog.text


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "5"])
async def test_a_worker_needs_requests(async_client: AsyncPamelaClient, concurrency: Any) -> None:
    with pytest.raises(CampaignError, match="is not a number of requests"):
        Worker(async_client, "postgresql://127.0.0.1:1/orders", concurrency=concurrency)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_ledger_where_nothing_can_be_written(client: PamelaClient, make_campaign: MakeCampaign, ledger: Path) -> None:
    make_campaign().close()
    ledger.parent.chmod(0o555)
    try:
        with pytest.raises(LedgerError, match=r"SQLite keeps files beside it, and .* cannot be written\. Copy it"):
            Campaign(client, "orders", ledger=ledger)
    finally:
        ledger.parent.chmod(0o755)


@pytest.mark.slow
def test_a_database_that_goes_away_ends_clearly_and_loses_nothing(
    client: PamelaClient, make_campaign: MakeCampaign, api_key: str
) -> None:
    with or_skip(postgresql_server()) as server:
        address = server.create_database("orders")
        campaign = make_campaign(ledger=address, rate="30/s")
        campaign.ledger.database.patience = 2.0
        campaign.add_rows(rows(60), to="phone", id="id", task=TASK)
        run = campaign.run()
        next(run)
        server.kill()
        with pytest.raises(LedgerError, match="run the campaign again to go on"):
            list(run)
        server.start()
        list(make_campaign(ledger=address).run())
        check(address, client, 60, make_campaign)


@pytest.mark.slow
def test_chaos(
    postgres: PostgreSQLServer,
    address: str,
    sandbox: Sandbox,
    client: PamelaClient,
    api_key: str,
    make_campaign: MakeCampaign,
    tmp_path: Path,
) -> None:
    """2,000 recipients, four workers of which one is killed every second, a bad network, and two crashes of the database."""
    count = int(os.environ.get("CHAOS_RECIPIENTS", "2000"))
    campaign = make_campaign(ledger=address, in_flight=150, **SETTINGS)
    campaign.add_rows(rows(count), to="phone", id="id", task=TASK)
    dice = random.Random(1042)
    killed = restarts = 0
    with running(sandbox.base_url) as proxy:
        proxy.chance = at_random(seed=1042, lost=0.10, reset=0.05)

        def start() -> WorkerProcess:
            return WorkerProcess.start(tmp_path, address, proxy.base_url, api_key)

        workers = [start() for _ in range(4)]
        try:
            began = next_kill = time.monotonic()
            while (final := campaign.progress().final) < count:
                assert time.monotonic() - began < 1500, campaign.progress()
                time.sleep(0.1)
                if restarts < 2 and final > count * (restarts + 1) / 3:
                    postgres.restart()
                    restarts += 1
                # On a slow machine a worker takes seconds to begin; three of four are left to get something done.
                victims = [number for number, worker in enumerate(workers) if worker.works_for(2)]
                if len(victims) > 2 and time.monotonic() >= next_kill and final < count * 0.9:
                    victim = dice.choice(victims)
                    workers[victim].kill()
                    workers[victim] = start()
                    killed += 1
                    next_kill = time.monotonic() + 1
            # One that was started last may still be importing; one that has ended says why.
            while not all(worker.works_for(0) for worker in workers):
                ended = [worker.told.read_text() for worker in workers if worker.process.poll() is not None]
                assert not ended, ended
                assert time.monotonic() - began < 1500, [worker.told.read_text() for worker in workers]
                time.sleep(0.1)
        finally:
            for worker in workers:
                worker.process.terminate()
            codes = [worker.process.wait(60) for worker in workers]
    print(f"{killed} workers killed, {restarts} crashes of the database, {time.monotonic() - began:.0f} s")
    assert killed >= count / 200
    assert restarts == 2
    assert codes == [0] * 4, [worker.told.read_text() for worker in workers]
    check(address, client, count, make_campaign)
