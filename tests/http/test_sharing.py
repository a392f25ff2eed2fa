"""One client for everything: threads, forks, cancelled tasks, other event loops, trio, many calls."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import ssl
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest

from pamela import AsyncPamelaClient, PamelaClient, PamelaError
from pamela.sandbox import Sandbox

from .echo import Server
from .proxy import Fault, Proxy


def test_threads_share_a_client(client: PamelaClient) -> None:
    call = client.create_call("+1234567890", "Order a pizza")
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: client.get_call(call.id).id, range(640)))
    assert answers == [call.id] * 640


@pytest.fixture
def echo() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def fork() -> int:
    with warnings.catch_warnings():
        # The threads of the test's sandbox are not carried into the child, nor needed there.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def test_fork(client: PamelaClient) -> None:
    call = client.create_call("+1234567890", "Order a pizza")
    child = fork()
    if child == 0:
        try:
            os._exit(0 if client.get_call(call.id).id == call.id else 1)
        except BaseException:
            os._exit(2)
    assert client.get_call(call.id).id == call.id
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.get_call(call.id).id == call.id


def test_a_child_that_only_exits(client: PamelaClient) -> None:
    """Threads of the parent hold the locks of the connections while it is forked; the child does not wait for them."""
    call = client.create_call("+1234567890", "Order a pizza")
    script = (
        "import os, sys, threading\n"
        "from pamela import PamelaClient\n"
        "client = PamelaClient(sys.argv[1], sys.argv[2])\n"
        "def use():\n"
        "    while True: client.get_call(sys.argv[3])\n"
        "for _ in range(4): threading.Thread(target=use, daemon=True).start()\n"
        "client.get_call(sys.argv[3])\n"
        "for _ in range(10):\n"
        "    child = os.fork()\n"
        "    if child == 0: sys.exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, client.api_key, client.base_url, call.id], check=True, timeout=120)


def test_a_fork_while_connections_are_made(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, api_key: str) -> None:
    making, forked = threading.Event(), threading.Event()

    def settings_for(base_url: str) -> tuple[ssl.SSLContext, None]:
        making.set()
        forked.wait()
        return ssl.create_default_context(), None

    with PamelaClient(api_key, sandbox.base_url) as client:
        monkeypatch.setattr("pamela._http.transports.settings_for", settings_for)
        thread = threading.Thread(target=client.list_tools)
        thread.start()
        making.wait()
        monkeypatch.undo()
        child = fork()
        if child == 0:
            os._exit(0 if client.list_tools() == [] else 1)
        forked.set()
        thread.join()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_transport_of_the_callers_is_not_shared_by_processes(sandbox: Sandbox, api_key: str) -> None:
    with httpx.Client() as http_client:
        for given in ({"transport": httpx.HTTPTransport()}, {"http_client": http_client}):
            client = PamelaClient(api_key, sandbox.base_url, **given)
            client.list_tools()
            child = fork()
            if child == 0:
                try:
                    client.list_tools()
                except PamelaError as error:
                    os._exit(0 if "before this process was forked" in str(error) else 1)
                os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            client.close()


async def test_cancelled_tasks_leave_the_pool_whole(proxy: Proxy, api_key: str) -> None:
    async with AsyncPamelaClient(api_key, proxy.base_url) as client:
        call = await client.create_call("+1234567890", "Order a pizza")
        for _ in range(20):
            proxy.faults.append(Fault.SILENCE)
            task = asyncio.create_task(client.get_call(call.id))
            while proxy.faults:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        answers = await asyncio.gather(*(client.get_call(call.id) for _ in range(50)))
    assert {answer.id for answer in answers} == {call.id}


def test_one_client_on_several_event_loops(sandbox: Sandbox, api_key: str) -> None:
    client = AsyncPamelaClient(api_key, sandbox.base_url)

    async def place() -> str:
        return (await client.create_call("+1234567890", "Order a pizza")).id

    async def last() -> str:
        found = await place()
        await client.close()
        return found

    with warnings.catch_warnings():
        # The loops that end take the connections with them.
        warnings.simplefilter("ignore", ResourceWarning)
        assert len({asyncio.run(place()), asyncio.run(place()), asyncio.run(last())}) == 3
        gc.collect()


def test_trio(sandbox: Sandbox, api_key: str) -> None:
    async def main() -> str:
        async with AsyncPamelaClient(api_key, sandbox.base_url) as client:
            call = await client.create_call("+1234567890", "Order a pizza")
            return (await client.cancel_call(call.id)).status

    assert anyio.run(main, backend="trio") == "cancelled"


def test_many_calls_take_no_more_memory_and_sockets(echo: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "pamela")  # or pytest keeps a line of the log for each
    client = PamelaClient("pk_live_demo", echo.base_url)
    ours = ["_client", "_core", "_http", "_generated", "httpx", "httpcore", "h11"]

    def look(times: int) -> tuple[int, int]:
        for _ in range(times):
            client.get_call("call_1")
        gc.collect()
        # Other threads of this process, such as a sandbox's, need memory of their own meanwhile.
        snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"*/{name}/*") for name in ours])
        memory = sum(statistic.size for statistic in snapshot.statistics("filename"))
        return memory, len(list(Path("/proc/self/fd").iterdir()))

    tracemalloc.start()
    try:
        memory, sockets = look(200)
        more_memory, more_sockets = look(800)
    finally:
        tracemalloc.stop()
    assert memory > 0
    assert more_memory - memory < 80_000
    assert more_sockets <= sockets + 2
    client.close()


def test_closed_client(client: PamelaClient) -> None:
    client.close()
    with pytest.raises(PamelaError, match="closed"):
        client.list_tools()
