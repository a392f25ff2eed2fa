"""The sync client inside an event loop: it works, and warns once that it blocks the loop."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from pamela import PamelaClient
from pamela._client import event_loops


@pytest.fixture(autouse=True)
def _not_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loops, "_has_warned", False)


async def test_in_a_running_loop_it_warns_once(client: PamelaClient) -> None:
    with pytest.warns(RuntimeWarning, match="Use AsyncPamelaClient") as caught:
        client.list_tools()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.list_tools()
    assert [warning.filename for warning in caught] == [__file__]


async def test_in_a_thread_beside_a_loop_it_does_not_warn(client: PamelaClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await asyncio.to_thread(client.list_tools)


def test_without_a_loop_it_does_not_warn(client: PamelaClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.list_tools()
