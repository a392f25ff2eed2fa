"""What replaces or watches httpx's transports in a program's tests sees every request: no phone rings by accident."""

from __future__ import annotations

import json

import httpx
import pytest
import respx
from pytest_httpx import HTTPXMock

from pamela import APIConnectionError, AsyncPamelaClient, PamelaClient

BASE_URL = "http://api.pamela.invalid"
CALL = {"id": "call_1", "status": "queued"}


@respx.mock
def test_respx() -> None:
    placing = respx.post(f"{BASE_URL}/api/b2b/v1/calls").respond(json=CALL)
    getting = respx.get(f"{BASE_URL}/api/b2b/v1/calls/call_1").respond(json=CALL)
    with PamelaClient("pk_live_demo", BASE_URL) as client:
        assert client.create_call("+1234567890", "Order a pizza").id == "call_1"
        for _ in range(3):
            assert client.get_call("call_1").status == "queued"
    assert json.loads(placing.calls.last.request.content)["task"] == "Order a pizza"
    assert placing.calls.last.request.headers["Authorization"] == "Bearer pk_live_demo"
    assert (placing.call_count, getting.call_count) == (1, 3)


async def test_respx_async() -> None:
    async with respx.mock, AsyncPamelaClient("pk_live_demo", BASE_URL) as client:
        placing = respx.post(f"{BASE_URL}/api/b2b/v1/calls").respond(json=CALL)
        assert (await client.create_call("+1234567890", "Order a pizza")).id == "call_1"
        assert placing.call_count == 1


@respx.mock
def test_respx_refuses_what_was_not_expected() -> None:
    with PamelaClient("pk_live_demo", BASE_URL) as client, pytest.raises(AssertionError, match="not mocked"):
        client.create_call("+1234567890", "Order a pizza")


@respx.mock
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.InvalidURL, ValueError])
def test_an_exception_of_a_mock_is_no_evidence(error: type[Exception]) -> None:
    """Nobody saw whether a byte was written, whatever the exception is called."""
    placing = respx.post(f"{BASE_URL}/api/b2b/v1/calls").mock(side_effect=error("no"))
    with PamelaClient("pk_live_demo", BASE_URL) as client, pytest.raises(APIConnectionError) as caught:
        client.create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert placing.call_count == 1


def test_pytest_httpx(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=f"{BASE_URL}/api/b2b/v1/calls", json=CALL)
    httpx_mock.add_response(method="GET", json=CALL, is_reusable=True)
    with PamelaClient("pk_live_demo", BASE_URL) as client:
        assert client.create_call("+1234567890", "Order a pizza").id == "call_1"
        assert [client.get_call("call_1").id for _ in range(3)] == ["call_1"] * 3
    assert len(httpx_mock.get_requests()) == 4


async def test_pytest_httpx_async(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=CALL)
    async with AsyncPamelaClient("pk_live_demo", BASE_URL) as client:
        assert (await client.get_call("call_1")).id == "call_1"


def test_compressed_by_a_mock(httpx_mock: HTTPXMock) -> None:
    import gzip

    body = gzip.compress(json.dumps(CALL).encode())
    httpx_mock.add_response(content=body, headers={"Content-Encoding": "gzip"})
    with PamelaClient("pk_live_demo", BASE_URL) as client:
        assert client.get_call("call_1").id == "call_1"
