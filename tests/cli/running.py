"""The command `pamela` as a process of its own: through pipes, and in a pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pexpect

from .fork_server import ForkServer

COMMAND = (sys.executable, "-m", "pamela")
PATIENCE = 60
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\r")

TOOLS = '''
"""Tools of a user's program."""

from pamela import ToolError, ToolRegistry, WebhookEndpoint

registry = ToolRegistry("acme-orders")


@registry.tool
def check_order_status(order_id: str) -> dict[str, object]:
    """Look up an order by ID."""
    print("looking up", order_id)
    if order_id == "0":
        raise ToolError("There is no order 0.")
    return {"status": "shipped", "eta_days": 2}


endpoint = WebhookEndpoint("whsec_sandbox", tools=registry)


@endpoint.on("call.*")
def show(event):
    print("handler", event.event)


number = 7
'''


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def jsonl(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]


@dataclass
class Cli:
    """Runs the command with settings of the test's own."""

    home: Path
    forks: ForkServer
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("PATH", "LANG", "VIRTUAL_ENV", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        self.environment = {**kept, "HOME": str(self.home), "TERM": "xterm-256color", **self.environment}
        package = self.home / "shop"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "tools.py").write_text(TOOLS)

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str | bytes = "",
        code: int | None = 0,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command through pipes, and hold its exit status against the expected one; None takes any."""
        exit_status, out, err = self.forks.run(
            [str(each) for each in arguments],
            stdin=stdin.encode() if isinstance(stdin, str) else stdin,
            cwd=self.home,
            env={**self.environment, **(env or {})},
            timeout=PATIENCE,
        )
        result = Done(exit_status, out.decode(), err.decode())
        if code is not None:
            assert result.code == code, result
        return result

    @contextmanager
    def started(self, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """Start a command that runs on; kill it at the end of the block."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env={**self.environment, **(env or {})},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def terminal(
        self, *arguments: str, width: int = 80, height: int = 24, env: Mapping[str, str] | None = None
    ) -> Terminal:
        """Start a command in a terminal."""
        child = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], *arguments],
            dimensions=(height, width),
            encoding="utf-8",
            timeout=PATIENCE,
            cwd=str(self.home),
            env={**self.environment, **(env or {})},
        )
        return Terminal(child)


@dataclass
class Terminal:
    """A command in a terminal."""

    child: pexpect.spawn[str]
    raw: str = ""

    def expect(self, text: str) -> None:
        """Wait until a text has appeared."""
        self.child.expect_exact(text)
        self.raw += self.child.before or ""
        self.raw += text

    def type(self, text: str) -> None:
        self.child.send(text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.child.sendintr()

    def end(self, code: int | None = 0) -> str:
        """Wait for the end; return all that was written, without what moves the cursor and sets colours."""
        self.child.expect(pexpect.EOF)
        self.raw += self.child.before or ""
        self.child.close()
        assert code is None or self.child.exitstatus == code, (self.child.exitstatus, self.child.signalstatus, self.raw)
        return plain(self.raw)

    @property
    def pid(self) -> int:
        assert self.child.pid is not None
        return self.child.pid


def plain(text: str) -> str:
    """Return what a terminal was sent without its control sequences."""
    return _CONTROL.sub("", text)


def interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Interrupt a process as Ctrl-C does, and return what it had written."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE)
