"""Serve a sandbox: in the foreground, or in a thread of a program or a test."""

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
    """The server of one sandbox. It reports when it is ready, and does not handle signals."""

    def __init__(
        self, options: SandboxOptions, listener: socket.socket, on_ready: Callable[["SandboxServer"], None]
    ) -> None:
        """Open the database.

        Raises:
            DatabaseError: The database cannot be used.
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
        """Serve until `should_exit` is set, or until an internal error of the sandbox."""
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
    """Serve a sandbox until the `should_exit` of its server is set.

    Args:
        options: The settings of the sandbox.
        on_ready: Called with the server, in its thread, when it accepts requests.
        new_event_loop: Returns a new event loop. None means asyncio's own.

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
    """A sandbox that runs in a thread of this process. It is also the project of the key `api_key`.

    Attributes:
        base_url: The address of the sandbox, for the `base_url` of a client.
        api_key: A valid API key. Any other key that starts with `pk_live_` or `pk_test_` is another project.
        webhook_secret: The secret that signs webhooks.
    """

    def __init__(self, server: SandboxServer, loop: asyncio.AbstractEventLoop, webhook_secret: str) -> None:
        super().__init__(server.base_url, DEFAULT_KEY)
        self.webhook_secret = webhook_secret
        self._server = server
        self._loop = loop

    def __repr__(self) -> str:
        return f"Sandbox(base_url={self.base_url!r})"

    def project(self, api_key: str) -> SandboxProject:
        """Return the project of another API key.

        Args:
            api_key: A key that starts with `pk_live_` or `pk_test_`.
        """
        return SandboxProject(self.base_url, api_key)

    def reset(self) -> None:
        """Delete all calls, tools, scripts, deliveries and settings of all projects."""

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
    """Run a sandbox in a thread during a `with` block.

    Args:
        host: The address to listen on.
        port: The port. 0 takes a free port.
        database: The path of a file for all data. None keeps the data in memory.
        speed: How many times faster than real time the calls are.
        webhook_secret: The secret that signs webhooks.
        event_timeout: How long the receiver of an event may take to respond, in seconds of real time.
        allowed_hosts: Host names that requests may use, besides the loopback names and `host`.
        webhook_hosts: Hosts that may receive webhooks, as names or patterns such as `*.test`. None allows all.
        keep_calls: Maximum number of ended calls to keep. The oldest are deleted first.

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
        except BaseException as error:  # the waiting thread raises it
            (ended if ready.done() else ready).set_exception(error)
        else:
            ended.set_result(None)

    thread = threading.Thread(target=serve_in_thread, name="pamela-sandbox", daemon=True)
    thread.start()
    server, loop = ready.result()
    process = os.getpid()
    try:
        yield Sandbox(server, loop, webhook_secret)
    finally:
        # A fork of the process has no such thread: there is nothing to wait for.
        if os.getpid() == process:
            server.should_exit = True
            thread.join()
    if os.getpid() == process:
        ended.result()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only if the protocol is given; otherwise each response takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows the option has another meaning: two sockets could listen at one address.
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
