"""What the sandbox sends: events and tool invocations, signed, in order, tried again, and all of it logged."""

import asyncio
import json
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from .._core.strict_json import canonical_json
from .._version import __version__
from ..webhooks import sign_webhook
from . import clock
from .calls import CallRecord
from .clock import Clock, Moment, Scheduler
from .projects import Project, Projects, address
from .specification import Specification
from .store import Store

RETRY_DELAYS = (1, 2, 4, 8, 16)
"""Seconds of sandbox time before each further attempt at an event."""

_OPEN = "status IN ('waiting', 'pending', 'sending')"
_MOST_IN_FLIGHT = {"event": 50, "tool": 500}
"""How many deliveries of a project may be on their way at once."""

_MOST_BYTES_READ = 1024 * 1024
_MOST_CHARACTERS_LOGGED = 2000


@dataclass(frozen=True)
class DeliveryResult:
    """What came back from an attempt."""

    headers_sent: Mapping[str, str]
    at: Moment
    duration_ms: float
    status: int | None = None
    body: bytes = b""
    error: str | None = None

    @property
    def is_success(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Deliveries:
    """The queues of all calls. Events of a call go one after the other: one that fails holds back those behind it.

    A delivery is `waiting` behind others, `pending` until it is due, `sending`, and at last `delivered` or `failed`; a
    tool invocation that nobody waits for any more is `dropped`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        specification: Specification,
        projects: Projects,
        event_timeout: float,
    ) -> None:
        """Set the queues up.

        Args:
            store: Where they are kept.
            clock: What they go by.
            specification: Which fields an event has.
            projects: Where deliveries go, and what they are signed with.
            event_timeout: How long a receiver of an event may take, in seconds of real time.
        """
        self._store = store
        self._clock = clock
        self._specification = specification
        self._projects = projects
        self._event_timeout = event_timeout
        self._on_tool_response: Callable[[str, DeliveryResult], None]
        self._scheduler = Scheduler(clock, self._start_due)
        self._in_flight: Counter[tuple[str, str]] = Counter()
        """How many are on their way, by kind and project."""
        self._client: httpx.AsyncClient
        self._tasks: asyncio.TaskGroup

    def notify_of_tool_responses(self, listener: Callable[[str, DeliveryResult], None]) -> None:
        """Have a listener called, in a transaction, with a call's id and what came of its tool invocation."""
        self._on_tool_response = listener

    def resume(self) -> None:
        """Have sent again what was being sent when the last sandbox stopped: nobody knows whether it had arrived."""
        self._store.execute("UPDATE deliveries SET status = 'pending' WHERE status = 'sending'")

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        # A connection is not kept for as long as its server might: a tool is invoked once, so it must not meet a closed one.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=1.0)
        # What a receiver sets is no business of the others.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        async with (
            httpx.AsyncClient(limits=limits, trust_env=False, timeout=None, cookies=no_cookies) as self._client,  # noqa: S113 - see _post
            asyncio.TaskGroup() as self._tasks,
        ):
            await self._scheduler.run()

    def send_event(self, call: CallRecord, event: str) -> None:
        """Queue an event of a call, if there is an address for it. Needs a transaction."""
        project = self._projects.get(call.project_id)
        url = address(call.request, project.settings, "webhook_url")
        if url is None:
            return
        payload: dict[str, Any] = {
            "event": event,
            "call_id": call.id,
            "status": call.status,
            "timestamp": clock.to_text(self._clock.now()),
        }
        if "transcript" in self._specification.event_fields(event):
            payload["transcript"] = call.shown_transcript()
        row = self._new(call, project, "event", event, url, payload, round(self._event_timeout * 1000))
        seq = self._store.insert("deliveries", {**row, "queue": call.id})
        self._store.execute("UPDATE deliveries SET rank = seq WHERE seq = ?", seq)
        # The last event of a call has nothing to change places with.
        if not self._swap_with_held(call.id, seq) and not call.is_over:
            held = project.faults.applies("reorder", row["chance"])
            self._store.execute("UPDATE deliveries SET held = ? WHERE seq = ?", held, seq)
        self._advance(call.id)

    def invoke_tool(
        self, call: CallRecord, url: str, name: str, arguments: object, correlation_id: str, timeout_ms: int
    ) -> None:
        """Queue a tool invocation, to be sent after the call's earlier events. Needs a transaction."""
        project = self._projects.get(call.project_id)
        payload = {
            "tool_name": name,
            "arguments": arguments,
            "call_id": call.id,
            "correlation_id": correlation_id,
            "call_session_id": call.session_id,
            "partner_id": project.partner_id,
            "project_id": project.id,
        }
        row = self._new(call, project, "tool", name, url, payload, timeout_ms)
        self._store.insert("deliveries", {**row, "queue": row["id"]})
        self.release(call.id)

    def release(self, call_id: str) -> None:
        """Let go of an event that is held for the next to overtake it, as no next may come. Needs a transaction."""
        self._store.execute(f"UPDATE deliveries SET held = FALSE WHERE queue = ? AND held AND {_OPEN}", call_id)  # noqa: S608
        self._advance(call_id)

    def drop_tools(self, call_id: str) -> None:
        """Give up the invocations of a call that have not been sent yet. Needs a transaction."""
        self._store.execute(
            "UPDATE deliveries SET status = 'dropped'"
            " WHERE call_id = ? AND kind = 'tool' AND redelivery_of IS NULL AND status IN ('waiting', 'pending')",
            call_id,
        )

    def redeliver(self, project_id: str, delivery_id: str) -> dict[str, Any] | None:
        """Send a delivery's body once more, at once and beside its call's queue.

        Returns the new delivery, None if there is none of that id. Needs a transaction.
        """
        row = self._store.one("SELECT * FROM deliveries WHERE id = ? AND project_id = ?", delivery_id, project_id)
        if row is None:
            return None
        new_id = _new_id()
        now = self._clock.now()
        again = dict(row) | {
            "id": new_id,
            "redelivery_of": delivery_id,
            "chance": f"{row['chance']}:again",
            "queue": new_id,
            "held": False,
            "status": "pending",
            "tries": 0,
            "created_at": now,
            "due": now,
        }
        del again["seq"]
        self._store.insert("deliveries", again)
        self._scheduler.wake()
        return self.get(project_id, new_id)

    def get(self, project_id: str, delivery_id: str) -> dict[str, Any] | None:
        """Return a delivery with the log of its attempts."""
        row = self._store.one("SELECT * FROM deliveries WHERE id = ? AND project_id = ?", delivery_id, project_id)
        return None if row is None else self._to_api(row)

    def page(
        self, project_id: str, call_id: str | None, status: str | None, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return deliveries in the order in which they came up, and how many match in all."""
        terms = {"project_id = ?": project_id, "call_id = ?": call_id, "status = ?": status}
        given = {term: value for term, value in terms.items() if value is not None}
        condition = " AND ".join(given)
        total = self._store.value(f"SELECT count(*) FROM deliveries WHERE {condition}", *given.values())  # noqa: S608
        rows = self._store.all(
            f"SELECT * FROM deliveries WHERE {condition} ORDER BY seq LIMIT ? OFFSET ?",  # noqa: S608 - no input
            *given.values(),
            limit,
            offset,
        )
        return [self._to_api(row) for row in rows], total

    def _new(
        self,
        call: CallRecord,
        project: Project,
        kind: str,
        name: str,
        url: str,
        payload: dict[str, Any],
        timeout_ms: int,
    ) -> dict[str, Any]:
        now = self._clock.now()
        earlier = self._store.value("SELECT count(*) FROM deliveries WHERE call_id = ?", call.id)
        return {
            "id": _new_id(),
            "project_id": call.project_id,
            "call_id": call.id,
            "kind": kind,
            "name": name,
            "url": url,
            "body": canonical_json(payload),
            "timeout_ms": timeout_ms,
            "chance": f"{call.number}:{earlier}",
            "rank": 0,
            "held": False,
            "status": "waiting",
            "tries": 0,
            "created_at": now,
            "due": self._clock.after(now, project.faults.delay_seconds),
        }

    def _swap_with_held(self, queue: str, seq: int) -> bool:
        """Have a new event change places with the one before it, if that one is held for the purpose."""
        held = self._store.one(f"SELECT seq, rank FROM deliveries WHERE queue = ? AND held AND {_OPEN}", queue)  # noqa: S608
        if held is None:
            return False
        self._store.execute("UPDATE deliveries SET rank = ? WHERE seq = ?", held["rank"], seq)
        self._store.execute("UPDATE deliveries SET rank = ?, held = FALSE WHERE seq = ?", seq, held["seq"])
        return True

    def _advance(self, queue: str) -> None:
        """Have the first of a queue sent, and a call's tool invocation once no event goes before it or one has failed."""
        first = self._store.one(
            f"SELECT seq, status, held, tries FROM deliveries WHERE queue = ? AND {_OPEN} ORDER BY rank LIMIT 1",  # noqa: S608
            queue,
        )
        if first is not None and first["status"] == "waiting" and not first["held"]:
            self._store.execute("UPDATE deliveries SET status = 'pending' WHERE seq = ?", first["seq"])
        # Whoever is on the line does not wait for the retries of an event.
        if first is None or first["tries"] > 0:
            self._store.execute(
                "UPDATE deliveries SET status = 'pending' WHERE call_id = ? AND kind = 'tool' AND status = 'waiting'",
                queue,
            )
        self._scheduler.wake()

    def _start_due(self) -> Moment | None:
        now = self._clock.now()
        with self._store.transaction():
            following = [self._start_due_of(kind, most, now) for kind, most in _MOST_IN_FLIGHT.items()]
        return min((due for due in following if due is not None), default=None)

    def _start_due_of(self, kind: str, most: int, now: Moment) -> Moment | None:
        """Start deliveries of a kind; returns when the next is due, of a project that may have more on their way."""
        sendable = (
            "FROM deliveries WHERE status = 'pending' AND kind = ?"
            " AND project_id NOT IN (SELECT value FROM json_each(?))"
        )
        rows = self._store.all(
            f"SELECT * {sendable} AND due <= ? ORDER BY due LIMIT ?",
            kind,
            self._busy_projects(kind, most),
            now,
            most,
        )
        for row in rows:
            if self._in_flight[kind, row["project_id"]] < most:
                self._store.execute("UPDATE deliveries SET status = 'sending' WHERE seq = ?", row["seq"])
                self._in_flight[kind, row["project_id"]] += 1
                self._tasks.create_task(self._deliver(row))
        # The first that is back wakes the alarm for the projects that are left out.
        due: Moment | None = self._store.value(f"SELECT min(due) {sendable}", kind, self._busy_projects(kind, most))
        return due

    def _busy_projects(self, kind: str, most: int) -> str:
        """Return as JSON which projects have as many deliveries of a kind on their way as they may."""
        return json.dumps(
            [project_id for (each, project_id), count in self._in_flight.items() if (each, count) == (kind, most)]
        )

    async def _deliver(self, row: sqlite3.Row) -> None:
        try:
            project = self._projects.get(row["project_id"])
            headers = self._headers(row, project)
            if project.faults.applies("duplicate", _chance_now(row)):
                self._tasks.create_task(self._attempt(row, headers, duplicate=True))
            await self._attempt(row, headers, duplicate=False)
        finally:
            self._in_flight -= Counter([(row["kind"], row["project_id"])])
            self._scheduler.wake()

    async def _attempt(self, row: sqlite3.Row, headers: dict[str, str], *, duplicate: bool) -> None:
        """Send a delivery, and settles it unless its double was answered first or its project was reset meanwhile."""
        result = await self._post(row, headers)
        with self._store.transaction():
            tries = self._store.value("SELECT tries FROM deliveries WHERE id = ?", row["id"])
            if tries is not None:
                self._log(row, result, duplicate=duplicate)
            if tries == row["tries"]:
                self._settle(row, result)

    def _headers(self, row: sqlite3.Row, project: Project) -> dict[str, str]:
        secret = self._projects.secret(project)
        if project.faults.applies("wrong_signature", _chance_now(row)):
            secret = f"not {secret}"
        return {
            "Content-Type": "application/json",
            "User-Agent": f"Pamela-Sandbox/{__version__}",
            "X-Pamela-Signature": sign_webhook(row["body"], secret),
        }

    async def _post(self, row: sqlite3.Row, headers: dict[str, str]) -> DeliveryResult:
        at = self._clock.now()
        began = time.perf_counter()
        sent: dict[str, str] = {}
        status, body, error = None, b"", None
        try:
            request = self._client.build_request("POST", row["url"], content=row["body"], headers=headers)
            sent = {name.decode(): value.decode() for name, value in request.headers.raw}
            async with asyncio.timeout(row["timeout_ms"] / 1000):
                async with aclosing(await self._client.send(request, stream=True)) as response:
                    status = response.status_code
                    body = await _read(response)
        except TimeoutError:
            error = f"no answer within {row['timeout_ms']} ms"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        return DeliveryResult(sent, at, round((time.perf_counter() - began) * 1000, 3), status, body, error)

    def _settle(self, row: sqlite3.Row, result: DeliveryResult) -> None:
        """Write down what came of a delivery, and what follows from it."""
        status, due = "delivered" if result.is_success else "failed", row["due"]
        if status == "failed" and row["kind"] == "event" and row["tries"] < len(RETRY_DELAYS):
            status, due = "pending", self._clock.after(self._clock.now(), RETRY_DELAYS[row["tries"]])
        self._store.execute(
            "UPDATE deliveries SET status = ?, due = ?, tries = tries + 1 WHERE seq = ?", status, due, row["seq"]
        )
        self._advance(row["call_id"])
        if row["kind"] == "tool" and row["redelivery_of"] is None:
            self._on_tool_response(row["call_id"], result)

    def _log(self, row: sqlite3.Row, result: DeliveryResult, *, duplicate: bool) -> None:
        attempt = {
            "project_id": row["project_id"],
            "delivery_id": row["id"],
            "at": result.at,
            "duration_ms": result.duration_ms,
            "request_headers": json.dumps(result.headers_sent),
            "response_status": result.status,
            "response_body": result.body.decode(errors="replace")[:_MOST_CHARACTERS_LOGGED],
            "error": result.error,
            "duplicate": duplicate,
        }
        self._store.insert("attempts", attempt)

    def _to_api(self, row: sqlite3.Row) -> dict[str, Any]:
        attempts = self._store.all("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY seq", row["id"])
        return {
            "id": row["id"],
            "call_id": row["call_id"],
            "kind": row["kind"],
            "name": row["name"],
            "url": row["url"],
            "body": row["body"],
            "status": row["status"],
            "created_at": clock.to_text(row["created_at"]),
            "next_attempt_at": clock.to_text(row["due"]) if row["status"] == "pending" else None,
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


def _new_id() -> str:
    return f"delivery_{secrets.token_hex(8)}"


def _chance_now(row: sqlite3.Row) -> str:
    return f"{row['chance']}:{row['tries']}"


async def _read(response: httpx.Response) -> bytes:
    """Read an answer, or the first mebibyte of one that is longer or has no end."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES_READ:
            break
    return body
