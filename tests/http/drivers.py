"""One way to use a client, whichever it is: sync, asyncio, trio, and those on an HTTP client of the caller's."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx

from pamela import AsyncPamelaClient, PamelaClient

STUCK = 60.0
"""Seconds after which an operation counts as stuck, whatever its deadline was and however busy the machine."""

Step = Callable[[Any], Any]
"""What is done with a client; of an async one the result is awaited."""


def run_sync(base_url: str, steps: list[Step], **options: Any) -> list[Any]:
    with PamelaClient("pk_live_demo", base_url, **options) as client:
        return [outcome_of(lambda step=step: step(client)) for step in steps]  # type: ignore[misc]


def outcome_of(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except Exception as error:
        return error


async def async_outcome_of(step: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await step()
    except Exception as error:
        return error


def run_async(backend: str, base_url: str, steps: list[Step], **options: Any) -> list[Any]:
    async def main() -> list[Any]:
        async with AsyncPamelaClient("pk_live_demo", base_url, **options) as client:
            return [await async_outcome_of(lambda step=step: step(client)) for step in steps]  # type: ignore[misc]

    return anyio.run(main, backend=backend)


def run_with_client(base_url: str, steps: list[Step], **options: Any) -> list[Any]:
    with httpx.Client() as http_client:
        return run_sync(base_url, steps, http_client=http_client, **options)


def run_with_async_client(base_url: str, steps: list[Step], **options: Any) -> list[Any]:
    async def main() -> list[Any]:
        async with (
            httpx.AsyncClient() as http_client,
            AsyncPamelaClient("pk_live_demo", base_url, http_client=http_client, **options) as client,
        ):
            return [await async_outcome_of(lambda step=step: step(client)) for step in steps]  # type: ignore[misc]

    return anyio.run(main, backend="asyncio")


DRIVERS: dict[str, Callable[..., list[Any]]] = {
    "sync": run_sync,
    "asyncio": lambda *args, **options: run_async("asyncio", *args, **options),
    "trio": lambda *args, **options: run_async("trio", *args, **options),
    "an httpx.Client of the caller's": run_with_client,
    "an httpx.AsyncClient of the caller's": run_with_async_client,
}
OUR_OWN = ("sync", "asyncio", "trio")


def drive(driver: str, base_url: str, *steps: Step, **options: Any) -> list[Any]:
    """Carry steps out with one client, one after the other; return the value or the exception of each.

    It fails when they do not come to an end.
    """
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(DRIVERS[driver](base_url, list(steps), **options))
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(STUCK)
    assert results, "the client is stuck"
    if isinstance(results[0], BaseException):
        raise results[0]
    outcomes: list[Any] = results[0]
    return outcomes
