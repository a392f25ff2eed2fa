"""Reads HTTP requests with httptools, as strictly as h11 does: heads are limited, and no upgrade costs a request its body."""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LONGEST_HEAD = 64 * 1024
_LEFT_OUT = b"upgrade"


class HttpReader(HttpToolsProtocol):
    """A protocol of uvicorn for one connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.parser: Any = _Parser(self, self.parser)
        self._is_in_head = False
        self._begins_now = False
        self._bytes_of_head = 0
        self._bytes_unfinished = 0

    def data_received(self, data: bytes) -> None:
        self._begins_now = False
        super().data_received(data)
        if not self._is_in_head or self._begins_now:
            return
        # A field that has not ended yet was not counted.
        self._bytes_unfinished += len(data)
        if self._bytes_unfinished > _LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        self._is_in_head = self._begins_now = True
        self._bytes_of_head = self._bytes_unfinished = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if not self._asks_for_another_protocol:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._asks_for_another_protocol:
            super().on_message_complete()

    @property
    def _asks_for_another_protocol(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def head_without_upgrade(self) -> bytes:
        """Return the head that was read, without the header that offers another protocol."""
        first = b" ".join((self.parser.get_method(), self.url, b"HTTP/" + self.parser.get_http_version().encode()))
        lines = [b"%s: %s" % (name, value) for name, value in self.headers if name != _LEFT_OUT]
        return b"\r\n".join((first, *lines, b"", b""))

    def _count(self, number: int) -> None:
        self._bytes_of_head += number
        if self._bytes_of_head > _LONGEST_HEAD:
            raise ValueError("The head of the request is too long.")


class _Parser:
    """A parser that reads on after a request that offers another protocol. That of httptools stops there."""

    def __init__(self, protocol: HttpReader, parser: Any) -> None:
        self._protocol = protocol
        self._parser = parser

    def feed_data(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._parser.get_method() == b"CONNECT":
                raise
            head = self._protocol.head_without_upgrade()
            self._parser = httptools.HttpRequestParser(self._protocol)
            self.feed_data(head + data[upgrade.args[0] :])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)
