"""A proxy before the sandbox, and clients of either kind that are used alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pamela import AsyncPamelaClient, PamelaClient
from pamela.sandbox import Sandbox

from ..clock import FakeClock
from .proxy import Proxy, running
from .scripted import Scripted


class Blocking:
    """An `AsyncPamelaClient` on an event loop in another thread, with the methods of a `PamelaClient`."""

    def __init__(self, client: AsyncPamelaClient) -> None:
        self.client = client
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)
        return lambda *args, **kwargs: asyncio.run_coroutine_threadsafe(method(*args, **kwargs), self.loop).result()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.client.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


Make = Callable[..., Any]


@pytest.fixture
def sandbox(still_sandbox: Sandbox) -> Sandbox:
    return still_sandbox


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[Proxy]:
    with running(sandbox.base_url) as proxy:
        yield proxy


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the clients that `make` makes: its pauses are short."""
    return FakeClock()


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest, api_key: str, clock: FakeClock) -> Iterator[Make]:
    """Make clients, sync or async, that are used alike and closed at the end."""
    made: list[Any] = []

    def make(base_url: str, **options: Any) -> Any:
        client: PamelaClient | AsyncPamelaClient
        if request.param == "sync":
            client = PamelaClient(api_key, base_url, **options)
            made.append(client)
        else:
            client = AsyncPamelaClient(api_key, base_url, **options)
            made.append(Blocking(client))
        client._clock = clock
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted()
    yield script
    script.close()
