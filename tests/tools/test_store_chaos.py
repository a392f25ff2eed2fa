"""Eight processes that are killed again and again: no invocation runs twice or late."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from .chaos_worker import TIMEOUT
from .stores import store_options
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers import Server

PROCESSES = 8
AT_ONCE = 6
"""How many deliveries a process has at most before it has answered one."""
STALL = 1.2 * TIMEOUT
STALLS = 3
BETWEEN_KILLS = (1.0, 4.0)
"""The seconds between two kills, at least and at most: a process needs some to start."""
ROOT = Path(__file__).parents[2]


class Worker:
    """A process with tools that is started again when it is killed."""

    def __init__(self, options: dict[str, str], runs: Path) -> None:
        self._log = runs.with_name("log")
        self._command = [sys.executable, "-m", "tests.tools.chaos_worker", json.dumps(options), str(runs)]
        self._lock = threading.Lock()
        self._free = threading.Semaphore(AT_ONCE)
        self._open = 0
        self.answers: Counter[str] = Counter()
        self.kills = 0
        self._start()

    def _start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
            )
        self._is_ready = threading.Event()
        threading.Thread(target=self._read, args=(self._process, self._is_ready), daemon=True).start()

    def _read(self, process: subprocess.Popen[str], is_ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "ready\n":
                is_ready.set()
                continue
            self.answers[line.split()[1]] += 1
            with self._lock:
                if process is self._process:
                    self._open -= 1
                    self._free.release()
        process.stdout.close()

    def deliver(self, payload: dict[str, Any]) -> None:
        """Deliver an invocation. It may be lost with the process, as in life."""
        self._is_ready.wait(60)
        self._free.acquire()
        with self._lock, suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._open += 1
            self._process.stdin.write(json.dumps(payload) + "\n")

    def kill(self) -> None:
        """Kill the process, and start another."""
        if not self._is_ready.wait(60):
            return
        with self._lock:
            self._process.kill()
            self._process.wait()
            with suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            self.kills += 1
            for _ in range(self._open):
                self._free.release()
            self._open = 0
            self._start()

    def is_idle(self) -> bool:
        with self._lock:
            return self._open == 0

    def stop(self) -> None:
        self._is_ready.wait(60)
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(60)


def stall_redis(server: Server) -> None:
    server.pause()
    time.sleep(STALL)
    server.resume()


def stall_postgresql(engine: Any, table: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        time.sleep(STALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "tool", "number"),
    [("redis", "pay", 10_000), ("sql-postgresql", "pay", 10_000), ("sql-postgresql", "order", 1_000)],
    ids=["redis", "postgresql", "postgresql, in the tool's transaction"],
)
def test_nothing_runs_twice_or_late(
    kind: str, tool: str, number: int, server_for: Callable[[str], Server], tmp_path: Path
) -> None:
    options = store_options(kind, server_for, tmp_path)
    runs = tmp_path / "runs"
    dice = random.Random(number)
    times = dice.choices((2, 3, 4, 5), (6, 2, 1, 1), k=number)
    deliveries = [name for name in range(number) for _ in range(times[name])]
    dice.shuffle(deliveries)
    with ExitStack() as stack:
        if kind == "sql-postgresql":
            engine = create_engine(options["engine"])
            stack.callback(engine.dispose)
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE IF NOT EXISTS chaos_orders (id VARCHAR(50))"))
                connection.execute(text("DELETE FROM chaos_orders"))
        workers = [Worker(options, runs) for _ in range(PROCESSES)]
        for worker in workers:
            stack.callback(worker.stop)
        stalls, is_over = 0, threading.Event()

        def disturb() -> None:
            nonlocal stalls
            disorder = random.Random(1)
            while not is_over.wait(disorder.uniform(*BETWEEN_KILLS)):
                disorder.choice(workers).kill()
                if stalls < STALLS and disorder.random() < 0.5:
                    if kind == "redis":
                        stall_redis(server_for("redis"))
                    else:
                        stall_postgresql(engine, options["table"])
                    stalls += 1

        disturbing = threading.Thread(target=disturb)
        disturbing.start()
        try:
            with ThreadPoolExecutor(PROCESSES) as pool:
                list(
                    pool.map(lambda worker, index: send(worker, deliveries[index::PROCESSES], tool), workers, range(8))
                )
            until(lambda: all(worker.is_idle() for worker in workers), patience=60)
        finally:
            is_over.set()
            disturbing.join()
        answers = sum((worker.answers for worker in workers), Counter[str]())
        kills = sum(worker.kills for worker in workers)
        noted = [line.split() for line in runs.read_text().splitlines()]
        began = Counter(name for name, _ in noted)
        assert [name for name, when in noted if when == "late"] == []
        if tool == "pay":
            assert {name: count for name, count in began.items() if count > 1} == {}
        else:
            with engine.connect() as connection:
                orders = Counter(connection.execute(text("SELECT id FROM chaos_orders")).scalars())
            assert {name: count for name, count in orders.items() if count > 1} == {}
            assert len(orders) > 0.8 * number
        print(f"{kind}: {len(deliveries)} deliveries, {len(began)} runs, {kills} kills, {stalls} stalls, {answers}")
        # It was chaos, and it was not for nothing.
        assert kills >= 5
        assert stalls >= 1
        assert len(began) > 0.8 * number
        assert answers["400"] > 0
        assert answers["200"] > answers["400"]


def send(worker: Worker, names: list[int], tool: str) -> None:
    for name in names:
        worker.deliver(
            {"tool_name": tool, "arguments": {}, "call_id": "call_1", "correlation_id": f"corr_{tool}_{name}"}
        )
