"""`make spec-diff` sees what changed since a release, whom it breaks, and whether the version says so."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import copy_project, edit_contract, run

if TYPE_CHECKING:
    from pathlib import Path


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def on_hold(webhook: dict[str, Any]) -> dict[str, Any]:
    return {"post": {**copy.deepcopy(webhook["post"]), "operationId": "on_call_held"}}


BREAKING = {
    "a new required field of a request": (
        lambda d: schemas(d)["CreateCallRequest"]["required"].append("country"),
        "became required: `country`",
        "calls create_call",
    ),
    "a removed field of an answer": (
        lambda d: schemas(d)["Usage"]["properties"].pop("api_minutes"),
        "`api_minutes` of `Usage` was removed",
        "reads answers of get_usage",
    ),
    "a narrowed type": (
        lambda d: schemas(d)["Call"]["properties"]["billed_minutes"].update(type=["number", "null"]),
        "Type of `billed_minutes` widened",
        "reads answers of cancel_call, create_call, get_call, hangup_call, list_calls",
    ),
    "a narrower limit of a request": (
        lambda d: schemas(d)["CreateCallRequest"]["properties"]["max_duration_seconds"].update(maximum=60),
        "Upper bound of `max_duration_seconds` changed",
        "calls create_call",
    ),
    "a removed field of an event": (
        lambda d: schemas(d)["CallCompletedEvent"]["properties"].pop("transcript"),
        "`transcript` of `CallCompletedEvent` was removed",
        "receives call.completed",
    ),
    "a new duty of a tool": (
        lambda d: schemas(d)["ToolResult"]["required"].append("correlation_id"),
        "became required: `correlation_id`",
        "answers tool.invocation",
    ),
    "a removed operation": (
        lambda d: d["paths"].pop("/api/b2b/v1/usage"),
        "Path `/api/b2b/v1/usage` was removed",
        "calls get_usage",
    ),
}

HARMLESS = {
    "a new optional field": (
        lambda d: schemas(d)["Call"]["properties"].update(mood={"type": "string", "description": "How it felt."}),
        "Added (components > schemas > Call > properties > mood)",
    ),
    "a new value of an enumeration": (
        lambda d: schemas(d)["CallStatus"]["enum"].append("voicemail"),
        "gained values: 'voicemail'",
    ),
    "a new event": (
        lambda d: d["webhooks"].update({"call.held": on_hold(d["webhooks"]["call.queued"])}),
        "Added (webhooks > call.held)",
    ),
}


def git(project: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@acme.test"]
    assert run(["git", *identity, *arguments], cwd=project).returncode == 0


@pytest.fixture(scope="module")
def released(node_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a release in its history."""
    project = copy_project(tmp_path_factory.mktemp("released") / "project")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Release")
    git(project, "tag", "v2.0.0")
    (project / "node_modules").symlink_to(node_tools.parent)
    return project


@pytest.fixture
def project(released: Path) -> Path:
    git(released, "checkout", "--quiet", "--", ".")
    git(released, "clean", "--quiet", "--force", "-d", "--exclude=node_modules")
    return released


def spec_diff(project: Path, *revision: str) -> tuple[int, str]:
    result = run([sys.executable, "scripts/spec_diff.py", *revision], cwd=project)
    return result.returncode, result.stdout


def test_nothing_changed(project: Path) -> None:
    status, said = spec_diff(project)

    assert (status, said.splitlines()) == (
        0,
        [
            "The contract since v2.0.0: 0 changes, 0 of them breaking",
            "The Python API since v2.0.0: 0 changes, 0 of them breaking",
        ],
    )


@pytest.mark.parametrize(("edit", "message", "reader"), BREAKING.values(), ids=BREAKING)
def test_breaking(project: Path, edit: Any, message: str, reader: str) -> None:
    edit_contract(project, edit)

    status, said = spec_diff(project, "v2.0.0")

    assert status == 1, said
    assert "BREAKING" in said
    assert message in said
    assert f"for whoever {reader}\n" in said
    assert "raise the major in info.version" in said


@pytest.mark.parametrize(("edit", "message"), HARMLESS.values(), ids=HARMLESS)
def test_harmless(project: Path, edit: Any, message: str) -> None:
    edit_contract(project, edit)

    status, said = spec_diff(project, "v2.0.0")

    assert status == 0, said
    assert message in said
    assert "BREAKING" not in said


def test_a_major_version_may_break(project: Path) -> None:
    edit_contract(project, lambda d: (d["paths"].pop("/api/b2b/v1/usage"), d["info"].update(version="2.0.0")))

    assert spec_diff(project, "v2.0.0")[0] == 0


def test_the_python_api(project: Path) -> None:
    edit_contract(
        project, lambda d: d["paths"]["/api/b2b/v1/tools/{tool_id}"]["delete"].update(operationId="drop_tool")
    )
    assert run([sys.executable, "custom/generate.py"], cwd=project).returncode == 0

    status, said = spec_diff(project)

    assert status == 1
    assert "delete_tool: Public object was removed" in said
    assert "Added: PamelaClient.drop_tool" in said
    assert "raise the major in pamela/_version.py" in said


def test_without_a_release(project: Path) -> None:
    git(project, "tag", "--delete", "v2.0.0")
    status, said = spec_diff(project)
    git(project, "tag", "v2.0.0")

    assert status == 0
    assert "There is no release tag yet" in said


def test_an_unknown_revision(project: Path) -> None:
    status, said = spec_diff(project, "v0.1.0")

    assert status == 1
    assert "There is no openapi.yaml at v0.1.0" in said
