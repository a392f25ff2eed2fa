"""What cannot be right is refused before anything is sent, with the value and the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela import (
    AsyncPamelaClient,
    ErrorCode,
    PamelaClient,
    PamelaError,
    Timeout,
    ValidationError,
    Voice,
)
from pamela._core import validation
from pamela._core.operation import Request
from pamela._core.validation import format_datetime
from pamela._generated.api.calls import cancel_call, create_call

TO = "+1234567890"
client = PamelaClient("pk_live_...", "http://127.0.0.1:1", max_retries=0)

WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: client.create_call("", "task"), r"to='' is not valid\. .*E\.164.*'\+1234567890'"),
    (lambda: client.create_call("555-1234", "task"), r"to='555-1234' is not valid"),
    (lambda: client.create_call("+0123456", "task"), "E.164"),
    (lambda: client.create_call("+1234567890123456", "task"), "E.164"),
    (lambda: client.create_call("+1234567890\n", "task"), "E.164"),
    (lambda: client.create_call("+१२३४५६७", "task"), "E.164"),
    (lambda: client.create_call(1234567890, "task"), "to=1234567890 must be a str, not int"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, ""), "task='' must not be empty"),
    (lambda: client.create_call(TO, " \n"), "must not be empty"),
    (lambda: client.create_call(TO, None), "task=None must be a str"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", country="USA"), "country='USA' is not valid.*3166"),
    (lambda: client.create_call(TO, "t", max_duration_seconds=0), "max_duration_seconds=0 must be at least 1"),
    (lambda: client.create_call(TO, "t", max_duration_seconds=True), "must be an int, not bool"),
    (lambda: client.create_call(TO, "t", max_duration_seconds="a"), "must be an int, not str"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", max_duration_seconds=1.5), "=1.5 must be an int, not float"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", max_duration_seconds="1e3"), "must be an int, not str"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", webhooks={"webhok_url": "u"}), "key 'webhok_url'. Did you mean 'webhook_url'"),
    (lambda: client.create_call(TO, "t", webhooks={"webhookUrl": "u"}), "Did you mean 'webhook_url'"),
    (lambda: client.create_call(TO, "t", webhooks={"x": "u"}), "Known are tool_webhook_url, webhook_url"),
    (lambda: client.create_call(TO, "t", webhooks={5: "u"}), "unknown key 5"),  # type: ignore[dict-item]
    (lambda: client.create_call(TO, "t", tools=[{"nmae": "t"}]), r"tools\[0\] has the unknown key 'nmae'.*'name'"),
    (lambda: client.get_call(True), "call_id=True must be a str, not bool"),  # type: ignore[arg-type]
    (lambda: client.get_call(1.5), "call_id=1.5 must be a str, not float"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", metadata=[1]), "metadata=.1. must be a dict, not list"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", metadata={"a": {"b": {1}}}), r"metadata\.a\.b=\{1\} cannot be sent as JSON"),
    (lambda: client.create_call(TO, "t", metadata={"a": float("nan")}), "cannot be sent as JSON"),
    (lambda: client.create_call(TO, "t", metadata={"a": "\ud800"}), "cannot be sent as JSON"),
    (
        lambda: client.create_call(TO, "t", metadata={"a": {1: 2, "1": 3}}),
        r"metadata\.a has the keys 1 and '1', which are",
    ),
    (lambda: client.create_call(TO, "t", metadata={(1, 2): "a"}), "cannot be sent as JSON"),  # type: ignore[dict-item]
    (lambda: client.create_call(TO, "t", metadata=itself()), "nested too deeply .* or contains itself"),
    (lambda: client.create_call(TO, "t", tools={"name": "t"}), "tools=.* must be a list, not dict"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", webhooks="http://a"), "webhooks='http://a' must be a dict"),  # type: ignore[arg-type]
    (lambda: client.create_call(TO, "t", idempotency_key=""), "idempotency_key='' must not be empty"),
    (lambda: client.create_call(TO, "t", idempotency_key="a\nb"), "idempotency_key='a.*nb' is not valid"),
    (lambda: client.create_call(TO, "t", idempotency_key="ü"), "printable ASCII"),
    (lambda: client.list_calls(limit=-1), "limit=-1 must be at least 1"),
    (lambda: client.list_calls(offset=-1), "offset=-1 must be at least 0"),
    (lambda: client.list_calls(start_date="yesterday"), "start_date='yesterday' is not ISO 8601"),
    (lambda: client.list_calls(end_date=5), "end_date=5 must be a datetime, a date or ISO 8601 text"),  # type: ignore[arg-type]
    (lambda: client.iter_calls(limit=-1), "limit=-1 must be at least 1"),
    (lambda: client.usage.get("2026-13"), "period='2026-13' is not valid.*YYYY-MM"),
    (lambda: client.usage.get("January"), "is not valid"),
    (lambda: client.get_call(""), "call_id='' must not be empty"),
    (lambda: client.cancel_call(" "), "must not be empty"),
    (lambda: client.hangup_call(None), "call_id=None must be a str"),  # type: ignore[arg-type]
    (lambda: client.delete_tool(""), "tool_id='' must not be empty"),
    (lambda: client.register_tool("", "d", {}), "name='' must not be empty"),
    (lambda: client.register_tool("n", "d", "{}"), "input_schema='{}' must be a dict"),  # type: ignore[arg-type]
    (lambda: client.register_tool("n", "d", None), "input_schema=None must be a dict"),  # type: ignore[arg-type]
    (lambda: client.register_tool("n", "d", {}, timeout_ms=1, timeout_seconds=1), "two names"),
    (lambda: client.register_tool("n", "d", {}, timeout_seconds=0), "timeout_ms=0 must be at least 1"),
    (lambda: client.register_tool("n", "d", {}, timeout_seconds=float("inf")), "must be a finite number"),
    (lambda: client.wait_for_call("c", poll_interval=0), "poll_interval=0 is not a duration"),
    (lambda: client.watch_call("c", timeout=-1), "timeout=-1 is not a duration"),
    (lambda: client.request("GET", "calls"), "path='calls' is not a path"),
    (lambda: client.request("GET", "//evil.test/calls"), "is not a path"),
    (lambda: client.request("GET", "/calls?limit=1"), "Give the query as params="),
    (lambda: client.request("GET", "/calls/../tools"), "path='/calls/../tools' has a segment of dots"),
    (lambda: client.request("GET", "/calls/."), "has a segment of dots"),
    (lambda: client.request("GET", "/calls/\ud800"), "path='/calls/.*has a lone surrogate"),
    (lambda: client.request("GET", "/calls", params=[("limit", 1)]), "params must be a mapping, not list"),  # type: ignore[arg-type]
    (lambda: client.request("GET", "/calls", params="limit=1"), "params must be a mapping, not str"),  # type: ignore[arg-type]
    (lambda: client.request("GET", "/calls", params={"to": "\ud800"}), "to='.*has a lone surrogate"),
    (lambda: client.request("GET", "/calls", params={"\ud800": 1}), "params='.*has a lone surrogate"),
    (lambda: client.request("GET", "/calls", params={(1, 2): 1}), r"params=\(1, 2\) must be a text"),  # type: ignore[dict-item]
    (lambda: client.request("GET", "/calls", params={"a": object()}), "a=<object .* must be a text, .* not object"),
    (lambda: client.request("GET", "/calls", params={"a": [{"b": 1}]}), "a={'b': 1} must be a text, .* not dict"),
    (lambda: client.request("GET", "/calls", params={"a": float("nan")}), "a=nan must be a text, a finite number"),
    (lambda: client.request("G T", "/calls"), "method='G T' is not an HTTP method"),
    (lambda: PamelaClient(), "no API key.*PAMELA_API_KEY"),
    (lambda: PamelaClient(""), "no API key"),
    (lambda: PamelaClient(5), "api_key must be a str, not int"),  # type: ignore[arg-type]
    (lambda: PamelaClient("pk_live_a b"), r"api_key has U\+0020 at position 9"),
    (lambda: PamelaClient("pk_live_ü"), r"U\+00FC"),
    (lambda: PamelaClient("pk_live_a\n"), r"U\+000A"),
    (lambda: PamelaClient("k", "api.thisispamela.com"), "base_url='api.thisispamela.com' is not an address"),
    (lambda: PamelaClient("k", "ftp://a"), "is not an address"),
    (lambda: PamelaClient("k", "https://"), "is not an address"),
    (lambda: PamelaClient("k", "https://a:b"), "is not an address"),
    (lambda: PamelaClient("k", "https://a b"), "is not an address"),
    (lambda: PamelaClient("k", "https://[::1"), "is not an address"),
    (lambda: PamelaClient("k", "https://a/?x=1"), "has a query"),
    (lambda: PamelaClient("k", "https://user:word@a"), "^base_url contains a user name"),
    (lambda: PamelaClient("k", 5), "base_url must be a str"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", timeout=-1), "timeout.connect=-1 is not a duration"),
    (lambda: PamelaClient("k", timeout="5"), "timeout.connect='5' is not a duration"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", timeout=Timeout(read=float("nan"))), "timeout.read=nan"),
    (lambda: PamelaClient("k", deadline=0), "deadline=0 is not a duration"),
    (lambda: PamelaClient("k", max_retries=-1), "max_retries=-1"),
    (lambda: PamelaClient("k", max_retries=1.5), "max_retries=1.5"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", headers=[("a", "b")]), "headers must be a mapping"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", headers={"a b": "c"}), "headers has 'a b'"),
    (lambda: PamelaClient("k", headers={"a": 1}), "headers has 'a'"),  # type: ignore[dict-item]
    (lambda: PamelaClient("k", headers={"a": "b\r\nc: d"}), "headers.'a'. has characters"),
    (lambda: PamelaClient("k", http_client=object()), "http_client must be an httpx.Client"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", headers={"X(Y)": "c"}), "headers has 'X.Y.'"),
    (lambda: PamelaClient("k", headers={"a": " b"}), "headers.'a'. has characters"),
    (
        lambda: PamelaClient("k", headers={"content-length": "3"}),
        "headers has 'content-length', which is the length of the body",
    ),
    (lambda: PamelaClient("k", "https://a..b"), "is not an address"),
    (lambda: PamelaClient("k", f"https://{'a' * 64}.test"), "is not an address"),
    (lambda: PamelaClient("k", "https://a\x7f"), "is not an address"),
    (lambda: PamelaClient("k", timeout=1e12), "timeout.connect=1000000000000.0 is not a duration"),
    (lambda: PamelaClient("k", deadline=10**400), "deadline=1000.* is not a duration"),
    (lambda: PamelaClient("k", transport=object()), "transport must be an httpx.BaseTransport, not object"),  # type: ignore[arg-type]
    (lambda: AsyncPamelaClient("k", transport=httpx.HTTPTransport()), "must be an httpx.AsyncBaseTransport"),  # type: ignore[arg-type]
    (lambda: PamelaClient("k", http_client=httpx.Client(), transport=httpx.HTTPTransport()), "are both given"),
    (lambda: PamelaClient("k", on_request=5), "on_request=5 is not a function"),  # type: ignore[arg-type]
    (lambda: client.wait_for_call("c", poll_interval=None), "poll_interval=None is not a duration"),  # type: ignore[arg-type]
    (lambda: client.with_options(max_retries="3"), "max_retries='3'"),  # type: ignore[arg-type]
    (lambda: client.with_options(api_key=""), "no API key"),
]


def itself() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    return loop


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_wrong(act: Callable[[], object], message: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){message}") as caught:
        act()
    assert caught.value.status_code is None
    assert caught.value.attempts == 0
    assert len(str(caught.value)) < 1000


def test_async_arguments_are_checked_alike() -> None:
    other = AsyncPamelaClient("pk_live_...", "http://127.0.0.1:1")
    with pytest.raises(ValidationError):
        other.iter_calls(limit=-1)
    with pytest.raises(ValidationError):
        AsyncPamelaClient("k", http_client=object())  # type: ignore[arg-type]
    for coroutine in (other.create_call("", ""), other.get_call(""), other.usage.get("x")):
        with pytest.raises(ValidationError):
            coroutine.send(None)


@pytest.mark.parametrize(
    "act",
    [
        lambda: client.create_call(TO, "t", voice="a voice that is new", max_duration_seconds=99_999, locale="tlh"),
        lambda: client.list_calls("a status that is new", limit=100_000),
        lambda: PamelaClient("sk_other", "http://127.0.0.1:1", max_retries=0).list_tools(),
    ],
)
def test_what_only_the_service_can_judge_goes_through(act: Callable[[], object]) -> None:
    with pytest.raises(PamelaError, match="Nothing was sent"):
        act()


def test_a_query_is_written_as_the_service_reads_it() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(str(request.url))
        return httpx.Response(200, json={})

    params = {
        "yes": True,
        "no": False,
        "voice": [Voice.MALE, "new"],
        "code": ErrorCode.RATE_LIMIT,
        "rate": 0.5,
        "text": "a&b=ü",
        "none": None,
        "empty": (),
    }
    with PamelaClient("pk_live_...", "http://127.0.0.1:1", transport=httpx.MockTransport(answer)) as client:
        client.request("GET", "/calls", params=params)
        client.request("GET", "/calls", params={})

    query = "yes=true&no=false&voice=male&voice=new&code=6001&rate=0.5&text=a%26b%3D%C3%BC"
    assert sent == [f"http://127.0.0.1:1/calls?{query}", "http://127.0.0.1:1/calls"]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: validation.validate_boolean("vip", None, required=True), "vip=None must be a bool, not NoneType"),
        (lambda: validation.validate_boolean("vip", 1), "vip=1 must be a bool, not int"),
        (lambda: validation.validate_integer("n", 0, exclusive_minimum=0), "n=0 must be more than 0"),
        (lambda: validation.validate_number("n", 0.5, exclusive_minimum=0.5), "n=0.5 must be more than 0.5"),
        (
            lambda: validation.format_date("since", None, required=True),
            "since=None must be a datetime, a date or ISO 8601",
        ),
        (lambda: validation.format_date("since", "soon"), "since='soon' is not ISO 8601"),
        (lambda: validation.validate_list("tags", None, required=True), "tags=None must be a list, not NoneType"),
        (lambda: validation.validate_json("any", None, required=True), "any=None is required"),
    ],
)
def test_wrong_as_a_contract_may_say(act: Callable[[], object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        act()


def test_right_as_a_contract_may_say() -> None:
    assert validation.validate_boolean("vip", None) is None
    assert validation.validate_boolean("vip", False) is False
    assert validation.validate_number("n", None) is None
    assert validation.validate_number("n", 0.1, exclusive_minimum=0) == 0.1
    assert validation.format_date("since", None) is None
    assert (
        validation.format_date("since", date(2026, 3, 14))
        == validation.format_date("since", "2026-03-14")
        == "2026-03-14"
    )


def test_null_is_sent_where_it_must_be() -> None:
    body = {"note": None, "text": None}
    assert Request(create_call.OPERATION, body=body, nulls=["note"]).body == {"note": None}
    assert Request(create_call.OPERATION, body=body).body == {}


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        ("^a$", "a", "a\n"),
        ("^a$|^b$", "a", "a\n"),
        (r"^[0-9]+\$", "5$", "5"),
        ("^[$a]+$", "$a", "$\n"),
        (r"^[\]$]$", "]", "]\n"),
        (r"^\\$", "\\", "\\\n"),
    ],
)
def test_patterns_are_those_of_the_contract(pattern: str, right: str, wrong: str) -> None:
    assert validation.validate_string("a", right, pattern=pattern) == right
    with pytest.raises(ValidationError, match="is not valid"):
        validation.validate_string("a", wrong, pattern=pattern)


@given(
    st.datetimes(timezones=st.none() | st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14))))
)
def test_moments(value: datetime) -> None:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    for form in (value, value.isoformat(), value.isoformat(" ")):
        sent = format_datetime("start_date", form)
        assert sent is not None
        assert datetime.fromisoformat(sent) == aware


@given(st.dates())
def test_days(value: date) -> None:
    expected = datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat()
    assert format_datetime("d", value) == format_datetime("d", value.isoformat()) == expected


@given(st.text(min_size=1))
def test_an_id_is_one_segment_whatever_it_is(value: str) -> None:
    try:
        segment = cancel_call.build_request(value).path.removeprefix("/api/b2b/v1")
    except ValidationError:
        assert not value.strip() or any("\ud800" <= character <= "\udfff" for character in value)
        return
    prefix, middle, suffix = segment.removeprefix("/").split("/")
    assert (prefix, suffix) == ("calls", "cancel")
    assert middle not in {"", ".", ".."}
    assert not set(middle) & set("?#/ \n")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values), st.text(min_size=1).filter(str.strip))
def test_bodies_are_sent_as_given(metadata: dict[str, Any], task: str) -> None:

    from pamela._client.request_bodies import encode_json

    try:
        content = encode_json(create_call.build_request(TO, task, metadata=metadata).body)
    except ValidationError:
        assert any(0xD800 <= ord(each) <= 0xDFFF for each in json.dumps([metadata, task], ensure_ascii=False))
        return
    assert content is not None
    assert json.loads(content) == {"to": TO, "task": task, **({"metadata": metadata} if metadata else {})}


@given(st.text())
def test_keys_are_refused_without_being_shown(key: str) -> None:
    try:
        assert PamelaClient(key, "http://127.0.0.1:1").api_key == key
    except ValidationError as error:
        assert len(key) < 4 or key not in str(error)  # noqa: PT017
