"""The response behind a value, by `with_raw_response`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from pamela import AsyncPamelaClient, Call, PamelaClient, RawResponse, ValidationError

from ..clock import FakeClock
from ..http.scripted import Scripted

TO, TASK = "+1234567890", "Order a pizza"


def test_status_headers_and_request_id(client: PamelaClient) -> None:
    response = client.with_raw_response(client.create_call, TO, TASK, locale="en-US")
    assert isinstance(response, RawResponse)
    assert isinstance(response.value, Call)
    assert response.status_code == 201
    assert response.headers["Content-Type"] == response.headers["content-type"] == "application/json"
    assert response.request_id == response.headers["x-request-id"]
    assert response.attempts == 1
    assert client.with_raw_response(client.get_call, response.value.id).status_code == 200
    assert client.with_raw_response(client.usage.get, "2024-01").value.period == "2024-01"


async def test_async(async_client: AsyncPamelaClient) -> None:
    responses = await asyncio.gather(
        *(async_client.with_raw_response(async_client.create_call, TO, f"{TASK} {number}") for number in range(20))
    )
    assert [response.value.task for response in responses] == [f"{TASK} {number}" for number in range(20)]
    assert len({response.request_id for response in responses}) == 20
    assert {response.attempts for response in responses} == {1}


def test_threads(client: PamelaClient) -> None:
    def place(number: int) -> RawResponse[Call]:
        return client.with_raw_response(client.create_call, TO, f"{TASK} {number}")

    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(place, range(40)))
    assert [response.value.task for response in responses] == [f"{TASK} {number}" for number in range(40)]
    assert len({response.request_id for response in responses}) == 40


def test_the_last_of_several_attempts(scripted: Scripted) -> None:
    scripted.answers = [(503, {}, b""), (200, {"X-Request-Id": "req_2"}, {"id": "call_1"})]
    with PamelaClient("pk_live_...", scripted.base_url) as client:
        client._clock = FakeClock(is_instant=True)
        response = client.with_raw_response(client.get_call, "call_1")
    assert (response.request_id, response.attempts) == ("req_2", 2)


def test_a_method_that_makes_no_request(client: PamelaClient) -> None:
    with pytest.raises(ValidationError, match="iter_calls sent no request"):
        client.with_raw_response(client.iter_calls)
