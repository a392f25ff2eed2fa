"""What the tests of campaigns share: a sandbox in which calls take moments, and recipients whose numbers exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pamela.sandbox
from pamela import Call, PamelaClient
from pamela.campaigns import Campaign
from pamela.sandbox import Sandbox

MakeCampaign = Callable[..., Campaign]


def numbers(count: int) -> list[str]:
    """Return numbers that exist, all in one time zone."""
    return [f"+1202{2_000_000 + index}" for index in range(count)]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": f"r{index}", "phone": number, "name": f"Ann {index}"} for index, number in enumerate(numbers(count))]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which a call is over in 50 ms."""
    with pamela.sandbox.run(speed=1000) as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def make_campaign(client: PamelaClient, ledger: Path) -> Iterator[MakeCampaign]:
    """Makes campaigns that hurry, on the test's ledger, closed at the end."""
    made: list[Campaign] = []

    def make(name: str = "orders", **settings: Any) -> Campaign:
        hurried = {"rate": None, "poll_interval": 0.05, "settle": 0.2, "transcript_timeout": 1} | settings
        made.append(Campaign(hurried.pop("client", client), name, ledger=hurried.pop("ledger", ledger), **hurried))
        return made[-1]

    yield make
    for campaign in made:
        campaign.close()


def calls_of(client: PamelaClient) -> list[Call]:
    """Return all calls that were placed with the client's key."""
    return list(client.iter_calls())
