"""The sandbox without its HTTP side: its state, and what goes on in it by itself."""

import asyncio
from pathlib import Path

from .clock import Clock
from .contract import load_contract
from .idempotency import IdempotencyKeys
from .lives import Lives
from .projects import Projects
from .store import Store
from .tools import Tools


class Service:
    """All parts of a sandbox. They belong to the thread and the event loop in which it is made."""

    def __init__(self, database: Path | None, speed: float, webhook_secret: str, event_timeout: float) -> None:
        """Opens the database.

        Raises:
            DatabaseError: It cannot be used.
        """
        self.contract = load_contract()
        self.store = Store(database)
        self.clock = Clock(speed)
        self.projects = Projects(self.store, webhook_secret)
        self.tools = Tools(self.store, self.clock, self.contract)
        self.idempotency_keys = IdempotencyKeys(self.store)
        self.lives = Lives(self.store, self.clock, self.contract, self.projects, self.tools, event_timeout)
        self.failed_once: set[tuple[str, str]] = set()
        """Projects with the fingerprints of their requests whose next repetition will succeed."""
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Lets calls live and deliveries go out, until cancelled."""
        self.lives.deliveries.resume()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lives.run())
            tasks.create_task(self.lives.deliveries.run())

    def reset(self, project_id: str | None = None) -> None:
        """Forgets everything of one project, or everything."""
        with self.store.transaction():
            self.store.forget(project_id)
        self.failed_once = {each for each in self.failed_once if project_id not in (None, each[0])}

    def close(self) -> None:
        self.store.close()
