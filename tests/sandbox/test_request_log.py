"""The log of requests that the page shows."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox, request_log
from pamela.sandbox.request_log import mask_key

from .api import Api, body_of

SECRET_KEY = "pk_live_of_somebody_1234"


@pytest.fixture
def logged() -> Iterator[Sandbox]:
    with pamela.sandbox.run(speed=500) as running:
        yield running


@pytest.fixture
def caller(logged: Sandbox) -> Iterator[Api]:
    with Api(logged, SECRET_KEY) as api:
        yield api


def requests(api: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get("/sandbox/page/requests", params=query).json()["items"]
    return items


def details(api: httpx.Client, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/sandbox/page/requests/{request_id}").json()
    return found


def test_a_request_is_kept_with_its_answer(caller: Api) -> None:
    answer = caller.post("/api/b2b/v1/calls", json={"to": "+12125550142", "task": "Order"}, headers={"Cookie": "a=b"})
    [found] = requests(caller)

    assert found["id"] == answer.headers["X-Request-Id"]
    assert (found["method"], found["path"], found["status"]) == ("POST", "/api/b2b/v1/calls", 201)
    assert found["call_id"] == answer.json()["id"]
    assert found["duration_ms"] > 0
    whole = details(caller, found["id"])
    assert whole["request_body"] == '{"to":"+12125550142","task":"Order"}'
    assert whole["response_body"] == answer.text
    assert whole["request_headers"]["authorization"] == "(hidden)"
    assert whole["request_headers"]["cookie"] == "(hidden)"
    assert SECRET_KEY not in str(whole)
    assert whole["key"] == "pk_live_…1234"


def test_it_says_why_a_request_was_refused(caller: Api) -> None:
    caller.post("/api/b2b/v1/calls", json={"to": "+12125550142"})
    caller.get("/api/b2b/v1/calls/call_none")
    caller.get("/api/b2b/v1/calls", headers={"Authorization": "Bearer pk_live_expired"})
    caller.post("/api/b2b/v1/calls", json={"to": "+15005550024", "task": "Order"})

    errors = [each["error"] for each in requests(caller)]
    assert errors == ["Internal Server Error", "7003 Call call_none not found.", "task: 'task' is a required property"]
    assert [each["status"] for each in requests(caller, **{"class": "5"})] == [500]
    assert [each["path"] for each in requests(caller, q="CALL_NONE")] == ["/api/b2b/v1/calls/call_none"]


def test_only_the_last_thousand_are_kept(caller: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(1_005):
        caller.get("/api/b2b/v1/tools")
    page = body_of(caller.get("/sandbox/page/requests?limit=500&offset=500"))
    assert page["total"] == 1_000
    assert len(page["items"]) == 500
    assert page["items"][-1]["seq"] == 6


def test_bodies_are_limited_one_by_one_and_together(caller: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_MOST_BYTES_OF_ALL_BODIES", 80_000)
    ids = []
    for number in range(4):
        body = {"to": "+12125550142", "task": f"{number}" + "x" * 100_000}
        ids.append(caller.post("/api/b2b/v1/calls", json=body).headers["X-Request-Id"])

    first, *_, last = (details(caller, each) for each in ids)
    assert last["request_truncated"]
    assert len(last["request_body"]) == 32 * 1024
    assert first["request_body"] == ""
    assert first["status"] == 201


def test_a_reset_forgets_the_projects_requests(logged: Sandbox, caller: Api) -> None:
    with Api(logged, "pk_live_another") as other:
        caller.get("/api/b2b/v1/tools")
        other.get("/api/b2b/v1/tools")
        caller.post("/sandbox/reset")
        assert requests(caller) == []
        assert len(requests(other)) == 1


def test_only_those_of_the_keys_project_are_seen(logged: Sandbox, caller: Api) -> None:
    caller.get("/api/b2b/v1/tools")
    [found] = requests(caller)
    with Api(logged, "pk_live_another") as other:
        assert requests(other) == []
        assert other.get(f"/sandbox/page/requests/{found['id']}").status_code == 404
    with httpx.Client(base_url=logged.base_url) as visitor:
        assert visitor.get("/sandbox/page/requests").status_code == 401


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("pk_live_sandbox", "pk_live_sandbox"),
        ("pk_live_of_somebody_1234", "pk_live_…1234"),
        ("pk_test_of_somebody_1234", "pk_test_…1234"),
        ("pk_live_short", "pk_live_…"),
        ("something else entirely", "…rely"),
    ],
)
def test_a_key_is_masked(key: str, shown: str) -> None:
    assert mask_key(key) == shown
