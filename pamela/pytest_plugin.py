"""A pytest plugin: fixtures with a sandbox, clients and an application for webhooks, and assertions about calls."""

# pytest loads this module in every run. It imports only what every test needs.

from __future__ import annotations

import functools
import inspect
import json
import secrets
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from types import TracebackType

    from . import AsyncPamelaClient, Call, PamelaClient
    from .sandbox import Sandbox, SandboxProject

DEFAULT_SPEED = "200"
__tracebackhide__ = True  # A failure points at the line of the test, not at the code here.
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.01
_MARK = "pamela_undelivered"
_LONGEST_TRANSCRIPT = 50
_MOST_DELIVERIES_SHOWN = 30
_MOST_TRANSCRIPTS_SHOWN = 10
_MOST_CALLS_LISTED = 10

_tester = pytest.StashKey["PamelaTester"]()


class PamelaTester:
    """The value of the fixture `pamela`: a project of the sandbox for one test.

    Attributes:
        api_key: The API key of the project.
        base_url: The address of the sandbox.
        webhook_secret: The secret that signs the project's webhooks.
        sandbox: A `pamela.sandbox.SandboxProject` with the scripts, the clock, the faults and the deliveries.
        calls: The placed calls, as `PlacedCalls`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.api_key = f"pk_test_{secrets.token_hex(12)}"
        self.base_url = sandbox.base_url
        self.webhook_secret = sandbox.webhook_secret
        self.sandbox: SandboxProject = sandbox.project(self.api_key)
        self.calls = PlacedCalls(self)
        self.deliveries = self.sandbox.deliveries
        self.clock = self.sandbox.clock
        self.script = self.sandbox.script
        self.fail_next = self.sandbox.fail_next
        self.inject_faults = self.sandbox.inject_faults
        self.take = self.sandbox.take
        self.wait_for_deliveries = self.sandbox.wait_for_deliveries

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    @functools.cached_property
    def client(self) -> PamelaClient:
        """A client of the project."""
        from . import PamelaClient

        return PamelaClient(self.api_key, self.base_url)

    def close(self) -> None:
        """Close the client."""
        if "client" in vars(self):
            self.client.close()

    def expect_call(self, *, timeout: float = _PATIENCE_SECONDS, **fields: Any) -> ExpectedCall:
        """Fail unless exactly one call with these fields is placed in the `with` block, or soon after it.

        In an async test use `async with`. Then the tasks of the test continue while it waits.

        Args:
            timeout: Maximum time to wait after the block, in seconds.
            **fields: Fields of the request, such as `to="+12025550123"`. For `task`, a part of the text is enough.

        Returns:
            A context manager. Its `call` is the call, after the block.

        Raises:
            TypeError: A request has no such field.
            AssertionError: No call or several calls were placed.
        """
        _check_fields(fields)
        return ExpectedCall(self, timeout, fields)

    def assert_no_calls(self, **fields: Any) -> None:
        """Fail if a call with these fields was placed. Without fields, fail if any call was placed.

        Args:
            **fields: Fields of the request, such as `to="+12025550123"`. For `task`, a part of the text is enough.

        Raises:
            AssertionError: A call was placed. The message lists the calls.
        """
        if self.calls.matching(**fields):
            raise AssertionError(f"Calls {_in_words(fields)} were placed. {self.calls.describe()}")

    def undelivered(self) -> list[str]:
        """Wait for pending webhooks. Return a line of text for each kind of webhook that was refused or did not arrive.

        A `ToolError` is the answer of a tool, so its invocation has arrived.
        """
        from .sandbox import describe_delivery

        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            deliveries = self.deliveries.list()
            over = {call["id"] for call in self.sandbox.calls() if call["ended_at"] is not None}
            now = self.clock.now()
            is_open = any(not each["attempts"] and _is_on_its_way(each, over, now) for each in deliveries)
            if not is_open or time.monotonic() > deadline:
                break
            time.sleep(_LOOK_SECONDS)
        refused = [each for each in deliveries if each["attempts"] and not _has_arrived(each)]
        lines = _count_equal([describe_delivery(each) for each in refused])
        return lines + self._hints(refused) if lines else lines

    def report(self) -> list[tuple[str, str]]:
        """Return the sections of the test report: the transcripts of the calls, and the deliveries."""
        from .sandbox import describe_delivery

        placed = self.sandbox.calls()
        calls = [_show_call(call) for call in placed[:_MOST_TRANSCRIPTS_SHOWN]]
        if rest := placed[_MOST_TRANSCRIPTS_SHOWN:]:
            calls.append("\n".join(_show_head(call) for call in rest))
        lines = _count_equal([describe_delivery(each) for each in self.deliveries.list()])
        deliveries = lines[-_MOST_DELIVERIES_SHOWN:]
        sections = [("Pamela calls", "\n\n".join(calls)), ("Pamela deliveries", "\n".join(deliveries))]
        return [(title, text) for title, text in sections if text]

    def _hints(self, refused: list[dict[str, Any]]) -> list[str]:
        """Return what the test can change so that the application accepts these webhooks."""
        if all(each["attempts"][-1]["response_status"] != 401 for each in refused):
            return []
        if self.sandbox.request("GET", "/sandbox/clock")["offset_seconds"]:
            return [
                "The clock of the sandbox is set, so the timestamps of events differ from the real time. In this test, "
                "give your endpoint tolerance=None."
            ]
        return ["A 401 means that the application has another secret: pass it as pamela_app(app, webhook_secret=...)."]


class AsyncPamelaTester(PamelaTester):
    """The value of the fixture `pamela_async`: a `PamelaTester` with an async client, for asyncio and trio."""

    @functools.cached_property
    def client(self) -> AsyncPamelaClient:  # type: ignore[override]
        """A client of the project. It is closed when the test ends."""
        from . import AsyncPamelaClient

        return AsyncPamelaClient(self.api_key, self.base_url)

    def close(self) -> None:
        """Do nothing. `aclose` closes the client, on the event loop of the test."""

    async def aclose(self) -> None:
        """Close the client, on the event loop of the test."""
        if "client" in vars(self):
            await self.client.close()


class ExpectedCall:
    """The call that `expect_call` waits for, as a context manager for `with` and for `async with`.

    Args:
        tester: The tester whose calls are looked at.
        timeout: Maximum time to wait after the block, in seconds.
        fields: Fields of the request that the call has.

    Attributes:
        call: The call. It is set after the block.
    """

    call: Call

    def __init__(self, tester: PamelaTester, timeout: float, fields: Mapping[str, Any]) -> None:
        self._tester = tester
        self._timeout = timeout
        self._fields = fields
        self._before: set[str] = set()

    def __enter__(self) -> ExpectedCall:
        self._before = {call["id"] for call in self._tester.sandbox.calls()}
        return self

    async def __aenter__(self) -> ExpectedCall:
        return self.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + self._timeout
        while kind is None and not self._has_come():
            if time.monotonic() > deadline:
                raise AssertionError(self._describe_absence() + _hint_at_async_with())
            time.sleep(_LOOK_SECONDS)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        import anyio

        deadline = time.monotonic() + self._timeout
        while kind is None and not self._has_come():
            if time.monotonic() > deadline:
                raise AssertionError(self._describe_absence())
            await anyio.sleep(_LOOK_SECONDS)

    def _has_come(self) -> bool:
        found = [call for call in self._tester.calls.matching(**self._fields) if call["id"] not in self._before]
        if len(found) > 1:
            raise AssertionError(
                f"{len(found)} calls {_in_words(self._fields)} were placed. {self._tester.calls.describe()}"
            )
        if found:
            self.call = found[0]
        return bool(found)

    def _describe_absence(self) -> str:
        return f"No call {_in_words(self._fields)} was placed. {self._tester.calls.describe()}"


class PlacedCalls:
    """The calls of a test, oldest first."""

    def __init__(self, tester: PamelaTester) -> None:
        self._tester = tester

    def __len__(self) -> int:
        return len(self._tester.sandbox.calls())

    def __iter__(self) -> Iterator[Call]:
        return iter(self.matching())

    def matching(self, **fields: Any) -> list[Call]:
        """Return the calls with these fields in their request.

        Args:
            **fields: Fields of the request, such as `to="+12025550123"`. For `task`, a part of the text is enough.

        Raises:
            TypeError: A request has no such field.
        """
        _check_fields(fields)
        project = self._tester.sandbox
        return [
            self._model(each)
            for each in project.calls()
            if not fields or _has_fields(project.call(each)["request"], fields)
        ]

    def one(self, **fields: Any) -> Call:
        """Return the only call with these fields.

        Args:
            **fields: Fields of the request, as for `matching`.

        Raises:
            AssertionError: There is no such call, or there are several. The message lists them.
        """
        found = self.matching(**fields)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} calls {_in_words(fields)} were placed, not one. {self.describe()}")
        return found[0]

    def describe(self) -> str:
        """Return a sentence that lists the calls, the first ten of them."""
        calls = [f"{call['to']}: {call['task'][:80]!r} ({call['status']})" for call in self._tester.sandbox.calls()]
        if not calls:
            return "This test has placed no call."
        if len(calls) > _MOST_CALLS_LISTED:
            calls[_MOST_CALLS_LISTED:] = [f"and {len(calls) - _MOST_CALLS_LISTED} more"]
        return f"The calls of this test: {'; '.join(calls)}."

    def _model(self, call: Mapping[str, Any]) -> Call:
        from . import Call

        return Call(call)


_Tester = TypeVar("_Tester", bound=PamelaTester)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "pamela_speed", "how many times faster than real calls those of the sandbox are", default=DEFAULT_SPEED
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{_MARK}: webhooks of this test may be refused or not arrive, which fails it otherwise."
    )


@pytest.fixture(scope="session")
def pamela_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox for the whole session. With pytest-xdist, each worker has its own."""
    from .sandbox import run

    with run(speed=float(request.config.getini("pamela_speed"))) as sandbox:
        yield sandbox


@pytest.fixture
def pamela(
    pamela_sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PamelaTester]:
    """A `PamelaTester`: a project of the sandbox for this test, with a client, the calls and the deliveries.

    The fixture sets the environment variables of the client. So a `PamelaClient()` of your program uses this project
    too.
    """
    yield from _testing(PamelaTester(pamela_sandbox), request, monkeypatch)


@pytest.fixture
def pamela_async(
    pamela_sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AsyncPamelaTester]:
    """An `AsyncPamelaTester`: the same as `pamela` with an async client, for tests that are coroutine functions."""
    test: Callable[..., Any] = request.node.obj
    if not inspect.iscoroutinefunction(test):
        raise pytest.UsageError(f"pamela_async is for async tests; {request.node.name} can have pamela.")
    tester = AsyncPamelaTester(pamela_sandbox)

    @functools.wraps(test)
    async def closing_its_client(*args: Any, **kwargs: Any) -> Any:
        try:
            return await test(*args, **kwargs)
        finally:
            await tester.aclose()

    # Close the client on the event loop of the test, asyncio or trio.
    request.node.obj = closing_its_client
    yield from _testing(tester, request, monkeypatch)


def _testing(tester: _Tester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Tester]:
    """Set the environment variables to the tester's project, and add it to the test report."""
    monkeypatch.setenv("PAMELA_API_KEY", tester.api_key)
    monkeypatch.setenv("PAMELA_BASE_URL", tester.base_url)
    monkeypatch.setenv("PAMELA_WEBHOOK_SECRET", tester.webhook_secret)
    request.node.stash[_tester] = tester
    yield tester
    tester.close()
    tester.clock.reset()  # All tests share the clock.


@pytest.fixture
def pamela_app(request: pytest.FixtureRequest) -> Iterator[Callable[..., ServedApp]]:
    """A function that serves an application on a free port and sends the test's webhooks to it.

    Its arguments are the WSGI or ASGI application; `webhooks`, the path for events; `tools`, the path for tool
    invocations (the default is the path for events); and `webhook_secret`, the application's own webhook secret if it
    has one. It returns an object with the `url` of the application.
    """
    name = "pamela_async" if "pamela_async" in request.fixturenames else "pamela"
    tester: PamelaTester = request.getfixturevalue(name)
    stops: list[Callable[[], None]] = []

    def serve(
        app: Any, *, webhooks: str = "/webhooks/pamela", tools: str | None = None, webhook_secret: str | None = None
    ) -> ServedApp:
        if not callable(app):
            raise TypeError(f"{app!r} is not a WSGI or ASGI application. Pass the application itself.")
        for path in (webhooks, tools):
            if path is not None and not path.startswith("/"):
                raise ValueError(f"{path!r} is not a path of the application. Write {'/' + path!r}.")
        base_url, stop = _serve_asgi(app) if _is_asgi(app) else _serve_wsgi(app)
        stops.append(stop)
        tester.sandbox.configure(
            webhook_url=base_url + webhooks,
            tool_webhook_url=base_url + (webhooks if tools is None else tools),
            webhook_secret=webhook_secret,
        )
        return ServedApp(base_url)

    yield serve
    for stop in reversed(stops):
        stop()


class ServedApp:
    """A served application.

    Attributes:
        url: The address of the application.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __repr__(self) -> str:
        return f"ServedApp(url={self.url!r})"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed although webhooks were refused."""
    __tracebackhide__ = False  # There is no line of the test to show.
    result = yield
    tester = item.stash.get(_tester, None)
    if tester is not None and item.get_closest_marker(_MARK) is None and (lines := tester.undelivered()):
        shown = "\n".join(lines[:_MOST_DELIVERIES_SHOWN])
        pytest.fail(
            f"Webhooks were refused or did not arrive (mark the test with {_MARK} if that is meant):\n{shown}",
            pytrace=False,
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the transcripts and deliveries to the report of a failed test."""
    report = yield
    tester = item.stash.get(_tester, None)
    if tester is not None and report.when == "call" and report.failed:
        try:
            report.sections += tester.report()
        except Exception as error:  # The report of the failure itself matters more.
            report.sections.append(("Pamela calls", f"They cannot be shown: {error}"))
    return report


def _check_fields(fields: Mapping[str, Any]) -> None:
    from . import PamelaClient

    known = [name for name in inspect.signature(PamelaClient.create_call).parameters if name != "self"]
    for name in fields:
        if name not in known:
            raise TypeError(f"A request for a call has no field {name!r}; it has {', '.join(known)}.")


def _has_fields(request: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    for name, value in fields.items():
        if name == "task" and isinstance(value, str):
            if value not in request["task"]:
                return False
        elif request.get(name) != value:
            return False
    return True


def _in_words(fields: Mapping[str, Any]) -> str:
    return "with " + ", ".join(f"{name}={value!r}" for name, value in fields.items()) if fields else "of any kind"


def _hint_at_async_with() -> str:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return " In an async test use `async with`, so that tasks continue while it waits."


def _count_equal(lines: list[str]) -> list[str]:
    """Return each line once, in the order in which they came first, with the number of times if there are several."""
    return [line if count == 1 else f"{line} ({count} times)" for line, count in Counter(lines).items()]


def _has_arrived(delivery: Mapping[str, Any]) -> bool:
    last = delivery["attempts"][-1]
    if last["error"] is not None or last["response_status"] is None:
        return False
    return 200 <= last["response_status"] < 300 or _is_tool_error(delivery, last)


def _is_tool_error(delivery: Mapping[str, Any], attempt: Mapping[str, Any]) -> bool:
    from ._tools.error_texts import is_from_tool

    if delivery["kind"] != "tool" or not 400 <= attempt["response_status"] < 500:
        return False
    try:
        answer = json.loads(attempt["response_body"])
    except ValueError:
        return False
    match answer:
        case {"error": str(text), "correlation_id": of}:
            return of == json.loads(delivery["body"])["correlation_id"] and is_from_tool(text)
        case _:
            return False


def _is_on_its_way(delivery: Mapping[str, Any], over: set[str], now: datetime) -> bool:
    match delivery["status"]:
        case "sending":
            return True
        case "pending":
            return datetime.fromisoformat(delivery["next_attempt_at"]) <= now
        case "waiting":
            return delivery["call_id"] in over
        case _:
            return False


def _show_call(call: Mapping[str, Any]) -> str:
    lines = [_show_head(call), f"  task: {call['task'][:200]}"]
    entries = call["transcript"] or []
    lines += [f"  {entry['speaker']}: {entry['text']}" for entry in entries[:_LONGEST_TRANSCRIPT]]
    if len(entries) > _LONGEST_TRANSCRIPT:
        lines.append(f"  ... and {len(entries) - _LONGEST_TRANSCRIPT} lines more")
    if call["summary"]:
        lines.append(f"  summary: {call['summary'][:500]}")
    return "\n".join(lines)


def _show_head(call: Mapping[str, Any]) -> str:
    return f"{call['id']} to {call['to']}: {call['status']}"


def _is_asgi(app: Any) -> bool:
    if inspect.isclass(app):
        return "__await__" in vars(app)
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def _serve_wsgi(app: Any) -> tuple[str, Callable[[], None]]:
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    class ThreadingServer(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class SilentHandler(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, ThreadingServer, SilentHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return f"http://127.0.0.1:{server.server_port}", stop


def _serve_asgi(app: Any) -> tuple[str, Callable[[], None]]:
    import socket

    import uvicorn

    class AppServer(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    ready = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = AppServer(config)

    def run() -> None:
        try:
            server.run([listener])
        except SystemExit:  # uvicorn's way to say that the application did not start
            pass
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    if not server.started:
        thread.join()
        listener.close()
        raise RuntimeError("The application did not start. The captured log (uvicorn.error) has the reason.")

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listener.close()

    return f"http://127.0.0.1:{listener.getsockname()[1]}", stop
