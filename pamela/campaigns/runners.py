"""The identity of a runner, and whether a runner on this machine is still alive."""

from __future__ import annotations

import os
import platform
import secrets
from pathlib import Path

import attrs

_ACTIVE: set[str] = set()
"""The runners of this process that have not ended."""


@attrs.frozen
class RunnerIdentity:
    """A runner: its unique name, and its process on its host."""

    id: str
    host: str
    process: str

    @classmethod
    def create(cls) -> RunnerIdentity:
        """Return an identity for a runner of this process."""
        name = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
        _ACTIVE.add(name)
        return cls(name, _host(), f"{os.getpid()}:{_started(os.getpid())}")

    def retire(self) -> None:
        """Mark the runner as ended in this process."""
        _ACTIVE.discard(self.id)


def is_dead(runner: str, host: str, process: str) -> bool:
    """Return whether a runner has ended. False if that is unknown, for example on another host.

    Args:
        runner: The name of the runner.
        host: The host of the runner.
        process: The process of the runner.
    """
    pid, _, started = process.partition(":")
    if host != _host() or not started:
        return False
    if int(pid) == os.getpid():
        return runner not in _ACTIVE or _started(int(pid)) != started
    return _started(int(pid)) != started


def _host() -> str:
    """Return an id of this boot of this machine and of the container, because process ids are only valid in both."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116 - of the link's target
    except OSError:
        return platform.node()


def _started(pid: int) -> str:
    """Return the start time of a process, in clock ticks since boot; empty if it has ended or this is not Linux."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
