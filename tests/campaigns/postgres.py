"""A PostgreSQL server of the test's own, started and stopped and killed at will."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PLACES = [
    Path(each) for each in ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")
]


def find_programs() -> Path | None:
    """Return the folder with PostgreSQL's programs."""
    on_path = shutil.which("initdb")
    return (
        Path(on_path).resolve().parent
        if on_path
        else next((place for place in PLACES if (place / "initdb").exists()), None)
    )


@dataclass
class Postgres:
    """A running server."""

    programs: Path
    folder: Path
    port: int
    prefix: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """Make a database and return its address."""
        self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", f'CREATE DATABASE "{name}"')
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        )
        self.control("start", "-o", options)

    def restart(self) -> None:
        """Stop it as a crash does, and start it again."""
        self.control("restart", "-m", "immediate")

    def control(self, command: str, *more: str) -> None:
        self._run(
            "pg_ctl", command, "-D", str(self.folder / "data"), "-w", "-t", "60", "-l", str(self.folder / "log"), *more
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self.prefix, str(self.programs / program), *arguments], capture_output=True, text=True, check=False,
            cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, (program, done.stdout, done.stderr)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server; skip the test, with the reason, where there can be none."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    prefix: tuple[str, ...] = ()
    folder = Path(tempfile.mkdtemp(prefix="pamela-postgres-"))
    if os.geteuid() == 0:
        # PostgreSQL does not run as root.
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        prefix = ("runuser", "-u", "postgres", "--")
        shutil.chown(folder, "postgres")
    port = free_port()
    server = Postgres(programs, folder, port, prefix)
    try:
        server._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.control("stop", "-m", "immediate")
    finally:
        for _ in range(5):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.1)
