"""What the tests of tools share: the servers that invocation stores use."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def server_for() -> Iterator[Callable[[str], servers.Server]]:
    """Return a running server of a kind: redis, postgresql or mariadb. It is started when it is first asked for."""
    started: dict[str, servers.Server | servers.ServerUnavailableError] = {}
    starters: dict[str, Any] = {
        "redis": servers.redis_server,
        "postgresql": lambda: servers.postgresql_server("fsync=off"),
        "mariadb": servers.mariadb_server,
    }
    with ExitStack() as stack:

        def get(kind: str) -> servers.Server:
            if kind not in started:
                try:
                    started[kind] = stack.enter_context(starters[kind]())
                except servers.ServerUnavailableError as error:
                    started[kind] = error
            server = started[kind]
            if isinstance(server, servers.ServerUnavailableError):
                pytest.skip(f"no {kind}: {server}")
            return server

        yield get
