"""Many calls at a time with this package."""

import asyncio

from worker import API_KEY, BASE_URL, call_ids, in_flight, serve

from pamela import AsyncPamelaClient


async def run(total: int, width: int) -> float:
    async with AsyncPamelaClient(API_KEY, BASE_URL) as client:

        async def get_call() -> None:
            call = await client.get_call(next(call_ids))
            assert call["status"] == "completed"

        return await in_flight(get_call, total=total, width=width)


serve(lambda total, width: asyncio.run(run(total, width)))
