"""One run of a campaign in a process of its own: `python campaign_run.py LEDGER BASE_URL RECIPIENTS IN_FLIGHT KIND`.

Prints, as JSON, how long adding and running took, the processor time of the run, and the most memory that was used.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from pamela import AsyncPamelaClient, PamelaClient
from pamela.campaigns import AsyncCampaign, Campaign

SETTINGS: dict[str, Any] = {"rate": None, "breaker": None, "poll_interval": 1.0, "transcript_timeout": 1}
COLUMNS: dict[str, Any] = {"to": "phone", "id": "id", "task": "Tell {name} that the order is here"}


def rows(count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        area, number = divmod(index, 7_000_000)
        yield {"id": index, "phone": f"+1{(202, 312)[area]}{2_000_000 + number}", "name": f"Ann {index}"}


def run(ledger: str, base_url: str, count: int, in_flight: int) -> dict[str, float]:
    with (
        PamelaClient("pk_live_benchmark", base_url) as client,
        Campaign(client, "benchmark", ledger=ledger, in_flight=in_flight, **SETTINGS) as campaign,
    ):
        began = time.monotonic()
        campaign.add_rows(rows(count), **COLUMNS)
        added = time.monotonic()
        processor = time.process_time()
        results = sum(1 for _ in campaign.run())
        return figures(results, count, began, added, processor)


async def run_async(ledger: str, base_url: str, count: int, in_flight: int) -> dict[str, float]:
    async with (
        AsyncPamelaClient("pk_live_benchmark", base_url) as client,
        AsyncCampaign(client, "benchmark", ledger=ledger, in_flight=in_flight, **SETTINGS) as campaign,
    ):
        began = time.monotonic()
        await campaign.add_rows(rows(count), **COLUMNS)
        added = time.monotonic()
        processor = time.process_time()
        results = 0
        async for _ in campaign.run():
            results += 1
        return figures(results, count, began, added, processor)


def figures(results: int, count: int, began: float, added: float, processor: float) -> dict[str, float]:
    assert results == count, (results, count)
    return {
        "adding": added - began,
        "running": time.monotonic() - added,
        "processor": time.process_time() - processor,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    ledger, base_url, count, in_flight, kind = sys.argv[1:]
    if kind == "async":
        print(json.dumps(asyncio.run(run_async(ledger, base_url, int(count), int(in_flight)))))
    else:
        print(json.dumps(run(ledger, base_url, int(count), int(in_flight))))
