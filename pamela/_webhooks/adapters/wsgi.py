"""Requests as WSGI has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..receiver import CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import InputStream, WSGIEnvironment


def wsgi_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers of a request."""
    headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
    return {**headers, "Content-Length": environ.get("CONTENT_LENGTH", "")}


def wsgi_chunks(environ: WSGIEnvironment) -> Iterator[bytes]:
    """Read the body of a request, chunked or of an announced length."""
    stream: InputStream = environ["wsgi.input"]
    length: str = environ.get("CONTENT_LENGTH", "")
    if environ.get("wsgi.input_terminated"):
        yield from iter(lambda: stream.read(CHUNK_BYTES), b"")
    elif length.isdecimal():
        remaining = int(length)
        # A server may block for ever on a read beyond the announced length.
        while remaining > 0 and (chunk := stream.read(min(remaining, CHUNK_BYTES))):
            remaining -= len(chunk)
            yield chunk
