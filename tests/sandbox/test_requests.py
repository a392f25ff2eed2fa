"""What is wrong with requests, and how the sandbox says so: always in the service's shapes, never as a 500."""

import json
import socket
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pamela.sandbox import Sandbox
from pamela.sandbox.specification import load_specification

from .api import PREFIX, Api, body_of

CALLS = f"{PREFIX}/calls"
JSON = {"Content-Type": "application/json"}
GOOD = {"to": "+1234567890", "task": "Test call"}


def post(api: Api, content: str | bytes, headers: dict[str, str] = JSON) -> httpx.Response:
    return api.post(CALLS, content=content, headers=headers)


def issues(response: httpx.Response) -> list[tuple[list[str | int], str]]:
    assert response.status_code == 422, response.text
    return [(issue["loc"], issue["type"]) for issue in body_of(response)["detail"]]


@pytest.mark.parametrize(
    ("more", "loc", "kind"),
    [
        ({"task": ""}, ["task"], "minLength"),
        ({"task": " \n"}, ["task"], "pattern"),
        ({"task": 5}, ["task"], "type"),
        ({"to": None}, ["to"], "type"),
        ({"country": "USA"}, ["country"], "pattern"),
        ({"country": "US\n"}, ["country"], "pattern"),
        ({"max_duration_seconds": 0}, ["max_duration_seconds"], "minimum"),
        ({"max_duration_seconds": 3601}, ["max_duration_seconds"], "maximum"),
        ({"max_duration_seconds": True}, ["max_duration_seconds"], "type"),
        ({"voice": "robot"}, ["voice"], "enum"),
        ({"metadata": []}, ["metadata"], "type"),
        ({"tools": [{"name": "look_up", "input_schema": {}}]}, ["tools", 0, "description"], "required"),
        ({"webhooks": {"webhook_url": "ftp://acme.test/"}}, ["webhooks", "webhook_url"], "format"),
        ({"webhooks": {"webhook_url": "http://acme test/"}}, ["webhooks", "webhook_url"], "format"),
        ({"webhooks": {"webhook_url": "acme.test"}}, ["webhooks", "webhook_url"], "format"),
        ({"webhooks": {"webhook_url": "http://acme.test:port/"}}, ["webhooks", "webhook_url"], "format"),
        ({"webhooks": {"tool_webhook_url": "http://"}}, ["webhooks", "tool_webhook_url"], "format"),
    ],
)
def test_a_wrong_field_is_named(api: Api, more: dict[str, Any], loc: list[str | int], kind: str) -> None:
    found = issues(api.post(CALLS, json={**GOOD, **more}))

    assert (["body", *loc], kind) in found
    assert all(each[: len(loc) + 1] == ["body", *loc] for each, _ in found)


def test_everything_that_is_wrong_is_listed(api: Api) -> None:
    response = api.post(CALLS, json={"to": "me", "voice": "robot"})

    found = issues(response)
    assert sorted(found) == [(["body", "task"], "required"), (["body", "to"], "pattern"), (["body", "voice"], "enum")]
    assert "'robot' is not one of" in response.text


def test_no_more_than_a_hundred_things_are_listed(api: Api) -> None:
    response = api.post(CALLS, json={**GOOD, "tools": [1] * 100_000})

    assert len(issues(response)) == 100


def test_a_long_value_is_shown_only_in_part(api: Api) -> None:
    response = api.post(CALLS, json={**GOOD, "voice": "x" * 100_000})

    assert len(response.text) < 1000


@pytest.mark.parametrize(
    "number", ["", "1234567890", "+0123", "+", "+12345678901234567", "+1 234 567", "+123456\n", "+1٢٣"]
)
def test_a_number_that_cannot_be_called_has_a_code_of_its_own(api: Api, number: str) -> None:
    response = api.post(CALLS, json={**GOOD, "to": number})

    assert response.status_code == 400
    detail = body_of(response)["detail"]
    assert (detail["error_code"], detail["details"]) == (2002, {"to": number})


@pytest.mark.parametrize(
    ("more", "loc", "message"),
    [
        (
            {"max_duration": 60},
            ["max_duration"],
            "There is no field 'max_duration'. Did you mean max_duration_seconds?",
        ),
        ({"webhooks": {"webhok_url": "http://acme.test/"}}, ["webhooks", "webhok_url"], "Did you mean webhook_url?"),
        (
            {"tools": [{"name": "x", "description": "x", "input_schema": {}, "timeout": 5}]},
            ["tools", 0, "timeout"],
            "Did you mean timeout_ms?",
        ),
        ({"xyzzy": 1}, ["xyzzy"], "The fields are to, task, country,"),
    ],
)
def test_a_field_that_nobody_knows_is_refused_with_the_one_that_may_be_meant(
    api: Api, more: dict[str, Any], loc: list[str | int], message: str
) -> None:
    response = api.post(CALLS, json={**GOOD, **more})

    assert issues(response) == [(["body", *loc], "additionalProperties")]
    assert message in body_of(response)["detail"][0]["msg"]


def test_metadata_and_schemas_may_have_any_fields(api: Api) -> None:
    tool = {"name": "x", "description": "x", "input_schema": {"x-mine": {"a": 1}}}

    assert api.create(metadata={"anything": 1}, tools=[tool])["metadata"] == {"anything": 1}


@pytest.mark.parametrize("body", ["[]", '"call"', "null", "5", "true"])
def test_a_body_that_is_no_object_is_refused(api: Api, body: str) -> None:
    assert issues(post(api, body)) == [(["body"], "type")]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "to=+1234567890",
        "<call/>",
        '{"to": NaN}',
        '{"n": -Infinity}',
        '{"n": 1e999}',
        '{"n": ' + "1" * 5000 + "}",
        '{"task": "\\ud800"}',
        b"\xff\xfe{}",
        '\ufeff{"to": 1}'.encode(),
        '{"a":' * 101 + "1" + "}" * 101,
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(api: Api, body: str | bytes) -> None:
    response = post(api, body)

    assert response.status_code == 400
    assert body_of(response)["detail"]["error_code"] == 2001
    assert len(response.text) < 500


def test_a_body_may_have_a_hundred_levels(api: Api) -> None:
    deep: Any = 1
    for _ in range(98):
        deep = [deep]

    assert api.create(metadata={"deep": deep})["metadata"] == {"deep": deep}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/json", "application/jsonp", None])
def test_a_body_of_another_type_is_refused(api: Api, content_type: str | None) -> None:
    response = post(api, json.dumps(GOOD), {"Content-Type": content_type} if content_type else {})

    assert response.status_code == 415
    assert f"Content-Type is {content_type or 'missing'}" in body_of(response)["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_by_any_spelling(api: Api, content_type: str) -> None:
    assert post(api, json.dumps(GOOD), {"Content-Type": content_type}).status_code == 201


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 8 * 1024 * 1024])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_a_mebibyte_is_refused(api: Api, size: int, chunked: bool) -> None:
    body = json.dumps({**GOOD, "instructions": "x" * size}).encode()

    response = api.post(CALLS, content=iter([body]) if chunked else body, headers=JSON)

    assert response.status_code == 413
    assert body_of(response)["detail"] == "The body is larger than 1048576 bytes."


def test_a_body_of_a_mebibyte_is_taken(api: Api) -> None:
    body = json.dumps({**GOOD, "instructions": "x" * (1024 * 1024 - 100)})

    assert post(api, body).status_code == 201


def test_a_body_without_end_is_cut_off(sandbox: Sandbox) -> None:
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    head = f"POST {CALLS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer pk_live_x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"Content-Length: 999999999\r\n\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_without_end(connection)


def _send_without_end(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 1024 * 1024)


def test_a_client_that_goes_away_does_no_harm(sandbox: Sandbox, api: Api) -> None:
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    head = f"POST {CALLS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer pk_live_x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b'Content-Length: 1000\r\n\r\n{"to": ')

    assert api.create()["status"] == "queued"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-5",
        f"limit={10**30}",
        f"limit={'9' * 10_000}",
        "limit=1.5",
        "limit=",
        "limit=ten",
        "limit=%00",
        "offset=-1",
        f"offset={2**31}",
        f"offset={2**63}",
        "status_filter=sleeping",
        "status_filter=",
        "status_filter=queued%00",
        "start_date=yesterday",
        "start_date=2026-02-30T00:00:00Z",
        "start_date=2026-03-14",
        "start_date=2026-03-14T15:09:26",
        "start_date=0000-01-01T00:00:00Z",
        "end_date=%00",
        "end_date=2026-03-14T15:09:26+99:99",
        "end_date=%FF",
    ],
)
def test_a_wrong_parameter_is_named(api: Api, query: str) -> None:
    found = issues(api.get(f"{CALLS}?{query}"))

    assert [loc for loc, _ in found] == [["query", query.partition("=")[0]]]


@pytest.mark.parametrize("period", ["2026", "2026-13", "2026-1", "march", "2026-01\n", ""])
def test_a_period_that_is_no_month_is_refused(api: Api, period: str) -> None:
    found = issues(api.get(f"{PREFIX}/usage", params={"period": period}))

    assert [loc for loc, _ in found] == [["query", "period"]]


def test_the_largest_offset_is_beyond_the_end(api: Api) -> None:
    api.create()

    page = body_of(api.get(CALLS, params={"offset": 2**31 - 1}))

    assert (page["items"], page["total"], page["has_more"], page["next_offset"]) == ([], 1, False, None)


@pytest.mark.parametrize(
    ("key", "echoed"), [("order 1042", True), ("x" * 255, True), ("x" * 256, False), ("clé", False)]
)
def test_an_idempotency_key_is_printable_ascii(api: Api, key: str, echoed: bool) -> None:
    headers = [(b"Idempotency-Key", key.encode())]

    response = api.post(CALLS, json=GOOD, headers=headers)

    if echoed:
        assert (response.status_code, response.headers["Idempotency-Key"]) == (201, key)
    else:
        assert issues(response)[0][0] == ["header", "Idempotency-Key"]
        assert "Idempotency-Key" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", CALLS, "GET, POST"),
        ("HEAD", CALLS, "GET, POST"),
        ("OPTIONS", CALLS, "GET, POST"),
        ("POST", f"{CALLS}/call_0", "GET"),
        ("GET", f"{CALLS}/call_0/cancel", "POST"),
        ("PATCH", f"{PREFIX}/tools/tool_0", "DELETE"),
        ("PROPFIND", f"{PREFIX}/usage", "GET"),
    ],
)
def test_another_method_is_not_allowed(sandbox: Sandbox, method: str, path: str, allowed: str) -> None:
    with Api(sandbox, "pk_live_methods", judged=False) as api:
        response = api.request(method, path)

    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        assert body_of(response) == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize("path", ["/api/b2b/v1", "/api/b2b/v2/calls", "/nowhere", f"{PREFIX}/usage/"])
def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    response = api.get(path)

    assert (response.status_code, body_of(response)) == (404, {"detail": "Not Found"})


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["+1234567890", "auto", "US"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = list(load_specification().schema("CreateCallRequest")["properties"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))
def test_no_body_is_answered_with_a_fault(api: Api, body: dict[str, Any]) -> None:
    response = post(api, json.dumps({**GOOD, **body}))

    assert response.status_code in (201, 400, 422)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([CALLS, f"{PREFIX}/usage", "/sandbox/deliveries"]),
    st.dictionaries(
        st.sampled_from(["limit", "offset", "status_filter", "start_date", "end_date", "period", "call_id", "status"]),
        st.text() | st.integers().map(str) | st.datetimes().map(lambda each: each.isoformat() + "Z"),
    ),
)
def test_no_query_is_answered_with_a_fault(api: Api, path: str, query: dict[str, str]) -> None:
    assert api.get(path, params=query).status_code in (200, 422)
