"""A server whose response to a request for a call has the id that was asked for, so that a mix-up is seen."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable

LIMIT = 30.0


class Server:
    """Answers each request with a call that has the id that was asked for, over connections that are counted."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.tls = tls
        self.base_url = f"http{'s' if tls else ''}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self.behind: Callable[[socket.socket], None] = lambda connection: None
        """What is done behind each response."""
        self.before: Callable[[socket.socket], None] = lambda connection: None
        """What is done before each response."""
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Semaphore(0)
        """Released once for each request that arrives."""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            received = b""
            while data := connection.recv(65536):
                received += data
                *requests, received = received.split(b"\r\n\r\n")
                for request in requests:
                    self.waiting.release()
                    self.gate.wait(LIMIT)
                    call_id = request.split(b" ")[1].rpartition(b"/")[2].decode()
                    body = json.dumps({"id": call_id, "status": "queued"}).encode()
                    self.before(connection)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                    self.behind(connection)
        connection.close()

    def close(self) -> None:
        self.gate.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()
