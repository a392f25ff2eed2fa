"""The projects, one for each API key: where their webhooks go, and which faults their deliveries have."""

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
    """What a project has set for all its calls."""

    webhook_url: str | None = None
    tool_webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Project:
    """A project as its key finds it."""

    id: str
    settings: ProjectSettings
    faults: FaultInjection

    @property
    def partner_id(self) -> str:
        return self.id.replace("project_", "partner_")


class Projects:
    """All projects. One comes into being when something of it is first kept."""

    def __init__(self, store: Store, default_secret: str) -> None:
        self._store = store
        self._default_secret = default_secret
        self._read: dict[str, Project] = {}
        """Projects as they are in the database, as far as they were looked at."""

    def of_key(self, key: str) -> str:
        """Return the id of a key's project; the key itself is not kept."""
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
        """Read a project, or all, anew when it is next asked for."""
        if project_id is None:
            self._read.clear()
        else:
            self._read.pop(project_id, None)

    def secret(self, project: Project) -> str:
        """Return what the project's deliveries are signed with."""
        return project.settings.webhook_secret or self._default_secret

    def set(
        self, project_id: str, *, settings: ProjectSettings | None = None, faults: FaultInjection | None = None
    ) -> None:
        """Replace what a project has set."""
        self._make(project_id)
        # Before it is read again, in this transaction or after it, the old values must be gone.
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
        """Count calls and return the number of the first of them."""
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
    """Return where something of a call goes, by the name of the address: the call's own, or else the project's."""
    own: str | None = request.get("webhooks", {}).get(name)
    project: str | None = getattr(settings, name)
    return own or project
