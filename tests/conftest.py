"""What all tests share: a sandbox of their own, and clients of it."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import yaml

import pamela.sandbox
from pamela import AsyncPamelaClient, PamelaClient
from pamela.sandbox import Sandbox

from .spec.watch import SpecificationWatch

SPEED = 200.0


@pytest.fixture(scope="session", autouse=True)
def _signals_work() -> None:
    """Take the signals that `nohup` and a shell's job in the background ignore, and with it the programs that tests start."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def specification_watch() -> Iterator[SpecificationWatch]:
    """Holds all that passes between the tests and the sandboxes against the specification."""
    watch = SpecificationWatch(yaml.safe_load(pamela.openapi_specification()))
    with pytest.MonkeyPatch.context() as monkeypatch:
        watch.install(monkeypatch)
        yield watch


@pytest.fixture(autouse=True)
def _obeys_the_specification(specification_watch: SpecificationWatch) -> Iterator[None]:
    """Fail a test in which something passed that the specification does not describe."""
    yield
    assert specification_watch.take_violations() == []


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests."""
    for name in [name for name in os.environ if name.startswith("PAMELA_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which a minute takes 0.3 seconds."""
    with pamela.sandbox.run(speed=SPEED) as running:
        yield running


@pytest.fixture(scope="session")
def still_sandbox() -> Iterator[Sandbox]:
    """A sandbox in which calls stay queued for as long as a test looks."""
    with pamela.sandbox.run(speed=0.001) as running:
        yield running


@pytest.fixture
def sandbox_at() -> Callable[[float], AbstractContextManager[Sandbox]]:
    """Runs a sandbox of another speed."""
    return lambda speed: pamela.sandbox.run(speed=speed)


@pytest.fixture
def api_key(request: pytest.FixtureRequest) -> str:
    """A key, and so a project, of the test's own."""
    return f"pk_live_{abs(hash(request.node.nodeid)):x}"


@pytest.fixture
def client(sandbox: Sandbox, api_key: str) -> Iterator[PamelaClient]:
    with PamelaClient(api_key, sandbox.base_url) as client:
        yield client


@pytest.fixture
async def async_client(sandbox: Sandbox, api_key: str) -> AsyncIterator[AsyncPamelaClient]:
    async with AsyncPamelaClient(api_key, sandbox.base_url) as client:
        yield client
