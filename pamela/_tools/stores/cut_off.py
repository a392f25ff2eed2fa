"""A time limit for a database that does not respond: cut its connection, so that no thread waits forever."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def cut_off_after(seconds: float, connection: Connection) -> Iterator[None]:
    """Shut down the socket of a connection unless the block ends in time. The driver then raises an error.

    A stopped server or a paused machine accepts data and sends nothing. PostgreSQL's drivers have no time limit for
    that. The drivers of MySQL do not expose their socket, but have their own limits.
    """
    driver_connection: Any = None if connection.invalidated else connection.connection.dbapi_connection
    if not hasattr(driver_connection, "fileno"):
        yield
        return
    with socket.socket(fileno=os.dup(driver_connection.fileno())) as connected:
        timer = threading.Timer(seconds, _shut_down, [connected])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
