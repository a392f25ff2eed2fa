"""Requests as WSGI has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..receiver import MAX_LENGTH_DIGITS
from .body import read_to_end

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
        return read_to_end(stream.read)
    is_number = length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS  # more digits than any body has
    return read_to_end(stream.read, length=int(length) if is_number else 0)
