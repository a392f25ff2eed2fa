"""The loop of a server of raw sockets, for tests that say what is done with each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def accepting(serve: Serve, *, host: str = "127.0.0.1") -> Iterator[int]:
    """Run a server and return its port. Each connection has a thread of its own, and is closed when that ends.

    Args:
        serve: What is done with a connection. The client may close it at any time, which ends it too.
        host: The address to listen at.
    """
    listener = socket.create_server((host, 0), backlog=512)
    connections: list[socket.socket] = []

    def run(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
