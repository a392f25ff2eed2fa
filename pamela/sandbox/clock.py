"""The sandbox's clock: real time or a time that was set, and durations divided by the speed."""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

Moment: TypeAlias = int
"""Microseconds since 1970 in UTC. SQLite sorts them, and stores them without loss."""

FIRST: Moment = -62_135_596_800_000_000
LAST: Moment = 253_402_300_799_000_000
"""The first and the last moment that can be written as a date."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATE_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_JUMP: Moment = 1_000_000
_LONGEST_SLEEP = 1.0


class SettableClock:
    """Returns the sandbox's time, and the time after a number of seconds of sandbox time.

    The time is that of the wall clock plus an offset, which is 0 until the clock is set.
    """

    def __init__(self, speed: float, offset: Moment = 0, setbacks: Moment = 0) -> None:
        self.speed = speed
        self.offset = offset
        self.setbacks = setbacks
        """How far the clock was set back in all."""
        self._latest = self.now()

    def now(self) -> Moment:
        return time.time_ns() // 1000 + self.offset

    def progress(self) -> Moment:
        """Return the time as if the clock had never been set back. Due times by it do not move then."""
        return self.now() + self.setbacks

    def after(self, moment: Moment, seconds: float) -> Moment:
        """Return the moment that is `seconds` of sandbox time after `moment`."""
        return moment + round(seconds * 1_000_000 / self.speed)

    def seconds(self, stretch: Moment) -> float:
        """Return a duration of the wall clock in seconds of sandbox time."""
        return stretch / 1_000_000 * self.speed

    def take_setback(self) -> Moment:
        """Return how far the clock was set back since the last call of this method, or 0.

        All due times must be moved back by this much.
        """
        now = self.now()
        setback = self._latest - now
        self._latest = now
        if setback <= _JUMP:
            return 0
        self.setbacks += setback
        return setback

    def forget_setbacks(self) -> None:
        self.setbacks = 0


class Scheduler:
    """Does the work that is due, and sleeps until more is due."""

    def __init__(self, clock: SettableClock, work: Callable[[], Moment | None]) -> None:
        """Take `work`, which does everything that is due and returns when to call it again."""
        self._clock = clock
        self._work = work
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Call the work again soon, because something new may be due."""
        self._woken.set()

    async def run(self) -> None:
        while True:
            self._woken.clear()
            due = self._work()
            # Even when more is due already, other tasks get their turn on the event loop. The longest wait is limited:
            # after a suspend of the machine or a change of its clock, the wait would end too late.
            seconds = _LONGEST_SLEEP if due is None else (due - self._clock.now()) / 1_000_000
            if seconds <= 0 or self._woken.is_set():
                await asyncio.sleep(0)
                continue
            try:
                async with asyncio.timeout(min(seconds, _LONGEST_SLEEP)):
                    await self._woken.wait()
            except TimeoutError:
                pass


def to_text(moment: Moment) -> str:
    """Return a moment in the API's format: ISO 8601 in UTC, with microseconds."""
    seconds, microseconds = divmod(moment, 1_000_000)
    return f"{_to_second(seconds)}.{microseconds:06d}Z"


@lru_cache(maxsize=4096)
def _to_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def from_text(text: str) -> Moment:
    """Read an RFC 3339 date-time.

    Raises:
        ValueError: The text is not a date-time.
    """
    if not re.fullmatch(_DATE_TIME, text):
        raise ValueError(f"{text!r} is not a date-time with an offset, such as 2026-03-14T15:09:26Z")
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND


def month_of(moment: Moment) -> str:
    """Return the UTC calendar month of a moment, as `YYYY-MM`."""
    return to_text(moment)[: len("2026-03")]
