"""Server-sent events (`text/event-stream`), read from bytes as they arrive. Without I/O."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

LARGEST_EVENT = 16 * 1024 * 1024
"""Maximum length of an event, in characters."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream.

    Attributes:
        data: The text. Several `data` lines are joined by line feeds.
        event: The kind of the event. The default is "message".
        id: The id of the event, or that of the last event with an id, or "".
    """

    data: str
    event: str = "message"
    id: str = ""


class EventParser:
    """Parses the bytes of a stream into events. It skips comments, which keep a connection alive."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._after_return = False
        self._is_begun = False
        self._data: list[str] = []
        self._size = 0
        self._event = ""
        self._id = ""

    def feed(self, content: bytes) -> list[ServerSentEvent]:
        """Take the next bytes, and return the events that they complete.

        Raises:
            ValueError: An event is too large.
        """
        text = self._decode(content)
        if text and not self._is_begun:
            self._is_begun = True
            text = text.removeprefix("\ufeff")
        if self._after_return and text:
            text = text.removeprefix("\n")  # The line end was split between two chunks.
            self._after_return = False
        self._after_return = self._after_return or text.endswith("\r")
        *lines, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = last
        else:
            self._rest += last
        events = [event for line in lines if (event := self._take(line)) is not None]
        if self._size + len(self._rest) > LARGEST_EVENT:
            raise ValueError(f"an event of more than {LARGEST_EVENT} characters")
        return events

    def _take(self, line: str) -> ServerSentEvent | None:
        """Take a line, and return the event that it completes."""
        if not line:
            return self._end_event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(value) + 1
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _end_event(self) -> ServerSentEvent | None:
        data, event = self._data, self._event or "message"
        self._data, self._size, self._event = [], 0, ""
        return ServerSentEvent("\n".join(data), event, self._id) if data else None
