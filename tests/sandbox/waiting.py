"""Waiting for something to become true, rather than for time to pass."""

import time
from collections.abc import Callable

PATIENCE = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds, and fails when it does not in a long while."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.005)
