"""The price of minutes."""

from __future__ import annotations

CENTS_PER_MINUTE = 10


def cost(minutes: int) -> float:
    """Return the price of a number of minutes, in US dollars."""
    return minutes * CENTS_PER_MINUTE / 100
