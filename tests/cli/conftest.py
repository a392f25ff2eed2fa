"""What the tests of the command share: a sandbox as a process of its own, and the command with its address and key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pamela import PamelaClient

from ..sandbox.process import Process
from .fork_server import ForkServer, serving
from .running import Cli


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a sandbox in which a minute's call takes 0.3 seconds."""
    with Process.start("--speed", "200") as process:
        yield process.base_url


@pytest.fixture(scope="session")
def slow_service() -> Iterator[str]:
    """The address of a sandbox in which calls stay queued for as long as a test looks."""
    with Process.start("--speed", "0.001") as process:
        yield process.base_url


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """What the command is run with through pipes."""
    with serving(tmp_path_factory.mktemp("forks")) as server:
        yield server


@pytest.fixture
def cli(tmp_path: Path, forks: ForkServer, service: str, api_key: str) -> Cli:
    """The command, for a sandbox and a project of the test's own."""
    return Cli(tmp_path, forks, {"PAMELA_API_KEY": api_key, "PAMELA_BASE_URL": service})


@pytest.fixture
def client(service: str, api_key: str) -> Iterator[PamelaClient]:
    """A client for the same project."""
    with PamelaClient(api_key, service) as client:
        yield client
