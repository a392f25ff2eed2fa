"""Invocation stores: what a claim takes beside many remembered ids, and how many invocations of a tool there are a second."""

from __future__ import annotations

import itertools
import os
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from worker import in_threads, repeat, serve

from pamela.tools import (
    MemoryInvocationStore,
    RedisInvocationStore,
    SQLInvocationStore,
    SQLiteInvocationStore,
    ToolRegistry,
)

DAY = 86_400.0
_names = itertools.count()


class Stores:
    """A store of each kind, filled when it is first asked for."""

    def __init__(self) -> None:
        self._filled: dict[tuple[str, int], Any] = {}

    def get(self, kind: str, address: str, ids: int) -> Any:
        if (kind, ids) not in self._filled:
            self._filled[kind, ids] = getattr(self, f"_{kind}")(address, ids)
        return self._filled[kind, ids]

    def _memory(self, address: str, ids: int) -> Any:
        store = MemoryInvocationStore(max_entries=10**7, max_bytes=10**10)
        for number in range(ids):
            store.complete(f"old_{number}", '{"result": 1}', owner="a")
        return store

    def _sqlite(self, address: str, ids: int) -> Any:
        path = Path(tempfile.mkdtemp()) / "invocations.db"
        store = SQLiteInvocationStore(path, max_entries=10**7)
        with sqlite3.connect(path) as connection:
            rows = (
                (f"old_{number}", "done", "a", 0, 0, time.time() + DAY, '{"result": 1}', number)
                for number in range(ids)
            )
            connection.executemany("INSERT INTO pamela_invocations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.close()
        return store

    def _redis(self, address: str, ids: int) -> Any:
        import redis

        client = redis.Redis.from_url(address, socket_timeout=60)
        prefix = f"pamela:{ids}:"
        store = RedisInvocationStore(client, prefix=prefix)
        values = {"state": "done", "owner": "a", "lease_until": "0", "response": '{"result": 1}'}
        for numbers in _batches(ids):
            pipeline = client.pipeline(transaction=False)
            for number in numbers:
                pipeline.hset(f"{prefix}old_{number}", mapping=values)
                pipeline.expire(f"{prefix}old_{number}", int(DAY))
            pipeline.execute()
        return store

    def _postgresql(self, address: str, ids: int) -> Any:
        from sqlalchemy import create_engine, text

        engine = create_engine(address, pool_size=20)
        store = SQLInvocationStore(engine, table=f"invocations_{ids}")
        with engine.begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO invocations_{ids} SELECT 'old_' || number, 'done', 'a', 0, "
                    "extract(epoch from now()) + 86400, '{\"result\": 1}' FROM generate_series(1, :ids) number"
                ),
                {"ids": ids},
            )
            connection.execute(text(f"ANALYZE invocations_{ids}"))
        return store


def _batches(ids: int) -> Any:
    return (range(start, min(start + 10_000, ids)) for start in range(0, ids, 10_000))


stores = Stores()


def claim(store: Any, times: int) -> float:
    """Return the seconds that a claim takes."""
    return repeat(lambda: store.claim(f"new_{os.getpid()}_{next(_names)}", owner="a", lease_seconds=30))(times)


def invoke(store: Any, times: int) -> float:
    """Return how many invocations of a tool there are in a second, eight at once."""
    registry = ToolRegistry(store=store)

    @registry.tool
    def look_up(order_id: str) -> str:
        """Look up an order."""
        return order_id

    def invoke_once() -> None:
        response = registry.invoke(
            {
                "tool_name": "look_up",
                "arguments": {"order_id": "1042"},
                "call_id": "call_1",
                "correlation_id": f"invoked_{os.getpid()}_{next(_names)}",
            }
        )
        assert response.status == 200, response

    return in_threads(invoke_once, total=times, width=8)


def measure(what: str, kind: str, times: int, address: str = "", ids: int = 0) -> float:
    """Measure claims or invocations of a store."""
    return {"claim": claim, "invoke": invoke}[what](stores.get(kind, address, ids), times)


serve(measure)
