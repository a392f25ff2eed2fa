"""A server that answers what a test tells it to."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

Answer = tuple[int, dict[str, str], Any]


class Scripted:
    """A server that answers what a test tells it to, in turn, and the last answer ever after.

    An answer that is a list of bytes is sent in these chunks.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_json = "multipart" not in self.headers.get("Content-Type", "")
                content = json.loads(body or b"null") if is_json else body
                script.requests.append((self.command, self.path, dict(self.headers), content))
                status, headers, answer = script.answers[0] if len(script.answers) == 1 else script.answers.pop(0)
                self.send_response(status)
                if isinstance(answer, list) and answer and isinstance(answer[0], bytes):
                    self.send_chunks(headers, answer)
                    return
                raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def send_chunks(self, headers: dict[str, str], chunks: list[Any]) -> None:
                """Send a body bit by bit; an event among the bits is waited for, and None ends the connection."""
                for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
                    self.send_header(name, value)
                self.end_headers()
                for chunk in [*chunks, b""]:
                    if chunk is None:
                        self.close_connection = True
                        return
                    if isinstance(chunk, Event):
                        assert chunk.wait(60)
                    else:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def methods(self) -> list[str]:
        return [f"{method} {path.split('?')[0].removeprefix('/api/b2b/v1')}" for method, path, _, _ in self.requests]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
