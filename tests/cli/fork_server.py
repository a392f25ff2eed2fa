"""Processes of the command without the start of an interpreter: forks of one that has loaded everything.

The test suite runs the command hundreds of times. A fork has its own pipes, environment, folder and exit status, as a
process started by a shell has; what depends on the start itself is tested with processes that are really started.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STANDARD_STREAMS = 3


class ForkServer:
    """The server, as the tests see it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def run(
        self, arguments: Sequence[str], *, stdin: bytes, cwd: Path, env: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Run a command; return its exit status and what it wrote to stdout and stderr."""
        readers, ends = zip(*(os.pipe() for _ in range(STANDARD_STREAMS)), strict=True)
        own_stdin, out, err = ends[0], readers[1], readers[2]
        theirs = (readers[0], ends[1], ends[2])
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(self._path)
            request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}).encode()
            socket.send_fds(connection, [len(request).to_bytes(8, "big")], theirs)
            for descriptor in theirs:
                os.close(descriptor)
            connection.sendall(request)
            written: dict[int, bytes] = {}
            threads = [threading.Thread(target=_feed, args=(own_stdin, stdin))]
            threads += [threading.Thread(target=_drain, args=(each, written)) for each in (out, err)]
            for thread in threads:
                thread.start()
            status = connection.recv(4)
            for thread in threads:
                thread.join(timeout)
        return int.from_bytes(status, "big", signed=True), written[out], written[err]


def _feed(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb") as pipe:
        try:
            pipe.write(content)
            pipe.flush()
        except BrokenPipeError:
            pass  # the command did not want it


def _drain(descriptor: int, written: dict[int, bytes]) -> None:
    with open(descriptor, "rb") as pipe:
        written[descriptor] = pipe.read()


@contextmanager
def serving(folder: Path) -> Iterator[ForkServer]:
    """Run the server for as long as the block lasts."""
    path = folder / "forks"
    with subprocess.Popen([sys.executable, "-m", __name__, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield ForkServer(str(path))
        finally:
            process.terminate()


def preload() -> None:
    """Load what the commands load, without making a thread."""
    import importlib

    import httpx  # noqa: F401
    import jsonschema  # noqa: F401
    import yaml  # noqa: F401

    import pamela.client
    import pamela.endpoint
    import pamela.tools  # noqa: F401
    from pamela.cli.app import COMMANDS

    for entry in COMMANDS.values():
        importlib.import_module(f"pamela.cli.{entry.target.partition(':')[0]}")
    for name in ("dry_run", "listening", "live", "sandbox_session", "specification", "tables", "watching"):
        importlib.import_module(f"pamela.cli.{name}")


def serve(path: str) -> None:
    """Fork for each connection, until terminated."""
    preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                answer(connection)
                os._exit(0)
            connection.close()


def answer(connection: socket.socket) -> None:
    """Run the command that is asked for in a fork, and send its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, descriptors, _, _ = socket.recv_fds(connection, 8, STANDARD_STREAMS)
    request = b""
    while len(request) < int.from_bytes(length, "big"):
        request += connection.recv(65_536)
    pid = os.fork()
    if pid == 0:
        connection.close()
        become(json.loads(request), array.array("i", descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    connection.sendall(code.to_bytes(4, "big", signed=True))


def become(request: dict[str, object], descriptors: Sequence[int]) -> None:
    """Be the command from here on."""
    arguments, cwd, env = request["arguments"], request["cwd"], request["env"]
    assert isinstance(arguments, list)
    assert isinstance(env, dict)
    code = 1
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(str(cwd))
        sys.path[:0] = [str(cwd), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, buffering=1 if mode == "w" else -1, closefd=False)  # noqa: SIM115 - they are descriptors
            for number, mode in enumerate(("r", "w", "w"))
        )
        sys.argv = ["pamela", *arguments]
        from pamela.cli import main

        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
