"""Many calls at a time with plain aiohttp."""

import asyncio

import aiohttp
from worker import CALLS_URL, HEADERS, call_ids, in_flight, serve


async def run(total: int, width: int) -> float:
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def get_call() -> None:
            async with session.get(f"{CALLS_URL}/{next(call_ids)}") as response:
                call = await response.json()
            assert call["status"] == "completed"

        return await in_flight(get_call, total=total, width=width)


serve(lambda total, width: asyncio.run(run(total, width)))
