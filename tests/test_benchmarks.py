"""The scripts of the benchmarks still do what they measure, and going through calls takes the memory of one page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pamela

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = BENCHMARKS / "scripts"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """The server of the benchmarks."""
    with subprocess.Popen([sys.executable, BENCHMARKS / "server.py"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def run(script: str, base_url: str, *requests: dict[str, Any]) -> list[str]:
    """Run a script, give it what it reads, and give the lines that it prints."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py"],
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        capture_output=True,
        text=True,
        env={**os.environ, "BENCHMARK_BASE_URL": base_url},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("get_httpx", {"times": 2}),
        ("get_pamela", {"times": 2}),
        ("list_httpx", {"times": 2}),
        ("list_pamela", {"times": 2}),
        ("threads_httpx", {"total": 20, "width": 10}),
        ("threads_pamela", {"total": 20, "width": 10}),
        ("flight_httpx", {"total": 20, "width": 10}),
        ("flight_pamela", {"total": 20, "width": 10}),
        ("verify_pamela", {"what": "bytes", "times": 2}),
        ("verify_pamela", {"what": "dict", "times": 2}),
        ("stores_pamela", {"what": "claim", "kind": "sqlite", "ids": 10, "times": 2}),
        ("stores_pamela", {"what": "invoke", "kind": "memory", "ids": 10, "times": 2}),
    ],
)
def test_measurement(base_url: str, script: str, arguments: dict[str, Any]) -> None:
    first, second = run(script, base_url, arguments, arguments)
    assert float(first) > 0
    assert float(second) > 0


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("version_click", "bare, version 1.0"),
        ("version_pamela", f"pamela {pamela.__version__}"),
        ("complete_click", "plain"),
        ("complete_pamela", "plain"),
    ],
)
def test_command(base_url: str, script: str, line: str) -> None:
    assert run(script, base_url)[0] == line


@pytest.mark.parametrize("script", ["import_nothing", "import_hmac", "import_pamela", "start_httpx", "start_pamela"])
def test_start(base_url: str, script: str) -> None:
    assert run(script, base_url) in (["ready"], ["completed"])


def test_going_through_calls_takes_the_memory_of_a_page(base_url: str) -> None:
    few, many = map(float, run("iterate_pamela", base_url, {"calls": 300}, {"calls": 10_000}))
    assert many < few * 1.1


def test_campaigns() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "campaigns.py", "--quick"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[3].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    assert rows == ["300", "300", "600", "300"]
