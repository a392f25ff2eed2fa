"""What the tests of the sandbox share."""

from collections.abc import Iterator

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox

from .api import Api
from .receiver import Receiver, receiving


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which a call is over in 50 ms."""
    with pamela.sandbox.run(speed=1000) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox, api_key: str) -> Iterator[Api]:
    with Api(sandbox, api_key) as api:
        yield api


@pytest.fixture(scope="session")
def slow_sandbox() -> Iterator[Sandbox]:
    """A sandbox slow enough to see a call queued, ringing and in progress."""
    with pamela.sandbox.run(speed=20) as running:
        yield running


@pytest.fixture
def slow_api(slow_sandbox: Sandbox, api_key: str) -> Iterator[Api]:
    with Api(slow_sandbox, api_key) as api:
        yield api


@pytest.fixture
def real_time_api(api_key: str) -> Iterator[Api]:
    """A sandbox in which a second takes a second, so that a call stays queued for a while."""
    with pamela.sandbox.run(speed=1) as running, Api(running, api_key) as api:
        yield api


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
