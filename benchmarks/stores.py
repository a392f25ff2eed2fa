"""The servers of the invocation stores that are measured, with their usual durability."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1]))  # the tests start the same servers

from tests import servers

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def store_servers() -> Iterator[dict[str, str]]:
    """Start the servers, and give the address of each kind of store; a server that is not installed has none."""
    addresses = {"memory": "", "sqlite": ""}
    with ExitStack() as stack:
        try:
            redis = stack.enter_context(servers.redis_server("--appendonly", "yes"))
            addresses["redis"] = f"redis://127.0.0.1:{redis.port}"
        except servers.ServerUnavailableError as error:
            print(f"without Redis: {error}")
        try:
            postgresql = stack.enter_context(servers.postgresql_server())
            addresses["postgresql"] = f"postgresql+psycopg://pamela@127.0.0.1:{postgresql.port}/postgres"
        except servers.ServerUnavailableError as error:
            print(f"without PostgreSQL: {error}")
        yield addresses
