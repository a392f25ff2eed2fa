"""A thousand calls over a bad network: each is placed once, and the client knows every one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from pamela import AsyncPamelaClient, PamelaClient

from .proxy import Proxy, at_random

pytestmark = pytest.mark.slow

CALLS = 1000
THREADS = 32
TASKS = 200
RETRIES = 10


@pytest.fixture
def bad_network(proxy: Proxy) -> Proxy:
    """Lose 10% of the answers and reset 5% of the connections."""
    proxy.chance = at_random(seed=1042, lost=0.10, reset=0.05)
    return proxy


def check(client: PamelaClient, ids: list[str]) -> None:
    placed = {call.id for call in client.iter_calls()}
    assert len(placed) == CALLS
    assert placed == set(ids)
    assert len(ids) == CALLS


def test_threads(bad_network: Proxy, client: PamelaClient, api_key: str) -> None:
    with PamelaClient(api_key, bad_network.base_url, max_retries=RETRIES) as shared:

        def place(number: int) -> str:
            return shared.create_call("+1234567890", f"Order {number}", idempotency_key=f"order-{number}").id

        with ThreadPoolExecutor(THREADS) as threads:
            check(client, list(threads.map(place, range(CALLS))))


async def test_tasks(bad_network: Proxy, client: PamelaClient, api_key: str) -> None:
    slots = asyncio.Semaphore(TASKS)
    async with AsyncPamelaClient(api_key, bad_network.base_url, max_retries=RETRIES) as shared:

        async def place(number: int) -> str:
            async with slots:
                call = await shared.create_call("+1234567890", f"Order {number}", idempotency_key=f"order-{number}")
                return call.id

        ids = await asyncio.gather(*(place(number) for number in range(CALLS)))
    await asyncio.to_thread(check, client, list(ids))
