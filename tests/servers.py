"""Real servers for tests: Redis, PostgreSQL and MariaDB, each in a directory of its own on 127.0.0.1.

A server that cannot be had is a `ServerUnavailableError`, whose text says why; `or_skip` skips with it.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

S = TypeVar("S", bound="Server")

PATIENCE = 60.0
NOBODY = "nobody"
POSTGRESQL_PROGRAMS = "/usr/lib/postgresql/*/bin"


class ServerUnavailableError(Exception):
    """A server is not installed, or cannot be started here."""


def free_port() -> int:
    """Return a port that is free now.

    It is below the range from which the system takes ports for connections, so that none of those takes it.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A server process that can be killed and started again on the same port and data."""

    def __init__(
        self, command: Sequence[str], port: int, directory: Path, user: str | None, is_ready: Callable[[], bool]
    ):
        self.port = port
        self._command = command
        self._directory = directory
        self._user = user
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for left_behind in self._directory.glob("data/postmaster.pid"):
            left_behind.unlink()  # by one that was killed, and whose children are gone soon
        log = self._directory / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **_as(self._user)
            )
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailableError(
                    f"{self._command[0]} does not start: {log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it, as a crash does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    @property
    def pid(self) -> int:
        """The process id of the server that runs now."""
        assert self._process is not None
        return self._process.pid

    def pause(self) -> None:
        """Let it answer nothing, while its connections stay."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        pid = self.pid
        # Those of PostgreSQL are process groups of their own.
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def stop(self) -> None:
        """Stop it for good."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self.kill()


class PostgreSQLServer(Server):
    """A PostgreSQL server with a user ``pamela`` without a password."""

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://pamela@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create a database and return its address."""
        psql = _program("psql", POSTGRESQL_PROGRAMS)
        _run([psql, "-qX", self.address(), "-c", f'CREATE DATABASE "{name}"'], None)
        return self.address(name)


@contextmanager
def or_skip(server: AbstractContextManager[S]) -> Iterator[S]:
    """Run a server; skip the test, with the reason, where it cannot be had."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(server)
        except ServerUnavailableError as error:
            pytest.skip(str(error))
        yield running


@contextmanager
def redis_server(*settings: str) -> Iterator[Server]:
    """Run a Redis server that saves nothing unless the settings, such as ``--appendonly yes``, say otherwise."""
    program = _program("redis-server")
    port = free_port()
    with _directory() as directory:
        command = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(directory),
            "--save",
            "",
            *settings,
        ]
        with _running(Server(command, port, directory, None, lambda: _redis_answers(port))) as server:
            yield server


@contextmanager
def postgresql_server(*settings: str) -> Iterator[PostgreSQLServer]:
    """Run a PostgreSQL server with a database ``postgres`` and a user ``pamela`` without a password."""
    initdb, postgres, is_ready = (_program(name, POSTGRESQL_PROGRAMS) for name in ("initdb", "postgres", "pg_isready"))
    user = _another_user("postgres")
    port = free_port()
    with _directory(user) as directory:
        data = directory / "data"
        _run([initdb, "-D", str(data), "-U", "pamela", "-A", "trust", "-E", "UTF8", "--no-sync"], user)
        command = [
            postgres,
            "-D",
            str(data),
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            str(directory),
            "-c",
            "max_connections=200",
        ]
        command += [part for setting in settings for part in ("-c", setting)]
        check = [is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
        server = PostgreSQLServer(command, port, directory, user, lambda: subprocess.run(check).returncode == 0)
        with _running(server):
            yield server


@contextmanager
def mariadb_server() -> Iterator[Server]:
    """Run a MariaDB server with a database ``test``, and a user ``root`` without a password."""
    install, mariadbd = _program("mariadb-install-db"), _program("mariadbd", "/usr/sbin")
    user = _another_user("mysql")
    port = free_port()
    with _directory(user) as directory:
        data = directory / "data"
        _run([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"], user)
        options = [f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={directory}/socket"]
        command = [mariadbd, "--no-defaults", *options, f"--pid-file={directory}/pid"]
        with _running(Server(command, port, directory, user, lambda: _accepts(port))) as server:
            yield server


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def _directory(user: str | None = None) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="pamela-server-"))
    try:
        if user is not None:
            shutil.chown(directory, user)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _program(name: str, *places: str) -> str:
    found = shutil.which(name)
    for place in places:
        found = found or next(
            (str(each / name) for each in sorted(Path("/").glob(place.lstrip("/"))) if (each / name).exists()), None
        )
    if found is None:
        raise ServerUnavailableError(f"{name} is not installed")
    return found


def _another_user(preferred: str) -> str | None:
    """Return a user to run a server as, which refuses to run as root; None if this is not root."""
    if os.geteuid() != 0:
        return None
    for name in (preferred, NOBODY):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerUnavailableError("the server does not run as root, and there is no other user")


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **_as(user))
    if done.returncode != 0:
        raise ServerUnavailableError(f"{command[0]} failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _redis_answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(7) == b"+PONG\r\n"
    return False
