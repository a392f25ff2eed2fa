"""Invocation stores of each kind, described so that every process can open the same one."""

from __future__ import annotations

import uuid
from itertools import count
from typing import TYPE_CHECKING, Any

from pamela.tools import MemoryInvocationStore, RedisInvocationStore, SQLInvocationStore, SQLiteInvocationStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import Server

KINDS = ["memory", "sqlite", "redis", "sql-sqlite", "sql-postgresql", "sql-mariadb"]
_numbers = count()


def store_options(kind: str, server_for: Callable[[str], Server], directory: Path) -> dict[str, str]:
    """What makes two stores of a kind the same one, in whatever process."""
    name = f"store_{next(_numbers)}_{uuid.uuid4().hex[:8]}"
    match kind:
        case "memory":
            return {"kind": kind}
        case "sqlite":
            return {"kind": kind, "path": str(directory / name)}
        case "redis":
            return {"kind": kind, "client": f"redis://127.0.0.1:{server_for('redis').port}", "prefix": name}
        case "sql-sqlite":
            return {"kind": kind, "engine": f"sqlite:///{directory / name}"}
        case "sql-postgresql":
            port = server_for("postgresql").port
            return {"kind": kind, "engine": f"postgresql+psycopg://pamela@127.0.0.1:{port}/postgres", "table": name}
        case "sql-mariadb":
            port = server_for("mariadb").port
            return {"kind": kind, "engine": f"mysql+pymysql://root@127.0.0.1:{port}/test", "table": name}
    raise ValueError(kind)


def open_store(options: dict[str, str], **more: Any) -> Any:
    """Open a store, to be closed by the caller."""
    rest = {name: value for name, value in options.items() if name != "kind"} | more
    match options["kind"]:
        case "memory":
            return MemoryInvocationStore(**rest)
        case "sqlite":
            return SQLiteInvocationStore(**rest)
        case "redis":
            return RedisInvocationStore(**rest)
    return SQLInvocationStore(**rest)


def close(store: Any) -> None:
    """Close a store that has connections."""
    if hasattr(store, "close"):
        store.close()
