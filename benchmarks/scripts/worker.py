"""Runs a measurement again and again, as often as the harness asks for it, in a process that stays warm."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BASE_URL = os.environ["BENCHMARK_BASE_URL"]
CALLS_URL = f"{BASE_URL}/api/b2b/v1/calls"
API_KEY = "pk_live_benchmark"
HEADERS = {"Authorization": f"Bearer {API_KEY}"}

call_ids = itertools.cycle([f"call_{number:06}" for number in range(1000)])
"""Another call each time, so that no client lives from having seen the address a moment ago."""


def serve(measure: Callable[..., float]) -> None:
    """Measure for each line on standard input, a JSON object of arguments, and print the result."""
    for line in sys.stdin:
        print(measure(**json.loads(line)), flush=True)


def repeat(action: Callable[[], Any]) -> Callable[[int], float]:
    """Make a measurement of an action: seconds for one, on average of `times`."""

    def measure(times: int) -> float:
        began = time.perf_counter()
        for _ in range(times):
            action()
        return (time.perf_counter() - began) / times

    return measure


def in_threads(action: Callable[[], Any], *, total: int, width: int) -> float:
    """Carry an action out `total` times in `width` threads; give how many there were in a second."""
    with ThreadPoolExecutor(width) as threads:
        began = time.perf_counter()
        for _ in threads.map(lambda _: action(), range(total)):
            pass
        return total / (time.perf_counter() - began)


async def in_flight(action: Callable[[], Awaitable[Any]], *, total: int, width: int) -> float:
    """Carry an action out `total` times, `width` of them at any moment; give how many there were in a second."""
    left = iter(range(total))

    async def one_after_the_other() -> None:
        for _ in left:
            await action()

    began = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(width)))
    return total / (time.perf_counter() - began)
