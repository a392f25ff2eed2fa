"""The code samples of the reference do what they say, each against a sandbox. Those of curl are tried with docs/reference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pamela.sandbox
from scripts import code_samples

from .conftest import DOCUMENT, ROOT, run

OPERATIONS = list(code_samples.operations(DOCUMENT))
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]
SOURCES = {
    operation["operationId"]: {
        sample["label"]: sample["source"] for sample in code_samples.samples(DOCUMENT, method, path, operation)
    }
    for method, path, operation in OPERATIONS
}


@pytest.fixture
def environment_of() -> Iterator[Callable[[str], dict[str, str]]]:
    """Makes the environment in which the sample of an operation runs: with a call and a tool that it can be about."""
    with pamela.sandbox.run(speed=1) as sandbox, pamela.PamelaClient(sandbox.api_key, sandbox.base_url) as client:

        def make(operation: str) -> dict[str, str]:
            sandbox.reset()
            call = client.create_call("+1234567890", "Order a pizza")
            if operation == "hangup_call":
                callee = sandbox.take(call)
                sandbox.clock.advance(5)
                callee.wait_until_connected()
            tool = client.register_tool("look_up", "A tool", {"type": "object"})
            settings = {"PAMELA_BASE_URL": sandbox.base_url, "PAMELA_API_KEY": sandbox.api_key}
            return {**os.environ, **settings, "CALL_ID": str(call.id), "TOOL_ID": str(tool.tool_id)}

        yield make


def test_python(environment_of: Callable[[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in IDS:
        for variable, value in environment_of(name).items():
            monkeypatch.setenv(variable, value)
        exec(compile(SOURCES[name]["Python"], name, "exec"), {})


@pytest.mark.slow
def test_typescript(environment_of: Callable[[str], dict[str, str]], node_tools: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "clients" / "typescript" / "tsconfig.json", tmp_path)
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    (tmp_path / "node_modules").symlink_to(node_tools.parent)
    for name in IDS:
        (tmp_path / f"{name}.ts").write_text(SOURCES[name]["TypeScript"])
    types = [node_tools / "openapi-typescript", ROOT / "openapi.yaml", "--default-non-nullable=false"]
    assert run([*types, "--output=schema.d.ts"], cwd=tmp_path).returncode == 0
    compiled = run([node_tools / "tsc", "--project", "."], cwd=tmp_path)
    assert compiled.returncode == 0, compiled.stdout

    for name in IDS:
        # A refusal is printed in place of the data, so that a sample shows it; here it is told by its field.
        ran = run(["node", f"out/{name}.js"], cwd=tmp_path, env=environment_of(name))
        assert ran.returncode == 0, ran.stdout
        assert not ran.stdout.lstrip("{ \n").startswith("detail"), ran.stdout


def test_python_samples_are_tidy(tmp_path: Path) -> None:
    for name in IDS:
        (tmp_path / f"{name}.py").write_text(SOURCES[name]["Python"])
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E,F,I", "--line-length=200", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
