"""The processes of a benchmark: the server, and the clients beside it on a processor of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"


def environment(base_url: str) -> dict[str, str]:
    """What a client sees of this process's environment: nothing that could change what it does."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "SYSTEMROOT"}}
    return {**kept, "BENCHMARK_BASE_URL": base_url}


@contextmanager
def server() -> Iterator[str]:
    """Serve the canned answers and give their address. Everything that is started within runs on another processor."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[-1]})
    with subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(0, {processors[0]})
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
            os.sched_setaffinity(0, processors)


class Worker:
    """A script that measures when it is asked to, in a process that stays warm."""

    def __init__(self, python: Path, script: str, base_url: str) -> None:
        self.process = subprocess.Popen(
            [python, SCRIPTS / f"{script}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(base_url),
        )

    def ask(self, **arguments: Any) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.communicate()


def seconds_of_process(python: Path, script: str, base_url: str) -> float:
    """Return how long a script takes from the start of its process to its end, in seconds."""
    began = time.perf_counter()
    command = [python, SCRIPTS / f"{script}.py"]
    subprocess.run(command, stdout=subprocess.DEVNULL, env=environment(base_url), check=True)
    return time.perf_counter() - began


def seconds_to_first_line(python: Path, script: str, base_url: str) -> float:
    """Start a script and give the seconds until it has printed a line."""
    began = time.perf_counter()
    command = [python, SCRIPTS / f"{script}.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(base_url)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.perf_counter() - began
    assert line, f"{script} failed"
    return took
