"""From one page of calls to the next, with both clients."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from pamela import AsyncPamelaClient, CallPage, PamelaClient
from pamela.sandbox import Sandbox


@pytest.fixture
def five_calls(still_sandbox: Sandbox, api_key: str) -> Iterator[list[str]]:
    """The ids of five calls of the key's project, the newest first."""
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        yield [client.create_call("+1234567890", f"Call {number}").id for number in range(5)][::-1]


def test_pages(still_sandbox: Sandbox, api_key: str, five_calls: list[str]) -> None:
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        page: CallPage | None = client.list_calls("queued", limit=2)
        found = []
        while page is not None:
            found.append([call.id for call in page])
            page = page.next_page()
        assert found == [five_calls[:2], five_calls[2:4], five_calls[4:]]
        last = client.list_calls(offset=4)
        assert last.next_page() is None
        assert client.list_calls("completed").next_page() is None


def test_a_copied_page_has_no_client(still_sandbox: Sandbox, api_key: str, five_calls: list[str]) -> None:
    with PamelaClient(api_key, still_sandbox.base_url) as client:
        page = client.list_calls(limit=2)
        for again in (copy.deepcopy(page), pickle.loads(pickle.dumps(page))):
            assert again == page
            assert getattr(again, "_source", None) is None


async def test_pages_of_the_async_client(still_sandbox: Sandbox, api_key: str, five_calls: list[str]) -> None:
    async with AsyncPamelaClient(api_key, still_sandbox.base_url) as client:
        page: CallPage | None = await client.list_calls(limit=3)
        found = []
        while page is not None:
            found += [call.id for call in page]
            with pytest.raises(TypeError, match=r"await page\.next_page_async"):
                page.next_page()
            page = await page.next_page_async()
        assert found == five_calls


async def test_a_page_of_the_sync_client_is_not_awaited(client: PamelaClient) -> None:
    import asyncio

    page: Any = await asyncio.to_thread(client.list_calls)
    with pytest.raises(TypeError, match=r"write `page\.next_page"):
        await page.next_page_async()
