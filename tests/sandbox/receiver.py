"""A web server that keeps what the sandbox sends it, and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from .waiting import until


@dataclass(frozen=True)
class Received:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def signature(self) -> str:
        return self.headers["X-Pamela-Signature"]

    @property
    def event(self) -> str | None:
        return self.json.get("event")


@dataclass(frozen=True)
class Reply:
    """An answer to give; None instead of one closes the connection without a word."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: object, status: int = 200) -> Self:
        return cls(status, json.dumps(body).encode())


class Receiver:
    """What a test sees of the server."""

    def __init__(self, base_url: str) -> None:
        self.url = f"{base_url}/events"
        self.tool_url = f"{base_url}/tools"
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply | None] = lambda received: Reply()

    @property
    def events(self) -> list[Received]:
        return [each for each in self.received if each.path == "/events"]

    @property
    def invocations(self) -> list[Received]:
        return [each for each in self.received if each.path == "/tools"]

    @property
    def names(self) -> list[str | None]:
        """The events so far, without the growing transcripts."""
        return [each.event for each in self.events if each.event != "call.transcript_update"]

    def wait_for_event(self, name: str) -> Received:
        until(lambda: name in [each.event for each in self.events])
        return next(each for each in self.events if each.event == name)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Runs a receiver."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received = Received(self.path, dict(self.headers), self.rfile.read(length))
            receiver.received.append(received)
            reply = receiver.answer(received)
            if reply is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # The sandbox hung up first, as it may.

    with Server(("127.0.0.1", port), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
