"""A sandbox as a process of its own, to be stopped and killed."""

import multiprocessing
import signal
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from pamela.sandbox import SandboxOptions, serve

COMMAND = (sys.executable, "-m", "pamela.sandbox")
READY = "Pamela sandbox ready on "


@dataclass
class Process:
    """A running `python -m pamela.sandbox`."""

    base_url: str
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, *arguments: str | Path) -> Self:
        command = [*COMMAND, "--port", "0", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(READY):
            process.kill()
            raise AssertionError((line, *process.communicate()))
        return cls(line.removeprefix(READY).strip(), process)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ends the process; returns its exit status and what it said beside the first line."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out + err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def start_fork(database: Path) -> tuple[BaseProcess, str]:
    """Starts a sandbox in the fork of a process that has imported it, ten times as fast as a new process.

    Returns the process and the sandbox's address.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pamela.sandbox.server", "pamela.sandbox.validation", "pytest"])
    ready, its_end = context.Pipe()
    process = context.Process(target=_serve, args=(database, its_end))
    process.start()
    its_end.close()  # so that the end of the process is the end of the waiting
    return process, ready.recv()


def _serve(database: Path, ready: Connection) -> None:
    serve(SandboxOptions(database=database, speed=100), lambda server: ready.send(server.base_url))
