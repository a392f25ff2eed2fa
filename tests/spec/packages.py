"""Copies of the package, generated from a changed specification: imported, called and type-checked in this process."""

from __future__ import annotations

import copy
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import mypy.api
import pytest

from custom.__main__ import generate

from .conftest import DOCUMENT, ROOT

Change = Callable[[dict[str, Any]], object]

MYPY_SETTINGS = """
[mypy]
strict = True

[mypy-*._generated.*]
warn_return_any = False
"""


class Workbench:
    """A copy of the package under a name of its own, which is generated again for each change of the specification."""

    def __init__(self, directory: Path, name: str = "pamela_changed") -> None:
        self.directory = directory
        self.name = name
        self.package = directory / name
        left_out = shutil.ignore_patterns("__pycache__", "openapi.yaml", "sandbox")
        shutil.copytree(ROOT / "pamela", self.package, ignore=left_out)
        self.settings = directory / "mypy.ini"
        self.settings.write_text(MYPY_SETTINGS)

    def generate(self, change: Change) -> list[str]:
        """Generate the package from the specification with a change, and return the modules that differed."""
        document = copy.deepcopy(DOCUMENT)
        change(document)
        specification = self.package / "openapi.json"  # JSON is read twenty times as fast as YAML
        specification.write_text(json.dumps(document))
        return generate(specification, self.package / "_generated")

    @contextmanager
    def imported(self) -> Iterator[ModuleType]:
        """Import the package as it is now."""
        writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        sys.path.insert(0, str(self.directory))
        importlib.invalidate_caches()
        try:
            yield importlib.import_module(self.name)
        finally:
            sys.path.remove(str(self.directory))
            sys.dont_write_bytecode = writes
            for name in [name for name in sys.modules if name.partition(".")[0] == self.name]:
                del sys.modules[name]

    def type_errors(self, source: str) -> str:
        """Return what mypy finds in a program, in which `pamela` is this package, and in what that imports."""
        program = self.directory / "program.py"
        program.write_text(source.replace("from pamela", f"from {self.name}"))
        flags = [f"--config-file={self.settings}", f"--cache-dir={self.directory / 'mypy'}", "--no-error-summary"]
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("MYPYPATH", str(self.directory))
            said, problems, _ = mypy.api.run([*flags, str(program)])
        return said + problems
