"""The shell blocks that need neither an account nor the internet run as they stand, page by page, against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pamela.sandbox
from pamela import PamelaClient

from .servers import free_port
from .test_documentation import BLOCK, ROOT, SHELL

ELSEWHERE = re.compile(
    r"pip install|python -m venv|\. \.venv|python first|pamela (sandbox|listen)|.*@db\.example|export PAMELA_(BASE|API)"
)
"""What needs a package index or a database, and what the test does itself."""
SERVER = re.compile(r"flask --app|uvicorn ")
PAGES = (
    "start/quickstart",
    "guides/flask",
    "guides/fastapi",
    "guides/errors",
    "guides/campaigns",
    "guides/command-line",
)


def commands(page: str) -> Iterator[str]:
    """Yield the commands of a page, each on one line."""
    for block in SHELL.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not ELSEWHERE.match(line) and "--forward-to" not in line:
                yield line


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_shell_blocks_run(name: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / f"{name}.md").read_text()
    port = free_port()
    for block in BLOCK.findall(page)[:1]:
        (tmp_path / "hooks.py").write_text(block)
    for table in re.findall(r"^```csv\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        (tmp_path / "customers.csv").write_text(table)
    lines = ["set -e", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    for command in commands(page):
        if SERVER.match(command):
            lines += [
                f"{command} 2> server.log &",
                f"until curl -s -o answer http://127.0.0.1:{port}/; do sleep 0.1; done",
            ]
        elif "--forged" in command:
            lines += [f"{command} && exit 1 || test $? = 5  # refused, as it should be"]
        else:
            lines += [command]
    # Calling hours depend on the time of the day at which the test runs.
    script = "\n".join(lines).replace("8000", str(port)).replace("--hours 09:00-20:00 --days mon-sat", "")
    with pamela.sandbox.run(speed=100) as sandbox:
        with PamelaClient(sandbox.api_key, sandbox.base_url) as client:
            client.create_call(to="+1234567890", task="Say that order 1042 is here", idempotency_key="delivery-1042")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "pamela").write_text(f'#!/bin/sh\nexec {sys.executable} -m pamela "$@"\n')
        (tmp_path / "bin" / "pamela").chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.fspath(ROOT),
            "HOME": os.fspath(tmp_path),
            "PAMELA_BASE_URL": sandbox.base_url,
            "PAMELA_API_KEY": sandbox.api_key,
        }
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
