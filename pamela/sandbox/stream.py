"""The endpoint `/sandbox/stream`: the changes in a sandbox as server-sent events, for its page and for programs."""

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .changes import Change, Changes
from .errors import failure
from .page_access import read_scope
from .page_data import PageData
from .service import Service

HEARTBEAT_SECONDS = 15.0
_GATHERING_SECONDS = 0.1
_SHARE_OF_TIME = 0.1
"""Maximum share of the event loop's time for all streams together."""

_MOST_CHANGES_KEPT = 5_000
_MOST_ROWS_AT_ONCE = 500
_MOST_STREAMS = 256


@dataclass(frozen=True)
class Batch:
    """The changes since a position, each object once, and the position after them."""

    changes: Collection[Change]
    position: int
    is_complete: bool


class ChangeLog:
    """The last changes, numbered, so that an interrupted stream can continue.

    The log has the ids of changed objects, not their data: a stream reads the data when it sends it. So a slow reader
    costs nothing, and gets the latest state of each object instead of every state that it missed.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._is_followed = False
        self.boot = secrets.token_hex(4)
        """An id of this process. Positions of another process are invalid here."""
        self.position = 0
        self._kept: deque[Change] = deque(maxlen=_MOST_CHANGES_KEPT)
        self._changed: set[asyncio.Event] = set()

    def follow(self) -> str:
        """Start to record changes, and return the id of this process."""
        if not self._is_followed:
            self._is_followed = True
            self._changes.add_listener(self.add, self.wake)
        return self.boot

    def add(self, change: Change) -> None:
        self.position += 1
        self._kept.append(change)
        self.wake()

    def wake(self) -> None:
        """Wake all streams, because of a change or because the sandbox stops."""
        for event in self._changed:
            event.set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """Yield an event that is set with each change."""
        event = asyncio.Event()
        self._changed.add(event)
        try:
            yield event
        finally:
            self._changed.discard(event)

    def since(self, position: int, until: int | None = None) -> Batch:
        """Return the changes between two positions; incomplete if the first position is too old."""
        until = self.position if until is None else until
        kept_from = self.position - len(self._kept)
        if position < kept_from:
            return Batch((), until, is_complete=False)
        changes = islice(self._kept, position - kept_from, until - kept_from)
        latest = {(change.kind, change.id or change.project_id): change for change in changes}
        return Batch(latest.values(), until, is_complete=len(latest) <= _MOST_ROWS_AT_ONCE)

    def event_id(self, position: int) -> str:
        return f"{self.boot}-{position}"

    def position_of(self, event_id: str) -> int | None:
        """Return the position in an event's id, None if the id is invalid or of another process."""
        boot, _, number = event_id.partition("-")
        if boot != self.boot or not number.isdecimal() or len(number) > 18 or int(number) > self.position:
            return None
        return int(number)


class Turns:
    """Lets the streams send changes in turns, all of them until the same position.

    So all streams of a project send the same data, which is read once. The time between two turns grows with the
    duration of the previous turn.
    """

    def __init__(self, log: ChangeLog, tell: Callable[[Batch, str | None], str]) -> None:
        self._log = log
        self._tell = tell
        self._until = 0
        self._next = 0.0
        self._texts: dict[tuple[str | None, int], str] = {}
        self._reading = asyncio.Lock()

    async def take(self, project_id: str | None, position: int) -> tuple[str, int]:
        """Wait for a turn with changes after a position. Return its events as text, and the position after it."""
        loop = asyncio.get_running_loop()
        while self._until <= position:
            seconds = self._next - loop.time()
            if seconds <= 0:
                self._begin(loop.time())
            else:
                await asyncio.sleep(seconds)
        # One project after the other, so that requests are served in between.
        async with self._reading:
            until = self._until
            if (project_id, position) not in self._texts:
                began = loop.time()
                self._texts[project_id, position] = self._tell(self._log.since(position, until), project_id)
                self._next += (loop.time() - began) / _SHARE_OF_TIME
            return self._texts[project_id, position], until

    def _begin(self, now: float) -> None:
        self._until = self._log.position
        self._next = now + _GATHERING_SECONDS
        self._texts.clear()


class Stream:
    """The endpoint. A request needs the page's token, or an API key, which limits it to its project."""

    def __init__(self, service: Service, data: PageData, log: ChangeLog) -> None:
        self._service = service
        self._data = data
        self._log = log
        self._turns = Turns(log, self._tell)
        self._open = 0

    async def respond(self, request: Request) -> Response:
        """Send events, starting after `Last-Event-ID`, until the client disconnects."""
        scope = read_scope(request, self._service)
        if self._open >= _MOST_STREAMS:
            raise failure(503, f"{_MOST_STREAMS} streams are open already; close one.", {"Retry-After": "5"})
        self._log.follow()
        last_id = request.headers.get("Last-Event-ID") or request.query_params.get("last_event_id", "")
        events = self._events(scope.project_id, last_id)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def _events(self, project_id: str | None, last_id: str) -> AsyncIterator[str]:
        self._open += 1
        try:
            known = self._log.position_of(last_id)
            position = self._log.position if known is None else known
            yield self._format("hello", {"boot": self._log.boot}, position)
            if last_id and known is None:
                yield self._format("resync", {}, position)
            with self._log.watched() as changed:
                async for text in self._changes(project_id, position, changed):
                    yield text
        finally:
            self._open -= 1

    async def _changes(self, project_id: str | None, position: int, changed: asyncio.Event) -> AsyncIterator[str]:
        while not self._service.stopping.is_set():
            changed.clear()
            if position == self._log.position:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield self._format("heartbeat", {}, position)
                    continue
                if position == self._log.position:  # woken because the sandbox stops
                    continue
            text, position = await self._turns.take(project_id, position)
            if text:
                yield text

    def _tell(self, batch: Batch, project_id: str | None) -> str:
        if not batch.is_complete:
            return self._format("resync", {}, batch.position)
        changes = [each for each in batch.changes if project_id in (None, each.project_id) or not each.project_id]
        return "".join(self._format(kind, value, batch.position) for kind, value in self._data.changed(changes))

    def _format(self, kind: str, value: Mapping[str, Any], position: int) -> str:
        data = json.dumps(value, separators=(",", ":"))
        return f"id: {self._log.event_id(position)}\nevent: {kind}\ndata: {data}\n\n"
