"""Whatever runs at the same time and is broken off: nobody gets another's response, and the client stays whole."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from pamela import AsyncPamelaClient, PamelaClient

from .echo import LIMIT, Server

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def check(client: PamelaClient, number: int) -> None:
    assert client.get_call(f"call_{number}").id == f"call_{number}"


async def check_async(client: AsyncPamelaClient, number: int) -> None:
    assert (await client.get_call(f"call_{number}")).id == f"call_{number}"


def test_threads(server: Server) -> None:
    """More of them than there are connections."""
    with PamelaClient("pk_live_demo", server.base_url) as client, ThreadPoolExecutor(150) as threads:
        for _ in threads.map(lambda number: check(client, number), range(1500)):
            pass


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_of_which_some_are_cancelled(server: Server, backend: str) -> None:
    dice = random.Random(1042)
    done = 0

    async def get(client: AsyncPamelaClient, number: int, limit: float) -> None:
        nonlocal done
        with anyio.move_on_after(limit):
            await check_async(client, number)
            done += 1

    async def main() -> None:
        async with AsyncPamelaClient("pk_live_demo", server.base_url) as client:
            async with anyio.create_task_group() as tasks:
                for number in range(600):
                    tasks.start_soon(get, client, number, dice.choice((0.0, 0.005, 0.05, 0.2, LIMIT)))
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(get, client, number, LIMIT)

    anyio.run(main, backend=backend)
    assert done >= 200


def test_several_event_loops_at_once(server: Server) -> None:
    client = AsyncPamelaClient("pk_live_demo", server.base_url)

    async def get_many(first: int) -> None:
        for number in range(first, first + 40, 4):
            await asyncio.gather(*(check_async(client, number + each) for each in range(4)))

    def run(first: int) -> None:
        asyncio.run(get_many(first))

    with warnings.catch_warnings():
        # The loops that end take their connections with them.
        warnings.simplefilter("ignore", ResourceWarning)
        with ThreadPoolExecutor(8) as threads:
            for _ in threads.map(run, range(0, 800, 40)):
                pass
        asyncio.run(client.close())
        gc.collect()


def test_asyncio_and_trio_at_once(server: Server) -> None:
    client = AsyncPamelaClient("pk_live_demo", server.base_url)
    both = threading.Barrier(2)

    async def main() -> None:
        for number in range(50):
            await check_async(client, number)
        await anyio.to_thread.run_sync(both.wait, LIMIT)
        await client.close()

    with ThreadPoolExecutor(2) as threads:
        for _ in threads.map(lambda backend: anyio.run(main, backend=backend), ("asyncio", "trio")):
            pass


def test_forks_beside_threads(server: Server) -> None:
    with PamelaClient("pk_live_demo", server.base_url) as client:
        stop = threading.Event()

        def use(first: int) -> None:
            number = first
            while not stop.is_set():
                check(client, number)
                number += 1

        with ThreadPoolExecutor(4) as threads:
            running = [threads.submit(use, 1000 * each) for each in range(1, 5)]
            children = [fork_and_check(client, number) for number in range(6)]
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
            stop.set()
            for each in running:
                each.result(LIMIT)
        assert codes == [0] * 6
        check(client, 1)


def fork_and_check(client: PamelaClient, number: int) -> int:
    with warnings.catch_warnings():
        # The threads of the test are not carried into the child, nor needed there.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            for each in range(10):
                check(client, 100 * number + each)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child


def in_a_process_of_its_own(base_url: str, number: int) -> str:
    with PamelaClient("pk_live_demo", base_url) as client:
        return str(client.get_call(f"call_{number}").id)


def test_spawn(server: Server) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(in_a_process_of_its_own, [(server.base_url, number) for number in range(6)])
    assert found == [f"call_{number}" for number in range(6)]


def run_program(program: str, server: Server) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, server.base_url], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_keyboard_interrupts(server: Server) -> None:
    program = """
import os, random, signal, sys, threading, time
from pamela import PamelaClient
client = PamelaClient("pk_live_demo", sys.argv[1])
client.get_call("call_0")
dice, ready, over = random.Random(1042), threading.Semaphore(0), threading.Event()

def interrupt():
    while ready.acquire() and not over.is_set():
        time.sleep(dice.random() * 0.003)
        os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
interrupted = number = 0
while interrupted < 150:
    ready.release()
    try:
        while True:
            number += 1
            assert client.get_call(f"call_{number}").id == f"call_{number}"
    except KeyboardInterrupt:
        interrupted += 1
over.set()
for number in range(150):
    assert client.get_call(f"call_{number}").id == f"call_{number}"
print("whole")
"""
    assert run_program(program, server) == "whole"


def test_gevent(server: Server) -> None:
    pytest.importorskip("gevent")
    program = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from pamela import PamelaClient
client = PamelaClient("pk_live_demo", sys.argv[1])

def get(number):
    call = client.get_call(f"call_{number}")
    assert call.id == f"call_{number}"
    return True

jobs = [gevent.spawn(get, number) for number in range(400)]
for job in jobs[::7]:
    job.kill(block=False)
gevent.joinall(jobs, timeout=60)
assert all(job.value is True for index, job in enumerate(jobs) if index % 7), [job.exception for job in jobs]
jobs = [gevent.spawn(get, number) for number in range(150)]
gevent.sleep(0.02)
for job in jobs[::3]:
    job.kill(block=False)
gevent.joinall(jobs, timeout=60)
assert all(job.value is True for index, job in enumerate(jobs) if index % 3), [job.exception for job in jobs]
print("whole")
"""
    assert run_program(program, server) == "whole"


def test_uvloop(server: Server) -> None:
    pytest.importorskip("uvloop")
    program = """
import asyncio, random, sys, uvloop
from pamela import AsyncPamelaClient

async def main():
    dice = random.Random(1042)
    async with AsyncPamelaClient("pk_live_demo", sys.argv[1]) as client:
        async def get(number):
            assert (await client.get_call(f"call_{number}")).id == f"call_{number}"
        tasks = [asyncio.create_task(get(number)) for number in range(500)]
        for task in dice.sample(tasks, 150):
            await asyncio.sleep(0.001)
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(each is None or isinstance(each, asyncio.CancelledError) for each in outcomes), outcomes
        await asyncio.gather(*(get(number) for number in range(200)))
    print("whole")

uvloop.run(main())
"""
    assert run_program(program, server) == "whole"


def test_a_client_of_a_program_that_is_ending(server: Server) -> None:
    """The interpreter starts no more threads then, which a name is otherwise resolved in."""
    program = """
import atexit, sys
from pamela import PamelaClient
client = PamelaClient("pk_live_demo", sys.argv[1].replace("127.0.0.1", "localhost"))
atexit.register(lambda: print(client.get_call("call_1").id))
"""
    assert run_program(program, server) == "call_1"
