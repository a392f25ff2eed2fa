"""What became of a call, from the fields that a call can have."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pamela
from pamela import Call, PamelaClient
from pamela._core.outcomes import CallOutcome, outcome_of

STARTED = {"started_at": "2026-03-14T15:09:31Z"}
ENDED = {"ended_at": "2026-03-14T15:10:45Z"}


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ({"status": "completed", **STARTED, **ENDED}, "completed"),
        ({"status": "completed"}, "completed"),
        ({"status": "COMPLETED"}, "completed"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "canceled"}, "cancelled"),
        ({"status": "cancelled", **STARTED}, "cancelled"),
        ({"status": "failed"}, "not_reached"),
        ({"status": "failed", "started_at": None, "duration_seconds": None, "transcript": None}, "not_reached"),
        ({"status": "failed", "started_at": "", "duration_seconds": 0, "transcript": []}, "not_reached"),
        ({"status": "failed", "summary": "Nobody answered.", **ENDED}, "not_reached"),
        ({"status": "failed", **STARTED}, "broken_off"),
        ({"status": "failed", "started_at": datetime(2026, 3, 14, tzinfo=UTC)}, "broken_off"),
        ({"status": "failed", "duration_seconds": 12}, "broken_off"),
        ({"status": "failed", "duration_seconds": 0.5}, "broken_off"),
        ({"status": "failed", "duration_seconds": math.nan}, "not_reached"),
        ({"status": "failed", "duration_seconds": True}, "not_reached"),
        ({"status": "failed", "duration_seconds": "soon"}, "not_reached"),
        ({"status": "failed", "transcript": "Agent: Hello"}, "broken_off"),
        ({"status": "failed", "transcript": " \n"}, "not_reached"),
        ({"status": "failed", "transcript": [{"speaker": "user", "text": "Hi"}]}, "broken_off"),
        ({"status": "queued"}, "ongoing"),
        ({"status": "ringing"}, "ongoing"),
        ({"status": "in_progress", **STARTED}, "ongoing"),
        ({"status": "in-progress", **STARTED}, "ongoing"),
        ({"status": "on_hold"}, "ongoing"),
        ({"status": "in_progress", **STARTED, **ENDED}, "completed"),
        ({"status": "voicemail", **STARTED, **ENDED}, "completed"),
        ({"status": "busy", **ENDED}, "not_reached"),
        ({"status": None}, "ongoing"),
        ({"status": 7, **ENDED}, "not_reached"),
        ({}, "ongoing"),
    ],
)
def test_outcome(call: dict[str, Any], outcome: str) -> None:
    assert outcome_of(call) == outcome
    assert Call(call).outcome is CallOutcome(outcome)


FIELDS = ("status", "started_at", "ended_at", "duration_seconds", "transcript")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_value_has_an_outcome(call: dict[str, Any]) -> None:
    assert isinstance(outcome_of(call), CallOutcome)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("+1234567890", CallOutcome.COMPLETED),
        ("+15005550001", CallOutcome.NOT_REACHED),
        ("+15005550002", CallOutcome.NOT_REACHED),
        ("+15005550003", CallOutcome.BROKEN_OFF),
    ],
)
def test_calls_of_the_sandbox(client: PamelaClient, number: str, outcome: CallOutcome) -> None:
    call = client.create_call(number, "Order a pizza")
    assert call.outcome is CallOutcome.ONGOING
    assert client.wait_for_call(call.id, poll_interval=0.01).outcome is outcome


def test_public_name() -> None:
    assert pamela.CallOutcome is CallOutcome
