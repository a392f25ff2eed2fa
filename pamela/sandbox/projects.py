"""The projects, one for each API key, with their webhook addresses and faults."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .fault_injection import FaultInjection
from .store import Store

_MOST_READ = 10_000


@dataclass(frozen=True)
class ProjectSettings:
    """The settings of a project, for all its calls."""

    webhook_url: str | None = None
    tool_webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Project:
    """A project with its settings and faults."""

    id: str
    settings: ProjectSettings
    faults: FaultInjection

    @property
    def partner_id(self) -> str:
        return self.id.replace("project_", "partner_")


class Projects:
    """All projects. A project is stored when its first data is."""

    def __init__(self, store: Store, default_secret: str) -> None:
        self._store = store
        self._default_secret = default_secret
        self._read: dict[str, Project] = {}
        """Projects that have been read from the database."""

    def of_key(self, key: str) -> str:
        """Return the id of a key's project. The key itself is not stored."""
        return f"project_{hashlib.sha256(key.encode()).hexdigest()[:16]}"

    def get(self, project_id: str) -> Project:
        if (project := self._read.get(project_id)) is not None:
            return project
        row = self._store.one("SELECT settings, faults FROM projects WHERE id = ?", project_id)
        if row is None:
            return Project(project_id, ProjectSettings(), FaultInjection())
        project = Project(
            project_id, ProjectSettings(**json.loads(row["settings"])), FaultInjection(**json.loads(row["faults"]))
        )
        if len(self._read) >= _MOST_READ:
            self._read.clear()
        self._read[project_id] = project
        return project

    def forget_read(self, project_id: str | None = None) -> None:
        """Read a project, or all, from the database again when it is next needed."""
        if project_id is None:
            self._read.clear()
        else:
            self._read.pop(project_id, None)

    def secret(self, project: Project) -> str:
        """Return the secret that signs the project's deliveries."""
        return project.settings.webhook_secret or self._default_secret

    def set(
        self, project_id: str, *, settings: ProjectSettings | None = None, faults: FaultInjection | None = None
    ) -> None:
        """Replace the settings of a project."""
        self._make(project_id)
        # The next read, in this transaction or after it, must not return the old values.
        self.forget_read(project_id)
        self._store.after_rollback(lambda: self.forget_read(project_id))
        for column, value in (("settings", settings), ("faults", faults)):
            if value is not None:
                self._store.execute(
                    f"UPDATE projects SET {column} = ? WHERE id = ?",  # noqa: S608 - names of ours
                    json.dumps(asdict(value)),
                    project_id,
                )

    def next_call(self, project_id: str, count: int = 1) -> int:
        """Reserve numbers for new calls, and return the first."""
        last = self._count_calls(project_id, count)
        if last is None:
            self._make(project_id)
            last = self._count_calls(project_id, count) or count
        return last - count + 1

    def _count_calls(self, project_id: str, count: int) -> int | None:
        last: int | None = self._store.value(
            "UPDATE projects SET calls_placed = calls_placed + ? WHERE id = ? RETURNING calls_placed", count, project_id
        )
        return last

    def _make(self, project_id: str) -> None:
        self._store.execute(
            "INSERT INTO projects VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
            project_id,
            json.dumps(asdict(ProjectSettings())),
            json.dumps(asdict(FaultInjection())),
        )


def address(request: Mapping[str, Any], settings: ProjectSettings, name: str) -> str | None:
    """Return a call's webhook address of this name: the call's own, or else the project's."""
    own: str | None = request.get("webhooks", {}).get(name)
    project: str | None = getattr(settings, name)
    return own or project
