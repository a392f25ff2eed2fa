"""Serving a sandbox: in the foreground until it is told to stop, or in a thread beside a program or a test."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import uvicorn

from .app import create_app
from .control import SandboxProject
from .options import DEFAULT_KEEP_CALLS, DEFAULT_KEY, DEFAULT_SECRET, SandboxOptions
from .service import Service

_GRACE_SECONDS = 2
_IDLE_SECONDS = 75
_BACKLOG = 2048


class SandboxServer(uvicorn.Server):
    """A server of one sandbox, which says when it accepts and leaves signals to others."""

    def __init__(
        self, options: SandboxOptions, listener: socket.socket, on_ready: Callable[["SandboxServer"], None]
    ) -> None:
        """Open the database.

        Raises:
            DatabaseError: It cannot be used.
        """
        self.options = options
        self.service = Service(options)
        self.base_url = _base_url(options.host, listener)
        self._listener = listener
        self._on_ready = on_ready
        config = uvicorn.Config(
            create_app(self.service),
            http=self.service.connections.protocol(),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)

    async def run_until_stopped(self) -> None:
        """Serve until `should_exit` is set, or until calls or deliveries come to a fault of the sandbox's own."""
        with contextlib.closing(self.service):
            living = asyncio.create_task(self.service.run())
            living.add_done_callback(lambda _: self._exit())
            try:
                await self.serve(sockets=[self._listener])
            finally:
                living.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await living

    def _exit(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready(self)
        self._getting_ready = asyncio.create_task(self.service.specification.get_ready())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.service.stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    options: SandboxOptions,
    on_ready: Callable[[SandboxServer], None],
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Serve a sandbox until its `should_exit` is set; `on_ready` gets it as soon as it accepts.

    Args:
        options: The settings of the sandbox.
        on_ready: Is called with the server in its thread.
        new_event_loop: Makes the event loop; None takes asyncio's own.

    Raises:
        OSError: The address is not available.
        DatabaseError: The database cannot be used.
    """
    with _listen(options.host, options.port) as listener:

        async def run_server() -> None:
            await SandboxServer(options, listener, on_ready).run_until_stopped()

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(run_server())


class Sandbox(SandboxProject):
    """A sandbox that runs in a thread of this process, and its project of the key `api_key`.

    Attributes:
        base_url: Its address, for a client's `base_url`.
        api_key: An API key that works; any other that starts with `pk_live_` or `pk_test_` is another project.
        webhook_secret: What it signs webhooks with.
    """

    def __init__(self, server: SandboxServer, loop: asyncio.AbstractEventLoop, webhook_secret: str) -> None:
        super().__init__(server.base_url, DEFAULT_KEY)
        self.webhook_secret = webhook_secret
        self._server = server
        self._loop = loop

    def __repr__(self) -> str:
        return f"Sandbox(base_url={self.base_url!r})"

    def project(self, api_key: str) -> SandboxProject:
        """Return the project of another key."""
        return SandboxProject(self.base_url, api_key)

    def reset(self) -> None:
        """Forget all calls, tools, scripts, deliveries and settings, of every project."""

        async def reset() -> None:
            self._server.service.reset()

        asyncio.run_coroutine_threadsafe(reset(), self._loop).result()


@contextlib.contextmanager
def run(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    database: str | Path | None = None,
    speed: float = 100.0,
    webhook_secret: str = DEFAULT_SECRET,
    event_timeout: float = 10.0,
    allowed_hosts: Sequence[str] = (),
    webhook_hosts: Sequence[str] | None = None,
    keep_calls: int = DEFAULT_KEEP_CALLS,
) -> Iterator[Sandbox]:
    """Run a sandbox in a thread for as long as the `with` block lasts.

    Args:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        database: A file to keep everything in; None keeps it in memory.
        speed: How many times faster than real calls those of the sandbox are.
        webhook_secret: What webhooks are signed with.
        event_timeout: How many seconds of real time the receiver of an event may take to answer.
        allowed_hosts: Names under which it is served, beside the loopback ones and `host`.
        webhook_hosts: Where webhooks may go, as names or patterns such as `*.test`; None allows all.
        keep_calls: How many calls that are over are kept; beyond that the oldest are forgotten.

    Yields:
        The running sandbox.

    Raises:
        ValueError: An argument is invalid.
        OSError: The address is not available.
        DatabaseError: The database cannot be used.

    Example:
        >>> from pamela import PamelaClient
        >>> with run() as sandbox, PamelaClient(sandbox.api_key, sandbox.base_url) as client:
        ...     client.create_call(to="+1234567890", task="Order a pizza")["status"]
        'queued'
    """
    options = SandboxOptions(
        host,
        port,
        None if database is None else Path(database),
        speed,
        webhook_secret,
        event_timeout,
        tuple(allowed_hosts),
        None if webhook_hosts is None else tuple(webhook_hosts),
        keep_calls,
    )
    ready: Future[tuple[SandboxServer, asyncio.AbstractEventLoop]] = Future()
    ended: Future[None] = Future()

    def serve_in_thread() -> None:
        try:
            serve(options, lambda server: ready.set_result((server, asyncio.get_running_loop())))
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            (ended if ready.done() else ready).set_exception(error)
        else:
            ended.set_result(None)

    thread = threading.Thread(target=serve_in_thread, name="pamela-sandbox", daemon=True)
    thread.start()
    server, loop = ready.result()
    try:
        yield Sandbox(server, loop, webhook_secret)
    finally:
        server.should_exit = True
        thread.join()
    ended.result()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; left on, each answer takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Where there is no POSIX the option is another: it lets two listen at one address.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _base_url(host: str, listener: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"
