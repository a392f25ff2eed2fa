"""A rehearsal: the API changes, `make generate` runs, and the package is what the new specification says."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from .changes import add, operation, parameter, ref, response
from .packages import Workbench

NUMBER = {
    "type": "object",
    "description": "A number to call from.",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "description": "Names the number."},
        "bought_at": {"type": "string", "format": "date-time", "description": "When it was bought."},
    },
}
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
    number_id = parameter("path", "number_id", {"type": "string"})
    get_number = operation("get_number", tags=["numbers"], summary="Get a number", parameters=[number_id])
    add(document, "/numbers/{number_id}", "get", {**get_number, "responses": response(ref("Number"))})
    schemas["Number"] = NUMBER
    del paths["/api/b2b/v1/usage"], document["components"]["parameters"]["Period"]
    del schemas["Usage"], schemas["UsageQuota"]
    schemas["TranscriptLine"] = schemas.pop("TranscriptEntry")
    transcripts = [
        schemas[name]["properties"]["transcript"] for name in ("CallCompletedEvent", "CallTranscriptUpdateEvent")
    ]
    for transcript in (schemas["Transcript"]["oneOf"][0], *transcripts):
        transcript["items"]["$ref"] = "#/components/schemas/TranscriptLine"


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("change"))


@pytest.fixture(scope="module")
def different(workbench: Workbench) -> list[str]:
    """The modules that the change made, changed or removed."""
    workbench.generate(lambda document: None)
    return workbench.generate(change)


@pytest.fixture
def pamela(workbench: Workbench, different: list[str]) -> Iterator[ModuleType]:
    """The package after the change."""
    with workbench.imported() as package:
        yield package


def test_only_what_changed_is_touched(workbench: Workbench, different: list[str]) -> None:
    present = {name for name in different if (workbench.package / "_generated" / name).exists()}
    assert present == {
        "api/calls/create_call.py",
        "api/numbers/__init__.py",
        "api/numbers/get_number.py",
        "exports.py",
        "methods.py",
        "models/__init__.py",
        "models/call.py",
        "models/call_completed_event.py",
        "models/call_status.py",
        "models/call_transcript_update_event.py",
        "models/number.py",
        "models/transcript_line.py",
        "models/voice.py",
        "types.py",
    }
    assert {*different} - present == {
        "api/usage/__init__.py",
        "api/usage/get_usage.py",
        "models/transcript_entry.py",
        "models/usage.py",
        "models/usage_quota.py",
    }
    assert not (workbench.package / "_generated" / "api" / "usage").exists()


def test_generating_again_changes_nothing(workbench: Workbench, different: list[str]) -> None:
    assert different
    assert workbench.generate(change) == []


def test_a_new_operation_is_a_method(pamela: ModuleType) -> None:
    requests: list[tuple[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append((request.method, request.url.raw_path.decode()))
        return httpx.Response(200, json={"id": "n/1", "bought_at": "2026-03-14T15:09:26Z"})

    client = pamela.PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=httpx.MockTransport(respond))
    number = client.get_number("n/1")

    assert requests == [("GET", "/api/b2b/v1/numbers/n%2F1")]
    assert (type(number), number.id, number.bought_at.year) == (pamela.Number, "n/1", 2026)
    assert pamela.PamelaClient.get_number.__doc__.splitlines()[0] == "Get a number."
    assert inspect.iscoroutinefunction(pamela.AsyncPamelaClient.get_number)


def test_a_new_field_of_a_request_is_an_argument(pamela: ModuleType) -> None:
    priority = inspect.signature(pamela.PamelaClient.create_call).parameters["priority"]

    assert (priority.kind.name, priority.annotation) == ("POSITIONAL_OR_KEYWORD", "int | None")
    assert "priority: How urgent the call is, 1 to 5." in pamela.PamelaClient.create_call.__doc__


def test_new_fields_and_values_are_read(pamela: ModuleType) -> None:
    call = pamela.Call(id="c", status="voicemail", sentiment="good", transcript=[{}])

    assert call.sentiment == "good"
    assert pamela.Call.sentiment.__doc__ == "How the other side felt."
    assert call.status is pamela.CallStatus.VOICEMAIL
    assert call.status.is_final
    assert type(call.transcript[0]) is pamela.TranscriptLine
    assert [*pamela.Voice] == ["male", "female", "auto", "neutral"]


def test_what_is_gone_is_gone(pamela: ModuleType) -> None:
    assert not hasattr(pamela.PamelaClient, "get_usage")
    for name in ("Usage", "UsageQuota", "TranscriptEntry"):
        assert name not in pamela.__all__
        assert not hasattr(pamela, name)
        assert not hasattr(importlib.import_module(f"{pamela.__name__}.models"), name)


def test_what_is_new_is_public(pamela: ModuleType) -> None:
    assert {"Number", "TranscriptLine"} <= {*pamela.__all__}
    assert importlib.import_module(f"{pamela.__name__}.models").Number is pamela.Number


@pytest.mark.slow
def test_what_is_new_is_typed(workbench: Workbench, different: list[str]) -> None:
    assert different
    found = workbench.type_errors(TYPED_USE).splitlines()

    # What is written by hand uses a method that is gone: `make check` names the places, and finds nothing else.
    assert any('"PamelaClient" has no attribute "get_usage"' in line for line in found)
    errors = [line for line in found if ": error:" in line]
    assert [line for line in errors if "_generated/" in line or "program.py" in line] == []
    assert [line for line in errors if "usage" not in line.lower()] == []
