"""The projects, one for each API key: where their webhooks go, and which faults their deliveries have."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .fault_injection import FaultInjection
from .store import Store


@dataclass(frozen=True)
class Settings:
    """What a project has set for all its calls."""

    webhook_url: str | None = None
    tool_webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Project:
    """A project as its key finds it."""

    id: str
    settings: Settings
    faults: FaultInjection

    @property
    def partner_id(self) -> str:
        return self.id.replace("project_", "partner_")


class Projects:
    """All projects. One comes into being when something of it is first kept."""

    def __init__(self, store: Store, default_secret: str) -> None:
        self._store = store
        self._default_secret = default_secret

    def of_key(self, key: str) -> str:
        """Return the id of a key's project; the key itself is not kept."""
        return f"project_{hashlib.sha256(key.encode()).hexdigest()[:16]}"

    def get(self, project_id: str) -> Project:
        row = self._store.one("SELECT settings, misbehaviour FROM projects WHERE id = ?", project_id)
        if row is None:
            return Project(project_id, Settings(), FaultInjection())
        return Project(
            project_id, Settings(**json.loads(row["settings"])), FaultInjection(**json.loads(row["misbehaviour"]))
        )

    def secret(self, project: Project) -> str:
        """Return what the project's deliveries are signed with."""
        return project.settings.webhook_secret or self._default_secret

    def set(self, project_id: str, *, settings: Settings | None = None, faults: FaultInjection | None = None) -> None:
        """Replace what a project has set."""
        self._make(project_id)
        for column, value in (("settings", settings), ("misbehaviour", faults)):
            if value is not None:
                self._store.execute(
                    f"UPDATE projects SET {column} = ? WHERE id = ?",  # noqa: S608 - names of ours
                    json.dumps(asdict(value)),
                    project_id,
                )

    def next_call(self, project_id: str) -> int:
        """Count a call and returns which one it is."""
        self._make(project_id)
        self._store.execute("UPDATE projects SET calls_placed = calls_placed + 1 WHERE id = ?", project_id)
        number: int = self._store.value("SELECT calls_placed FROM projects WHERE id = ?", project_id)
        return number

    def _make(self, project_id: str) -> None:
        self._store.execute(
            "INSERT INTO projects VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
            project_id,
            json.dumps(asdict(Settings())),
            json.dumps(asdict(FaultInjection())),
        )


def address(request: Mapping[str, Any], settings: Settings, name: str) -> str | None:
    """Return where something of a call goes, by the name of the address: the call's own, or else the project's."""
    own: str | None = request.get("webhooks", {}).get(name)
    project: str | None = getattr(settings, name)
    return own or project
