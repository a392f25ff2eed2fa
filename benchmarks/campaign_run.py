"""One run of a campaign in a process of its own: `python campaign_run.py LEDGER BASE_URL RECIPIENTS RESULTS IN_FLIGHT KIND`.

Adds the recipients, runs until there are so many results, and prints, as JSON, how long adding took, how fast calls were
placed, the processor time of the run, and the most memory that was used. KIND is `sync` or `async`; with `client` no
campaign is run, but as many calls are placed by the client alone, from as many threads.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pamela import AsyncPamelaClient, PamelaClient
from pamela.campaigns import AsyncCampaign, Campaign, CampaignInfo, Ledger

KEY = "pk_live_benchmark"
SETTINGS: dict[str, Any] = {"rate": None, "breaker": None, "poll_interval": 1.0, "transcript_timeout": 1}
COLUMNS: dict[str, Any] = {"to": "phone", "id": "id", "task": "Tell {name} that the order is here"}
THREADS = 64


def rows(count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        area, number = divmod(index, 7_000_000)
        yield {"id": index, "phone": f"+1{(202, 312)[area]}{2_000_000 + number}", "name": f"Ann {index}"}


def run(ledger: str, base_url: str, count: int, wanted: int, in_flight: int) -> dict[str, float]:
    with (
        PamelaClient(KEY, base_url) as client,
        Campaign(client, "benchmark", ledger=ledger, in_flight=in_flight, **SETTINGS) as campaign,
    ):
        began = time.monotonic()
        campaign.add_rows(rows(count), **COLUMNS)
        adding = time.monotonic() - began
        processor, began = time.process_time(), time.monotonic()
        for results, _ in enumerate(campaign.run(), 1):
            if results == wanted:
                break
        return figures(campaign.ledger, campaign.info, adding, began, processor)


async def run_async(ledger: str, base_url: str, count: int, wanted: int, in_flight: int) -> dict[str, float]:
    async with (
        AsyncPamelaClient(KEY, base_url) as client,
        AsyncCampaign(client, "benchmark", ledger=ledger, in_flight=in_flight, **SETTINGS) as campaign,
    ):
        began = time.monotonic()
        await campaign.add_rows(rows(count), **COLUMNS)
        adding = time.monotonic() - began
        processor, began = time.process_time(), time.monotonic()
        results = 0
        async for _ in campaign.run():
            results += 1
            if results == wanted:
                break
        return figures(campaign.ledger, campaign.info, adding, began, processor)


def figures(ledger: Ledger, info: CampaignInfo, adding: float, began: float, processor: float) -> dict[str, float]:
    found: dict[str, float] = {
        "adding": adding,
        "running": time.monotonic() - began,
        "processor": time.process_time() - processor,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    return {**found, **pace(ledger, info)}


def pace(ledger: Ledger, info: CampaignInfo) -> dict[str, float]:
    """Return how many calls were placed, and how many a second between the first and the last."""
    moments = [attempt.placed_at for attempt in ledger.attempts(info.id) if attempt.placed_at is not None]
    return {"placed": len(moments), "pace": (len(moments) - 1) * 1_000_000 / (max(moments) - min(moments))}


def place_alone(base_url: str, count: int) -> dict[str, float]:
    """Place calls with the client and nothing else."""
    with PamelaClient(KEY, base_url) as client, ThreadPoolExecutor(THREADS) as threads:

        def place(row: dict[str, Any]) -> None:
            client.create_call(row["phone"], "Tell them that the order is here", idempotency_key=f"key-{row['id']}")

        list(threads.map(place, rows(THREADS)))
        processor, began = time.process_time(), time.monotonic()
        list(threads.map(place, rows(count)))
        return {
            "pace": count / (time.monotonic() - began),
            "placed": count,
            "processor": time.process_time() - processor,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def main(ledger: str, base_url: str, count: int, wanted: int, in_flight: int, kind: str) -> dict[str, float]:
    if kind == "client":
        return place_alone(base_url, wanted)
    if kind == "async":
        return asyncio.run(run_async(ledger, base_url, count, wanted, in_flight))
    return run(ledger, base_url, count, wanted, in_flight)


if __name__ == "__main__":
    ledger, base_url, count, wanted, in_flight, kind = sys.argv[1:]
    print(json.dumps(main(ledger, base_url, int(count), int(wanted), int(in_flight), kind)))
