"""A program that runs a campaign, to be killed at any moment: `python -m tests.campaigns.program LEDGER URL KEY COUNT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from pamela import AsyncPamelaClient, PamelaClient
from pamela.campaigns import AsyncCampaign, Campaign, Retry

from .conftest import rows

SETTINGS: dict[str, Any] = {
    "in_flight": 50,
    "rate": None,
    "retry": Retry(not_reached=1, after=0),
    "breaker": None,
    "poll_interval": 0.2,
    "transcript_timeout": 1,
    "settle": 1,
}
TASK = "Tell {name} that the order is here"


def main(ledger: str, base_url: str, api_key: str, count: int) -> None:
    with (
        PamelaClient(api_key, base_url, max_retries=5) as client,
        Campaign(client, "orders", ledger=ledger, **SETTINGS) as campaign,
    ):
        campaign.add_rows(rows(count), to="phone", id="id", task=TASK)
        for _ in campaign.run():
            pass


async def main_async(ledger: str, base_url: str, api_key: str, count: int) -> None:
    async with (
        AsyncPamelaClient(api_key, base_url, max_retries=5) as client,
        AsyncCampaign(client, "orders", ledger=ledger, **SETTINGS) as campaign,
    ):
        await campaign.add_rows(rows(count), to="phone", id="id", task=TASK)
        async for _ in campaign.run():
            pass


if __name__ == "__main__":
    kind, ledger, base_url, api_key, count = sys.argv[1:]
    if kind == "async":
        asyncio.run(main_async(ledger, base_url, api_key, int(count)))
    else:
        main(ledger, base_url, api_key, int(count))
