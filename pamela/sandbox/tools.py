"""The registered tools of projects, and the choice of tools for a call."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

from . import clock
from .call_plans import ToolUse
from .clock import SettableClock
from .fake_arguments import ArgumentMaker
from .specification import Specification
from .store import Store
from .task_words import TaskWords

_MOST_USED = 50


class Tools:
    """The registered tools of all projects."""

    def __init__(self, store: Store, clock: SettableClock, specification: Specification) -> None:
        self._store = store
        self._clock = clock
        self._default_timeout_ms: int = specification.default("ToolDefinition", "timeout_ms")

    def register(self, project_id: str, definition: Mapping[str, Any]) -> str:
        """Add a tool and return its id."""
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
        """Return a tool as the API returns it, including a deleted one."""
        row = self._store.one("SELECT * FROM tools WHERE id = ? AND project_id = ?", tool_id, project_id)
        return None if row is None else self._to_api(row)

    def active(self, project_id: str) -> list[dict[str, Any]]:
        """Return the tools that the agent may use, oldest first."""
        rows = self._store.all("SELECT * FROM tools WHERE project_id = ? AND active ORDER BY seq", project_id)
        return [self._to_api(row) for row in rows]

    def deactivate(self, tool_id: str) -> None:
        self._store.execute(
            "UPDATE tools SET active = FALSE, updated_at = ? WHERE id = ? AND active", self._clock.now(), tool_id
        )

    def of_call(self, project_id: str, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the tools of a call: its own, and those of the project with other names."""
        found: dict[str, dict[str, Any]] = {}
        for tool in [*request.get("tools", []), *self.active(project_id)]:
            found.setdefault(tool["name"], tool)
        return list(found.values())

    def used_in(self, project_id: str, request: Mapping[str, Any]) -> list[ToolUse]:
        """Return the tools that a call uses, in order, each once.

        A call uses all its own tools, and those of the project if the task contains a word of their name. It uses no
        tool that the task forbids, and at most fifty.
        """
        own = request.get("tools", [])
        words = TaskWords(request["task"])
        mentioned = (tool for tool in self.active(project_id) if words.call_for(tool["name"]))
        uses: dict[str, Mapping[str, Any]] = {}
        for tool in [*own, *mentioned]:
            if len(uses) == _MOST_USED:
                break
            if not words.forbid(tool["name"]):
                uses.setdefault(tool["name"], tool)
        maker = ArgumentMaker(request)
        return [self._use(tool, maker.make(tool["input_schema"])) for tool in uses.values()]

    def use(self, project_id: str, request: Mapping[str, Any], name: str, arguments: dict[str, Any] | None) -> ToolUse:
        """Return the use of a chosen tool. Without arguments, they are generated."""
        tool = next((each for each in self.of_call(project_id, request) if each["name"] == name), None)
        if tool is None:
            return ToolUse(name=name, arguments=arguments or {}, timeout_ms=self._default_timeout_ms, is_unknown=True)
        return self._use(tool, ArgumentMaker(request).make(tool["input_schema"]) if arguments is None else arguments)

    def complete_script(self, project_id: str, request: Mapping[str, Any], script: Mapping[str, Any]) -> dict[str, Any]:
        """Return a script whose tool uses have complete arguments."""
        completed = dict(script)
        if script["tools"] is not None:
            completed["tools"] = [
                self.use(project_id, request, each["name"], each.get("arguments")) for each in script["tools"]
            ]
        if script["says"] is not None:
            completed["says"] = [
                {**line, **self.use(project_id, request, line["tool"], line.get("arguments"))}
                if isinstance(line, Mapping) and "tool" in line
                else line
                for line in script["says"]
            ]
        return completed

    def _use(self, tool: Mapping[str, Any], arguments: dict[str, Any]) -> ToolUse:
        timeout_ms = int(tool.get("timeout_ms") or self._default_timeout_ms)
        return ToolUse(name=tool["name"], arguments=arguments, timeout_ms=timeout_ms)

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
