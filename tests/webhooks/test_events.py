"""`construct_event`: verified, fresh and typed, or one exception with its reason."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela._generated.events import EVENTS
from pamela._generated.models import CallCompletedEvent, CallQueuedEvent, CallTranscriptUpdateEvent
from pamela.errors import PamelaError
from pamela.events import UnknownEvent, VerificationFailure, WebhookVerificationError, construct_event
from pamela.webhooks import sign_webhook

if TYPE_CHECKING:
    from pamela.events import WebhookEvent

SECRET = "whsec_example"


def construct(payload: dict[str, Any] | bytes | str, **options: Any) -> WebhookEvent:
    body = json.dumps(payload) if isinstance(payload, dict) else payload
    return construct_event(body, sign_webhook(body, SECRET), SECRET, **options)


def failure(body: bytes | str, signature: str | None = None, **options: Any) -> VerificationFailure:
    with pytest.raises(WebhookVerificationError) as caught:
        construct_event(body, sign_webhook(body, SECRET) if signature is None else signature, SECRET, **options)
    assert SECRET not in repr(caught.value)
    return caught.value.reason


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(("name", "model"), EVENTS.items())
def test_each_event_has_its_class(name: str, model: str) -> None:
    payload = {"event": name, "call_id": "call_1", "status": "failed", "timestamp": ago(1), "later": [1]}
    event = construct(payload)
    assert type(event).__name__ == model
    assert event == payload
    assert event["later"] == [1]
    assert event.timestamp == datetime.fromisoformat(payload["timestamp"])  # type: ignore[arg-type]


def test_match_narrows_by_event() -> None:
    entry = {"speaker": "agent", "text": "Hello."}
    event = construct({"event": "call.completed", "call_id": "call_1", "transcript": [entry]})
    match event:
        case CallTranscriptUpdateEvent() | CallQueuedEvent():
            pytest.fail("another event")
        case CallCompletedEvent(call_id=call_id, transcript=[line]):
            assert (call_id, line.text) == ("call_1", "Hello.")
        case _:
            pytest.fail("no event")


@pytest.mark.parametrize("name", ["call.transferred", "", None, 5, ["call.queued"], {"a": 1}])
def test_an_event_never_heard_of_is_generic(name: Any) -> None:
    event = construct({"event": name, "call_id": "call_1", "timestamp": "soon"}, tolerance=None)
    assert type(event) is UnknownEvent
    views: list[Any] = [event.event, event.call_id, event.timestamp]
    assert views == [name, "call_1", "soon"]
    assert construct({}) == UnknownEvent()


@pytest.mark.parametrize("body", [bytes, bytearray, memoryview, lambda raw: raw.decode()])
def test_the_body_may_be_bytes_or_text(body: Any) -> None:
    raw = b'{"event": "call.queued", "call_id": "call_1"}'
    assert construct_event(body(raw), sign_webhook(raw, SECRET), SECRET).call_id == "call_1"
    canonical = sign_webhook(json.loads(raw), SECRET)
    assert construct_event(body(raw), canonical.upper(), ["whsec_new", SECRET]).call_id == "call_1"


def test_a_parsed_body_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="must be the raw body, bytes or str, not dict"):
        construct_event({"event": "call.queued"}, "0" * 64, SECRET)  # type: ignore[arg-type]


def test_signature_failures_have_reasons() -> None:
    body = b'{"event":"call.queued"}'
    with pytest.raises(WebhookVerificationError) as caught:
        construct_event(body, None, SECRET)
    assert caught.value.reason == "missing_signature"
    assert failure(body, " ") == "missing_signature"
    assert failure(body, "abc") == "malformed_signature"
    assert failure(body, "é" * 64) == "malformed_signature"
    assert failure(body, sign_webhook(body, "whsec_other")) == "wrong_signature"
    assert failure("\ud800", "0" * 64) == "wrong_signature"
    with pytest.raises(ValueError, match="secret cannot be empty"):
        construct_event(body, None, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[]",
        b'"text"',
        b"null",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"event":"call.queued","event":"call.failed"}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":1}x',
        '{"a":1',
    ],
    ids=lambda body: repr(body)[:20],
)
def test_a_signed_body_that_is_no_json_object_is_malformed(body: bytes | str) -> None:
    assert failure(body) == "malformed_body"


@pytest.mark.parametrize("seconds", [-299, -1, 0, 1, 299])
def test_a_fresh_event_is_accepted(seconds: float) -> None:
    assert construct({"event": "call.queued", "timestamp": ago(seconds)}).event == "call.queued"


@pytest.mark.parametrize("seconds", [-1_000_000, -400, 400, 1_000_000, 2_000_000_000])
def test_a_stale_event_is_refused(seconds: float) -> None:
    body = json.dumps({"event": "call.queued", "timestamp": ago(seconds)})
    assert failure(body) == "stale"
    assert failure(body, tolerance=0) == "stale"
    assert construct(body, tolerance=None).event == "call.queued"
    assert construct(body, tolerance=float("inf")).event == "call.queued"


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1999-12-31"])
def test_extreme_timestamps_are_stale(timestamp: str) -> None:
    assert failure(json.dumps({"timestamp": timestamp})) == "stale"


def test_a_timestamp_without_offset_means_utc() -> None:
    assert construct({"timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat()})


@pytest.mark.parametrize("timestamp", ["yesterday", "", 1_700_000_000, [], {}, True, "x" * 1000])
def test_a_timestamp_that_is_none_is_malformed(timestamp: Any) -> None:
    assert failure(json.dumps({"event": "call.queued", "timestamp": timestamp})) == "malformed_body"


def test_an_event_without_timestamp_is_accepted() -> None:
    assert construct({"event": "call.queued"}).timestamp is None
    assert construct({"event": "call.queued", "timestamp": None}).timestamp is None


@pytest.mark.parametrize("tolerance", [-1, float("nan"), "300"])
def test_a_tolerance_that_cannot_be_is_an_error(tolerance: Any) -> None:
    with pytest.raises(ValueError, match="must be a number of seconds"):
        construct({}, tolerance=tolerance)


@given(st.binary(max_size=300), st.text(max_size=70) | st.none())
def test_whatever_is_not_signed_is_one_exception(body: bytes, signature: str | None) -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        construct_event(body, signature, SECRET)
    assert caught.value.reason in ("missing_signature", "malformed_signature", "wrong_signature")


def test_the_exception_is_one_of_ours_and_travels() -> None:
    error = WebhookVerificationError("stale", reason=VerificationFailure.STALE)
    assert isinstance(error, PamelaError)
    for other in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert (str(other), other.reason) == ("stale", VerificationFailure.STALE)


def test_reading_events_imports_no_http_library() -> None:
    code = "import sys, pamela.events; print(sorted({'httpx', 'aiohttp', 'requests', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
