"""The webhook addresses of a sandbox's project while `pamela listen` runs, and their restoration, also after kill -9.

The old addresses are written to a file before they are changed. The file has a lock that the system releases when the
process ends in any way.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from .exit_codes import CommandError, ExitCode
from .profiles import write_private

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from pamela import AsyncPamelaClient

PROJECT = "/sandbox/project"
SETTINGS = ("webhook_url", "tool_webhook_url", "webhook_secret")


@dataclass
class Session:
    """A stored session of listening.

    Attributes:
        before: The settings of the project before the session.
        ours: The settings of the project during the session.
        since: The start of the session, as text from the sandbox. Later deliveries belong to the session.
        port: The port of the session. Pending deliveries go there.
    """

    before: dict[str, Any]
    ours: dict[str, Any]
    since: str
    port: int


class SessionFile:
    """The file of a project's session. As a context manager, it holds the lock of the file.

    Args:
        base_url: The address of the sandbox.
        project_id: The project.

    Raises:
        CommandError: Another process listens for the project.
    """

    def __init__(self, base_url: str, project_id: str) -> None:
        import platformdirs

        name = hashlib.sha256(f"{base_url} {project_id}".encode()).hexdigest()[:16]
        folder = platformdirs.user_state_path("pamela", appauthor=False)
        self._path = folder / f"listen-{name}.json"
        self._lock_path = folder / f"listen-{name}.lock"
        self._lock: int | None = None

    def read(self) -> Session | None:
        """Return the session that was killed, None if the last one ended normally."""
        try:
            return Session(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            # The file is replaced atomically, so an invalid one was never used.
            return None

    def write(self, session: Session) -> None:
        """Store a session.

        Raises:
            CommandError: The file cannot be written.
        """
        try:
            write_private(self._path, json.dumps(asdict(session), indent=2) + "\n")
        except OSError as error:
            raise CommandError(f"Cannot write {self._path}: {error.strerror}.") from None

    def delete(self) -> None:
        """Delete the session, because it has ended."""
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self._lock = lock(self._lock_path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)


def lock(path: Path) -> int:
    """Take a lock that the system releases when this process ends.

    Raises:
        CommandError: Another process has it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from None
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        message = "Another `pamela listen` runs for this project of the sandbox. Stop it first, or use another key."
        raise CommandError(message, ExitCode.REFUSED) from None
    return descriptor


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def get_settings(client: AsyncPamelaClient) -> dict[str, Any]:
    """Return the settings of the project, including its id."""
    project: dict[str, Any] = await client.request("GET", PROJECT)
    return project


async def put_settings(client: AsyncPamelaClient, settings: dict[str, Any]) -> None:
    """Change the settings of the project."""
    given = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    await client.request("PUT", PROJECT, json=given)


def are_set(project: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Return whether a project has these settings."""
    return all(project.get(name) == settings.get(name) for name in ("webhook_url", "tool_webhook_url"))
