"""The data of the sandbox's page: calls, requests, deliveries, tools and usage, of one project or of all."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from . import clock
from .changes import Change
from .options import DEFAULT_KEY
from .service import Service

_MOST_PROJECTS = 200
_MOST_EVENTS_OF_A_CALL = 300
_MONTHS_SHOWN = 12

_CALL = """
    SELECT seq, id, project_id, status, json_extract(request, '$.to') AS "to", json_extract(request, '$.task') AS task,
        created_at, started_at, ended_at, duration_seconds, billed_minutes, summary
    FROM calls
"""
_DELIVERY = """
    SELECT d.seq, d.id, d.project_id, d.call_id, d.kind, d.name, d.url, d.status, d.tries, d.created_at, d.due,
        d.redelivery_of, a.response_status AS last_status, a.error AS last_error, a.duration_ms AS last_duration_ms
    FROM deliveries d LEFT JOIN attempts a
        ON a.seq = (SELECT max(seq) FROM attempts WHERE delivery_id = d.id AND NOT duplicate)
"""
_CALL_TEXTS = ("id", "json_extract(request, '$.to')", "json_extract(request, '$.task')", "summary")
_DELIVERY_TEXTS = ("d.id", "d.name", "d.url", "d.call_id")

Row = dict[str, Any]


class PageData:
    """Reads the data for the page, and for the stream that updates it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._requests = service.requests

    def projects(self) -> list[Row]:
        """Return all projects, those with most calls first, including the project of the sandbox's own key."""
        rows = self._store.all("SELECT project_id AS id, count(*) AS calls FROM calls GROUP BY 1 ORDER BY 2 DESC")
        counts = {row["id"]: row["calls"] for row in rows}
        others = self._store.all("SELECT id FROM projects UNION SELECT project_id FROM tools")
        known = dict.fromkeys([self._service.default_project, *counts, *(row["id"] for row in others)])
        return [
            {"id": each, "label": self._label(each), "calls": counts.get(each, 0)} for each in [*known][:_MOST_PROJECTS]
        ]

    def calls(self, project_id: str | None, query: str, statuses: Collection[str], limit: int, offset: int) -> Row:
        """Return a page of calls, newest first, with the number of calls of each status."""
        condition, values = _condition(project_id, "project_id", query, _CALL_TEXTS)
        counts = self._counts("calls", condition, values)
        filtered, more = _of_status(condition, "status", statuses)
        rows = self._store.all(
            f"{_CALL} WHERE {filtered} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",
            *values,
            *more,
            limit,
            offset,
        )
        return {"items": [_call(row) for row in rows], "total": _total(counts, statuses), "counts": counts}

    def call(self, project_id: str | None, call_id: str, transcript_from: int) -> Row | None:
        """Return a call with the end of its transcript, its deliveries and its requests."""
        record = self._service.calls.get(call_id, project_id)
        if record is None:
            return None
        shown = record.to_api()
        transcript = shown.pop("transcript") or []
        tools = [] if record.is_over else self._service.tools.of_call(record.project_id, record.request)
        rows = self._store.all(
            f"{_DELIVERY} WHERE d.call_id = ? ORDER BY d.seq DESC LIMIT ?", call_id, _MOST_EVENTS_OF_A_CALL
        )
        return {
            "call": shown,
            "project_id": record.project_id,
            "request": record.request,
            "from": transcript_from,
            "transcript": transcript[transcript_from:],
            "timeline": _timeline(shown, record.ringing_at),
            "live": record.live,
            "tools": [{"name": tool["name"], "input_schema": tool["input_schema"]} for tool in tools],
            "invocations": self._invocations(record.project_id, call_id),
            "deliveries": [self._delivery(row) for row in reversed(rows)],
            "deliveries_total": self._store.value("SELECT count(*) FROM deliveries WHERE call_id = ?", call_id),
            "requests": [each.summary() for each in self._requests.all() if each.call_id == call_id],
        }

    def deliveries(self, project_id: str | None, query: str, statuses: Collection[str], limit: int, offset: int) -> Row:
        """Return a page of deliveries, newest first, with the number of deliveries of each status."""
        condition, values = _condition(project_id, "d.project_id", query, _DELIVERY_TEXTS)
        counts = self._counts("deliveries d", condition, values)
        filtered, more = _of_status(condition, "d.status", statuses)
        rows = self._store.all(
            f"{_DELIVERY} WHERE {filtered} ORDER BY d.seq DESC LIMIT ? OFFSET ?", *values, *more, limit, offset
        )
        return {"items": [self._delivery(row) for row in rows], "total": _total(counts, statuses), "counts": counts}

    def delivery(self, project_id: str | None, delivery_id: str) -> Row | None:
        """Return a delivery with its attempts."""
        owner = self._store.value("SELECT project_id FROM deliveries WHERE id = ?", delivery_id)
        if owner is None or project_id not in (None, owner):
            return None
        found = self._service.deliveries.get(owner, delivery_id)
        return None if found is None else {**found, "project_id": owner}

    def requests(self, project_id: str | None, query: str, status_class: str, limit: int, offset: int) -> Row:
        """Return a page of requests, newest first, with the number of requests of each status class."""
        matching = [each for each in self._requests.all(project_id) if _mentions(each.summary(), query)]
        counts = {name: sum(each.status // 100 == int(name) for each in matching) for name in "2345"}
        chosen = [each for each in matching if not status_class or each.status // 100 == int(status_class)]
        items = [each.summary() for each in chosen[offset : offset + limit]]
        return {"items": items, "total": len(chosen), "counts": counts}

    def request(self, project_id: str | None, request_id: str) -> Row | None:
        """Return a request with its bodies."""
        found = self._requests.get(request_id)
        if found is None or project_id not in (None, found.project_id):
            return None
        return found.details()

    def tools(self, project_id: str | None) -> list[Row]:
        """Return the tools, each with the address for its invocations."""
        owners = [project_id] if project_id else [each["id"] for each in self.projects()]
        return [
            {**tool, "project_id": owner, "address": self._service.projects.get(owner).settings.tool_webhook_url}
            for owner in owners
            for tool in self._service.tools.active(owner)
        ]

    def usage(self, project_id: str | None, month: str) -> Row:
        """Return the usage of each day of a month, and of each month until the current one."""
        condition, values = _condition(project_id, "project_id", "", ())
        sums = "count(*) AS calls, coalesce(sum(duration_seconds), 0) AS seconds, coalesce(sum(billed_minutes), 0) AS billed_minutes"
        by_day = {
            row["day"]: dict(row)
            for row in self._store.all(
                f"SELECT date(started_at / 1000000, 'unixepoch') AS day, {sums}"  # noqa: S608 - words of ours
                f" FROM calls WHERE {condition} AND month = ? GROUP BY 1",
                *values,
                month,
            )
        }
        present = clock.month_of(self._service.clock.now())
        months = list(_months_until(max(present, month), _MONTHS_SHOWN))
        by_month = {
            row["month"]: dict(row)
            for row in self._store.all(
                f"SELECT month, {sums} FROM calls WHERE {condition} AND month >= ? GROUP BY 1",  # noqa: S608
                *values,
                months[0],
            )
        }
        nothing = {"calls": 0, "seconds": 0, "billed_minutes": 0}
        return {
            "month": month,
            "this_month": present,
            "days": [by_day.get(day, {"day": day, **nothing}) for day in _days_of(month)],
            "months": [by_month.get(each, {"month": each, **nothing}) for each in months],
        }

    def changed(self, changes: Iterable[Change]) -> Iterator[tuple[str, Row]]:
        """Return the current data of everything that has changed, each with the name of its event."""
        by_kind: dict[str, list[str]] = {"call": [], "delivery": []}
        for change in changes:
            if change.kind in by_kind:
                by_kind[change.kind].append(change.id)
            elif change.kind == "request":
                request = self._requests.get(change.id)
                if request is not None:
                    yield "request", request.summary()
            else:
                yield change.kind, {"project_id": change.project_id}
        for row in self._among(f"{_CALL} WHERE id IN", by_kind["call"], "seq"):
            yield "call", _call(row)
        for row in self._among(f"{_DELIVERY} WHERE d.id IN", by_kind["delivery"], "d.seq"):
            yield "delivery", self._delivery(row)

    def _among(self, statement: str, ids: list[str], order: str) -> list[Any]:
        if not ids:
            return []
        return self._store.all(
            f"{statement} (SELECT value FROM json_each(?)) ORDER BY {order}",  # noqa: S608 - words of ours
            json.dumps(ids),
        )

    def _invocations(self, project_id: str, call_id: str) -> list[Row]:
        rows = self._store.all(
            "SELECT id FROM deliveries WHERE call_id = ? AND kind = 'tool' AND redelivery_of IS NULL ORDER BY seq",
            call_id,
        )
        found = (self._service.deliveries.get(project_id, row["id"]) for row in rows)
        return [each for each in found if each is not None]

    def _counts(self, table: str, condition: str, values: list[Any]) -> dict[str, int]:
        statement = f"SELECT status, count(*) FROM {table} WHERE {condition} GROUP BY 1"  # noqa: S608 - words of ours
        return {row[0]: row[1] for row in self._store.all(statement, *values)}

    def _delivery(self, row: Any) -> Row:
        values = dict(row)
        due = values.pop("due") - self._service.clock.setbacks
        values["created_at"] = _text(row["created_at"])
        values["next_attempt_at"] = _text(due) if row["status"] == "pending" else None
        return values

    def _label(self, project_id: str) -> str:
        if project_id == self._service.default_project:
            return DEFAULT_KEY
        return self._requests.key_name(project_id) or project_id.replace("project_", "project ")[:16]


def _call(row: Any) -> Row:
    times = {name: _text(row[name]) for name in ("created_at", "started_at", "ended_at")}
    return {**dict(row), **times}


def _text(moment: int | None) -> str | None:
    return None if moment is None else clock.to_text(moment)


def _condition(project_id: str | None, column: str, query: str, texts: Iterable[str]) -> tuple[str, list[Any]]:
    terms, values = ["TRUE"], []
    if project_id is not None:
        terms.append(f"{column} = ?")
        values.append(project_id)
    if query:
        terms.append("(" + " OR ".join(f"instr(lower({text}), lower(?)) > 0" for text in texts) + ")")
        values += [query] * len(tuple(texts))
    return " AND ".join(terms), values


def _of_status(condition: str, column: str, statuses: Collection[str]) -> tuple[str, list[str]]:
    if not statuses:
        return condition, []
    among = f"{condition} AND {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - words of ours
    return among, [json.dumps([*statuses])]


def _total(counts: Mapping[str, int], statuses: Collection[str]) -> int:
    return sum(amount for status, amount in counts.items() if not statuses or status in statuses)


def _mentions(request: Mapping[str, Any], query: str) -> bool:
    address = f"{request['method']} {request['path']}?{request['query']}"
    texts = (address, request["id"], request["error"], request["call_id"], request["key"])
    return not query or any(query.lower() in text.lower() for text in texts if text)


def _timeline(call: Mapping[str, Any], ringing_at: int | None) -> list[Row]:
    """Return the states of a call, with the known times."""
    moments = [
        ("queued", call["created_at"]),
        ("ringing", _text(ringing_at)),
        ("in_progress", call["started_at"]),
        (call["status"], call["ended_at"]),
    ]
    return [{"status": status, "at": at} for status, at in moments if at is not None]


def _months_until(month: str, count: int) -> Iterator[str]:
    year, number = (int(each) for each in month.split("-"))
    for back in range(count - 1, -1, -1):
        index = year * 12 + number - 1 - back
        yield f"{index // 12:04}-{index % 12 + 1:02}"


def _days_of(month: str) -> Iterator[str]:
    day = date.fromisoformat(f"{month}-01")
    while day.isoformat().startswith(month):
        yield day.isoformat()
        day += timedelta(days=1)
