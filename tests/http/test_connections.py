"""The pool of our own connections: bounded, the last one used first, none with anything left in it."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
import trustme

from pamela import APITimeoutError, AsyncPamelaClient, PamelaClient
from pamela._http import connections
from pamela._http.connections import AsyncPool, Connection, SyncPool

from .drivers import OUR_OWN, drive
from .echo import LIMIT, Server


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def tls_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    running = Server(context)
    yield running
    running.close()


def get_calls(number: int) -> list[Callable[[Any], Any]]:
    return [partial(get_call, f"call_{index}") for index in range(number)]


def get_call(call_id: str, client: Any) -> Any:
    return client.get_call(call_id)


def ids(calls: list[Any]) -> list[str]:
    assert all(hasattr(call, "id") for call in calls), calls
    return [call.id for call in calls]


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_connection_is_kept(server: Server, driver: str) -> None:
    """With the versions of httpx and httpcore that are installed; `Connection.is_reusable` looks at their insides."""
    assert ids(drive(driver, server.base_url, *get_calls(20))) == [f"call_{index}" for index in range(20)]
    assert len(server.connections) == 1


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_tls_connection_is_kept(tls_server: Server, driver: str) -> None:
    assert ids(drive(driver, tls_server.base_url, *get_calls(20))) == [f"call_{index}" for index in range(20)]
    assert len(tls_server.connections) <= 2  # the session tickets of TLS 1.3 can come late, like something unasked for


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="needs TCP_CORK")
@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_second_response_in_a_record_of_its_own(tls_server: Server, driver: str) -> None:
    """With TLS, what lies behind a response can be decrypted, or be received, and not be seen at the socket."""
    body = b'{"id": "another", "status": "queued"}'
    second = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def cork(connection: socket.socket, on: int) -> None:
        # Both records travel in one packet: what comes after the next request was written is its response to anybody.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)

    def send_second(connection: socket.socket) -> None:
        connection.sendall(second)
        cork(connection, 0)

    tls_server.before = lambda connection: cork(connection, 1)
    tls_server.behind = send_second
    assert ids(drive(driver, tls_server.base_url, *get_calls(10))) == [f"call_{index}" for index in range(10)]


@pytest.mark.parametrize("driver", OUR_OWN)
def test_a_server_that_closes_idle_connections(server: Server, driver: str) -> None:
    """It is noticed before a request is written, so that even a call that must not be placed twice goes out."""
    closed = threading.Semaphore(0)

    def close(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)
        closed.release()

    def get_and_wait(client: Any) -> Any:
        answer = client.get_call("call_1")
        if hasattr(answer, "__await__"):
            return wait_for_close(answer)
        assert closed.acquire(timeout=LIMIT)
        return answer

    async def wait_for_close(answer: Any) -> Any:
        call = await answer
        # It blocks the event loop on purpose, which hears of nothing in the meantime.
        assert closed.acquire(timeout=LIMIT)
        return call

    server.behind = close
    outcomes = drive(driver, server.base_url, *[get_and_wait] * 5, max_retries=0)
    assert ids(outcomes) == ["call_1"] * 5
    assert len(server.connections) == 5


def test_threads_wait_for_their_turn(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    server.gate.clear()
    with PamelaClient("pk_live_demo", server.base_url) as client, ThreadPoolExecutor(20) as threads:
        futures = [threads.submit(client.get_call, f"call_{index}") for index in range(20)]
        for _ in range(3):
            assert server.waiting.acquire(timeout=LIMIT)
        assert not server.waiting.acquire(timeout=0.1)  # no fourth request while three have no response
        with pytest.raises(APITimeoutError, match="no connection of the pool was free in time") as caught:
            client.with_options(timeout=0.05, max_retries=0).create_call("+1234567890", "Order a pizza")
        assert not caught.value.sent
        server.gate.set()
        assert [future.result(LIMIT).id for future in futures] == [f"call_{index}" for index in range(20)]
    assert len(server.connections) == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_wait_for_their_turn(server: Server, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    found: set[str] = set()

    async def get(client: AsyncPamelaClient, index: int) -> None:
        found.add((await client.get_call(f"call_{index}")).id)

    async def main() -> None:
        server.gate.clear()
        async with (
            AsyncPamelaClient("pk_live_demo", server.base_url) as client,
            anyio.create_task_group() as tasks,
        ):
            for index in range(20):
                tasks.start_soon(get, client, index)
            for _ in range(3):
                assert await anyio.to_thread.run_sync(lambda: server.waiting.acquire(timeout=LIMIT))
            with anyio.move_on_after(0.05):  # a request that waits and is cancelled leaves its place to others
                await get(client, 99)
            with pytest.raises(APITimeoutError, match="no connection of the pool was free in time") as caught:
                await client.with_options(timeout=0.05, max_retries=0).create_call("+1234567890", "Order a pizza")
            assert not caught.value.sent
            server.gate.set()

    anyio.run(main, backend=backend)
    assert found == {f"call_{index}" for index in range(20)}
    assert len(server.connections) == 3


def context() -> ssl.SSLContext:
    return ssl.create_default_context()


def test_the_last_one_used_goes_first_and_idle_ones_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("pamela._http.connections.time", SimpleNamespace(monotonic=lambda: now[0]))
    closed: list[Any] = []
    monkeypatch.setattr(Connection, "close", lambda connection: closed.append(connection))
    pool = SyncPool(context(), None)
    first, second = pool.acquire(None), pool.acquire(None)
    pool.release(first)
    pool.release(second)
    assert pool.acquire(None) is second
    now[0] = connections.KEEPALIVE_SECONDS + 1
    pool.release(second)
    assert closed == [first]
    pool.release(pool.acquire(None), reusable=False)
    assert closed == [first, second]
    last = pool.acquire(None)
    pool.close()
    pool.release(last)
    assert closed == [first, second, last]


def test_a_signal_handler_may_use_the_pool_that_it_interrupts() -> None:
    pool = SyncPool(context(), None)
    handled: list[Connection[httpx.HTTPTransport]] = []
    waiting = ["a signal"] * 4

    def handle_signal() -> None:
        if waiting:
            waiting.pop()
            connection = pool.acquire(1.0)
            handled.append(connection)
            pool.release(connection, reusable=len(handled) % 2 == 0)

    class Idle(deque[Connection[httpx.HTTPTransport]]):
        """Is interrupted wherever the pool uses it."""

        def pop(self) -> Connection[httpx.HTTPTransport]:  # type: ignore[override]
            handle_signal()
            return super().pop()

        def append(self, connection: Connection[httpx.HTTPTransport]) -> None:
            handle_signal()
            super().append(connection)

    pool._idle = Idle()
    first = pool.acquire(1.0)
    second = pool.acquire(1.0)
    pool.release(first)
    pool.release(second)
    taken = [pool.acquire(1.0) for _ in range(3)]
    assert len(handled) == 4
    assert len(set(map(id, taken))) == 3
    for connection in taken:
        pool.release(connection)
    assert not pool._in_use
    pool.close()


async def test_the_same_for_an_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("pamela._http.connections.time", SimpleNamespace(monotonic=lambda: now[0]))
    closed: list[Any] = []

    async def aclose(connection: Any) -> None:
        closed.append(connection)

    monkeypatch.setattr(Connection, "aclose", aclose)
    pool = AsyncPool(context(), None)
    first, second = await pool.acquire(None), await pool.acquire(None)
    await pool.release(first)
    await pool.release(second)
    assert await pool.acquire(None) is second
    now[0] = connections.KEEPALIVE_SECONDS + 1
    await pool.release(second)
    assert closed == [first]
    await pool.release(await pool.acquire(None), reusable=False)
    last = await pool.acquire(None)
    await pool.close()
    await pool.release(last)
    assert closed == [first, second, last]


def test_insides_that_are_elsewhere_make_connections_unusable() -> None:
    """A later httpcore may keep its state elsewhere. Then no connection is kept, and nobody gets another's response."""
    connection = Connection(httpx.HTTPTransport, context(), None)
    assert connection.is_reusable()
    pool: Any = connection.transport._pool
    pool._connections.append(object())
    assert not connection.is_reusable()
    del pool._connections
    assert not connection.is_reusable()


def test_a_client_that_nobody_closes_leaves_no_socket(server: Server) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = PamelaClient("pk_live_demo", server.base_url)
        client.get_call("call_1")
        del client
        gc.collect()
    deadline = time.monotonic() + LIMIT
    while server.connections[0].fileno() >= 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.connections[0].fileno() < 0


def test_closing_lets_a_request_end(server: Server) -> None:
    server.gate.clear()
    client = PamelaClient("pk_live_demo", server.base_url)
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(client.get_call, "call_1")
        assert server.waiting.acquire(timeout=LIMIT)
        client.close()
        server.gate.set()
        assert future.result(LIMIT).id == "call_1"
