"""A limit for a database that has stopped: its connection is cut, so that no thread waits for it for ever."""

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
    """Shut the socket of a connection down unless the block ends in time; the driver then says that it broke.

    A server that has been stopped, or a machine that is paused, takes what is sent and answers nothing, and PostgreSQL's
    drivers have no limit for that. Drivers that do not give their socket, as those of MySQL, have limits of their own.
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
