"""Requests that are sent again with the same idempotency key."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from pamela.sandbox import Sandbox

from .api import PREFIX, Api, body_of

CALL = {"to": "+1234567890", "task": "Test call", "metadata": {"a": 1, "b": 2}}
TOOL = {"tool": {"name": "look_up", "description": "Looks up", "input_schema": {"type": "object"}}}


def post(api: Api, path: str, body: object, key: str = "once") -> httpx.Response:
    return api.post(f"{PREFIX}{path}", json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize(("path", "body", "name"), [("/calls", CALL, "id"), ("/tools", TOOL, "tool_id")])
def test_a_repetition_is_answered_as_the_first_was(api: Api, path: str, body: object, name: str) -> None:
    first, again, another = post(api, path, body), post(api, path, body), post(api, path, body, "twice")

    assert (first.status_code, again.status_code, another.status_code) == (201, 200, 201)
    assert body_of(first)[name] == body_of(again)[name] != body_of(another)[name]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == "once"


def test_a_repeated_call_is_shown_as_it_stands(api: Api) -> None:
    call = body_of(post(api, "/calls", CALL))
    api.wait_for_status(call["id"], "completed")

    assert body_of(post(api, "/calls", CALL))["status"] == "completed"


def test_the_order_of_fields_makes_no_difference(api: Api) -> None:
    first = post(api, "/calls", CALL)
    again = post(api, "/calls", {"metadata": {"b": 2, "a": 1}, "task": "Test call", "to": "+1234567890"})

    assert body_of(first)["id"] == body_of(again)["id"]


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/calls", CALL, {**CALL, "task": "Another call"}),
        ("/tools", TOOL, {"tool": {**TOOL["tool"], "timeout_ms": 1}}),
    ],
)
def test_a_key_is_for_one_body(api: Api, path: str, body: object, other: object) -> None:
    post(api, path, body)

    refused = post(api, path, other)

    assert refused.status_code == 409
    assert "different body" in body_of(refused)["detail"]
    assert refused.headers["Idempotency-Key"] == "once"


def test_a_key_is_for_one_operation_of_one_project(sandbox: Sandbox, api: Api, api_key: str) -> None:
    first = post(api, "/calls", CALL)

    assert post(api, "/tools", TOOL).status_code == 201
    with Api(sandbox, f"{api_key}_other") as other:
        elsewhere = post(other, "/calls", CALL)
    assert elsewhere.status_code == 201
    assert body_of(elsewhere)["id"] != body_of(first)["id"]


def test_a_key_is_free_again_after_a_refusal(api: Api) -> None:
    assert post(api, "/calls", {**CALL, "to": "+15005550022"}).status_code == 429
    assert post(api, "/calls", {**CALL, "voice": "robot"}).status_code == 422
    assert post(api, "/calls", CALL).status_code == 201


def test_of_many_at_once_one_places_the_call(api: Api) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: post(api, "/calls", CALL), range(64)))

    assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201]
    assert len({body_of(answer)["id"] for answer in answers}) == 1
    assert body_of(api.get(f"{PREFIX}/calls"))["total"] == 1
