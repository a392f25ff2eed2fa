"""The tools that a project has registered, and which of them a call uses."""

import json
import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from . import clock
from .call_plans import ToolUse
from .clock import Clock
from .fake_arguments import make_arguments
from .specification import Specification
from .store import Store

# Words that say what is done rather than with what.
_INSIGNIFICANT = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an and any at by can check create delete do fetch find for from get has have in is list look lookup make my of
        on or out query read run search send set show tell that the this to tool up update what when with
        """,
    )
)


class Tools:
    """The registered tools of all projects."""

    def __init__(self, store: Store, clock: Clock, specification: Specification) -> None:
        self._store = store
        self._clock = clock
        self._default_timeout_ms: int = specification.default("ToolDefinition", "timeout_ms")

    def register(self, project_id: str, definition: Mapping[str, Any]) -> str:
        """Add a tool and returns its id."""
        tool_id = f"tool_{secrets.token_hex(8)}"
        now = self._clock.now()
        row = {
            "id": tool_id,
            "project_id": project_id,
            "definition": json.dumps(definition),
            "active": True,
            "created_at": now,
            "updated_at": now,
        }
        self._store.insert("tools", row)
        return tool_id

    def get(self, project_id: str, tool_id: str) -> dict[str, Any] | None:
        """Return a tool as the API shows it, also one that was deleted."""
        row = self._store.one("SELECT * FROM tools WHERE id = ? AND project_id = ?", tool_id, project_id)
        return None if row is None else self._to_api(row)

    def active(self, project_id: str) -> list[dict[str, Any]]:
        """Return the tools that the agent may use, the oldest first."""
        rows = self._store.all("SELECT * FROM tools WHERE project_id = ? AND active ORDER BY seq", project_id)
        return [self._to_api(row) for row in rows]

    def deactivate(self, tool_id: str) -> None:
        self._store.execute(
            "UPDATE tools SET active = FALSE, updated_at = ? WHERE id = ? AND active", self._clock.now(), tool_id
        )

    def used_in(self, project_id: str, request: Mapping[str, Any]) -> Iterator[ToolUse]:
        """Yield the tools of a call in the order of their use, each once.

        Those that the call brings along are all used; those of the project are when the task has a word of their name.
        """
        own = request.get("tools", [])
        task_words = _words(request["task"])
        mentioned = (tool for tool in self.active(project_id) if _words(tool["name"]) & task_words)
        names = set()
        for tool in [*own, *mentioned]:
            if tool["name"] not in names:
                names.add(tool["name"])
                yield ToolUse(
                    name=tool["name"],
                    arguments=make_arguments(tool["input_schema"], request),
                    timeout_ms=int(tool.get("timeout_ms", self._default_timeout_ms)),
                )

    def _to_api(self, row: sqlite3.Row) -> dict[str, Any]:
        definition = json.loads(row["definition"])
        return {
            "id": row["id"],
            "name": definition["name"],
            "description": definition["description"],
            "active": bool(row["active"]),
            "input_schema": definition["input_schema"],
            "output_schema": definition.get("output_schema"),
            "timeout_ms": definition.get("timeout_ms", self._default_timeout_ms),
            "created_at": clock.to_text(row["created_at"]),
            "updated_at": clock.to_text(row["updated_at"]),
        }


def _words(text: str) -> set[str]:
    """Return the words that matter in a text or a name, in lower case and without the plural's s."""
    separated = re.sub("([a-z])([A-Z])", r"\1 \2", text).lower()
    return {word.removesuffix("s") for word in re.findall(r"[^\W_]+", separated)} - _INSIGNIFICANT
