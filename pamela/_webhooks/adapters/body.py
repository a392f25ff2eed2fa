"""Bodies of requests, read through a server's file-like object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..receiver import CHUNK_BYTES, BodyUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def read_to_end(
    read: Callable[[int], bytes], *, length: int | None = None, passing: tuple[type[Exception], ...] = ()
) -> Iterator[bytes]:
    """Read a body in chunks.

    Args:
        read: Reads up to so many bytes; none at the end.
        length: The length of the body, if it ends after so many bytes: a server may block for ever on a read beyond.
        passing: Exceptions with which the framework answers the request in its own way.

    Raises:
        BodyUnreadableError: The body ended before its length, or the server raised an exception of any other kind. Each
            server has its own for a body that is malformed.
    """
    remaining = length
    while remaining is None or remaining > 0:
        try:
            chunk = read(CHUNK_BYTES if remaining is None else min(remaining, CHUNK_BYTES))
        except passing:
            raise
        except Exception as error:
            raise BodyUnreadableError(f"{type(error).__name__}: {error}") from error
        if not chunk:
            if remaining:
                raise BodyUnreadableError(f"it is {remaining} bytes shorter than its Content-Length")
            return
        if remaining is not None:
            remaining -= len(chunk)
        yield chunk
