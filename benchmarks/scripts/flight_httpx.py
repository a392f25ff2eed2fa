"""Many calls at a time with plain httpx."""

import asyncio

import httpx
from worker import CALLS_URL, HEADERS, call_ids, in_flight, serve


async def run(total: int, width: int) -> float:
    async with httpx.AsyncClient(headers=HEADERS, timeout=60) as client:

        async def get_call() -> None:
            call = (await client.get(f"{CALLS_URL}/{next(call_ids)}")).json()
            assert call["status"] == "completed"

        return await in_flight(get_call, total=total, width=width)


serve(lambda total, width: asyncio.run(run(total, width)))
