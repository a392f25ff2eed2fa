"""The stream of what happens in a sandbox, read as a program would."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox, stream
from pamela.sandbox.changes import Change, Changes
from pamela.sandbox.stream import Batch, ChangeLog, Turns

from .api import Api
from .receiver import Receiver
from .waiting import until

Event = dict[str, Any]


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    with pamela.sandbox.run(speed=500) as running:
        yield running


@pytest.fixture
def own_api(own_sandbox: Sandbox) -> Iterator[Api]:
    with Api(own_sandbox, own_sandbox.api_key) as api:
        yield api


class Listener:
    """Reads events from an open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> Event:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            fields[name] = value
        return {"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])}

    def rest(self) -> list[str]:
        """Return what comes until the stream ends."""
        return list(self._lines)

    def until(self, condition: Callable[[Event], bool]) -> Event:
        while not condition(event := self.next()):
            pass
        return event


@contextmanager
def listening(api: httpx.Client, path: str = "/sandbox/stream", **headers: str) -> Iterator[Listener]:
    # Not over the client that is given, which reads each answer to its end.
    headers = {"Authorization": api.headers.get("Authorization", ""), **headers}
    with (
        httpx.Client(base_url=api.base_url, verify=False) as client,
        client.stream("GET", path, headers=headers, timeout=30) as response,
    ):
        assert response.status_code == 200, response.read()
        yield Listener(response)


def page_token(api: httpx.Client) -> str:
    token: str = api.get("/sandbox/page").json()["token"]
    return token


def test_it_tells_of_calls_requests_and_deliveries(own_api: Api, receiver: Receiver) -> None:
    own_api.put("/sandbox/project", json={"webhook_url": receiver.url})
    with listening(own_api) as listener:
        hello = listener.next()
        assert (hello["event"], listener.response.headers["Content-Type"]) == (
            "hello",
            "text/event-stream; charset=utf-8",
        )
        call_id = own_api.create("+12125550142", "Order a pizza")["id"]

        seen: dict[str, list[Event]] = {}
        while not any(each["data"]["status"] == "completed" for each in seen.get("call", [])):
            event = listener.next()
            seen.setdefault(event["event"], []).append(event)
        last = listener.until(lambda event: event["data"].get("name") == "call.completed")

        assert {each["data"]["id"] for each in seen["call"]} == {call_id}
        assert seen["request"][0]["data"]["path"] == "/api/b2b/v1/calls"
        assert seen["request"][0]["data"]["call_id"] == call_id
        assert last["data"]["call_id"] == call_id


def test_it_goes_on_after_the_last_event_id(own_api: Api) -> None:
    with listening(own_api) as listener:
        own_api.create("+12125550142", "First")
        last = listener.until(lambda event: event["event"] == "call" and event["data"]["status"] == "completed")
    missed = own_api.finish("+12125550142", "Missed")["id"]

    for headers, path in (
        ({"Last-Event-ID": last["id"]}, "/sandbox/stream"),
        ({}, f"/sandbox/stream?last_event_id={last['id']}"),
    ):
        with listening(own_api, path, **headers) as listener:
            assert listener.next()["event"] == "hello"
            event = listener.until(lambda event: event["event"] == "call")
            assert event["data"]["id"] == missed
            assert event["data"]["status"] == "completed"


@pytest.mark.parametrize("last_id", ["0badb007-3", "nonsense", "-", "9" * 400])
def test_an_id_that_it_does_not_know_asks_for_a_new_look(own_api: Api, last_id: str) -> None:
    with listening(own_api, **{"Last-Event-ID": last_id}) as listener:
        assert [listener.next()["event"] for _ in range(2)] == ["hello", "resync"]


def test_a_key_sees_its_own_project_alone(own_sandbox: Sandbox, own_api: Api) -> None:
    with Api(own_sandbox, "pk_live_another") as other, listening(own_api) as listener:
        other.finish("+12125550142", "Theirs")
        mine = own_api.create("+12125550142", "Mine")["id"]
        assert listener.until(lambda event: event["event"] == "call")["data"]["id"] == mine


def test_the_pages_token_sees_all_projects(own_sandbox: Sandbox, own_api: Api) -> None:
    with httpx.Client(base_url=own_sandbox.base_url) as visitor:
        token = page_token(own_api)
        with listening(visitor, f"/sandbox/stream?page_token={token}") as listener:
            with Api(own_sandbox, "pk_live_another") as other:
                theirs = other.create("+12125550142", "Theirs")["id"]
            assert listener.until(lambda event: event["event"] == "call")["data"]["id"] == theirs
        assert visitor.get("/sandbox/stream").status_code == 401
        assert visitor.get("/sandbox/stream?page_token=wrong").status_code == 403


def test_it_sounds_when_nothing_happens(own_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    with listening(own_api) as listener:
        assert [listener.next()["event"] for _ in range(3)] == ["hello", "heartbeat", "heartbeat"]


def test_there_is_a_limit_to_streams_and_they_are_given_back(own_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_MOST_STREAMS", 1)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    with listening(own_api) as listener:
        listener.next()
        assert own_api.get("/sandbox/stream").status_code == 503
    with httpx.Client(base_url=own_api.base_url, headers=own_api.headers, verify=False) as client:

        def is_free() -> bool:
            with client.stream("GET", "/sandbox/stream") as response:
                return response.status_code == 200

        until(is_free)


def test_the_sandbox_stops_while_somebody_listens() -> None:
    with pamela.sandbox.run() as sandbox:
        client = httpx.Client(base_url=sandbox.base_url, headers={"Authorization": "Bearer pk_live_sandbox"})
        opened = client.stream("GET", "/sandbox/stream", timeout=30)
        response = opened.__enter__()
        listener = Listener(response)
        assert listener.next()["event"] == "hello"
    assert listener.rest() == []
    client.close()


def test_a_reader_that_is_slow_is_told_the_latest_once() -> None:
    log = ChangeLog(Changes())
    for number in range(100):
        log.add(Change("call", "project_1", f"call_{number % 3}"))
        log.add(Change("tools", "project_1"))

    batch = log.since(0)

    assert [(each.kind, each.id) for each in batch.changes] == [
        ("call", "call_0"),
        ("tools", ""),
        ("call", "call_1"),
        ("call", "call_2"),
    ]
    assert (batch.position, batch.is_complete) == (200, True)
    assert not log.since(200).changes


def test_a_reader_that_is_too_slow_is_told_to_look_anew() -> None:
    log = ChangeLog(Changes())
    for number in range(10_000):
        log.add(Change("call", "project_1", f"call_{number % 2}"))

    assert not log.since(0).is_complete
    assert log.since(9_000).is_complete


def test_two_hundred_read_at_once_beside_some_who_never_read(own_sandbox: Sandbox, own_api: Api) -> None:
    port = int(own_sandbox.base_url.rpartition(":")[2])
    request = f"GET /sandbox/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {own_sandbox.api_key}\r\n\r\n"
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(220)]
        for each in connections:
            each.sendall(request.encode())
        readers = [stack.enter_context(each.makefile("rb")) for each in connections[:200]]
        for reader in readers:
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            while not reader.readline().startswith(b"event: hello"):
                pass
        call = own_api.finish()
        for reader in readers:
            while not (line := reader.readline()).startswith(b"data:") or b'"status":"completed"' not in line:
                pass
            assert call["id"].encode() in line


async def test_streams_are_told_in_turns_what_is_read_once() -> None:
    log = ChangeLog(Changes())
    read: list[tuple[str | None, list[str]]] = []

    def tell(batch: Batch, project_id: str | None) -> str:
        read.append((project_id, [each.id for each in batch.changes]))
        return f"{len(read)}"

    turns = Turns(log, tell)
    for name in ("call_1", "call_2"):
        log.add(Change("call", "project_1", name))

    first = await asyncio.gather(*(turns.take("project_1", 0) for _ in range(100)), turns.take("project_1", 1))
    log.add(Change("call", "project_1", "call_3"))
    # Wherever they were before, they are at the same place now.
    second = await asyncio.gather(*(turns.take("project_1", position) for _, position in first))

    assert read == [("project_1", ["call_1", "call_2"]), ("project_1", ["call_2"]), ("project_1", ["call_3"])]
    assert first == [("1", 2)] * 100 + [("2", 2)]
    assert second == [("3", 3)] * 101
