"""Clients of either kind, and servers that answer what a test tells them to, as for the tests of the wire."""

from __future__ import annotations

import pytest

from ..http.conftest import Make, _quick, make, proxy, sandbox, scripted

__all__ = ["Make", "_quick", "make", "proxy", "sandbox", "scripted", "waits"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have waited, instead of waiting."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("pamela.client.time.sleep", waited.append)
    monkeypatch.setattr("pamela.client.sleep", sleep)
    return waited
