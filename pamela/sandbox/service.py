"""The sandbox without HTTP: its state, its calls and its deliveries."""

import asyncio
import logging
from collections.abc import Iterator
from itertools import islice

from .call_record import CallRecord
from .call_runner import CallRunner
from .calls import Calls
from .changes import Changes
from .clock import FIRST, LAST, Moment, SettableClock
from .deliveries import Deliveries
from .fault_injection import PlannedFaults
from .history import make_history
from .idempotency import IdempotencyKeys
from .live_calls import LiveCalls
from .options import DEFAULT_KEY, SandboxOptions
from .page_security import AllowedHosts, PageToken
from .projects import Projects
from .request_faults import Connections
from .request_log import RequestLog
from .scripts import Scripts
from .specification import load_specification
from .store import DatabaseError, Store
from .tools import Tools
from .webhook_hosts import WebhookHosts
from .workload import Workload

_CLOCK_OFFSET, _CLOCK_SETBACKS = "clock_offset", "clock_setbacks"
_MOST_SETBACKS: Moment = 10**18
"""Due times must fit in 64 bits."""
_SECONDS_BETWEEN_LOOKS = 0.5
_CALLS_FORGOTTEN_AT_ONCE = 50
_CALLS_MADE_UP_AT_ONCE = 50

_log = logging.getLogger("pamela.sandbox")


class Service:
    """All parts of a sandbox. They belong to the thread and the event loop that created it."""

    def __init__(self, options: SandboxOptions) -> None:
        """Open the database.

        Raises:
            DatabaseError: The database cannot be used.
        """
        self.keep_calls = options.keep_calls
        self.specification = load_specification()
        self.store = Store(options.database)
        self.changes = Changes()
        self.workload = Workload()
        self.clock = SettableClock(
            options.speed, *(int(self.store.setting(name) or 0) for name in (_CLOCK_OFFSET, _CLOCK_SETBACKS))
        )
        self.webhook_hosts = WebhookHosts(options.webhook_hosts)
        self.allowed_hosts = AllowedHosts(options.host, options.allowed_hosts)
        self.page_token = PageToken(options.page_token)
        self.connections = Connections()
        self.projects = Projects(self.store, options.webhook_secret)
        self.default_project = self.projects.of_key(DEFAULT_KEY)
        self.requests = RequestLog(self.clock, self.projects, self.changes)
        self.tools = Tools(self.store, self.clock, self.specification)
        self.scripts = Scripts(self.store)
        self.idempotency_keys = IdempotencyKeys(self.store)
        self.planned_faults = PlannedFaults()
        self.calls = Calls(self.store, self.clock, self.changes)
        self.deliveries = Deliveries(
            self.store,
            self.clock,
            self.specification,
            self.projects,
            self.changes,
            self.webhook_hosts,
            self.workload,
            options.event_timeout,
        )
        self.call_runner = CallRunner(
            self.store,
            self.clock,
            self.specification,
            self.projects,
            self.tools,
            self.scripts,
            self.calls,
            self.deliveries,
            self.workload,
        )
        self.live_calls = LiveCalls(self.clock, self.calls, self.call_runner, self.tools, self.deliveries)
        self.failed_once: set[tuple[str, str]] = set()
        """The projects and fingerprints of requests whose next repetition will succeed."""
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the calls and send the deliveries, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.call_runner.run())
            tasks.create_task(self.deliveries.run())
            tasks.create_task(self._look_after())

    def set_clock(self, moment: Moment | None) -> None:
        """Set the clock to a moment, or with None to real time. It continues from there.

        If the new time is later, everything due until then happens immediately. If it is earlier, pending steps still
        take as long as before.

        Raises:
            ValueError: The moment cannot be written as a date of four digits.
        """
        offset = 0 if moment is None else self.clock.offset + moment - self.clock.now()
        year: Moment = 366 * 86_400_000_000
        if not FIRST + year < self.clock.now() - self.clock.offset + offset < LAST - year:
            raise ValueError("The clock can be set to years from 2 to 9998 only.")
        self.clock.take_setback()
        self.clock.offset = offset
        with self.store.transaction():
            self.store.keep_setting(_CLOCK_OFFSET, str(offset))
        self._follow_clock()
        self.call_runner.wake()
        self.deliveries.wake()
        self.changes.publish("clock", "")

    async def make_history(self, project_id: str, days: int, calls: int, seed: int) -> None:
        """Add ended calls to a project, as if it had been in use for `days`."""
        with self.store.transaction():
            first = self.projects.next_call(project_id, calls)
        max_seconds = self.call_runner.most_seconds({})
        history = make_history(project_id, first, self.clock.now(), days, calls, seed, max_seconds)
        while batch := list(islice(history, _CALLS_MADE_UP_AT_ONCE)):
            self._add(iter(batch))
            await asyncio.sleep(0)  # let other tasks run
        self.changes.publish("reset", project_id)

    def _add(self, calls: Iterator[CallRecord]) -> None:
        with self.store.transaction():
            for call in calls:
                self.store.insert("calls", call.to_row())

    def reset(self, project_id: str | None = None) -> None:
        """Delete everything of one project, or everything."""
        with self.store.transaction():
            self.store.forget(project_id)
        self.failed_once = {each for each in self.failed_once if project_id not in (None, each[0])}
        self.planned_faults.clear(project_id)
        self.projects.forget_read(project_id)
        self.requests.forget(project_id)
        self.calls.forget_project(project_id)
        self.deliveries.forget_read()
        self.changes.publish("reset", project_id or "")

    def stop(self) -> None:
        """End everything that waits for changes."""
        self.stopping.set()
        self.changes.wake()

    def close(self) -> None:
        self.store.close()

    async def _look_after(self) -> None:
        """Adapt to jumps of the wall clock, and delete the oldest calls when there are too many."""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            try:
                self._follow_clock()
                self._forget_old_calls()
            except DatabaseError as error:
                _log.error("The database cannot be looked after: %s", error)

    def _follow_clock(self) -> None:
        setback = self.clock.take_setback()
        if setback:
            with self.store.transaction():
                self.calls.put_back(setback)
                self._keep_setbacks()
            self.deliveries.wake()

    def _keep_setbacks(self) -> None:
        """Keep by how much the due times of deliveries are ahead of the clock; if it is too much, move them instead."""
        setbacks = self.clock.setbacks
        if setbacks > _MOST_SETBACKS:
            self.deliveries.put_back(setbacks)
            self.store.after_commit(self.clock.forget_setbacks)
            setbacks = 0
        self.store.keep_setting(_CLOCK_SETBACKS, str(setbacks))

    def _forget_old_calls(self) -> None:
        with self.store.transaction():
            forgotten = self.store.forget_calls_before(self.keep_calls, _CALLS_FORGOTTEN_AT_ONCE)
        if forgotten:
            self.store.shrink()
