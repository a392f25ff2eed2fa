"""A rehearsal: the API changes, `make generate` runs, and the package is what the new contract says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, copy_project, edit_specification, run

NUMBERS: dict[str, Any] = {
    "get": {
        "operationId": "get_number",
        "tags": ["numbers"],
        "summary": "Get a number",
        "description": "Gives a number to call from.",
        "security": [{"bearerAuth": []}],
        "parameters": [
            {
                "name": "number_id",
                "in": "path",
                "required": True,
                "description": "Its id.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {
                "description": "The number.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Number"}}},
            }
        },
    }
}
NUMBER = {
    "type": "object",
    "description": "A number to call from.",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "description": "Names the number."},
        "bought_at": {"type": "string", "format": "date-time", "description": "When it was bought."},
    },
}

PROBE = """
import inspect, json, httpx, pamela
from pamela import *
from pamela import AsyncPamelaClient, PamelaClient, Call, CallStatus, Voice
from pamela._generated import models

def answer(request):
    asked.append([request.method, request.url.path])
    return httpx.Response(200, json={"id": "n/1", "bought_at": "2026-03-14T15:09:26Z"})

asked = []
client = PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=httpx.MockTransport(answer))
number = client.get_number("n/1")
create = inspect.signature(PamelaClient.create_call).parameters
print(json.dumps({
    "package": pamela.__file__,
    "asked": asked,
    "number": [type(number).__name__, number.id, number.bought_at.year],
    "priority": [create["priority"].kind.name, create["priority"].annotation, "priority: How urgent" in PamelaClient.create_call.__doc__],
    "sentiment": [Call(id="c", status="voicemail", sentiment="good").sentiment, Call.sentiment.__doc__],
    "voicemail": [Call(id="c", status="voicemail").status is CallStatus.VOICEMAIL, CallStatus.VOICEMAIL.is_final],
    "voices": list(Voice),
    "get_number": [PamelaClient.get_number.__doc__.splitlines()[0], inspect.iscoroutinefunction(AsyncPamelaClient.get_number)],
    "get_usage": hasattr(PamelaClient, "get_usage"),
    "public": [hasattr(pamela, name) for name in ("Number", "TranscriptLine", "TranscriptEntry", "Usage")],
    "all": [Number is type(number), "TranscriptEntry" in globals()],
    "models": [hasattr(models, name) for name in ("TranscriptLine", "TranscriptEntry", "Usage")],
    "line": type(Call(transcript=[{}]).transcript[0]).__name__,
}))
"""

TYPED_USE = """
from datetime import datetime
from typing import assert_type

from pamela import Call, CallStatus, Number, PamelaClient

client = PamelaClient("pk_live_demo")
call = client.create_call("+1234567890", "Test call", priority=3)
assert_type(call, Call)
assert_type(call.sentiment, str | None)
assert_type(client.get_number("n"), Number)
assert_type(client.get_number("n").bought_at, datetime | None)
final: CallStatus = CallStatus.VOICEMAIL
client.create_call("+1234567890", "Test call", priority="high")  # type: ignore[arg-type]
client.get_usage()  # type: ignore[attr-defined]
"""


def change(document: dict[str, Any]) -> None:
    """Change the specification as an API that grows would."""
    paths, schemas = document["paths"], document["components"]["schemas"]
    schemas["CreateCallRequest"]["properties"]["priority"] = {
        "type": "integer",
        "description": "How urgent the call is, 1 to 5.",
        "minimum": 1,
        "maximum": 5,
    }
    schemas["Call"]["properties"]["sentiment"] = {"type": "string", "description": "How the other side felt."}
    schemas["CallStatus"]["enum"].append("voicemail")
    schemas["CallStatus"]["x-final"].append("voicemail")
    schemas["Voice"]["enum"].append("neutral")
    document["tags"].append({"name": "numbers", "description": "Numbers to call from."})
    paths["/api/b2b/v1/numbers/{number_id}"] = NUMBERS
    schemas["Number"] = NUMBER
    del paths["/api/b2b/v1/usage"], document["components"]["parameters"]["Period"]
    del schemas["Usage"], schemas["UsageQuota"]
    schemas["TranscriptLine"] = schemas.pop("TranscriptEntry")
    for name in ("Call", "CallCompletedEvent", "CallTranscriptUpdateEvent"):
        transcript = schemas[name]["properties"]["transcript"]
        transcript.get("anyOf", [transcript])[0]["items"]["$ref"] = "#/components/schemas/TranscriptLine"


def modules(project: Path) -> dict[str, bytes]:
    """Give what is generated of a project's package."""
    package = project / "pamela"
    found = (package / "_generated").rglob("*.py")
    return {module.relative_to(package).as_posix(): module.read_bytes() for module in found}


def generate(project: Path) -> None:
    result = run([sys.executable, "-m", "custom"], cwd=project)
    assert result.returncode == 0, result.stdout


def python(project: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(project), "MYPYPATH": str(project)}
    result = run([sys.executable, *arguments], cwd=project.parent, env=environment)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose contract has changed and whose code was generated again."""
    project = copy_project(tmp_path_factory.mktemp("changed") / "project")
    edit_specification(project, change)
    generate(project)
    return project


def test_only_what_changed_is_touched(changed: Path) -> None:
    before, after = modules(ROOT), modules(changed)

    assert after.keys() - before.keys() == {
        "_generated/api/numbers/__init__.py",
        "_generated/api/numbers/get_number.py",
        "_generated/models/number.py",
        "_generated/models/transcript_line.py",
    }
    assert before.keys() - after.keys() == {
        "_generated/api/usage/__init__.py",
        "_generated/api/usage/get_usage.py",
        "_generated/models/transcript_entry.py",
        "_generated/models/usage.py",
        "_generated/models/usage_quota.py",
    }
    assert {name for name in before.keys() & after.keys() if before[name] != after[name]} == {
        "_generated/api/calls/create_call.py",
        "_generated/exports.py",
        "_generated/methods.py",
        "_generated/models/__init__.py",
        "_generated/models/call.py",
        "_generated/models/call_completed_event.py",
        "_generated/models/call_status.py",
        "_generated/models/call_transcript_update_event.py",
        "_generated/models/voice.py",
    }
    assert not list((changed / "pamela" / "_generated").rglob("__pycache__"))


def test_what_is_new_is_there_and_what_is_gone_is_gone(changed: Path) -> None:
    found = json.loads(python(changed, "-c", PROBE))

    assert Path(found.pop("package")).is_relative_to(changed)
    assert found == {
        "asked": [["GET", "/api/b2b/v1/numbers/n/1"]],
        "number": ["Number", "n/1", 2026],
        "priority": ["POSITIONAL_OR_KEYWORD", "int | None", True],
        "sentiment": ["good", "How the other side felt."],
        "voicemail": [True, True],
        "voices": ["male", "female", "auto", "neutral"],
        "get_number": ["Get a number.", True],
        "get_usage": False,
        "public": [True, True, False, False],
        "all": [True, False],
        "models": [True, False, False],
        "line": "TranscriptLine",
    }


def test_what_is_new_is_typed(changed: Path, tmp_path: Path) -> None:
    use = tmp_path / "typed_use.py"
    use.write_text(TYPED_USE)

    python(changed, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}", str(use))


def test_generating_again_changes_nothing(changed: Path) -> None:
    before = modules(changed)

    generate(changed)

    assert modules(changed) == before
