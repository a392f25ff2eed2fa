"""Serving a sandbox: in the foreground until it is told to stop, or in a thread beside a program or a test."""

import asyncio
import contextlib
import math
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from .app import create_app
from .service import Service

_GRACE_SECONDS = 2
_IDLE_SECONDS = 75
_BACKLOG = 2048
_SLOWEST = 0.001
_LONGEST_EVENT_TIMEOUT = 3600


@dataclass(frozen=True)
class SandboxOptions:
    """How a sandbox is run."""

    host: str = "127.0.0.1"
    port: int = 0
    database: Path | None = None
    speed: float = 1.0
    webhook_secret: str = field(default="whsec_sandbox", repr=False)
    event_timeout: float = 10.0

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("The host is empty; give an address, 127.0.0.1 for example.")
        if not _SLOWEST <= self.speed < math.inf:
            raise ValueError(f"The speed is {self.speed}; it must be a number of at least {_SLOWEST}.")
        if not self.webhook_secret:
            raise ValueError("The webhook secret is empty; give one, whsec_sandbox for example.")
        if not 0 < self.event_timeout <= _LONGEST_EVENT_TIMEOUT:
            limit = f"it must be a number of seconds above 0, at most {_LONGEST_EVENT_TIMEOUT}."
            raise ValueError(f"The event timeout is {self.event_timeout}; {limit}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"The port is {self.port}; it must be one from 0 to 65535, 0 meaning any that is free.")


class SandboxServer(uvicorn.Server):
    """A server of one sandbox, which says when it accepts and leaves signals to others."""

    def __init__(
        self, options: SandboxOptions, listener: socket.socket, on_ready: Callable[["SandboxServer"], None]
    ) -> None:
        """Open the database.

        Raises:
            DatabaseError: It cannot be used.
        """
        self.service = Service(options.database, options.speed, options.webhook_secret, options.event_timeout)
        self.base_url = _base_url(options.host, listener)
        self._listener = listener
        self._on_ready = on_ready
        config = uvicorn.Config(
            create_app(self.service),
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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.service.stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(options: SandboxOptions, on_ready: Callable[[SandboxServer], None]) -> None:
    """Serve a sandbox until its `should_exit` is set; `on_ready` gets it as soon as it accepts.

    Raises:
        OSError: The address cannot be had.
        DatabaseError: The database cannot be used.
    """
    with _listen(options.host, options.port) as listener:

        async def run() -> None:
            await SandboxServer(options, listener, on_ready).run_until_stopped()

        asyncio.run(run())


class Sandbox:
    """A sandbox that runs in a thread of this process.

    Attributes:
        base_url: Its address, for a client's `base_url`.
        api_key: An API key that works; any other that starts with `pk_live_` or `pk_test_` is another project.
        webhook_secret: What it signs webhooks with.
    """

    def __init__(self, server: SandboxServer, loop: asyncio.AbstractEventLoop, webhook_secret: str) -> None:
        self.base_url = server.base_url
        self.api_key = "pk_live_sandbox"
        self.webhook_secret = webhook_secret
        self._server = server
        self._loop = loop

    def __repr__(self) -> str:
        return f"Sandbox(base_url={self.base_url!r})"

    def reset(self) -> None:
        """Forget all calls, tools, deliveries and settings, of every project."""

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
    webhook_secret: str = "whsec_sandbox",  # noqa: S107 - nothing is protected by it
    event_timeout: float = 10.0,
) -> Iterator[Sandbox]:
    """Run a sandbox in a thread for as long as the `with` block lasts.

    Args:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        database: A file to keep everything in; None keeps it in memory.
        speed: How many times faster than real calls those of the sandbox are.
        webhook_secret: What webhooks are signed with.
        event_timeout: How many seconds of real time the receiver of an event may take to answer.

    Yields:
        The running sandbox.

    Raises:
        ValueError: An argument cannot be right.
        OSError: The address cannot be had.
        DatabaseError: The database cannot be used.

    Example:
        >>> from pamela import PamelaClient
        >>> with run() as sandbox, PamelaClient(sandbox.api_key, sandbox.base_url) as client:
        ...     client.create_call(to="+1234567890", task="Order a pizza")["status"]
        'queued'
    """
    options = SandboxOptions(
        host, port, None if database is None else Path(database), speed, webhook_secret, event_timeout
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
