"""What minutes cost."""

from __future__ import annotations

CENTS_PER_MINUTE = 10


def cost(minutes: int) -> float:
    """Return what so many minutes cost, in US dollars."""
    return minutes * CENTS_PER_MINUTE / 100
