"""Reads and inflates the body of a response within limits of size and time."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_BODY = 64 * 1024 * 1024
"""Maximum bytes of a body. A page of 100 calls usually has much less than a megabyte."""
INFLATED_AT_ONCE = 1024 * 1024
GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15


class ResponseProblem(httpx.DecodingError):
    """A response that is refused. The caller may see its message."""


class BodyReader:
    """The bytes of a body so far, with their limits of size and time."""

    def __init__(self, headers: Mapping[str, str], give_up_at: float | None) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.give_up_at = give_up_at
        self.problem: httpx.HTTPError | None = None
        """Why no more bytes are accepted."""
        self.encoding = encoding_of(headers)

    def add(self, chunk: bytes) -> bool:
        """Take the next bytes, and return whether more may follow within the limits."""
        if self.problem is not None:
            return False
        self.chunks.append(chunk)
        self.size += len(chunk)
        if self.size > LARGEST_BODY:
            self.problem = ResponseProblem(f"the response is larger than {LARGEST_BODY} bytes")
        elif self.is_late():
            self.problem = httpx.ReadTimeout("")
        return self.problem is None

    def is_late(self) -> bool:
        return self.give_up_at is not None and time.monotonic() > self.give_up_at

    def whole(self) -> bytes:
        """Return the whole body, inflated.

        Raises:
            httpx.ReadTimeout: The time for the whole response is over.
            ResponseProblem: The body is too large, or does not match its encoding.
        """
        if self.problem is not None:
            raise self.problem
        content = b"".join(self.chunks)
        return self.inflate(content) if self.encoding and content else content

    def inflate(self, content: bytes) -> bytes:
        inflater = zlib.decompressobj(self.window(content))
        inflated = bytearray()
        try:
            for start in range(0, len(content), INFLATED_AT_ONCE):
                left = LARGEST_BODY + 1 - len(inflated)
                inflated += inflater.decompress(content[start : start + INFLATED_AT_ONCE], left)
                if len(inflated) > LARGEST_BODY:
                    raise ResponseProblem(f"the decompressed response is larger than {LARGEST_BODY} bytes")
                if self.is_late():
                    raise httpx.ReadTimeout("")
        except zlib.error:
            raise ResponseProblem(f"the response is not {self.encoding}, although its header says so") from None
        if not inflater.eof or inflater.unused_data:
            problem = "has extra bytes after its end" if inflater.eof else "is cut off"
            raise ResponseProblem(f"the response's {self.encoding} data {problem}")
        return bytes(inflated)

    def window(self, content: bytes) -> int:
        """Return zlib's number of the format. Some servers send deflate without the zlib header."""
        if self.encoding == "gzip":
            return GZIP
        has_zlib_header = len(content) > 1 and content[0] & 15 == 8 and int.from_bytes(content[:2], "big") % 31 == 0
        return ZLIB if has_zlib_header else RAW_DEFLATE


def encoding_of(headers: Mapping[str, str]) -> str:
    """Return the encoding of a body: "gzip", "deflate" or "".

    Raises:
        ResponseProblem: The body has several encodings, or one that was not requested.
    """
    value = headers.get("content-encoding")
    if value is None:
        return ""
    encodings = [name for each in value.split(",") if (name := each.strip().lower()) not in ("", "identity")]
    if len(encodings) > 1:
        raise ResponseProblem(f"the response has {len(encodings)} content encodings")
    encoding = "".join(encodings).removeprefix("x-")
    if encoding in ("br", "compress", "zstd"):
        raise ResponseProblem(f"the response has the encoding {encoding}, which the client did not request")
    # Some servers send the character set here. Ignore it.
    return encoding if encoding in ("gzip", "deflate") else ""
