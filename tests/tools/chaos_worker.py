"""A process that runs tools, for the chaos tests: invocations come on standard input, and each run is noted in a file.

Run it with `python -m tests.tools.chaos_worker OPTIONS RUNS`: the store as JSON, and the file.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, text

from pamela import ToolInvocation, ToolRegistry

from .stores import open_store

TIMEOUT = 5.0
LEASE = 6.0
THREADS = 8

_deadline: ContextVar[float] = ContextVar("_deadline")


def make_registry(options: dict[str, str], runs: int) -> ToolRegistry:
    """Return a registry whose tools note their runs in a file: the id, and whether it began in time."""
    registry = ToolRegistry(store=open_store(options), lease_seconds=LEASE)

    def note(invocation: ToolInvocation) -> None:
        when = "late" if time.monotonic() > _deadline.get() else "in-time"
        os.write(runs, f"{invocation.correlation_id} {when}\n".encode())
        time.sleep(random.random() / 100)

    @registry.tool(timeout_seconds=TIMEOUT)
    def pay(invocation: ToolInvocation) -> str:
        """Pay."""
        note(invocation)
        return "paid"

    if options["kind"] == "sql-postgresql":

        @registry.tool(timeout_seconds=TIMEOUT, after_crash="run")
        def order(invocation: ToolInvocation, connection: Connection) -> str:
            """Order, in the transaction of the invocation."""
            statement = text("INSERT INTO chaos_orders VALUES (:id)")
            connection.execute(statement, {"id": invocation.correlation_id})
            note(invocation)
            return "ordered"

    return registry


def main(options: str, runs_file: str) -> None:
    """Answer invocations until the end of the input."""
    runs = os.open(runs_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    registry = make_registry(json.loads(options), runs)
    print("ready", flush=True)

    def answer(payload: dict[str, Any]) -> None:
        _deadline.set(time.monotonic() + TIMEOUT)
        response = registry.invoke(payload)
        os.write(1, f"{payload['correlation_id']} {response.status}\n".encode())

    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
