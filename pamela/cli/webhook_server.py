"""The web server of `pamela listen`: passes `POST` requests to the listener, and returns its response."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from .exit_codes import CommandError, ExitCode
from .extras import needs
from .webhook_handlers import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from .webhook_handlers import Handler, Headers

    Receive = Callable[[Headers, bytes, Callable[[], bool]], Awaitable[Reply | None]]

LARGEST_BODY = 10 * 1024 * 1024
_BACKLOG = 2048
_GRACE_SECONDS = 3


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        CommandError: The address is not available.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        message = f"Cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}. --port 0 takes a free port, --host an address of this machine."
        raise CommandError(message, ExitCode.USAGE) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(listener: socket.socket, receive: Receive) -> AsyncIterator[None]:
    """Serve during the block. Requests in progress at its end are completed.

    Args:
        listener: The socket.
        receive: Returns the response to a webhook, or None for no response. Its last argument returns whether the
            sender has disconnected.
    """
    with needs("cli", "Listening"):
        import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # the command handles signals

    config = uvicorn.Config(
        application(receive),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


@contextmanager
def serving_in_thread(handler: Handler) -> Iterator[str]:
    """Serve in a thread during the block, pass webhooks to a handler, and yield the address."""
    listener = bind("127.0.0.1", 0)
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def receive(headers: Headers, body: bytes, is_gone: Callable[[], bool]) -> Reply:
        return await handler.handle(headers, body, is_tool=True)

    async def serve() -> None:
        stop = asyncio.Event()
        async with handler, serving(listener, receive):
            ready.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="pamela-webhooks", daemon=True)
    thread.start()
    loop, stop = ready.result()
    try:
        yield f"{address_of(listener)}/"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def application(receive_webhook: Receive) -> Any:
    """Return the ASGI application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST":
            await respond(send, Reply.of_json(405, {"error": "Send webhooks here, by POST."}), allow=True)
            return
        body = await read_body(receive)
        if body is None:
            await respond(send, Reply.of_json(413, {"error": "Body too large"}))
            return
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        gone = asyncio.create_task(wait_until_gone(receive))
        try:
            reply = await receive_webhook(headers, body, gone.done)
        finally:
            gone.cancel()
        if reply is not None:
            await respond(send, reply)

    return app


async def read_body(receive: Any) -> bytes | None:
    """Return the body of a request, None if it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def wait_until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond(send: Any, reply: Reply, *, allow: bool = False) -> None:
    headers = [(b"content-length", str(len(reply.body)).encode())]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
    if allow:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
