"""The watch over all other tests sees what it is there for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from .conftest import DOCUMENT
from .watch import SpecificationWatch

if TYPE_CHECKING:
    from starlette.types import ASGIApp

CALL = {"id": "call_8Zk2vQ", "status": "queued"}
KEY = {"Authorization": "Bearer pk_live_demo"}


@pytest.fixture(scope="module")
def watch() -> SpecificationWatch:
    return SpecificationWatch(DOCUMENT)


def answering(status: int, body: object, content_type: str = "application/json") -> ASGIApp:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await Response(json.dumps(body), status, media_type=content_type)(scope, receive, send)

    return app


async def violations(watch: SpecificationWatch, app: ASGIApp, method: str, path: str, **options: Any) -> list[str]:
    transport = httpx.ASGITransport(watch.watch(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=KEY) as client:
        await client.request(method, f"/api/b2b/v1{path}", **options)
    return watch.take_violations()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, CALL), (404, {"detail": "Call call_0 not found."}), (503, {"detail": "Service Unavailable"})],
)
async def test_passes_what_the_specification_describes(watch: SpecificationWatch, status: int, body: object) -> None:
    assert await violations(watch, answering(status, body), "GET", "/calls/call_8Zk2vQ") == []


@pytest.mark.parametrize(
    ("status", "body", "content_type", "reason"),
    [
        (418, {"detail": "I'm a teapot"}, "application/json", "418"),
        (200, {"status": "queued"}, "application/json", '"id" is a required property'),
        (200, {**CALL, "mood": "good"}, "application/json", "'mood' was unexpected"),
        (200, {**CALL, "billed_minutes": 1.5}, "application/json", "1.5 is not of type"),
        (200, {**CALL, "created_at": "yesterday"}, "application/json", 'is not a "date-time"'),
        (200, CALL, "text/plain", "text/plain"),
        (404, {"detail": 7}, "application/json", "not valid under any"),
    ],
)
async def test_sees_an_answer_that_the_specification_does_not_describe(
    watch: SpecificationWatch, status: int, body: object, content_type: str, reason: str
) -> None:
    found = await violations(watch, answering(status, body, content_type), "GET", "/calls/call_8Zk2vQ")

    assert len(found) == 1
    assert found[0].startswith(f"GET /api/b2b/v1/calls/call_8Zk2vQ, answered {status}: ")
    assert reason in found[0]


async def test_sees_a_request_that_should_have_been_refused(watch: SpecificationWatch) -> None:
    found = await violations(watch, answering(201, CALL), "POST", "/calls", json={"to": "+1234567890"})

    assert "the specification forbids the request" in found[0]
    assert '"task" is a required property' in found[0]


async def test_a_wrong_request_may_be_refused(watch: SpecificationWatch) -> None:
    refusing = answering(422, {"detail": "task is missing"})

    assert await violations(watch, refusing, "POST", "/calls", json={"to": "+1234567890"}) == []


async def test_sees_an_answer_to_an_operation_that_does_not_exist(watch: SpecificationWatch) -> None:
    assert await violations(watch, answering(200, CALL), "GET", "/numbers") != []
    assert await violations(watch, answering(404, {"detail": "Not Found"}), "GET", "/numbers") == []


@pytest.mark.parametrize(
    ("name", "body", "is_fine"),
    [
        ("call.queued", {"event": "call.queued", "call_id": "call_8Zk2vQ"}, True),
        ("call.queued", {"event": "call.started", "call_id": "call_8Zk2vQ"}, False),
        ("call.queued", {"event": "call.queued"}, False),
        ("call.queued", {"event": "call.queued", "call_id": "call_8Zk2vQ", "mood": "good"}, False),
        ("call.held", {"event": "call.held", "call_id": "call_8Zk2vQ"}, False),
    ],
)
def test_sees_a_webhook_that_the_specification_does_not_know(
    watch: SpecificationWatch, name: str, body: object, is_fine: bool
) -> None:
    headers = Headers({"Content-Type": "application/json", "X-Pamela-Signature": "0" * 64})

    watch.see_delivery(name, headers, json.dumps(body).encode())

    assert (watch.take_violations() == []) is is_fine


def test_sees_a_webhook_without_a_signature(watch: SpecificationWatch) -> None:
    headers = Headers({"Content-Type": "application/json"})

    watch.see_delivery("call.queued", headers, b'{"event":"call.queued","call_id":"call_8Zk2vQ"}')

    assert watch.take_violations() == [
        "Webhook call.queued: X-Pamela-Signature is missing\n" + '{"event":"call.queued","call_id":"call_8Zk2vQ"}'
    ]
