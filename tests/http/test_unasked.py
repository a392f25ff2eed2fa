"""A second, unasked response that comes after the next request was sent: nobody gets it, though HTTP cannot tell."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
import respx

from pamela import PamelaClient, PamelaError, UnexpectedResponseError

from .accepting import accepting
from .drivers import DRIVERS, drive
from .hostile import read_request

TO, TASK = "+1234567890", "Order a pizza"
Body = dict[str, Any]


def response(body: Body, status: bytes = b"200 OK") -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(content), content)


class LateServer:
    """Answers every request, and sends the response to the first of a connection again, just before that to the second.

    Attributes:
        requests: The requests, by method and the end of the path.
        connections: How many there were.
        answer: What the response to a request is.
        late: Whether it sends a second response at all.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.answer: Callable[[str, Body], bytes] = self.right_answer
        self.late = True
        self.base_url = ""

    def right_answer(self, request: str, body: Body) -> bytes:
        call_id = re.sub(r"/cancel|/hangup", "", request).rpartition("/")[2]
        if request.startswith("POST") and call_id == "calls":
            return response({"id": f"call_of_{body['task']}", **body})
        if "/tools/" in request:
            return response({"success": True, "message": "", "tool_id": call_id})
        return response({"id": call_id, "status": "queued"})

    def serve(self, connection: socket.socket) -> None:
        self.connections += 1
        received = bytearray()
        first = b""
        with suppress(OSError):
            while request := read_request(connection, received):
                head, _, body = request.partition(b"\r\n\r\n")
                method, path, _ = head.decode().split(" ", 2)
                name = f"{method} {path.removeprefix('/api/b2b/v1')}"
                self.requests.append(name)
                answer = self.answer(name, json.loads(body or b"{}"))
                connection.sendall(first + answer if self.late and first else answer)
                first = b"" if first else answer


@pytest.fixture
def server() -> Iterator[LateServer]:
    late = LateServer()
    with accepting(late.serve) as port:
        late.base_url = f"http://127.0.0.1:{port}"
        yield late


def get_call(call_id: str, client: Any) -> Any:
    return client.get_call(call_id)


def cancel_call(call_id: str, client: Any) -> Any:
    return client.cancel_call(call_id)


def create_call(to: str, task: str, client: Any, **options: Any) -> Any:
    return client.create_call(to, task, **options)


def ids(found: list[Any]) -> list[Any]:
    return [each.get("id", each.get("tool_id")) if isinstance(each, dict) else each for each in found]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_call_is_the_one_that_was_asked_for(server: LateServer, driver: str) -> None:
    found = drive(driver, server.base_url, *(partial(get_call, each) for each in "ABCDE"), max_retries=0)
    assert ids(found) == ["A", "B", "C", "D", "E"]
    # B and D came on a connection that then carried the response of A again, and of C.
    assert server.requests == [f"GET /calls/{each}" for each in "ABBCCDDEE"][: len(server.requests)]
    assert server.connections > 1


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_changes_something_is_repeated_where_that_is_safe(server: LateServer, driver: str) -> None:
    steps: list[Callable[[Any], Any]] = [
        partial(get_call, "A"),
        partial(cancel_call, "B"),
        partial(get_call, "C"),
        lambda client: client.delete_tool("D"),
        partial(get_call, "E"),
        lambda client: client.hangup_call("F"),
    ]
    assert ids(drive(driver, server.base_url, *steps, max_retries=0)) == ["A", "B", "C", "D", "E", "F"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_refused_repeat_of_a_cancellation_reads_the_call_back(server: LateServer, driver: str) -> None:
    cancelled: list[str] = []

    def answer(request: str, body: Body) -> bytes:
        if not request.endswith("/cancel"):
            return response({"id": request.rpartition("/")[2], "status": "cancelled" if cancelled else "queued"})
        server.late = not cancelled
        if cancelled:
            return response({"detail": {"error_code": 7003, "message": "It has ended."}}, b"409 Conflict")
        cancelled.append(request)
        return response({"id": "B", "status": "cancelled"})

    server.answer = answer
    _, found = drive(driver, server.base_url, partial(get_call, "A"), partial(cancel_call, "B"), max_retries=0)
    assert (found.id, found.status) == ("B", "cancelled")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_call_to_another_number_is_not_the_new_one(server: LateServer, driver: str) -> None:
    """It may have been placed all the same, and is never placed again without a key."""
    first, second, third = drive(
        driver,
        server.base_url,
        partial(create_call, TO, TASK),
        partial(create_call, "+4930123456", "Book a table"),
        partial(get_call, "A"),
    )
    assert first.id == f"call_of_{TASK}"
    assert type(second) is UnexpectedResponseError
    assert "belongs to another request: it is of 'call_of_Order a pizza'" in str(second)
    assert second.ambiguous
    assert third.id == "A"
    assert server.requests == ["POST /calls", "POST /calls", "GET /calls/A"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_call_with_another_key_is_not_the_new_one(server: LateServer, driver: str) -> None:
    """The key finds the new one."""
    placed: list[Body] = []

    def answer(request: str, body: Body) -> bytes:
        if request.startswith("POST"):
            placed.append({"id": f"call_{len(placed)}", **body})
            return response(placed[-1])
        return response({"items": placed if "offset=0" in request else [], "total": len(placed)})

    server.answer = answer
    first, second = drive(
        driver,
        server.base_url,
        partial(create_call, TO, TASK, idempotency_key="pizza-1"),
        partial(create_call, TO, TASK, idempotency_key="pizza-2"),
    )
    assert (first.id, second.id) == ("call_0", "call_1")
    assert len(placed) == 2


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "shown", [{"request_id": "r1"}, {"partner_id": "p1"}, {"id": ""}, {"id": None}, {"id": "b%20B"}]
)
def test_what_names_no_other_call_is_believed(server: LateServer, driver: str, shown: Body) -> None:
    """A cancellation is not sent again for it."""
    server.late = False
    server.answer = lambda request, body: response({"success": True, "message": "", **shown})
    steps = (partial(cancel_call, "B b"), partial(cancel_call, "B B"))
    assert drive(driver, server.base_url, *steps, max_retries=0) == [{"success": True, "message": "", **shown}] * 2
    assert server.requests == ["POST /calls/B%20b/cancel", "POST /calls/B%20B/cancel"]


def test_a_look_up_does_not_believe_the_list_of_another_request(server: LateServer) -> None:
    """It is sent on a new connection: a list does not say which request it belongs to."""
    placed: list[Body] = []
    both_there = threading.Barrier(2)

    def answer(request: str, body: Body) -> bytes:
        if request == "GET /calls/A":
            both_there.wait(30)
            return response({"id": "A"})
        if request.startswith("POST"):
            placed.append({"id": f"call_{len(placed)}", **body})
            return response({"detail": "busy"}, b"503 Busy")
        calls = placed if "offset=0" in request and server.connections > 2 else []  # on the first two: another's
        return response({"items": calls, "total": len(calls)})

    server.late = False
    server.answer = answer
    with PamelaClient("pk_live_demo", server.base_url) as client:
        threads = [threading.Thread(target=client.get_call, args=("A",)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = client.create_call(TO, TASK, idempotency_key="pizza-1")
        assert (found.id, len(placed)) == ("call_0", 1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_service_with_other_names(server: LateServer, driver: str, caplog: pytest.LogCaptureFixture) -> None:
    """What a new connection says as well is so. It is asked once for each id, and one line of the log says it."""
    server.late = False
    server.answer = lambda request, body: response({"id": f"c-{request.rpartition('/')[2]}"})
    with caplog.at_level(logging.WARNING, "pamela"):
        found = drive(driver, server.base_url, *(partial(get_call, each) for each in "ABBBA"), max_retries=0)
    assert ids(found) == ["c-A", "c-B", "c-B", "c-B", "c-A"]
    known = 1 if "caller" in driver else 0  # their other connections are not known to be new
    assert len(server.requests) <= 5 + 2 + known
    assert 1 <= len(caplog.messages) <= 2
    assert "get_call: the response says that it is of 'c-B', not of 'B', also on a new connection" in caplog.text


def test_the_deadline_holds_for_both_attempts(server: LateServer) -> None:
    silent = threading.Event()

    def answer(request: str, body: Body) -> bytes:
        if server.requests.count("GET /calls/B") == 2:
            silent.wait(30)
        return server.right_answer(request, body)

    server.answer = answer
    with PamelaClient("pk_live_demo", server.base_url, deadline=2, max_retries=0) as client:
        client.get_call("A")
        with pytest.raises(PamelaError) as caught:
            client.get_call("B")
    silent.set()
    assert caught.value.attempts == 2
    assert caught.value.elapsed >= 1


@respx.mock
def test_mocks_are_believed() -> None:
    respx.get(url__startswith="http://api.pamela.invalid").respond(json={"id": "call_1"})
    with PamelaClient("pk_live_demo", "http://api.pamela.invalid") as client:
        assert ids([client.get_call(each) for each in "ABC"]) == ["call_1"] * 3
    assert respx.calls.call_count == 3


@pytest.mark.parametrize("kind", ["transport", "http_client"])
def test_transports_that_do_not_tell_are_believed(kind: str) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"id": "call_1"})

    transport = httpx.MockTransport(answer)
    options: Any = {kind: transport if kind == "transport" else httpx.Client(transport=transport)}
    with PamelaClient("pk_live_demo", "http://api.pamela.invalid", **options) as client:
        assert ids([client.get_call(each) for each in "ABC"]) == ["call_1"] * 3
    assert len(requests) == 3


def read(received: httpx.Response) -> None:
    received.read()


def test_a_hook_that_reads_the_response(server: LateServer) -> None:
    """The connection is back in the pool then, and is closed all the same."""
    with (
        httpx.Client(event_hooks={"response": [read]}) as http_client,
        PamelaClient("pk_live_demo", server.base_url, http_client=http_client, max_retries=0) as client,
    ):
        assert ids([client.get_call(each) for each in "ABCDE"]) == [*"ABCDE"]


def test_threads(server: LateServer) -> None:
    """Each gets its own, though every connection has a late response on it."""
    from concurrent.futures import ThreadPoolExecutor

    with PamelaClient("pk_live_demo", server.base_url) as client, ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: client.get_call(f"call_{number}").id, range(200)))
    assert found == [f"call_{number}" for number in range(200)]
