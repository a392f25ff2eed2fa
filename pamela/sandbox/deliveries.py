"""The sandbox's deliveries: events and tool invocations, signed, in order, with retries and a log."""

import asyncio
import heapq
import json
import logging
import secrets
import sqlite3
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, NamedTuple, Self

from .._core.strict_json import canonical_json
from .._version import __version__
from ..webhooks import sign_webhook
from . import clock
from .call_record import CallRecord
from .changes import Changes
from .clock import Moment, Scheduler, SettableClock
from .projects import Project, Projects, address
from .specification import Specification
from .store import DatabaseError, Store
from .webhook_hosts import WebhookHosts
from .webhook_sender import Destination, SendingError, WebhookAddress, WebhookSender
from .workload import Workload

_TRANSCRIPT_UPDATE = "call.transcript_update"

RETRY_DELAYS = (1, 2, 4, 8, 16)
"""Seconds of sandbox time before each retry of an event."""

DeliveryKind = Literal["event", "tool"]

Row = Mapping[str, Any]
"""A row of the table of deliveries."""

_OPEN = "status IN ('waiting', 'pending')"
_MOST_IN_FLIGHT: Mapping[DeliveryKind, int] = {"event": 100, "tool": 500}
"""Maximum number of concurrent deliveries to a destination."""

_MANY_READY = 200
"""With more deliveries than this waiting for their destination, transcripts are sent less often."""
_SECONDS_UNTIL_WRITTEN_AGAIN = 1.0
_TRANSCRIPTS_WHILE_CALLS_WAIT = 6
"""Maximum number of transcripts per turn while calls wait to be placed, without those between other events."""
_MOST_QUEUES_KNOWN = 20_000
_MOST_CHARACTERS_LOGGED = 2000

_log = logging.getLogger("pamela.sandbox")


class DeliveryResult(NamedTuple):
    """The result of an attempt."""

    headers_sent: Mapping[str, str]
    at: Moment
    duration_ms: float
    status: int | None = None
    body: bytes = b""
    error: str | None = None

    @property
    def is_success(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300


class _Queue(NamedTuple):
    """The deliveries of one kind to one destination. A slow receiver delays only its own queue."""

    kind: DeliveryKind
    destination: Destination


class _Ready:
    """Due deliveries of a queue that wait for a free connection. Three of four sent are events of a call's state."""

    def __init__(self) -> None:
        self._urgent: deque[int] = deque()
        self._others: deque[int] = deque()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    @property
    def has_urgent(self) -> bool:
        return bool(self._urgent)

    def add(self, seq: int, *, is_urgent: bool) -> None:
        (self._urgent if is_urgent else self._others).append(seq)

    def take(self) -> int:
        self._taken += 1
        # Transcripts get a turn, too, because the later events of their calls wait for them.
        first, second = (self._others, self._urgent) if self._taken % 4 == 0 else (self._urgent, self._others)
        return (first or second).popleft()

    def first(self) -> int:
        return (self._urgent or self._others)[0]


@dataclass(slots=True)
class _OpenEvent:
    """An event that is not delivered and not failed yet, without its body."""

    seq: int
    id: str
    project_id: str
    name: str
    rank: int
    held: bool
    status: str
    tries: int
    due: Moment
    queue: _Queue

    @classmethod
    def from_row(cls, seq: int, row: Mapping[str, Any] | sqlite3.Row) -> Self:
        return cls(
            seq,
            row["id"],
            row["project_id"],
            row["name"],
            row["rank"],
            bool(row["held"]),
            row["status"],
            row["tries"],
            row["due"],
            _queue_of(row),
        )


class _Settlement(NamedTuple):
    """A completed attempt that is not stored yet."""

    row: Row
    result: DeliveryResult
    duplicate: bool


class Deliveries:
    """The queues of all calls. Events of a call are sent one after the other: a failed one delays the others.

    A delivery is `waiting` for others, `pending` until it is due, `sending`, and finally `delivered` or `failed`. A
    tool invocation that is no longer needed is `dropped`. `sending` is known in memory only: after a restart, the
    delivery is sent again, because it may not have arrived.
    """

    def __init__(
        self,
        store: Store,
        clock: SettableClock,
        specification: Specification,
        projects: Projects,
        changes: Changes,
        hosts: WebhookHosts,
        workload: Workload,
        event_timeout: float,
    ) -> None:
        """Set the queues up.

        Args:
            store: The database.
            clock: The sandbox's clock.
            specification: Names the fields of events.
            projects: The addresses and secrets of deliveries.
            changes: Notified of changes.
            hosts: The hosts that may receive deliveries.
            workload: Limits the work per turn.
            event_timeout: How long a receiver of an event may take to respond, in seconds of real time.
        """
        self._store = store
        self._clock = clock
        self._has_transcript = {
            name: "transcript" in specification.event_fields(name) for name in specification.event_names
        }
        self._projects = projects
        self._changes = changes
        self._hosts = hosts
        self._workload = workload
        self._event_timeout_ms = round(event_timeout * 1000)
        self._on_tool_response: Callable[[str, DeliveryResult], None]
        self.on_attempt: Callable[[str, str, DeliveryResult], None] | None = None
        """Called after each stored attempt with the event's or tool's name, the address and the result."""
        self._scheduler = Scheduler(clock, self._start_due)
        self._sender = WebhookSender()
        self._tasks: asyncio.TaskGroup

        self._due: list[tuple[Moment, int, bool, _Queue]] = []
        """A heap of due times and deliveries."""
        self._ready: dict[_Queue, _Ready] = {}
        """Due deliveries that wait for a free connection to their destination."""
        self._in_flight: Counter[_Queue] = Counter()
        self._unsent_transcripts: dict[str, int] = {}
        """By queue, its last delivery if that is a transcript that has not been sent."""
        self._newer_bodies: dict[int, str] = {}
        """Newer bodies of transcripts that have not been sent, if the database is in memory."""
        self._open_events: dict[str, list[_OpenEvent]] = {}
        """By call, the open events that have been read from the database."""
        self._is_start_planned = False
        self._is_stopped = False
        self._sending: set[int] = set()
        self._settlements: deque[_Settlement] = deque()
        self._is_writing_planned = False
        self._next_rank = 1 + (store.value("SELECT max(rank) FROM deliveries") or 0)
        self._calls_with_waiting_tools = {
            row["call_id"]
            for row in store.all("SELECT call_id FROM deliveries WHERE kind = 'tool' AND status = 'waiting'")
        }
        self._reload()

    def notify_of_tool_responses(self, listener: Callable[[str, DeliveryResult], None]) -> None:
        """Call `listener` in a transaction with the id of a call and the result of its tool invocation."""
        self._on_tool_response = listener

    async def run(self) -> None:
        """Send due deliveries until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                try:
                    await self._scheduler.run()
                finally:
                    self._is_stopped = True
        finally:
            self._sender.close()

    def wake(self) -> None:
        """Check the queues now, because the clock was set."""
        self._scheduler.wake()

    @property
    def lateness(self) -> float:
        """The delay of the longest overdue delivery, in seconds of real time."""
        oldest = self._due[0][0] if self._due else None
        waiting = [ready.first() for ready in self._ready.values() if ready]
        if waiting:
            marks = ", ".join("?" * len(waiting))
            oldest = self._store.value(f"SELECT min(due) FROM deliveries WHERE seq IN ({marks})", *waiting)  # noqa: S608
        return 0.0 if oldest is None else max(0.0, (self._clock.progress() - oldest) / 1_000_000)

    # Queueing. All of it needs a transaction.

    def send_event(self, call: CallRecord, event: str) -> None:
        """Queue an event of a call, if there is an address for it. Save the call afterwards."""
        project = self._projects.get(call.project_id)
        url = address(call.request, project.settings, "webhook_url")
        if url is None:
            return
        timestamp = clock.to_text(self._clock.now())
        # Written without json.dumps: the transcript is long, and is already canonical JSON.
        body = f'{{"call_id":"{call.id}","event":"{event}","status":"{call.status}","timestamp":"{timestamp}"'
        body += f',"transcript":{call.shown_transcript_json()}}}' if self._has_transcript[event] else "}"
        older = self._transcript_behind(call.id, url)
        if older is not None and event == _TRANSCRIPT_UPDATE:
            # The new transcript contains the older one, so a slow receiver needs only the new one.
            self._replace_body(older, body)
            return
        if older is not None and event == "call.completed":
            self._drop(older, call.id)
        self._forget_transcript(call.id)
        row = self._new(call, project, "event", event, url, body, self._event_timeout_ms)
        if call.deliveries == 1:
            self._open_events[call.id] = []
        open_events = self._change_open_events(call.id)
        # The last event of a call has no next one that could overtake it.
        if project.faults.reorder:
            row["held"] = not call.is_over and project.faults.applies("reorder", row["chance"])
            if self._take_place_of_held(row):
                self._store.insert("deliveries", row)
                self._forget_open_events(call.id)
                self._advance(call.id)
                return
        is_pending = not open_events and not row["held"]
        if is_pending:
            row["status"] = "pending"
        seq = self._store.insert("deliveries", row)
        open_events.append(_OpenEvent.from_row(seq, row))
        if event == _TRANSCRIPT_UPDATE and not row["held"]:
            self._unsent_transcripts[call.id] = seq
            self._store.after_rollback(lambda: self._forget_transcript(call.id))
        if is_pending:
            self._enqueue(seq, row)

    def _transcript_behind(self, queue: str, url: str) -> int | None:
        """Return the last event of a queue if it is a transcript that may be skipped because deliveries are late."""
        seq = self._unsent_transcripts.get(queue)
        if seq is None or self._workload.calls_are_behind:
            return seq
        ready = self._ready.get(_Queue("event", WebhookAddress.parse(url).destination), ())
        return seq if len(ready) >= _MANY_READY else None

    def _replace_body(self, seq: int, body: str) -> None:
        if self._store.is_lasting:
            self._store.execute("UPDATE deliveries SET body = ? WHERE seq = ?", body, seq)
            return
        # Each line would store the whole transcript again, so it is stored when it is sent.
        before = self._newer_bodies.get(seq)
        self._newer_bodies[seq] = body
        self._store.after_rollback(lambda: self._restore_body(seq, before))

    def _restore_body(self, seq: int, body: str | None) -> None:
        if body is None:
            self._newer_bodies.pop(seq, None)
        else:
            self._newer_bodies[seq] = body

    def _forget_transcript(self, queue: str) -> None:
        self._unsent_transcripts.pop(queue, None)

    def _events_open(self, call_id: str) -> list[_OpenEvent]:
        """Return a call's open events, in any order."""
        found = self._open_events.get(call_id)
        if found is None:
            rows = self._store.all(
                f"SELECT seq, id, project_id, kind, name, url, rank, held, status, tries, due FROM deliveries"  # noqa: S608
                f" WHERE queue = ? AND {_OPEN}",
                call_id,
            )
            if len(self._open_events) >= _MOST_QUEUES_KNOWN:
                self._open_events = {call: events for call, events in self._open_events.items() if events}
            found = self._open_events[call_id] = [_OpenEvent.from_row(row["seq"], row) for row in rows]
        return found

    def _change_open_events(self, call_id: str) -> list[_OpenEvent]:
        """Return a call's open events for a change. If the transaction fails, they are read from the database again."""
        self._store.after_rollback(lambda: self._forget_open_events(call_id))
        return self._events_open(call_id)

    def _forget_open_events(self, call_id: str) -> None:
        self._open_events.pop(call_id, None)

    def _drop(self, seq: int, call_id: str) -> None:
        row = self._store.one("UPDATE deliveries SET status = 'dropped' WHERE seq = ? RETURNING id, project_id", seq)
        if row is not None:
            events = self._change_open_events(call_id)
            events[:] = [each for each in events if each.seq != seq]
            self._store.after_commit(lambda: self._restore_body(seq, None))
            self._publish(row)

    def invoke_tool(
        self, call: CallRecord, url: str, name: str, arguments: object, correlation_id: str, timeout_ms: int
    ) -> None:
        """Queue a tool invocation, to be sent after the call's earlier events. Save the call afterwards."""
        project = self._projects.get(call.project_id)
        body = canonical_json(self._invocation(project, name, arguments, call.id, correlation_id, call.session_id))
        row = self._new(call, project, "tool", name, url, body, timeout_ms)
        self._store.insert("deliveries", row | {"queue": row["id"]})
        self._calls_with_waiting_tools.add(call.id)
        self.release(call.id)

    def try_tool(self, project_id: str, url: str, name: str, arguments: object, timeout_ms: int) -> dict[str, Any]:
        """Queue a tool invocation that belongs to no call; return the delivery."""
        project = self._projects.get(project_id)
        call_id, correlation_id = f"call_{secrets.token_hex(8)}", f"corr_{secrets.token_hex(8)}"
        body = canonical_json(self._invocation(project, name, arguments, call_id, correlation_id, None))
        now, due = self._clock.now(), self._clock.progress()
        row = self._row(project_id, call_id, "tool", name, url, body, timeout_ms, f"{call_id}:0", now, due)
        row |= {"queue": row["id"], "status": "pending"}
        self._enqueue(self._store.insert("deliveries", row), row)
        return self._to_api(self._at(row["id"]))

    def release(self, call_id: str) -> None:
        """Send an event that was held so that the next one overtakes it, because there may be no next one."""
        for event in self._change_open_events(call_id):
            if event.held:
                self._store.execute("UPDATE deliveries SET held = FALSE WHERE seq = ?", event.seq)
                event.held = False
        self._advance(call_id)

    def drop_tools(self, call_id: str) -> None:
        """Drop the tool invocations of a call that have not been sent yet."""
        rows = self._store.all(
            "SELECT seq, id, project_id FROM deliveries"
            " WHERE call_id = ? AND kind = 'tool' AND redelivery_of IS NULL AND status IN ('waiting', 'pending')",
            call_id,
        )
        for row in rows:
            if row["seq"] not in self._sending:
                self._store.execute("UPDATE deliveries SET status = 'dropped' WHERE seq = ?", row["seq"])
                self._publish(row)
        self._calls_with_waiting_tools.discard(call_id)

    def redeliver(self, project_id: str, delivery_id: str) -> dict[str, Any] | None:
        """Send a delivery's body again, immediately and outside its call's queue.

        Returns the new delivery, None if the id is unknown.
        """
        row = self._store.one("SELECT * FROM deliveries WHERE id = ? AND project_id = ?", delivery_id, project_id)
        if row is None:
            return None
        new_id = _new_id()
        again = dict(row) | {
            "id": new_id,
            "body": self._newer_bodies.get(row["seq"], row["body"]),
            "redelivery_of": delivery_id,
            "chance": f"{row['chance']}:again",
            "queue": new_id,
            "rank": self._take_rank(),
            "held": False,
            "status": "pending",
            "tries": 0,
            "created_at": self._clock.now(),
            "due": self._clock.progress(),
        }
        del again["seq"]
        self._enqueue(self._store.insert("deliveries", again), again)
        return self._to_api(self._at(new_id))

    def forget_read(self) -> None:
        """Read open events from the database again when they are next needed, because a project was reset."""
        self._open_events.clear()

    def put_back(self, setback: Moment) -> None:
        """Move all due times back, as the sum of the clock's setbacks is cleared. Needs a transaction."""
        for seq, body in self._newer_bodies.items():
            self._store.execute("UPDATE deliveries SET body = ? WHERE seq = ?", body, seq)
        self._store.execute(f"UPDATE deliveries SET due = due - ? WHERE {_OPEN}", setback)  # noqa: S608
        self._store.after_commit(self._reload)

    # Reading.

    def get(self, project_id: str, delivery_id: str) -> dict[str, Any] | None:
        """Return a delivery with the log of its attempts."""
        row = self._store.one("SELECT * FROM deliveries WHERE id = ? AND project_id = ?", delivery_id, project_id)
        return None if row is None else self._to_api(row)

    def page(
        self,
        project_id: str,
        limit: int,
        offset: int,
        *,
        call_id: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        newest_first: bool = False,
    ) -> tuple[list[dict[str, Any]], int]:
        """Return a page of deliveries, oldest first, and the number of all that match."""
        terms = {"project_id = ?": project_id, "call_id = ?": call_id, "kind = ?": kind}
        if status == "sending":
            terms["seq IN (SELECT value FROM json_each(?))"] = json.dumps([*self._sending])
        elif status == "pending":
            terms["status = 'pending' AND seq NOT IN (SELECT value FROM json_each(?))"] = json.dumps([*self._sending])
        else:
            terms["status = ?"] = status
        given = {term: value for term, value in terms.items() if value is not None}
        condition = " AND ".join(given)
        total = self._store.value(f"SELECT count(*) FROM deliveries WHERE {condition}", *given.values())  # noqa: S608
        rows = self._store.all(
            f"SELECT * FROM deliveries WHERE {condition}"  # noqa: S608 - no input
            f" ORDER BY seq {'DESC' if newest_first else ''} LIMIT ? OFFSET ?",
            *given.values(),
            limit,
            offset,
        )
        return [self._to_api(row) for row in rows], total

    def _new(
        self, call: CallRecord, project: Project, kind: DeliveryKind, name: str, url: str, body: str, timeout_ms: int
    ) -> dict[str, Any]:
        now = self._clock.now()
        chance = f"{call.number}:{call.deliveries}"
        call.deliveries += 1
        due = self._clock.after(self._clock.progress(), project.faults.delay_seconds)
        return self._row(call.project_id, call.id, kind, name, url, body, timeout_ms, chance, now, due)

    def _row(
        self,
        project_id: str,
        call_id: str,
        kind: DeliveryKind,
        name: str,
        url: str,
        body: str,
        timeout_ms: int,
        chance: str,
        now: Moment,
        due: Moment,
    ) -> dict[str, Any]:
        return {
            "id": _new_id(),
            "project_id": project_id,
            "call_id": call_id,
            "kind": kind,
            "name": name,
            "url": url,
            "body": body,
            "timeout_ms": timeout_ms,
            "chance": chance,
            "queue": call_id,
            "rank": self._take_rank(),
            "held": False,
            "status": "waiting",
            "tries": 0,
            "created_at": now,
            "due": due,
        }

    def _invocation(
        self, project: Project, name: str, arguments: object, call_id: str, correlation_id: str, session_id: str | None
    ) -> dict[str, Any]:
        return {
            "tool_name": name,
            "arguments": arguments,
            "call_id": call_id,
            "correlation_id": correlation_id,
            "call_session_id": session_id,
            "partner_id": project.partner_id,
            "project_id": project.id,
        }

    def _take_rank(self) -> int:
        self._next_rank += 1
        return self._next_rank

    def _take_place_of_held(self, row: dict[str, Any]) -> bool:
        """Put a new event before the held one, if there is one; return whether there is."""
        held = self._store.one(
            f"SELECT seq, rank FROM deliveries WHERE queue = ? AND held AND {_OPEN}",  # noqa: S608
            row["queue"],
        )
        if held is None:
            return False
        self._store.execute("UPDATE deliveries SET rank = ?, held = FALSE WHERE seq = ?", row["rank"], held["seq"])
        row |= {"rank": held["rank"], "held": False}
        return True

    def _advance(self, queue: str) -> None:
        """Send the first event of a queue, or the call's tool invocation if no event precedes it or one has failed."""
        first = min(self._change_open_events(queue), key=_rank, default=None)
        if first is not None and first.status == "waiting" and not first.held:
            self._store.execute("UPDATE deliveries SET status = 'pending' WHERE seq = ?", first.seq)
            first.status = "pending"
            self._enqueue_event(first)
        # The conversation does not wait for the retries of an event.
        if queue in self._calls_with_waiting_tools and (first is None or first.tries > 0):
            tools = self._store.all(
                "SELECT * FROM deliveries WHERE call_id = ? AND kind = 'tool' AND status = 'waiting'", queue
            )
            for tool in tools:
                self._store.execute("UPDATE deliveries SET status = 'pending' WHERE seq = ?", tool["seq"])
                self._enqueue(tool["seq"], tool)
            self._store.after_commit(lambda: self._calls_with_waiting_tools.discard(queue))

    def _enqueue(self, seq: int, row: Mapping[str, Any] | sqlite3.Row) -> None:
        self._enqueue_entry((row["due"], seq, row["name"] != _TRANSCRIPT_UPDATE, _queue_of(row)))
        self._publish(row)

    def _enqueue_event(self, event: _OpenEvent) -> None:
        self._enqueue_entry((event.due, event.seq, event.name != _TRANSCRIPT_UPDATE, event.queue))
        self._store.after_commit(lambda: self._changes.publish("delivery", event.project_id, event.id))

    def _enqueue_entry(self, entry: tuple[Moment, int, bool, _Queue]) -> None:
        def enqueue() -> None:
            heapq.heappush(self._due, entry)
            self._scheduler.wake()

        self._store.after_commit(enqueue)

    def _publish(self, row: Mapping[str, Any] | sqlite3.Row) -> None:
        project_id, delivery_id = row["project_id"], row["id"]
        self._store.after_commit(lambda: self._changes.publish("delivery", project_id, delivery_id))

    def _reload(self) -> None:
        """Read the queues from the database again."""
        self._ready.clear()
        self._unsent_transcripts.clear()
        self._newer_bodies.clear()
        self._open_events.clear()
        # The condition selects the index; without it, SQLite would read all bodies.
        rows = self._store.all(
            f"SELECT seq, due, kind, name, url FROM deliveries WHERE status = 'pending' AND {_OPEN}"  # noqa: S608
        )
        self._due = [
            (row["due"], row["seq"], row["name"] != _TRANSCRIPT_UPDATE, _queue_of(row))
            for row in rows
            if row["seq"] not in self._sending
        ]
        heapq.heapify(self._due)
        self._scheduler.wake()

    # Sending.

    def _start_due(self) -> Moment | None:
        now = self._clock.progress()
        while self._due and self._due[0][0] <= now:
            _, seq, is_urgent, queue = heapq.heappop(self._due)
            self._ready.setdefault(queue, _Ready()).add(seq, is_urgent=is_urgent)
        if not self._is_start_planned:
            self._start_ready()
        return self._due[0][0] - self._clock.setbacks if self._due else None

    def _start_soon(self) -> None:
        if self._ready and not self._is_start_planned:
            self._is_start_planned = True
            asyncio.get_running_loop().call_soon(self._start_ready)

    def _start_ready(self) -> None:
        """Send ready deliveries up to the limit of each destination; a large number takes several turns."""
        self._is_start_planned = False
        if self._is_stopped:
            return
        for seq, queue in self._workload.take_turn(self._startable()):
            self._start_one(seq, queue)
        open_queues = [ready for queue, ready in self._ready.items() if self._has_room(queue)]
        self._workload.events_are_behind = any(ready.has_urgent for ready in open_queues)
        if open_queues:
            self._start_soon()

    def _startable(self) -> Iterator[tuple[int, _Queue]]:
        """Yield ready deliveries whose destination is below its limit, one from each destination in turn."""
        transcripts_left = _TRANSCRIPTS_WHILE_CALLS_WAIT if self._workload.has_calls_to_place else sys.maxsize
        while queues := [queue for queue in self._ready if self._has_room(queue)]:
            for queue in queues:
                ready = self._ready[queue]
                if not ready.has_urgent:
                    if not transcripts_left:
                        return
                    transcripts_left -= 1
                seq = ready.take()
                if not ready:
                    del self._ready[queue]
                yield seq, queue

    def _has_room(self, queue: _Queue) -> bool:
        return self._in_flight[queue] < _MOST_IN_FLIGHT[queue.kind]

    def _start_one(self, seq: int, queue: _Queue) -> None:
        newer = self._newer_bodies.pop(seq, None)
        row = self._store.one("SELECT * FROM deliveries WHERE seq = ? AND status = 'pending'", seq)
        if row is None or seq in self._sending:
            return
        self._sending.add(seq)
        self._in_flight[queue] += 1
        # While an earlier event of the call is sent, the transcript behind it may still grow.
        if self._unsent_transcripts.get(row["queue"]) == seq:
            self._forget_transcript(row["queue"])
        delivery = dict(row)
        if newer is not None:
            delivery["body"] = newer
            self._store.execute("UPDATE deliveries SET body = ? WHERE seq = ?", newer, seq)
        self._tasks.create_task(self._deliver(delivery, queue))

    async def _deliver(self, row: Row, queue: _Queue) -> None:
        try:
            project = self._projects.get(row["project_id"])
            headers = self._headers(row, project)
            if project.faults.applies("duplicate", _chance_now(row)):
                self._tasks.create_task(self._attempt(row, headers, duplicate=True))
            await self._attempt(row, headers, duplicate=False)
        finally:
            self._in_flight[queue] -= 1
            self._start_soon()

    async def _attempt(self, row: Row, headers: dict[str, str], *, duplicate: bool) -> None:
        """Send a delivery and store the result."""
        result = await self._post(row, headers)
        self._settlements.append(_Settlement(row, result, duplicate))
        if not self._is_writing_planned:
            self._is_writing_planned = True
            asyncio.get_running_loop().call_soon(self._write_settlements)

    def _write_settlements(self) -> None:
        """Store the results of attempts, many in one transaction."""
        if self._is_stopped:  # The database may be closed. What is not written is sent again after a restart.
            return
        loop = asyncio.get_running_loop()
        batch: list[_Settlement] = []
        try:
            with self._store.transaction():
                for each in self._workload.take_turn(_taken_from(self._settlements)):
                    batch.append(each)
                    self._settle(each)
        except DatabaseError as error:
            _log.error("Deliveries cannot be written down: %s", error)
            self._settlements.extendleft(reversed(batch))
            loop.call_later(_SECONDS_UNTIL_WRITTEN_AGAIN, self._write_settlements)
            return
        self._is_writing_planned = bool(self._settlements)
        if self._is_writing_planned:
            loop.call_soon(self._write_settlements)

    def _settle(self, settlement: _Settlement) -> None:
        """Store an attempt and its consequences, unless its duplicate was answered first."""
        row, result = settlement.row, settlement.result
        status, due = "delivered" if result.is_success else "failed", row["due"]
        if status == "failed" and row["kind"] == "event" and row["tries"] < len(RETRY_DELAYS):
            status, due = "pending", self._clock.after(self._clock.progress(), RETRY_DELAYS[row["tries"]])
        settles = self._store.execute(
            "UPDATE deliveries SET status = ?, due = ?, tries = tries + 1 WHERE seq = ? AND tries = ?",
            status,
            due,
            row["seq"],
            row["tries"],
        )
        # The project may have been reset meanwhile.
        if not settles and self._store.one("SELECT 1 FROM deliveries WHERE seq = ?", row["seq"]) is None:
            self._sending.discard(row["seq"])
            return
        self._log_attempt(settlement)
        self._store.after_commit(lambda: self._tell_of_attempt(row, result, is_over=bool(settles)))
        if not settles:
            return
        if row["queue"] == row["call_id"]:
            self._settle_event(row, status, due)
        elif status == "pending":
            self._enqueue(row["seq"], {**row, "due": due})
        self._advance(row["call_id"])
        if row["kind"] == "tool" and row["redelivery_of"] is None:
            self._on_tool_response(row["call_id"], result)

    def _tell_of_attempt(self, row: Row, result: DeliveryResult, *, is_over: bool) -> None:
        if self.on_attempt is not None:
            self.on_attempt(row["name"], row["url"], result)
        self._changes.publish("delivery", row["project_id"], row["id"])
        if is_over:
            self._sending.discard(row["seq"])

    def _settle_event(self, row: Row, status: str, due: Moment) -> None:
        """Update an open event in memory; queue it again if it is retried."""
        events = self._change_open_events(row["call_id"])
        event = next((each for each in events if each.seq == row["seq"]), None)
        if event is None:
            event = _OpenEvent.from_row(row["seq"], row)
            events.append(event)
        if status == "pending":
            event.status, event.tries, event.due = status, event.tries + 1, due
            self._enqueue_event(event)
        else:
            events.remove(event)

    def _headers(self, row: Row, project: Project) -> dict[str, str]:
        secret = self._projects.secret(project)
        if project.faults.applies("wrong_signature", _chance_now(row)):
            secret = f"not {secret}"
        return {
            "User-Agent": f"Pamela-Sandbox/{__version__}",
            "Accept": "*/*",
            # A compressed body could have any size when it is inflated.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-Pamela-Signature": sign_webhook(row["body"], secret),
        }

    async def _post(self, row: Row, headers: dict[str, str]) -> DeliveryResult:
        at = self._clock.now()
        began = time.perf_counter()
        sent: dict[str, str] = {}
        status, body, error = None, b"", None
        try:
            if not self._hosts.allows(row["url"]):
                raise SendingError(self._hosts.explain(row["url"]))
            target = WebhookAddress.parse(row["url"])
            data = row["body"].encode()
            sent = {"Host": target.host_header, **headers, "Content-Length": str(len(data))}
            if target.authorization is not None:
                sent["Authorization"] = target.authorization
            async with asyncio.timeout(row["timeout_ms"] / 1000):
                # A tool invocation is not retried, so it must not use a connection that the server may be closing.
                response = await self._sender.post(target, sent, data, reuse=row["kind"] == "event")
            status, body = response.status, response.body
        except TimeoutError:
            error = f"no answer within {row['timeout_ms']} ms"
        except SendingError as failure:
            error = str(failure)
        sent.pop("Authorization", None)
        return DeliveryResult(sent, at, round((time.perf_counter() - began) * 1000, 3), status, body, error)

    def _log_attempt(self, settlement: _Settlement) -> None:
        row, result = settlement.row, settlement.result
        attempt = {
            "project_id": row["project_id"],
            "delivery_id": row["id"],
            "at": result.at,
            "duration_ms": result.duration_ms,
            "request_headers": json.dumps(result.headers_sent),
            "response_status": result.status,
            "response_body": result.body[: 4 * _MOST_CHARACTERS_LOGGED].decode(errors="replace")[
                :_MOST_CHARACTERS_LOGGED
            ],
            "error": result.error,
            "duplicate": settlement.duplicate,
        }
        self._store.insert("attempts", attempt)

    def _at(self, delivery_id: str) -> sqlite3.Row:
        row = self._store.one("SELECT * FROM deliveries WHERE id = ?", delivery_id)
        assert row is not None  # noqa: S101 - it was added a moment ago
        return row

    def _to_api(self, row: sqlite3.Row) -> dict[str, Any]:
        attempts = self._store.all("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY seq", row["id"])
        status = "sending" if row["seq"] in self._sending and row["status"] == "pending" else row["status"]
        return {
            "id": row["id"],
            "call_id": row["call_id"],
            "kind": row["kind"],
            "name": row["name"],
            "url": row["url"],
            "body": self._newer_bodies.get(row["seq"], row["body"]),
            "status": status,
            "created_at": clock.to_text(row["created_at"]),
            "next_attempt_at": clock.to_text(row["due"] - self._clock.setbacks) if status == "pending" else None,
            "redelivery_of": row["redelivery_of"],
            "attempts": [
                {
                    "at": clock.to_text(attempt["at"]),
                    "duration_ms": attempt["duration_ms"],
                    "request_headers": json.loads(attempt["request_headers"]),
                    "response_status": attempt["response_status"],
                    "response_body": attempt["response_body"],
                    "error": attempt["error"],
                    "duplicate": bool(attempt["duplicate"]),
                }
                for attempt in attempts
            ],
        }


def _taken_from(settlements: deque[_Settlement]) -> Iterator[_Settlement]:
    while settlements:
        yield settlements.popleft()


_rank = attrgetter("rank")


def _new_id() -> str:
    return f"delivery_{secrets.token_hex(8)}"


def _queue_of(row: Mapping[str, Any] | sqlite3.Row) -> _Queue:
    return _Queue(row["kind"], WebhookAddress.parse(row["url"]).destination)


def _chance_now(row: Row) -> str:
    return f"{row['chance']}:{row['tries']}"
