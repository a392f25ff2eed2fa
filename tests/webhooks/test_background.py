"""Handlers in the workers of Celery, RQ and Procrastinate, each with its real library and server."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from pamela.endpoint import WebhookEndpoint
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook
from tests import servers
from tests.tools.waiting import until

from .conftest import SECRET, event_body

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLERS = """

from pathlib import Path

from pamela import WebhookEndpoint

endpoint = WebhookEndpoint("whsec_example")
seen = Path(__file__).with_name("seen")


@endpoint.on("call.completed", background=queue)
def keep_transcript(event):
    with seen.open("a") as file:
        file.write(f"sync {type(event).__name__} {event.call_id}\\n")


@endpoint.on("call.*", background=queue)
async def follow(event):
    with seen.open("a") as file:
        file.write(f"async {event.event} {event['note']}\\n")
"""
CELERY = """
from celery import Celery

queue = app = Celery("shop", broker="redis://127.0.0.1:{port}/0")
app.conf.broker_connection_retry_on_startup = True
app.conf.broker_transport_options = {{"socket_timeout": 2, "socket_connect_timeout": 2}}
"""
RQ = """
import redis
import rq
from redis.backoff import NoBackoff
from redis.retry import Retry

queue = rq.Queue(connection=redis.Redis(port={port}, db=1, socket_timeout=2, retry=Retry(NoBackoff(), 1)))
"""
PROCRASTINATE = """
import procrastinate

queue = app = procrastinate.App(
    connector=procrastinate.{connector}(conninfo="host=127.0.0.1 port={port} user=pamela dbname=postgres")
)
"""


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Server]:
    with servers.or_skip(servers.redis_server()) as server:
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.Server]:
    with servers.or_skip(servers.postgresql_server("fsync=off")) as server:
        yield server


class Application:
    """A module with an endpoint, imported here as by a web server, and by workers in processes of their own."""

    def __init__(self, source: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (directory / "shop.py").write_text(dedent(source) + HANDLERS)
        monkeypatch.syspath_prepend(str(directory))
        monkeypatch.delitem(sys.modules, "shop", raising=False)
        self.directory = directory
        self.module: Any = importlib.import_module("shop")

    @property
    def lines(self) -> list[str]:
        seen = self.directory / "seen"
        return sorted(seen.read_text().splitlines()) if seen.exists() else []

    @contextmanager
    def worker(self, *command: str) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(self.directory), str(Path.cwd())])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.communicate(timeout=60)


def handle(endpoint: WebhookEndpoint, body: bytes) -> int:
    return endpoint.handle("POST", {SIGNATURE_HEADER: sign_webhook(body, SECRET)}, [body]).status


async def handle_async(endpoint: WebhookEndpoint, body: bytes) -> int:
    async def chunks() -> Any:
        yield body

    response = await endpoint.handle_async("POST", {SIGNATURE_HEADER: sign_webhook(body, SECRET)}, chunks())
    return response.status


def completed() -> bytes:
    """The body of an event of now: one made at import is stale when the tests before took long."""
    return event_body("call.completed", note="\u00e9")


EXPECTED = ["async call.completed \u00e9", "sync CallCompletedEvent call_1"]


async def test_celery(redis: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Application(CELERY.format(port=redis.port), tmp_path, monkeypatch)
    assert handle(shop.module.endpoint, completed()) == 200
    assert await handle_async(shop.module.endpoint, completed()) == 200
    assert shop.lines == []  # they wait for a worker
    with shop.worker("celery", "-A", "shop", "worker", "--pool", "solo", "--loglevel", "warning"):
        until(lambda: len(shop.lines) == 4, patience=90)
    assert shop.lines == sorted(EXPECTED * 2)


async def test_rq(redis: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Application(RQ.format(port=redis.port), tmp_path, monkeypatch)
    assert handle(shop.module.endpoint, completed()) == 200
    assert await handle_async(shop.module.endpoint, completed()) == 200
    assert shop.lines == []
    with shop.worker("rq.cli", "worker", "--burst", "--url", f"redis://127.0.0.1:{redis.port}/1"):
        until(lambda: len(shop.lines) == 4, patience=90)
    assert shop.lines == sorted(EXPECTED * 2)


def prepare_procrastinate(postgresql: servers.Server) -> None:
    import procrastinate

    conninfo = f"host=127.0.0.1 port={postgresql.port} user=pamela dbname=postgres"
    with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo)).open() as app:
        if not app.check_connection():
            app.schema_manager.apply_schema()


@pytest.mark.parametrize("server", ["sync", "async"])
async def test_procrastinate(
    server: str, postgresql: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_procrastinate(postgresql)
    connector = "SyncPsycopgConnector" if server == "sync" else "PsycopgConnector"
    shop = Application(PROCRASTINATE.format(port=postgresql.port, connector=connector), tmp_path, monkeypatch)
    if server == "sync":
        with shop.module.app.open():
            assert handle(shop.module.endpoint, completed()) == 200
    else:
        async with shop.module.app.open_async():
            assert await handle_async(shop.module.endpoint, completed()) == 200
    assert shop.lines == []
    # A worker needs the async connector.
    source = (tmp_path / "shop.py").read_text()
    (tmp_path / "shop.py").write_text(source.replace("SyncPsycopgConnector", "PsycopgConnector"))
    with shop.worker("procrastinate", "--app", "shop.app", "worker"):
        until(lambda: len(shop.lines) == 2, patience=90)
    assert shop.lines == EXPECTED


@pytest.mark.parametrize("source", [CELERY, RQ], ids=["celery", "rq"])
async def test_an_event_that_the_queue_does_not_take_is_500(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Application(source.format(port=servers.free_port()), tmp_path, monkeypatch)
    assert handle(shop.module.endpoint, completed()) == 500
    assert await handle_async(shop.module.endpoint, completed()) == 500
    assert "A handler of 'call.completed' failed" in caplog.text


async def test_a_task_of_ones_own_is_used_as_it_is(
    redis: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import Celery  # type: ignore[import-untyped]

    app = Celery("own", broker=f"redis://127.0.0.1:{redis.port}/2")

    def keep(event: dict[str, Any]) -> None:
        """Keep it."""

    task = app.task(keep, name="keep")
    endpoint = WebhookEndpoint(SECRET)
    assert endpoint.on("*", background=app)(task) is task
    assert handle(endpoint, completed()) == 200
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("celery").get(timeout=20)
        assert message.headers["task"] == "keep"
        assert message.payload[0][0]["event"] == "call.completed"


async def test_a_function_takes_the_handler_and_the_event() -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []
    put: list[Any] = []

    async def put_async(handler: Any, event: Any) -> None:
        put.append((handler, event.event))

    with ThreadPoolExecutor(1) as pool:
        endpoint.on("*", background=pool.submit)(seen.append)
        endpoint.on("*", background=put_async)(print)
        assert handle(endpoint, completed()) == 200
        assert await handle_async(endpoint, completed()) == 200
    assert [type(event).__name__ for event in seen] == ["CallCompletedEvent"] * 2
    assert put == [(print, "call.completed")] * 2


async def test_a_function_that_fails_is_500_and_the_other_handlers_are_called() -> None:
    endpoint = WebhookEndpoint(SECRET)
    seen: list[Any] = []

    def fail(handler: Any, event: Any) -> None:
        raise ConnectionError("the queue is gone")

    endpoint.on("*", background=fail)(print)
    endpoint.on("*")(seen.append)
    assert handle(endpoint, completed()) == 500
    assert await handle_async(endpoint, completed()) == 500
    assert len(seen) == 2


def test_what_is_no_queue_or_cannot_be_imported_is_an_error_at_once() -> None:
    import redis as redis_py
    import rq

    endpoint = WebhookEndpoint(SECRET)
    with pytest.raises(
        TypeError, match=r"background=5 is not a Celery app, an RQ queue, a Procrastinate app, or a func"
    ):
        endpoint.on("*", background=5)(print)
    for cls in (threading.Thread, rq.Queue):
        with pytest.raises(
            TypeError, match=rf"background={cls.__name__} is a class: .* Give an object of it, or a function"
        ):
            endpoint.on("*", background=cls)(print)
    queue = rq.Queue(connection=redis_py.Redis())
    with pytest.raises(
        TypeError, match=r"cannot be imported by a worker. Write it as a function at the top of a module"
    ):
        endpoint.on("*", background=queue)(lambda event: None)
