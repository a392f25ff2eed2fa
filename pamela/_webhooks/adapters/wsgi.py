"""Requests as WSGI has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..receiver import MAX_LENGTH_DIGITS
from .body import read_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from wsgiref.types import InputStream, WSGIEnvironment


def wsgi_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers of a request."""
    headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
    return {**headers, "Content-Length": environ.get("CONTENT_LENGTH", "")}


def wsgi_chunks(environ: WSGIEnvironment) -> Iterator[bytes]:
    """Read the body of a request, chunked or of an announced length."""
    stream: InputStream = environ["wsgi.input"]
    length = announced_length(environ)
    if environ.get("wsgi.input_terminated"):
        return read_to_end(stream.read, length=length)
    return read_to_end(stream.read, length=length or 0)


def announced_length(environ: Mapping[str, Any]) -> int | None:
    """Return the length of the body that a request announces, None if it does not."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    is_number = length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS  # no body has more digits
    return int(length) if is_number else None
