"""The clock of executions: time, pauses and random numbers in one place, so that tests can replace it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


class Clock:
    """The clock of this machine."""

    __slots__ = ()

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the date and time in UTC."""
        return datetime.now(UTC)

    def jitter(self, longest: float) -> float:
        """Return a random pause from 0 to `longest`, in seconds."""
        return random.uniform(0, longest)  # noqa: S311

    def sleep(self, seconds: float) -> None:
        """Pause this thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Pause this task, on asyncio and on trio."""
        import anyio

        await anyio.sleep(seconds)


SYSTEM_CLOCK = Clock()
