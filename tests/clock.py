"""A clock for clients under test: it pauses little or not at all, and remembers for how long it would have."""

from __future__ import annotations

from pamela._client.clock import Clock


class FakeClock(Clock):
    """A clock whose pauses are recorded.

    Attributes:
        waits: The pauses so far, in seconds.
        share: Which part of a random pause is taken.
        is_instant: Whether pauses are skipped.
    """

    def __init__(self, *, share: float = 0.02, is_instant: bool = False) -> None:
        self.waits: list[float] = []
        self.share = share
        self.is_instant = is_instant

    def jitter(self, longest: float) -> float:
        return longest * self.share

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.is_instant:
            super().sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.is_instant:
            await super().sleep_async(seconds)
