"""Places, lists and gets calls through a sync or async client. The results are futures that a thread can wait for."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .. import AsyncPamelaClient, Call, CallPage, PamelaClient
    from .records import Claim

_THREADS = 64
_REQUESTS = 200
_AHEAD = 2
"""Claims per thread or request, so that none of them waits for the next commit."""


class Caller(Protocol):
    """The methods of a client that a runner needs."""

    @property
    def capacity(self) -> int:
        """Maximum number of claims at the same time."""

    def place(self, claim: Claim) -> Future[Call]:
        """Start to place a call."""

    def get(self, call_id: str) -> Future[Call]:
        """Start to get a call."""

    def list(self, **filters: Any) -> Future[CallPage]:
        """Start to get a page of calls."""

    def close(self) -> None:
        """Close the threads or tasks of this object. The client stays open."""


class HeldUpError(Exception):
    """The claim is so old that another runner may have taken it over. Nothing was sent."""

    def __init__(self) -> None:
        super().__init__("The runner was delayed for so long that another runner may have taken over.")


class SyncCaller:
    """Calls through a `PamelaClient`, from threads."""

    def __init__(self, client: PamelaClient, in_flight: int) -> None:
        self._client = client
        threads = min(in_flight, _THREADS)
        self.capacity = min(in_flight, _AHEAD * threads)
        # Placing has its own threads, so that following never waits for it.
        self._placing = ThreadPoolExecutor(threads, "pamela-campaign-placing")
        self._reading = ThreadPoolExecutor(8, "pamela-campaign-reading")

    def place(self, claim: Claim) -> Future[Call]:
        return self._placing.submit(self._create, claim)

    def _create(self, claim: Claim) -> Call:
        if claim.is_stale():
            raise HeldUpError
        return self._client.create_call(**claim.request, idempotency_key=claim.key)

    def get(self, call_id: str) -> Future[Call]:
        return self._reading.submit(self._client.get_call, call_id)

    def list(self, **filters: Any) -> Future[CallPage]:
        return self._reading.submit(self._client.list_calls, **filters)

    def close(self) -> None:
        self._placing.shutdown()
        self._reading.shutdown()


class AsyncCaller:
    """Calls through an `AsyncPamelaClient`, on the event loop that it is used on."""

    def __init__(self, client: AsyncPamelaClient, in_flight: int, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self.capacity = min(in_flight, _REQUESTS)

    def place(self, claim: Claim) -> Future[Call]:
        return asyncio.run_coroutine_threadsafe(self._create(claim), self._loop)

    async def _create(self, claim: Claim) -> Call:
        if claim.is_stale():
            raise HeldUpError
        return await self._client.create_call(**claim.request, idempotency_key=claim.key)

    def get(self, call_id: str) -> Future[Call]:
        return asyncio.run_coroutine_threadsafe(self._client.get_call(call_id), self._loop)

    def list(self, **filters: Any) -> Future[CallPage]:
        return asyncio.run_coroutine_threadsafe(self._client.list_calls(**filters), self._loop)

    def close(self) -> None:
        """Do nothing: the loop and the client belong to the caller."""
