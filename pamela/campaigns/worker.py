"""Run the campaigns of a PostgreSQL ledger on several machines, with the job queue Procrastinate.

A job says only "advance recipient N": it claims the attempt, places the call and ends. A job may be lost or run twice:
the ledger decides whether there is something to do, and the dispatcher makes a new job for each due recipient without
one. To use another job queue, write a worker with these three methods:

- `Ledger.due` returns the recipients that may be called now;
- `Runner.advance` is the work of a job;
- `Runner.run`, in a thread of each worker, takes over attempts of dead workers, follows calls and looks up lost calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from .callers import AsyncCaller
from .errors import CampaignError, CampaignHaltedError, needs_extra
from .ledger import Ledger
from .ledger.database import TRANSIENT_CLASSES, limits_of
from .runner import Runner
from .runners import RunnerIdentity
from .states import CampaignState

try:
    from procrastinate import App, PsycopgConnector
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import DeleteJobCondition
    from psycopg.errors import RaiseException
except ImportError:
    raise needs_extra("procrastinate", "campaigns-postgresql") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .. import AsyncPamelaClient
    from .decisions import Decide
    from .records import CampaignInfo

logger = logging.getLogger("pamela.campaigns")

QUEUE = "pamela-campaigns"
TASK = "pamela.campaigns.advance"
DISPATCH_INTERVAL = 0.5
"""Seconds between two rounds that make jobs."""
DISPATCH_LEASE = timedelta(seconds=10)
LOOK_AHEAD = 2.0
"""Jobs are made for this many seconds of the rate."""
HEARTBEAT = 5.0
OPENING_PATIENCE = 120.0
"""Seconds to wait for a database that is starting, for example with the machine, or that recovers from a crash."""
STALLED_AFTER = 15.0
"""Seconds without a heartbeat after which a worker's jobs go to other workers."""
SWEEP_INTERVAL = 5.0
_RESTART_PAUSE = 1.0
_SCHEMA_LOCK = 0x70726F63
OVERDUE_AFTER = 30.0
"""Seconds after which a job counts as lost although its worker lives: its end, or its fetch, was not stored. Repeating
a job is safe, because a recipient can be claimed only once."""
_OVERDUE_JOBS = text(
    "SELECT jobs.id FROM procrastinate_jobs jobs JOIN procrastinate_events events ON events.job_id = jobs.id "
    "WHERE jobs.task_name = :task AND jobs.status = 'doing' AND events.type = 'started' "
    "GROUP BY jobs.id HAVING max(events.at) < now() - make_interval(secs => :seconds)"
)
_JOBS = text(
    "SELECT (args->>'recipient_id')::bigint, status = 'todo' FROM procrastinate_jobs "
    "WHERE task_name = :task AND status IN ('todo', 'doing') AND (args->>'campaign_id')::bigint = :campaign"
)


class Worker:
    """Places the calls of all campaigns of a ledger, together with other workers on this and other machines.

    Args:
        client: The client that places the calls.
        ledger: `postgresql://user:password@host/name`.
        concurrency: Maximum number of requests for calls at the same time.
        decide: Called with each ended call, as for `Campaign`.
        until_finished: Whether to end when all campaigns are finished, instead of waiting for more.

    Attributes:
        halted: The campaigns that stopped themselves while this worker ran them, by name, with the reason.

    Raises:
        CampaignError: The ledger is not in PostgreSQL, or `concurrency` is invalid.
        LedgerError: The ledger cannot be opened.
    """

    def __init__(
        self,
        client: AsyncPamelaClient,
        ledger: str,
        *,
        concurrency: int = 50,
        decide: Decide | None = None,
        until_finished: bool = False,
    ) -> None:
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise CampaignError(f"concurrency={concurrency!r} is not a number of requests. Give 1 or more.")
        self._ledger = Ledger(ledger, opening_patience=OPENING_PATIENCE)
        if self._ledger.database.is_sqlite:
            self._ledger.close()
            raise CampaignError(
                "Workers need a ledger in PostgreSQL: postgresql://user:password@host/name. A ledger in a file is run with "
                "`pamela campaign run`."
            )
        self._client = client
        self._concurrency = concurrency
        self._decide = decide
        self._until_finished = until_finished
        self._identity = RunnerIdentity.create()
        self.halted: dict[str, CampaignHaltedError] = {}
        self._worked_on: set[int] = set()
        self._runners: dict[int, Runner] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._stopping = asyncio.Event()
        url = self._ledger.database.url.set(drivername="postgresql")
        settings = limits_of(url)
        if "options" not in url.query:
            # A lost or repeated job does no harm, so its commits do not wait for the disk.
            settings["options"] = "-csynchronous_commit=off"
        url = url.update_query_dict(settings)
        address = url.render_as_string(hide_password=False)
        self._app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=4))

        @self._app.task(name=TASK, queue=QUEUE)
        async def advance(campaign_id: int, recipient_id: int) -> None:
            await self._advance(campaign_id, recipient_id)

        self._task = advance

    def stop(self) -> None:
        """Take no more work, store the pending responses, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`, or with `until_finished` until all campaigns are finished.

        Raises:
            LedgerError: The database could not be reached for too long.
        """
        self._caller = AsyncCaller(self._client, self._concurrency, asyncio.get_running_loop())
        async with self._app.open_async():
            await self._install()
            await asyncio.to_thread(self._ledger.register, self._identity)
            engine = asyncio.create_task(self._run_engine())
            sweeper = asyncio.create_task(self._repeat(self._sweep, SWEEP_INTERVAL))
            try:
                await self._repeat(self._dispatch, DISPATCH_INTERVAL)
            finally:
                for runner in self._runners.values():
                    runner.end()
                for thread in self._threads.values():
                    await asyncio.to_thread(thread.join)
                self._identity.retire()
                for task in (engine, sweeper):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
        await asyncio.to_thread(self._ledger.unregister, self._identity)
        self._ledger.close()

    async def _install(self) -> None:
        """Create the tables of Procrastinate if they are missing. One worker does it."""

        def work(connection: Any) -> None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
            if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
                # exec_driver_sql would read its percent signs as parameters.
                with connection.connection.cursor() as cursor:
                    cursor.execute(self._app.schema_manager.get_schema())

        await asyncio.to_thread(self._ledger.database.write, work)

    async def _run_engine(self) -> None:
        """Run Procrastinate's worker. Start it again when it loses the database."""
        while True:
            try:
                await self._app.run_worker_async(
                    queues=[QUEUE],
                    name=self._identity.id,
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=1.0,
                    delete_jobs=DeleteJobCondition.ALWAYS,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=STALLED_AFTER,
                )
                return
            except Exception as error:
                logger.warning("The job queue stopped and is started again: %s", _in_words(error))
            await asyncio.sleep(_RESTART_PAUSE)

    async def _repeat(self, step: Any, seconds: float) -> None:
        while not self._stopping.is_set():
            try:
                await step()
            except ConnectorException as error:
                if _may_be_reached(error):
                    logger.warning("A step failed in the database, and is tried again: %s", _in_words(error))
                else:
                    logger.warning("The database cannot be reached: %s", _in_words(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()

    # The work of a job

    async def _advance(self, campaign_id: int, recipient_id: int) -> None:
        runner = self._runners.get(campaign_id)
        if runner is not None:
            await asyncio.wrap_future(runner.advance(recipient_id))

    # Making jobs

    async def _dispatch(self) -> None:
        await asyncio.to_thread(self._ledger.register, self._identity)
        campaigns = await asyncio.to_thread(self._ledger.campaigns)
        for campaign in campaigns:
            self._tend(campaign)
            if campaign.state is CampaignState.ACTIVE:
                due = await asyncio.to_thread(self._choose, campaign)
                if due:
                    jobs: list[dict[str, Any]] = [
                        {"campaign_id": campaign.id, "recipient_id": recipient} for recipient in due
                    ]
                    await self._task.batch_defer_async(*jobs)
        if self._until_finished and not any(map(self._has_work, campaigns)):
            self._stopping.set()

    def _choose(self, campaign: CampaignInfo) -> list[int]:
        """Return due recipients without a job, up to the free slots, if it is this worker's turn."""
        if not self._ledger.take_lease(campaign.id, "dispatching", self._identity.id, DISPATCH_LEASE):
            return []
        jobs = self._ledger.database.read(
            lambda connection: connection.execute(_JOBS, {"task": TASK, "campaign": campaign.id}).all()
        )
        present = {recipient for recipient, _ in jobs}
        settings = campaign.settings
        wanted = settings.in_flight - self._ledger.live_count(campaign.id)
        for rate in settings.rate:
            wanted = min(wanted, int(rate.per_second * LOOK_AHEAD + rate.burst))
        # Running jobs already have a slot, or their worker is dead.
        wanted -= sum(is_new for _, is_new in jobs)
        if wanted <= 0:
            return []
        due = self._ledger.due(campaign.id, wanted + len(present))
        return [recipient for recipient in due if recipient not in present][:wanted]

    def _has_work(self, campaign: CampaignInfo) -> bool:
        thread = self._threads.get(campaign.id)
        return campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED) or (
            thread is not None and thread.is_alive()
        )

    def _tend(self, campaign: CampaignInfo) -> None:
        """Start a runner for a campaign with work."""
        if campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED):
            self._worked_on.add(campaign.id)
        thread = self._threads.get(campaign.id)
        if thread is not None and thread.is_alive():
            return
        wanted = campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED) or (
            thread is None and campaign.state in (CampaignState.STOPPED, CampaignState.HALTED)
        )
        if not wanted:
            return
        runner = Runner(
            self._ledger, campaign, self._caller, decide=self._decide, on_result=lambda _: None, on_demand=True
        )
        self._runners[campaign.id] = runner
        self._threads[campaign.id] = threading.Thread(
            target=self._run_runner, args=(campaign, runner), name=f"pamela-campaign-{campaign.id}", daemon=True
        )
        self._threads[campaign.id].start()

    def _run_runner(self, campaign: CampaignInfo, runner: Runner) -> None:
        try:
            runner.run()
        except CampaignHaltedError as error:
            if campaign.id in self._worked_on:  # others stopped before this worker started
                self.halted[campaign.name] = error
            logger.error("%s: %s", campaign.name, error)
        except CampaignError:
            logger.exception("The campaign %s stopped here, and is started again.", campaign.name)

    # Lost jobs

    async def _sweep(self) -> None:
        """Give lost jobs to other workers. Every worker does it, because it may be the only one."""
        stalled: Iterable[Any] = await self._app.job_manager.get_stalled_jobs(
            queue=QUEUE, seconds_since_heartbeat=STALLED_AFTER
        )
        overdue = await asyncio.to_thread(self._overdue_jobs)
        for job_id in {job.id for job in stalled if job.id is not None} | overdue:
            try:
                await self._app.job_manager.retry_job_by_id_async(job_id, retry_at=datetime.now(UTC))
            except ConnectorException as error:
                if not isinstance(error.__cause__, RaiseException):
                    raise
                logger.debug("The lost job %d was given to others by another worker.", job_id)

    def _overdue_jobs(self) -> set[int]:
        parameters = {"task": TASK, "seconds": OVERDUE_AFTER}
        return set(
            self._ledger.database.read(lambda connection: connection.execute(_OVERDUE_JOBS, parameters).scalars().all())
        )


def _may_be_reached(error: ConnectorException) -> bool:
    """Return whether the database responded, so that the connection works."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is not None and not str(state).startswith(TRANSIENT_CLASSES)


def _in_words(error: Exception) -> str:
    """Return the error message of the database, which Procrastinate's own errors do not contain."""
    return " ".join(str(error.__cause__ or error).split())
