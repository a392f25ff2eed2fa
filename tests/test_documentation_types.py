"""Every Python block of the README and of docs/ is typed: each page passes mypy --strict and pyright."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .test_documentation import BLOCK, PAGES, ROOT

MYPY_OPTIONS = """
[mypy]
[mypy-celery.*,pandas.*]
ignore_missing_imports = true
[mypy-page_docs_cookbook_background_jobs]
# Without types, Celery's decorator has none.
disallow_untyped_decorators = false
[mypy-page_docs_cookbook_reminders_django]
# The types of Django's fields need a plugin of mypy.
disable_error_code = var-annotated
"""
PYRIGHT = ROOT / "node_modules" / ".bin" / "pyright"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as modules, each line where it is on its page."""
    directory = tmp_path_factory.mktemp("pages")
    for page in PAGES:
        text = page.read_text()
        lines: list[str] = []
        for found in BLOCK.finditer(text):
            lines += [""] * (text.count("\n", 0, found.start(1)) - len(lines))
            lines += found[1].splitlines()
        if lines:
            # The name must not be that of a package that the page imports.
            name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_").lower()
            (directory / f"page_{name}.py").write_text("\n".join(lines) + "\n")
    return directory


@pytest.mark.slow
def test_mypy(modules: Path) -> None:
    options = ["--strict", f"--config-file={modules / 'options.ini'}", f"--cache-dir={modules / 'cache'}"]
    (modules / "options.ini").write_text(MYPY_OPTIONS)
    command = [sys.executable, "-m", "mypy", *options, *sorted(each.name for each in modules.glob("*.py"))]
    ran = subprocess.run(command, cwd=modules, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_pyright(modules: Path) -> None:
    if not PYRIGHT.exists():
        pytest.skip("pyright is not installed: run `make node_modules/ready`.")
    # What other packages do not say about their own types is not ours to mend.
    silent = ("reportMissingModuleSource", "reportMissingTypeStubs", "reportFunctionMemberAccess")
    config = {"pythonVersion": "3.11", **dict.fromkeys(silent, "none")}
    (modules / "pyrightconfig.json").write_text(json.dumps(config))
    command = [str(PYRIGHT), "--pythonpath", sys.executable, "--outputjson", "-p", str(modules)]
    ran = subprocess.run(command, cwd=modules, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout)["generalDiagnostics"]
    errors = [
        f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in found
        if each["severity"] == "error"
    ]
    assert "\n".join(errors) == ""
