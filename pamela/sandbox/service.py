"""The sandbox without its HTTP side: its state, and what goes on in it by itself."""

import asyncio
from pathlib import Path

from .call_runner import CallRunner
from .calls import Calls
from .clock import Clock
from .deliveries import Deliveries
from .idempotency import IdempotencyKeys
from .projects import Projects
from .specification import load_specification
from .store import Store
from .tools import Tools


class Service:
    """All parts of a sandbox. They belong to the thread and the event loop in which it is made."""

    def __init__(self, database: Path | None, speed: float, webhook_secret: str, event_timeout: float) -> None:
        """Open the database.

        Raises:
            DatabaseError: It cannot be used.
        """
        self.specification = load_specification()
        self.store = Store(database)
        self.clock = Clock(speed)
        self.projects = Projects(self.store, webhook_secret)
        self.tools = Tools(self.store, self.clock, self.specification)
        self.idempotency_keys = IdempotencyKeys(self.store)
        self.calls = Calls(self.store, self.clock)
        self.deliveries = Deliveries(self.store, self.clock, self.specification, self.projects, event_timeout)
        self.call_runner = CallRunner(
            self.store, self.clock, self.specification, self.projects, self.tools, self.calls, self.deliveries
        )
        self.failed_once: set[tuple[str, str]] = set()
        """Projects with the fingerprints of their requests whose next repetition will succeed."""
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the calls and send the deliveries, until cancelled."""
        self.deliveries.resume()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.call_runner.run())
            tasks.create_task(self.deliveries.run())

    def reset(self, project_id: str | None = None) -> None:
        """Forget everything of one project, or everything."""
        with self.store.transaction():
            self.store.forget(project_id)
        self.failed_once = {each for each in self.failed_once if project_id not in (None, each[0])}

    def close(self) -> None:
        self.store.close()
