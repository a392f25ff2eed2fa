"""The scripts of a project: conversations, tools and outcomes for its next calls."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

from .magic import Outcome
from .store import Store

_LONGEST_TEXT = 10_000
_MOST_LINES = 5_000
MOST_SCRIPTS = 1_000
"""Maximum number of scripts of a project."""

_TEXT = {"type": "string", "minLength": 1, "maxLength": _LONGEST_TEXT}
_TOOL_USE = {
    "type": "object",
    "properties": {"name": _TEXT, "arguments": {"type": "object"}},
    "required": ["name"],
    "additionalProperties": False,
}

SCRIPT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "to": {"type": ["string", "null"], "pattern": "^\\+[1-9][0-9]{1,14}$"},
        "task": {"type": ["string", "null"], "minLength": 1, "maxLength": _LONGEST_TEXT},
        "says": {
            "type": ["array", "null"],
            "maxItems": _MOST_LINES,
            "items": {
                "anyOf": [
                    _TEXT,
                    {
                        "type": "object",
                        "properties": {"speaker": {"type": "string", "enum": ["agent", "user"]}, "text": _TEXT},
                        "required": ["speaker", "text"],
                        "additionalProperties": False,
                    },
                    {
                        "type": "object",
                        "properties": {"tool": _TEXT, "arguments": {"type": "object"}},
                        "required": ["tool"],
                        "additionalProperties": False,
                    },
                ]
            },
        },
        "tools": {"type": ["array", "null"], "maxItems": 100, "items": _TOOL_USE},
        "outcome": {"type": ["string", "null"], "enum": [*map(str, Outcome), None]},
        "after": {"type": ["number", "null"], "minimum": 0, "maximum": 3600},
        "summary": {"type": ["string", "null"], "maxLength": _LONGEST_TEXT},
        "times": {"type": ["integer", "null"], "minimum": 1},
        "live": {"type": ["boolean", "null"]},
    },
    "additionalProperties": False,
}

_FIELDS = tuple(SCRIPT_SCHEMA["properties"])


class Scripts:
    """The scripts of all projects. Changes need a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_project(self, project_id: str) -> list[dict[str, Any]]:
        """Return a project's scripts, oldest first."""
        rows = self._store.all("SELECT * FROM scripts WHERE project_id = ? ORDER BY seq", project_id)
        return [_to_api(row) for row in rows]

    def count(self, project_id: str) -> int:
        number: int = self._store.value("SELECT count(*) FROM scripts WHERE project_id = ?", project_id)
        return number

    def add(self, project_id: str, script: Mapping[str, Any]) -> dict[str, Any]:
        """Add a valid script and return it as stored."""
        script_id = f"script_{secrets.token_hex(8)}"
        given = {name: script[name] for name in _FIELDS if script.get(name) is not None}
        row = {"id": script_id, "project_id": project_id, "definition": json.dumps(given), "used": 0}
        self._store.insert("scripts", row)
        return _to_api(row)

    def remove(self, project_id: str, script_id: str | None = None) -> int:
        """Remove one script of a project, or all; return the number of removed scripts."""
        if script_id is None:
            return self._store.execute("DELETE FROM scripts WHERE project_id = ?", project_id)
        return self._store.execute("DELETE FROM scripts WHERE project_id = ? AND id = ?", project_id, script_id)

    def take(self, project_id: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the script of a call that is being placed, and count its use.

        Scripts with a number of times come first, oldest first. After them, the newest of the others is used.
        """
        matching = [script for script in self.of_project(project_id) if _matches(script, request)]
        limited = [each for each in matching if each["times"] is not None and each["used"] < each["times"]]
        others = [each for each in matching if each["times"] is None]
        script = limited[0] if limited else others[-1] if others else None
        if script is not None:
            self._store.execute("UPDATE scripts SET used = used + 1 WHERE id = ?", script["id"])
        return script


def _matches(script: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    is_number = script["to"] in (None, request["to"])
    return is_number and (script["task"] is None or script["task"].casefold() in request["task"].casefold())


def _to_api(row: Mapping[str, Any] | sqlite3.Row) -> dict[str, Any]:
    given = json.loads(row["definition"])
    return {"id": row["id"], **{name: given.get(name) for name in _FIELDS}, "used": row["used"]}
