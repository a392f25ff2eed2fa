"""Waiting in tests, for a condition instead of a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 30.0


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until a condition is true, and fail after a generous time."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)
