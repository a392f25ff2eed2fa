"""What the tests of the specification share: the document, and the tools of other languages that read it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of the document to what it stands for."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


@pytest.fixture(scope="session")
def node_tools() -> Path:
    """Where npm put its programs; a test that needs them is skipped where there is no Node.js."""
    tools = ROOT / "node_modules" / ".bin"
    if not tools.exists():
        pytest.skip("Node.js or its packages are missing; install Node.js and run `make node_modules/ready`")
    return tools


def run(command: Sequence[object], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's directory, and give what it said."""
    options = {"cwd": ROOT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
    return subprocess.run([str(part) for part in command], **options)


def copy_project(directory: Path) -> Path:
    """Copy the project, to change it at will."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "node_modules")
    shutil.copytree(ROOT, directory, symlinks=True, ignore=left_out)
    return directory


def edit_specification(project: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the specification of a copy of the project."""
    contract = project / "openapi.yaml"
    document = yaml.safe_load(contract.read_text())
    edit(document)
    contract.write_text(yaml.safe_dump(document, sort_keys=False))
