"""Services that do not do what a service should: slow, silent, gone, and pretending to be the real one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@contextmanager
def serving(answer: Callable[[str, str], Answer | None]) -> Iterator[str]:
    """Serve what a function of the method and the path answers; None closes the connection without a word."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answered = answer(self.command, self.path)
            if answered is None:
                self.close_connection = True
                return
            status, content = answered
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked hung up

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """The address of a service that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def nowhere() -> str:
    """Return an address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def pretending_to_be_real() -> Iterator[tuple[str, list[str]]]:
    """A service that is no sandbox and places calls; yields its address and what was asked of it."""
    asked: list[str] = []

    def answer(method: str, path: str) -> Answer:
        asked.append(f"{method} {path}")
        if method == "POST" and path.endswith("/calls"):
            return 201, {"id": "call_real", "status": "queued", "to": "+15551234567"}
        return 404, {"detail": "Not Found"}

    with serving(answer) as address:
        yield address, asked
