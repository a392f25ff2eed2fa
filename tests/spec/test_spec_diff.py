"""`make spec-diff` sees what changed since a release, whom it breaks, and whether the version says so."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import copy_project, edit_specification, run

pytestmark = pytest.mark.slow  # each test runs the command, which reads two versions of the package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][f"/api/b2b/v1{path}"][method]
    return found


def rename_schema(document: dict[str, Any]) -> None:
    schemas(document)["UsageLimits"] = schemas(document).pop("UsageQuota")
    schemas(document)["Usage"]["properties"]["quota"]["$ref"] = "#/components/schemas/UsageLimits"


def on_hold(webhook: dict[str, Any]) -> dict[str, Any]:
    return {"post": {**copy.deepcopy(webhook["post"]), "operationId": "on_call_held"}}


PROJECT = {"name": "project", "in": "query", "required": True, "schema": {"type": "string"}}

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
    "a removed operation of several": (
        lambda d: d["paths"].pop("/api/b2b/v1/calls"),
        "Path `/api/b2b/v1/calls` was removed",
        "calls create_call, list_calls",
    ),
    "a removed webhook": (
        lambda d: d["webhooks"].pop("call.failed"),
        "Webhook `call.failed` was removed",
        "receives call.failed",
    ),
    "a removed field of a request": (
        lambda d: schemas(d)["CreateCallRequest"]["properties"].pop("country"),
        "Property `country` of `CreateCallRequest` was removed. (components > schemas > CreateCallRequest > properties > country)",
        "calls create_call",
    ),
    "no fields of a request any more": (
        lambda d: schemas(d)["CallWebhooks"].pop("properties"),
        "All properties of `CallWebhooks` were removed. (components > schemas > CallWebhooks > properties)",
        "calls create_call",
    ),
    "a webhook without its signature": (
        lambda d: d["webhooks"]["call.failed"]["post"]["parameters"].pop(),
        "Removed (webhooks > call.failed > post > parameters > 0)",
        "receives call.failed",
    ),
    "a webhook without parameters": (
        lambda d: d["webhooks"]["call.failed"]["post"].pop("parameters"),
        "Removed (webhooks > call.failed > post > parameters)",
        "receives call.failed",
    ),
    "another name of a parameter": (
        lambda d: d["components"]["parameters"]["Signature"].update(name="X-Signature"),
        '`name` changed from "X-Pamela-Signature" to "X-Signature" (components > parameters > Signature > name)',
        "receives call.completed, call.failed, call.queued, call.started, call.transcript_update, tool.invocation",
    ),
    "another tag": (
        lambda d: operation(d, "/calls", "post").update(tags=["tools"]),
        '`tags` lost "calls" and gained "tools" (paths > /api/b2b/v1/calls > post > tags)',
        "calls create_call",
    ),
    "a renamed schema": (
        rename_schema,
        "Renamed from `UsageQuota` (components > schemas > UsageLimits)",
        "reads answers of get_usage",
    ),
    "another name of a value": (
        lambda d: schemas(d)["ErrorCode"]["x-enum-varnames"].__setitem__(0, "NO_KEY"),
        '`x-enum-varnames` lost "KEY_REQUIRED" and gained "NO_KEY" (components > schemas > ErrorCode)',
        "reads answers of cancel_call, create_call, delete_tool, get_call, get_usage, hangup_call, list_calls, "
        "list_tools, register_tool",
    ),
    "a value after which things change": (
        lambda d: schemas(d)["CallStatus"]["x-final"].remove("failed"),
        '`x-final` lost "failed" (components > schemas > CallStatus)',
        "reads answers of cancel_call, create_call, get_call, hangup_call, list_calls",
    ),
    "an operation that may not be repeated any more": (
        lambda d: operation(d, "/calls/{call_id}/cancel", "post").pop("x-idempotent"),
        "`x-idempotent` was removed, it was true (paths > /api/b2b/v1/calls/{call_id}/cancel > post)",
        "calls cancel_call",
    ),
    "a switched reference": (
        lambda d: schemas(d)["CallPage"]["properties"]["items"].update(items={"$ref": "#/components/schemas/Tool"}),
        "Property `billed_minutes` of `Tool` was removed",
        "reads answers of list_calls",
    ),
    "another way to sign in": (
        lambda d: d["components"]["securitySchemes"]["bearerAuth"].update(scheme="basic"),
        "`scheme` of security scheme `bearerAuth` changed",
        "calls cancel_call, create_call, delete_tool, get_call, get_usage, hangup_call, list_calls, list_tools, "
        "register_tool",
    ),
    "another server": (
        lambda d: d["servers"][0].update(url="https://voice.thisispamela.com"),
        "Server `https://api.thisispamela.com` became `https://voice.thisispamela.com`",
        "calls cancel_call, create_call, delete_tool, get_call, get_usage, hangup_call, list_calls, list_tools, "
        "register_tool",
    ),
    "a parameter of a whole path": (
        lambda d: d["paths"]["/api/b2b/v1/tools"].update(parameters=[PROJECT]),
        "Required `project` query parameter was added",
        "calls list_tools, register_tool",
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
    "another default": (
        lambda d: schemas(d)["CreateCallRequest"]["properties"]["max_duration_seconds"].update(default=60),
        "`default` changed from 299 to 60 (components > schemas > CreateCallRequest > properties > "
        "max_duration_seconds > default)",
    ),
    "a long text": (
        lambda d: d["info"].update(description=f"{d['info']['description']} It is for you."),
        "`description` changed (info > description)",
    ),
    "another order": (
        lambda d: schemas(d)["CreateCallRequest"]["required"].reverse(),
        '`required` changed from ["to", "task"] to ["task", "to"]',
    ),
    "a parameter without an example": (
        lambda d: d["components"]["parameters"]["CallId"].pop("example"),
        '`example` was removed, it was "call_8Zk2vQ"',
    ),
    "another tag beside the first": (
        lambda d: operation(d, "/usage", "get")["tags"].append("calls"),
        '`tags` gained "calls"',
    ),
    "a new error code with its name": (
        lambda d: (
            schemas(d)["ErrorCode"]["enum"].insert(0, 1000),
            schemas(d)["ErrorCode"]["x-enum-varnames"].insert(0, "NO_ACCOUNT"),
        ),
        '`x-enum-varnames` gained "NO_ACCOUNT" (components > schemas > ErrorCode)',
    ),
    "a new last status": (
        lambda d: (
            schemas(d)["CallStatus"]["enum"].append("voicemail"),
            schemas(d)["CallStatus"]["x-final"].append("voicemail"),
        ),
        '`x-final` gained "voicemail" (components > schemas > CallStatus)',
    ),
    "an operation that may be repeated": (
        lambda d: operation(d, "/tools", "post").update({"x-idempotent": True}),
        "`x-idempotent` was set to true (paths > /api/b2b/v1/tools > post)",
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
            "The specification since v2.0.0: 0 changes, 0 of them breaking",
            "The Python API since v2.0.0: 0 changes, 0 of them breaking",
        ],
    )


@pytest.mark.parametrize(("edit", "message", "reader"), BREAKING.values(), ids=BREAKING)
def test_breaking(project: Path, edit: Any, message: str, reader: str) -> None:
    edit_specification(project, edit)

    status, said = spec_diff(project, "v2.0.0")

    assert status == 1, said
    assert "BREAKING" in said
    assert message in said
    assert f"for whoever {reader}\n" in said
    assert "raise the major in info.version" in said


@pytest.mark.parametrize(("edit", "message"), HARMLESS.values(), ids=HARMLESS)
def test_harmless(project: Path, edit: Any, message: str) -> None:
    edit_specification(project, edit)

    status, said = spec_diff(project, "v2.0.0")

    assert status == 0, said
    assert message in said
    assert "BREAKING" not in said


def test_a_major_version_may_break(project: Path) -> None:
    edit_specification(project, lambda d: (d["paths"].pop("/api/b2b/v1/usage"), d["info"].update(version="2.0.0")))

    assert spec_diff(project, "v2.0.0")[0] == 0


def test_what_changed_is_noted_once(project: Path) -> None:
    changes = project / "docs" / "reference" / "specification-changes.md"
    before = changes.read_text()
    edit_specification(
        project,
        lambda d: (
            d["paths"].pop("/api/b2b/v1/usage"),
            schemas(d)["CallStatus"]["enum"].append("voicemail"),
            d["info"].update(version="2.0.0"),
        ),
    )

    assert spec_diff(project, "v2.0.0")[0] == 0
    assert changes.read_text() == before
    for _ in range(2):
        assert spec_diff(project)[0] == 0

    after = changes.read_text()
    assert (
        after.count("## 2.0.0, since 1.0.0 (v2.0.0)\n\nBreaks clients:\n\n- Path `/api/b2b/v1/usage` was removed") == 1
    )
    assert "For whoever calls `get_usage`.\n" in after
    assert (
        after.index("Breaks nobody:") < after.index("gained values: 'voicemail'") < after.index("## 1.0.0\n\nThe first")
    )
    assert after.endswith(before[before.index("## What next") :])


def test_the_inner_parts_of_the_sandbox_are_no_api(project: Path) -> None:
    (project / "pamela" / "sandbox" / "magic.py").rename(project / "pamela" / "sandbox" / "special_numbers.py")

    assert "The Python API since v2.0.0: 0 changes, 0 of them breaking" in spec_diff(project, "v2.0.0")[1]


def test_what_the_sandbox_exports_is_api(project: Path) -> None:
    replace(project / "pamela" / "sandbox" / "control.py", "    def clear_scripts(self", "    def forget_scripts(self")

    status, said = spec_diff(project, "v2.0.0")

    assert status == 1, said
    assert "SandboxProject.clear_scripts: Public object was removed" in said


def test_the_python_api(project: Path) -> None:
    edit_specification(
        project, lambda d: d["paths"]["/api/b2b/v1/tools/{tool_id}"]["delete"].update(operationId="drop_tool")
    )
    assert run([sys.executable, "-m", "custom"], cwd=project).returncode == 0

    status, said = spec_diff(project)

    assert status == 1
    assert "delete_tool: Public object was removed" in said
    assert "Added: PamelaClient.drop_tool" in said
    assert "raise the major in pamela/_version.py" in said


PYTHON_TYPES = {
    "an attribute of another type": (
        "pamela/_generated/models/usage.py",
        "def billed_minutes(self) -> int | None",
        "def billed_minutes(self) -> str | None",
        "BREAKING  pamela._generated.models.usage.Usage.billed_minutes: Type was changed: `int | None` -> `str | None`",
    ),
    "another result": (
        "pamela/_webhooks/tool_handler.py",
        "def parse_tool_webhook(payload: Mapping[str, Any]) -> dict[str, Any]",
        "def parse_tool_webhook(payload: Mapping[str, Any]) -> list[Any]",
        "BREAKING  pamela._webhooks.tool_handler.parse_tool_webhook: Type was changed: `dict[str, Any]` -> `list[Any]`",
    ),
    "a name of version 1 that is gone": (
        "pamela/__init__.py",
        '    "UsageResponse": "Usage",\n',
        "",
        "BREAKING  pamela: UsageResponse: The name of version 1 was removed",
    ),
}


@pytest.mark.parametrize(("module", "old", "new", "message"), PYTHON_TYPES.values(), ids=PYTHON_TYPES)
def test_the_types_and_old_names_of_the_python_api(
    project: Path, module: str, old: str, new: str, message: str
) -> None:
    replace(project / module, old, new)

    status, said = spec_diff(project)

    assert status == 1, said
    assert said.count(message) == 1
    assert "raise the major in pamela/_version.py" in said


def test_a_type_without_one_of_its_alternatives_is_harmless(project: Path) -> None:
    usage = project / "pamela" / "_generated" / "models" / "usage.py"
    replace(usage, "def billed_minutes(self) -> int | None", "def billed_minutes(self) -> int")

    status, said = spec_diff(project)

    assert status == 0, said
    assert "billed_minutes: Type was changed: `int | None` -> `int`" in said


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def no_release(project: Path) -> Iterator[None]:
    git(project, "tag", "--delete", "v2.0.0")
    yield
    git(project, "tag", "v2.0.0")


@pytest.fixture
def another_tag(project: Path) -> Iterator[None]:
    git(project, "tag", "docs-preview")
    yield
    git(project, "tag", "--delete", "docs-preview")


@pytest.mark.usefixtures("no_release", "another_tag")
def test_without_a_release(project: Path) -> None:
    status, said = spec_diff(project)

    assert status == 0
    assert "There is no release tag yet" in said


@pytest.mark.usefixtures("another_tag")
def test_only_versions_are_releases(project: Path) -> None:
    assert spec_diff(project)[1].startswith("The specification since v2.0.0: ")


def test_without_a_history(tmp_path: Path) -> None:
    """What cannot be compared does not pass."""
    project = copy_project(tmp_path / "project")

    status, said = spec_diff(project)

    assert status == 1
    assert "The last release cannot be found; BASE=<revision> names it. fatal: not a git repository" in said


def test_an_unknown_revision(project: Path) -> None:
    status, said = spec_diff(project, "v0.1.0")

    assert status == 1
    assert "There is no openapi.yaml at v0.1.0" in said
