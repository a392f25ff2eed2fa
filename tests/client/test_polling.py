"""Following a call to its end: how long, how often, and what counts as news."""

from __future__ import annotations

import pytest

from pamela import APITimeoutError, Call, PamelaClient, WaitTimeoutError

from ..http.proxy import Fault, Proxy
from ..http.scripted import Scripted
from .conftest import Make

RINGING = {"id": "call_1", "status": "ringing"}
COMPLETED = {"id": "call_1", "status": "completed"}
LONG_AGO = {**COMPLETED, "ended_at": "2024-01-31T12:00:00Z"}


@pytest.mark.parametrize("timeout", [0, 0.2])
def test_a_call_that_has_ended_is_no_timeout(scripted: Scripted, make: Make, timeout: float) -> None:
    """Its transcript may be on its way, but the time to wait is over."""
    scripted.answers = [(200, {}, COMPLETED)]
    assert make(scripted.base_url).wait_for_call("call_1", timeout=timeout, poll_interval=0.01) == COMPLETED


def test_the_transcript_is_not_waited_for_longer_than_asked(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [(200, {}, COMPLETED), (200, {}, {**COMPLETED, "transcript": "Hello."})]
    make(scripted.base_url).wait_for_call("call_1", poll_interval=60, transcript_timeout=5)
    assert len(waits) == 1
    assert waits[0] <= 5


def test_a_call_that_ended_long_ago_gets_no_transcript(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [(200, {}, LONG_AGO)]
    assert make(scripted.base_url).wait_for_call("call_1") == LONG_AGO
    assert waits == []


def test_the_time_to_wait_ends_a_look(scripted: Scripted, proxy: Proxy, make: Make) -> None:
    proxy.chance = lambda: Fault.SILENCE
    with pytest.raises(WaitTimeoutError, match=r"Could not fetch the call within 0\.3 s") as caught:
        make(proxy.base_url).wait_for_call("call_1", timeout=0.3)
    assert isinstance(caught.value.__cause__, APITimeoutError)
    assert caught.value.call is None


def test_a_look_that_fails_before_the_time_is_over(proxy: Proxy, make: Make) -> None:
    proxy.chance = lambda: Fault.SILENCE
    with pytest.raises(APITimeoutError):
        make(proxy.base_url, timeout=0.2, max_retries=0).wait_for_call("call_1", timeout=60)


def test_what_the_caller_writes_into_a_call_is_no_news(scripted: Scripted) -> None:
    scripted.answers = [(200, {}, RINGING), (200, {}, RINGING), (200, {}, {**COMPLETED, "transcript": "Hello."})]
    seen: list[Call] = []
    with PamelaClient("pk_live_...", scripted.base_url) as client:
        for call in client.watch_call("call_1", poll_interval=0.01):
            call["seen"] = True
            seen.append(call)
    assert [call.status for call in seen] == ["ringing", "completed"]
