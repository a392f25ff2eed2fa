"""Clients of either kind, and servers that answer what a test tells them to, as for the tests of the wire."""

from __future__ import annotations

import pytest

from ..clock import FakeClock
from ..http.conftest import Make, clock, make, proxy, scripted

__all__ = ["Make", "clock", "make", "proxy", "scripted", "waits"]


@pytest.fixture
def waits(clock: FakeClock) -> list[float]:
    """The seconds that the client would have waited, instead of waiting."""
    clock.is_instant = True
    return clock.waits
