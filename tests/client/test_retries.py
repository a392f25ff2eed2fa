"""The retry decision, case by case, without a socket: the table at the top of `pamela._client.retries`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    CallConflictError,
    CallServerError,
    PamelaError,
    RateLimitError,
    UnexpectedResponseError,
    ValidationError,
)
from pamela._client.retries import Decision, FailureKind, decide, kind_of, longest_backoff

RAISE, RETRY = Decision.RAISE, Decision.RETRY
LOOK_UP_AND_RAISE, LOOK_UP_AND_RETRY = Decision.LOOK_UP_AND_RAISE, Decision.LOOK_UP_AND_RETRY
UNSENT, LOST = FailureKind.UNSENT, FailureKind.LOST
UNCERTAIN, REFUSED = FailureKind.UNCERTAIN, FailureKind.REFUSED

IDEMPOTENT: dict[str, bool] = {"idempotent": True, "has_key": False, "keys_honoured": False, "can_look_up": False}
NO_KEY = {**IDEMPOTENT, "idempotent": False}
HONOURED = {**NO_KEY, "has_key": True, "keys_honoured": True, "can_look_up": True}
NOT_HONOURED = {**HONOURED, "keys_honoured": False}
TOOL_HONOURED = {**HONOURED, "can_look_up": False}
TOOL_NOT_HONOURED = {**NOT_HONOURED, "can_look_up": False}
REQUESTS = (IDEMPOTENT, NO_KEY, HONOURED, NOT_HONOURED, TOOL_HONOURED, TOOL_NOT_HONOURED)


@pytest.mark.parametrize(
    ("kind", "decisions"),
    [
        (UNSENT, (RETRY, RETRY, RETRY, RETRY, RETRY, RETRY)),
        (LOST, (RETRY, RAISE, RETRY, LOOK_UP_AND_RETRY, RETRY, RAISE)),
        (UNCERTAIN, (RAISE, RAISE, LOOK_UP_AND_RAISE, LOOK_UP_AND_RAISE, RAISE, RAISE)),
        (REFUSED, (RAISE, RAISE, RAISE, RAISE, RAISE, RAISE)),
    ],
)
def test_while_there_are_retries(kind: FailureKind, decisions: tuple[Decision, ...]) -> None:
    unknown = kind in (LOST, UNCERTAIN)
    decided = [decide(kind, **request, retries_left=True, outcome_unknown=unknown) for request in REQUESTS]
    assert decided == [*decisions]


@pytest.mark.parametrize(
    ("kind", "decisions"),
    [
        (UNSENT, (RAISE, RAISE, RAISE, RAISE, RAISE, RAISE)),
        (LOST, (RAISE, RAISE, LOOK_UP_AND_RAISE, LOOK_UP_AND_RAISE, RAISE, RAISE)),
        (UNCERTAIN, (RAISE, RAISE, LOOK_UP_AND_RAISE, LOOK_UP_AND_RAISE, RAISE, RAISE)),
        (REFUSED, (RAISE, RAISE, RAISE, RAISE, RAISE, RAISE)),
    ],
)
def test_after_the_last_retry(kind: FailureKind, decisions: tuple[Decision, ...]) -> None:
    unknown = kind in (LOST, UNCERTAIN)
    decided = [decide(kind, **request, retries_left=False, outcome_unknown=unknown) for request in REQUESTS]
    assert decided == [*decisions]


@pytest.mark.parametrize(
    ("request_", "decision"),
    [(HONOURED, RETRY), (NOT_HONOURED, LOOK_UP_AND_RETRY), (TOOL_HONOURED, RETRY), (TOOL_NOT_HONOURED, RAISE)],
)
def test_unsent_after_a_lost_one(request_: dict[str, bool], decision: Decision) -> None:
    """The earlier attempt may have placed the call, so the later one is no licence to place it again."""
    assert decide(UNSENT, **request_, retries_left=True, outcome_unknown=True) is decision


@given(
    kind=st.sampled_from(FailureKind),
    has_key=st.booleans(),
    keys_honoured=st.booleans(),
    can_look_up=st.booleans(),
    retries_left=st.booleans(),
    outcome_unknown=st.booleans(),
)
def test_nothing_is_repeated_blindly(outcome_unknown: bool, **case: Any) -> None:
    """What is not idempotent is repeated only if it did nothing, its key is honoured, or a look-up comes first."""
    unknown = outcome_unknown or case["kind"] in (LOST, UNCERTAIN)
    decision = decide(idempotent=False, outcome_unknown=unknown, **case)
    if decision is RETRY and unknown:
        assert case["has_key"]
        assert case["keys_honoured"]
    if not case["can_look_up"]:
        assert decision in (RAISE, RETRY)
    if not case["retries_left"]:
        assert decision in (RAISE, LOOK_UP_AND_RAISE)


def connection_error(kind: type[APIConnectionError], *, sent: bool) -> APIConnectionError:
    error = kind("no response")
    error.sent = sent
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (connection_error(APIConnectionError, sent=False), UNSENT),
        (connection_error(APIConnectionError, sent=True), LOST),
        (connection_error(APITimeoutError, sent=False), UNSENT),
        (connection_error(APITimeoutError, sent=True), LOST),
        (RateLimitError("slow down", status_code=429), UNSENT),
        *((PamelaError("failed", status_code=status), LOST) for status in (408, 500, 502, 503, 504)),
        (CallServerError("failed", status_code=524, ambiguous=True), LOST),
        (CallServerError("failed", status_code=524), REFUSED),
        (UnexpectedResponseError("not JSON", status_code=200), LOST),
        (UnexpectedResponseError("see other", status_code=303, ambiguous=True), UNCERTAIN),
        (UnexpectedResponseError("moved", status_code=307), REFUSED),
        (UnexpectedResponseError("no tools"), REFUSED),
        (ValidationError("no", status_code=422), REFUSED),
        (AuthenticationError("no", status_code=401), REFUSED),
        (CallConflictError("no", status_code=409), REFUSED),
        (PamelaError("The client is closed."), REFUSED),
    ],
)
def test_kinds_of_failure(error: PamelaError, kind: FailureKind) -> None:
    assert kind_of(error) is kind


def test_backoff_doubles_up_to_a_limit() -> None:
    assert [longest_backoff(attempts) for attempts in (1, 2, 3, 4, 5, 6, 5000)] == [0.5, 1, 2, 4, 8, 8, 8]
