"""What a specification may hold: it is generated, typed, sent and read as the specification says.

Each row is a change of the specification, what CONTRIBUTING says of it, a program that mypy takes, and a test that sends
requests to a server that answers what the test tells it to.
"""

from __future__ import annotations

import asyncio
import email
import gzip
import importlib
import inspect
import io
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any, TypeVar

import httpx
import pytest
import trio

from ..http.scripted import Scripted
from .changes import API, add, body, fields, operation, parameter, ref, response
from .packages import Change, Workbench

T = TypeVar("T")
OK: dict[str, Any] = {"id": "tool_1", "name": "check"}


@dataclass
class Scene:
    """A package generated from a changed specification, a client of it, and the server that the client talks to."""

    package: ModuleType
    server: Scripted
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.package.PamelaClient("pk_live_demo", self.server.base_url, max_retries=0)

    def run(self, act: Callable[[Any], Awaitable[T]]) -> T:
        """Return what something with an async client comes to."""

        async def acted() -> T:
            async with self.package.AsyncPamelaClient("pk_live_demo", self.server.base_url, max_retries=0) as client:
                return await act(client)

        return asyncio.run(acted())

    def answers(self, content: Any, status: int = 200, media_type: str = "application/json") -> None:
        """Have the server answer every request from now on alike."""
        self.server.answers[:] = [(status, {"Content-Type": media_type}, content)]

    @property
    def sent(self) -> tuple[str, str, Any]:
        """Method, target and body of the last request."""
        return (*self.sent_to, self.content)

    @property
    def sent_to(self) -> tuple[str, str]:
        """Method and target of the last request."""
        method, target, _, _ = self.server.requests[-1]
        return method, target.removeprefix(API)

    @property
    def targets(self) -> list[str]:
        """Methods and targets of all requests."""
        return [f"{method} {target.removeprefix(API)}" for method, target, _, _ in self.server.requests]

    @property
    def content(self) -> Any:
        """The body of the last request."""
        return self.server.requests[-1][3]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the last request, by their names in lower case."""
        return {name.lower(): value for name, value in self.server.requests[-1][2].items()}

    def refusal(self, act: Callable[[], object]) -> str:
        """Return what the client says instead of sending a request."""
        count = len(self.server.requests)
        with pytest.raises(self.package.ValidationError) as refused:
            act()
        assert len(self.server.requests) == count
        return str(refused.value)


@dataclass
class Row:
    """Something that a specification may hold."""

    title: str
    outcome: str
    change: Change
    types: str
    behaviour: Callable[[Scene], None]


ROWS: list[Row] = []


def row(title: str, outcome: str, change: Change, types: str) -> Callable[[Callable[[Scene], None]], None]:
    """Make a test of a row of a function that says how the package behaves."""

    def add_row(behaviour: Callable[[Scene], None]) -> None:
        ROWS.append(Row(title, outcome, change, types, behaviour))

    return add_row


# Arguments


def every_parameter(document: dict[str, Any]) -> None:
    parameters = [
        parameter("path", "from", {"type": "string"}),
        parameter("path", "count", {"type": "integer"}),
        parameter("query", "dry-run", {"type": "boolean"}),
        parameter("query", "voices", {"type": "array", "items": ref("Voice")}),
        parameter("query", "days", {"type": "array", "items": {"type": "string", "format": "date"}}),
        parameter("query", "since", {"type": "string", "format": "date"}),
        parameter("query", "rate", {"type": "number", "exclusiveMinimum": 0}),
    ]
    path = "/things/{thing-id}/{from}/{count}"
    document["paths"][f"{API}{path}"] = {"parameters": [parameter("path", "thing-id", {"type": "string"})]}
    add(document, path, "get", operation("get_thing", parameters=parameters))


@row(
    "Parameters in path and query: text, numbers, booleans, dates, enumerations and lists of them",
    "typed and validated",
    every_parameter,
    """
tool = client.get_thing("a", "b", 1, dry_run=True, voices=[Voice.MALE, "new"], days=[date(2026, 3, 14)], rate=0.5)
assert_type(tool, Tool)
client.get_thing("a", "b", "1")  # type: ignore[arg-type]
client.get_thing("a", "b")  # type: ignore[call-arg]
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)
    days = [date(2026, 3, 14), "2026-03-15"]

    scene.client.get_thing("a/b", "c", 0, True, ["male", "new"], days, date(2026, 3, 14), 0.5)

    assert scene.sent_to[1] == (
        "/things/a%2Fb/c/0?dry-run=true&voices=male&voices=new&days=2026-03-14&days=2026-03-15&since=2026-03-14&rate=0.5"
    )
    thing = scene.client.get_thing
    assert scene.refusal(lambda: thing("a", "b", 1, dry_run="yes")) == "dry_run='yes' must be a bool, not str."
    assert scene.refusal(lambda: thing("a", "b", 1, rate=0)) == "rate=0 must be more than 0. A part."
    problem = "is not ISO 8601. Example: '2026-03-14T15:09:26Z'."
    assert scene.refusal(lambda: thing("a", "b", 1, since="soon")) == f"since='soon' {problem}"
    assert scene.refusal(lambda: thing("a", "b", 1, days=["soon"])) == f"days[0]='soon' {problem}"


def every_header(document: dict[str, Any]) -> None:
    parameters = [
        parameter("header", "X-Count", {"type": "integer"}),
        parameter("header", "X-Rate", {"type": "number"}),
        parameter("header", "X-Dry", {"type": "boolean"}),
        parameter("header", "X-Since", {"type": "string", "format": "date-time"}),
        parameter("header", "X-Voice", ref("Voice")),
        parameter("header", "X-Tenant", {"type": "string"}, required=True),
    ]
    add(document, "/things", "get", operation("get_thing", parameters=parameters))


@row(
    "Parameters in headers: text, numbers, booleans, dates and enumerations",
    "arguments by keyword, typed and validated",
    every_header,
    """
client.get_thing(x_count=3, x_rate=0.5, x_dry=True, x_since=datetime.now(), x_voice=Voice.MALE, x_tenant="acme")
client.get_thing()  # type: ignore[call-arg]
client.get_thing(x_count="3", x_tenant="acme")  # type: ignore[arg-type]
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)
    moment = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

    scene.client.get_thing(x_count=3, x_rate=0.5, x_dry=True, x_since=moment, x_voice="male", x_tenant="acme")

    names = ("x-count", "x-rate", "x-dry", "x-since", "x-voice", "x-tenant")
    assert [scene.headers[name] for name in names] == ["3", "0.5", "true", "2026-03-14T15:09:26+00:00", "male", "acme"]
    assert scene.refusal(lambda: scene.client.get_thing(x_tenant=None)) == (
        "x_tenant=None must be a str, not NoneType. A part."
    )
    assert scene.refusal(lambda: scene.client.get_thing(x_tenant="ü")) == "x_tenant='ü' is not valid. A part."


def every_field(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["ThingRequest"] = {
        **fields(
            self={"type": "string", "description": "A name that methods use."},
            note={"type": ["string", "null"], "description": "A note."},
            voice={"oneOf": [ref("Voice"), {"type": "null"}], "description": "A voice."},
            price={"type": "string", "pattern": r"^[0-9]+\$", "description": "A price."},
            letter={"type": "string", "pattern": "^a$|^b$", "description": "A letter."},
            tags={"type": "array", "items": {"type": "string"}, "description": "Tags."},
            options={"type": "object", "additionalProperties": True, "description": "Options."},
            vip={"type": "boolean", "description": "Whether it matters."},
            any={"description": "Anything."},
        ),
        "required": ["note", "tags", "options", "vip", "any"],
    }
    add(document, "/things", "post", operation("do_thing", requestBody=body(ref("ThingRequest"))))


@row(
    "Fields of a request",
    "arguments, required ones first, typed and validated",
    every_field,
    """
client.do_thing(None, ["t"], {}, True, 5, self_="s", voice=Voice.AUTO)
client.do_thing(None, ["t"], {}, True)  # type: ignore[call-arg]
client.do_thing(None, "t", {}, "yes", 5)  # type: ignore[arg-type]
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)
    do_thing = scene.client.do_thing
    voice = scene.package.Voice.AUTO

    do_thing(None, [], {}, True, 5, self_="s", voice=voice, price="5$", letter="b")

    sent: dict[str, Any] = {"note": None, "tags": [], "options": {}, "vip": True, "any": 5}
    assert scene.sent == ("POST", "/things", {"self": "s", "voice": "auto", "price": "5$", "letter": "b", **sent})
    assert str(inspect.signature(do_thing).parameters["note"]) == "note: 'str | None'"
    assert [
        scene.refusal(lambda: do_thing(None, None, {}, True, 5)),
        scene.refusal(lambda: do_thing(None, [], None, True, 5)),
        scene.refusal(lambda: do_thing(None, [], {}, None, 5)),
        scene.refusal(lambda: do_thing(None, [], {}, True, None)),
        scene.refusal(lambda: do_thing(None, [], {}, True, 5, letter="a\n")),
    ] == [
        "tags=None must be a list, not NoneType.",
        "options=None must be a dict, not NoneType.",
        "vip=None must be a bool, not NoneType.",
        "any_=None is required.",
        "letter='a\\n' is not valid. A letter.",
    ]


def clearable(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["ThingUpdate"] = fields(
        note={"type": ["string", "null"], "description": "A note."},
        until={"type": ["string", "null"], "format": "date-time", "description": "When it ends."},
        limit={"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "description": "A limit."},
        name={"type": "string", "description": "A name."},
    )
    add(document, "/things", "patch", operation("update_thing", requestBody=body(ref("ThingUpdate"))))


@row(
    "Optional fields of a request that can be null",
    "left out if not given; None sends null, as a `PATCH` that clears needs",
    clearable,
    """
client.update_thing(note=None, until=datetime.now(), limit=3, name=None)
client.update_thing(note="text", until=None, limit=None)
client.update_thing(note=3)  # type: ignore[arg-type]
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)

    scene.client.update_thing(note=None, limit=None)
    assert scene.sent == ("PATCH", "/things", {"note": None, "limit": None})
    scene.client.update_thing(until="2026-03-14", name=None)
    assert scene.content == {"until": "2026-03-14T00:00:00+00:00"}
    scene.client.update_thing(note="text")
    assert scene.content == {"note": "text"}
    assert scene.refusal(lambda: scene.client.update_thing(limit=0)) == "limit=0 must be at least 1. A limit."


def one_sided(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Account"] = {
        **fields(
            id={"type": "string", "description": "Names it.", "readOnly": True},
            name={"type": "string", "description": "A name."},
            password={"type": "string", "description": "A password.", "writeOnly": True},
        ),
        "required": ["id", "name", "password"],
    }
    document["components"]["schemas"]["Part"] = {
        **fields(
            id={"type": "string", "description": "Names it.", "readOnly": True},
            size={"type": "integer", "description": "A size."},
        ),
        "required": ["id", "size"],
    }
    document["components"]["schemas"]["Batch"] = fields(parts={"type": "array", "items": ref("Part")})
    create = operation("create_account", requestBody=body(ref("Account")), responses=response(ref("Account")))
    add(document, "/accounts", "post", create)
    add(document, "/batches", "post", operation("create_batch", requestBody=body(ref("Batch"))))


@row(
    "`readOnly` and `writeOnly` fields",
    "a `readOnly` field is not asked for in a request; a `writeOnly` one is no attribute of a response",
    one_sided,
    """
from pamela import Account, Part

account = client.create_account("name", "password")
assert_type(account, Account)
assert_type(account.id, str)
account.password  # type: ignore[attr-defined]
client.create_batch([Part(size=1)])
Part(id="p", size=1)  # type: ignore[call-overload]
""",
)
def _(scene: Scene) -> None:
    scene.answers({"id": "a", "name": "n"})

    account = scene.client.create_account("n", "secret")

    assert scene.sent == ("POST", "/accounts", {"name": "n", "password": "secret"})
    assert (account.id, account.name, hasattr(account, "password")) == ("a", "n", False)
    scene.client.create_batch([scene.package.Part(size=1)])
    assert scene.content == {"parts": [{"size": 1}]}


def camel(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["thingReport"] = fields(
        createdAt={"type": "string", "format": "date-time"}, URL={"type": "string"}, isDone={"type": "boolean"}
    )
    schemas["ThingInput"] = {**fields(dueDate={"type": "string", "format": "date"}), "required": ["dueDate"]}
    parameters = [parameter("path", "thingId", {"type": "string"}), parameter("query", "pageSize", {"type": "integer"})]
    add(
        document,
        "/things/{thingId}",
        "post",
        operation(
            "createThingReport",
            tags=["phoneNumbers"],
            parameters=parameters,
            requestBody=body(ref("ThingInput")),
            responses=response(ref("thingReport")),
        ),
    )


@row(
    "operationIds, parameters, fields and tags in camelCase",
    "snake_case in Python, as they are on the wire",
    camel,
    """
from pamela import ThingReport

report = client.create_thing_report("t", date(2026, 3, 14), page_size=5)
assert_type(report, ThingReport)
assert_type(report.created_at, datetime | None)
""",
)
def _(scene: Scene) -> None:
    scene.answers({"createdAt": "2026-03-14T15:09:26Z", "URL": "u", "isDone": True})

    report = scene.client.create_thing_report("t", date(2026, 3, 14), page_size=5)

    assert scene.sent == ("POST", "/things/t?pageSize=5", {"dueDate": "2026-03-14"})
    assert (report.created_at.year, report.url, report.is_done, report["isDone"]) == (2026, "u", True, True)


def deprecated(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    old = {"type": "string", "description": "An old way.", "deprecated": True}
    schemas["Tool"]["properties"]["kind"] = old
    schemas["ToolDefinition"]["properties"]["kind"] = old
    schemas["CreateCallRequest"]["properties"]["mood"] = old
    parameters = [parameter("query", "old", {"type": "string"}, deprecated=True)]
    add(document, "/things", "get", operation("get_thing", parameters=parameters))
    add(document, "/old-things", "get", operation("get_old_thing", deprecated=True))


@row(
    "`deprecated` operations, parameters and fields",
    "said in the docstring; a `DeprecationWarning` at the line that uses one",
    deprecated,
    """
assert_type(client.get_old_thing().kind, str | None)
client.get_thing(old="x")
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK | {"kind": "k"})
    client, package = scene.client, scene.package

    def warning(act: Callable[[], object]) -> tuple[str, bool]:
        with pytest.warns(DeprecationWarning, match="is deprecated in the API") as warned:
            act()
        (found,) = warned
        return str(found.message), found.filename == __file__

    tool = client.get_thing()
    assert [
        warning(client.get_old_thing),
        warning(lambda: client.get_thing(old="x")),
        warning(lambda: client.create_call("+1234567890", "task", mood="good")),
        warning(lambda: tool.kind),
        warning(lambda: package.ToolDefinition(name="n", description="d", input_schema={}, kind="k")),
    ] == [
        ("get_old_thing() is deprecated in the API.", True),
        ("get_thing(old=) is deprecated in the API.", True),
        ("create_call(mood=) is deprecated in the API.", True),
        ("Tool.kind is deprecated in the API.", True),
        ("ToolDefinition(kind=) is deprecated in the API.", True),
    ]
    assert "Deprecated." in inspect.getdoc(package.AsyncPamelaClient.get_old_thing).splitlines()  # type: ignore[union-attr]
    assert "old: A part. Deprecated." in package.PamelaClient.get_thing.__doc__
    assert package.Tool.kind.__doc__ == "An old way. Deprecated."


# Models and responses


def every_view(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Kind"] = {"type": "string", "description": "A kind.", "enum": ["big", "small"]}
    schemas["thing.report"] = fields(
        **{
            "parent": {"anyOf": [ref("thing.report"), {"type": "null"}], "description": "The one before."},
            "call": {**ref("Call"), "description": "A call."},
            "kinds": {"type": "array", "items": ref("Kind"), "description": "Kinds."},
            "dates": {"type": "array", "items": {"type": "string", "format": "date-time"}, "description": "Dates."},
            "origin": {"oneOf": [ref("Tool"), ref("Usage")], "description": "Where it is from."},
            'a "quoted" name': {"type": "string", "description": "A field."},
            "id": {"type": "string", "format": "uuid", "description": "Names it."},
        }
    )
    reports = {"type": "array", "items": ref("thing.report"), "description": "Its reports."}
    schemas["Call"]["properties"]["reports"] = reports
    schemas["Reports"] = {"type": "array", "description": "Reports.", "items": ref("thing.report")}
    add(document, "/reports", "get", operation("list_reports", responses=response(ref("Reports"))))


@row(
    "Models in models, lists of them, cycles; unions that nothing tells apart",
    "views of the JSON object; such a union is `Any`",
    every_view,
    """
from pamela import Kind, ThingReport

reports = client.list_reports()
assert_type(reports, list[ThingReport])
assert_type(reports[0].parent, ThingReport | None)
assert_type(reports[0].call, Call | None)
assert_type(reports[0].kinds, list[Kind] | None)
assert_type(reports[0].dates, list[datetime] | None)
assert_type(reports[0].origin, Any)
""",
)
def _(scene: Scene) -> None:
    content = {
        "parent": {"kinds": ["big"]},
        "call": {"id": "c", "reports": [{"dates": ["2026-03-14T15:09:26Z"]}]},
        "kinds": ["small", "new"],
        "origin": {"period": "2026-03"},
        'a "quoted" name': "q",
    }
    scene.answers([content])

    (report,) = scene.client.list_reports()

    package = scene.package
    assert (type(report), type(report.parent), type(report.call)) == (
        package.ThingReport,
        package.ThingReport,
        package.Call,
    )
    assert report.kinds[0] is package.Kind.SMALL
    assert report.kinds[1] == "new"
    assert report.call.reports[0].dates[0].year == 2026
    assert (type(report.origin), report.a_quoted_name) == (dict, "q")
    assert report == content


def dates(document: dict[str, Any]) -> None:
    day = {"type": "string", "format": "date"}
    document["components"]["schemas"]["Bill"] = fields(
        due=day, paid={"type": ["string", "null"], "format": "date"}, days={"type": "array", "items": day}
    )
    add(document, "/bill", "get", operation("get_bill", responses=response(ref("Bill"))))


@row(
    "`format: date` and `format: date-time`",
    "`date` and `datetime`",
    dates,
    """
bill = client.get_bill()
assert_type(bill.due, date | None)
assert_type(bill.paid, date | None)
assert_type(bill.days, list[date] | None)
""",
)
def _(scene: Scene) -> None:
    scene.answers({"due": "2026-03-14", "paid": None, "days": ["2026-03-15", "soon"]})

    bill = scene.client.get_bill()

    assert (bill.due, bill.paid, bill.days) == (date(2026, 3, 14), None, [date(2026, 3, 15), "soon"])
    assert bill["due"] == "2026-03-14"


def nested(document: dict[str, Any]) -> None:
    day = {"type": "string", "format": "date"}
    document["components"]["schemas"]["Table"] = fields(
        rows={"type": "array", "items": {"type": "array", "items": ref("Tool")}},
        by_name={"type": "object", "additionalProperties": ref("Tool")},
        voices={"type": "object", "additionalProperties": {"type": "array", "items": ref("Voice")}},
        days={"type": "array", "items": {"type": "array", "items": day}},
        either={"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "string"}]},
    )
    add(document, "/table", "get", operation("get_table", responses=response(ref("Table"))))
    by_name = {"type": "object", "additionalProperties": ref("Tool")}
    add(document, "/tools-by-name", "get", operation("get_tools_by_name", responses=response(by_name)))
    add(
        document,
        "/names",
        "get",
        operation("get_names", responses=response({"type": "array", "items": {"type": "string"}})),
    )


@row(
    "Lists of lists, objects with names of your own (`additionalProperties`), values of several JSON types",
    "typed and viewed at any depth",
    nested,
    """
table = client.get_table()
assert_type(table.rows, list[list[Tool]] | None)
assert_type(table.by_name, dict[str, Tool] | None)
assert_type(table.voices, dict[str, list[Voice]] | None)
assert_type(table.days, list[list[date]] | None)
assert_type(table.either, list[int] | str | None)
assert_type(client.get_tools_by_name(), dict[str, Tool])
assert_type(client.get_names(), list[str])
""",
)
def _(scene: Scene) -> None:
    content = {
        "rows": [[OK], []],
        "by_name": {"a": OK},
        "voices": {"a": ["male", "new"]},
        "days": [["2026-03-14"]],
        "either": [1],
    }
    scene.answers(content)
    tool = scene.package.Tool

    table = scene.client.get_table()

    assert type(table["rows"][0][0]) is tool
    assert type(table["by_name"]["a"]) is tool
    assert (type(table.rows[0][0]), table.rows[0][0].name, type(table.by_name["a"])) == (tool, "check", tool)
    assert table.voices["a"][0] is scene.package.Voice.MALE
    assert (table.days, table.either) == ([[date(2026, 3, 14)]], [1])
    assert table == content
    odd = scene.package.Table(rows="none", by_name=[1], voices=None, days=[None, 5])
    assert (odd.rows, odd.by_name, odd.voices, odd.days) == ("none", [1], None, [None, 5])
    scene.answers({"a": OK})
    assert type(scene.client.get_tools_by_name()["a"]) is tool
    scene.answers(["a"])
    assert scene.client.get_names() == ["a"]
    with pytest.raises(scene.package.UnexpectedResponseError, match="expected an object, got a JSON list"):
        scene.client.get_tools_by_name()


def discriminated(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["SpeechEntry"] = fields(type={"type": "string"}, text={"type": "string"})
    schemas["KeyEntry"] = fields(type={"type": "string"}, key={"type": "string"})
    mapping = {"speech": "#/components/schemas/SpeechEntry", "key": "KeyEntry"}
    schemas["Entry"] = {
        "description": "An entry.",
        "oneOf": [ref("SpeechEntry"), ref("KeyEntry")],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    log = fields(last={"oneOf": [ref("Entry"), {"type": "null"}]}, entries={"type": "array", "items": ref("Entry")})
    schemas["Log"] = log
    add(document, "/log", "get", operation("get_log", responses=response(ref("Log"))))
    add(document, "/entry", "get", operation("get_entry", responses=response(ref("Entry"))))


@row(
    "Unions with a `discriminator`",
    "the model that it names; an object with an unknown name stays a dict",
    discriminated,
    """
from pamela import KeyEntry, SpeechEntry

log = client.get_log()
assert_type(log.last, SpeechEntry | KeyEntry | None)
assert_type(log.entries, list[SpeechEntry | KeyEntry] | None)
assert_type(client.get_entry(), SpeechEntry | KeyEntry)
""",
)
def _(scene: Scene) -> None:
    content = {"last": {"type": "key", "key": "1"}, "entries": [{"type": "speech"}, {"type": "beep"}, 5]}
    scene.answers(content)
    package = scene.package

    log = scene.client.get_log()

    assert (type(log.last), log.last.key) == (package.KeyEntry, "1")
    assert [type(entry) for entry in log.entries] == [package.SpeechEntry, dict, int]
    assert log == content
    scene.answers({"type": "speech", "text": "Hello"})
    assert scene.client.get_entry().text == "Hello"


def nullables(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Mood"] = {"type": ["string", "null"], "description": "A mood.", "enum": ["good", None, "bad"]}
    schemas["Level"] = {"enum": [1, None, 2], "description": "A level.", "x-enum-varnames": ["LOW", "NONE", "HIGH"]}
    schemas["Talk"] = {
        **fields(mood=ref("Mood"), level=ref("Level"), tone={"type": ["string", "null"], "enum": ["warm", None]}),
        "required": ["mood", "level", "tone"],
    }
    add(document, "/talk", "get", operation("get_talk", responses=response(ref("Talk"))))
    maybe = {"oneOf": [ref("Talk"), {"type": "null"}]}
    add(document, "/next-talk", "get", operation("get_next_talk", responses=response(maybe)))
    later = response(ref("Talk")) | {"202": {"description": "Not yet."}}
    add(document, "/slow-talk", "get", operation("get_slow_talk", responses=later))
    add(document, "/end-talk", "post", operation("end_talk", responses={"204": {"description": "Done."}}))


@row(
    "Enumerations with null, responses that are null, a `202` or `204` without a body beside a `200` with one",
    "the type allows None",
    nullables,
    """
from pamela import Talk, TalkTone

talk = client.get_talk()
assert_type(talk.tone, TalkTone | None)
assert_type(client.get_next_talk(), Talk | None)
assert_type(client.get_slow_talk(), Talk | None)
""",
)
def _(scene: Scene) -> None:
    package = scene.package
    scene.answers({"mood": "good", "level": 2, "tone": None})

    talk = scene.client.get_talk()

    assert (str(talk.mood), talk.level, talk.tone) == ("good", 2, None)
    assert package.Talk(tone="warm").tone is package.TalkTone.WARM
    assert type(scene.client.get_next_talk()) is package.Talk
    scene.answers(None)
    assert scene.client.get_next_talk() is None
    with pytest.raises(package.UnexpectedResponseError, match="expected an object, got a JSON null"):
        scene.client.get_slow_talk()
    scene.answers(b"", 202)
    assert scene.client.get_slow_talk() is None
    scene.answers(b"", 204)
    assert scene.client.end_talk() is None
    with pytest.raises(package.UnexpectedResponseError, match="not JSON"):
        scene.client.get_talk()


def titled(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    cost = {"title": "Cost", **fields(amount={"type": "number"})}
    schemas["Call"]["properties"]["cost"] = cost
    schemas["Usage"]["properties"]["costs"] = {"type": "array", "items": {**cost}}
    schemas["Tool"]["properties"]["limits"] = fields(a_day={"type": "integer"})
    answer = {"title": "thing status", **fields(state={"title": "ThingState", "type": "string", "enum": ["on", "off"]})}
    kind = {"title": "ThingKind", "type": "string", "enum": ["a", "b"]}
    parameters = [parameter("query", "kind", kind), parameter("query", "plain", {"type": "string", "enum": ["x"]})]
    add(document, "/thing", "get", operation("get_thing", parameters=parameters, responses=response(answer)))
    listed = {"type": "array", "items": {**answer, "properties": dict(answer["properties"])}}
    add(document, "/things", "get", operation("get_things", responses=response(listed)))


@row(
    "Objects and enumerations where they are used, with a `title`",
    "classes of that name; a field's without one is named after its owner and itself",
    titled,
    """
from pamela import Cost, ThingKind, ThingState, ThingStatus, ToolLimits

assert_type(client.get_call("c").cost, Cost | None)
assert_type(client.get_usage().costs, list[Cost] | None)
assert_type(client.list_tools()[0].limits, ToolLimits | None)
assert_type(client.get_thing(ThingKind.A, plain="x"), ThingStatus)
assert_type(client.get_thing().state, ThingState | None)
assert_type(client.get_things(), list[ThingStatus])
""",
)
def _(scene: Scene) -> None:
    package = scene.package
    scene.answers({"state": "on"})

    status = scene.client.get_thing(package.ThingKind.A, plain="x")

    assert scene.sent_to[1] == "/thing?kind=a&plain=x"
    assert (type(status), status.state) == (package.ThingStatus, package.ThingState.ON)
    assert type(package.Call(cost={"amount": 1}).cost) is package.Cost
    assert {"Cost", "ThingKind", "ThingState", "ThingStatus", "ToolLimits"} <= {*package.__all__}


def values(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Grade"] = {
        "type": "string",
        "description": "A grade.",
        "enum": ["b", "+1", "2nd", 'a "quoted"\\', "inProgress"],
    }
    schemas["Number"] = {"type": "integer", "description": "A number.", "enum": [3, -1, 2]}
    schemas["Tool"]["properties"] |= {"grade": ref("Grade"), "number": ref("Number")}


def reversed_values(document: dict[str, Any]) -> None:
    values(document)
    for name in ("Grade", "Number"):
        document["components"]["schemas"][name]["enum"].reverse()


NAMES = {
    "B": "b",
    "VALUE_1": "+1",
    "VALUE_2ND": "2nd",
    "A_QUOTED": 'a "quoted"\\',
    "INPROGRESS": "inProgress",
}


@row(
    "Values of enumerations, whatever they are made of",
    "named after the value, in any order; `x-enum-varnames` names them otherwise",
    reversed_values,
    """
from pamela import Grade, Number

grade: Grade = Grade.VALUE_2ND
number: Number = Number.VALUE_NEGATIVE_1
""",
)
def _(scene: Scene) -> None:
    package = scene.package

    assert {member.name: member.value for member in package.Grade} == NAMES
    assert {member.name: member.value for member in package.Number} == {
        "VALUE_3": 3,
        "VALUE_NEGATIVE_1": -1,
        "VALUE_2": 2,
    }
    assert package.Tool(grade='a "quoted"\\').grade is package.Grade.A_QUOTED
    assert package.Grade("new") == "new"


def referred_path(document: dict[str, Any]) -> None:
    item = {"get": operation("get_thing", parameters=[{"$ref": "#/components/parameters/Limit"}])}
    document["components"]["pathItems"] = {"Thing": item}
    document["paths"][f"{API}/thing"] = {"$ref": "#/components/pathItems/Thing"}


@row(
    "A path item that is a `$ref`",
    "followed, as every `$ref` within the file",
    referred_path,
    """
assert_type(client.get_thing(limit=1), Tool)
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)
    assert scene.client.get_thing(limit=1).name == "check"
    assert scene.sent_to == ("GET", "/thing?limit=1")


def merged(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    more = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer", "description": "A size."}},
    }
    schemas["BigTool"] = {"description": "A big tool.", "allOf": [ref("Tool")], **more}
    named = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "description": "A name."}},
    }
    schemas["BigToolInput"] = {"description": "A big tool.", "allOf": [named, more]}
    add(
        document,
        "/big-tools",
        "post",
        operation("create_big_tool", requestBody=body(ref("BigToolInput")), responses=response(ref("BigTool"))),
    )


@row(
    "`allOf`",
    "the fields of all parts",
    merged,
    """
from pamela import BigTool

tool = client.create_big_tool("n", 3)
assert_type(tool, BigTool)
assert_type(tool.size, int)
assert_type(tool.name, str)
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK | {"size": 3})

    tool = scene.client.create_big_tool("n", 3)

    assert scene.content == {"name": "n", "size": 3}
    assert (tool.size, tool.name, type(tool)) == (3, "check", scene.package.BigTool)


def taken_attributes(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Tool"]["properties"] |= {
        "items": {"type": "string"},
        "class": {"type": "string"},
        "call-id": {"type": "string"},
        "callId": {"type": "string"},
    }
    parameters = [parameter("query", name, {"type": "string"}) for name in ("client", "validation", "import")]
    odd = {"summary": 'Say """ and \\', "description": 'Say """ and \\.'}
    add(document, "/thing", "get", operation("get_thing", parameters=parameters, **odd))
    document["components"]["schemas"]["Call"]["properties"]["outcome"] = {"type": "string"}


@row(
    "Names that Python, a dict or the generated code has already; two fields that would have one name",
    "with an underscore; closer to the name on the wire",
    taken_attributes,
    """
client.get_thing(client_="a", validation_="b", import_="c")
assert_type(client.get_thing().items_, str | None)
assert_type(client.get_thing().class_, str | None)
""",
)
def _(scene: Scene) -> None:
    scene.answers({"items": "i", "class": "c", "call-id": "1", "callId": "2"})

    tool = scene.client.get_thing(client_="a", validation_="b", import_="c")

    assert scene.sent_to[1] == "/thing?client=a&validation=b&import=c"
    assert scene.package.Call(outcome="o", status="queued").outcome_ == "o"
    assert scene.package.Call(outcome="o", status="queued").outcome is scene.package.CallOutcome.ONGOING
    assert 'Say """ and \\.' in scene.package.PamelaClient.get_thing.__doc__
    assert (tool.items_, tool.class_, tool.callid, tool.callId) == ("i", "c", "1", "2")


def paged(document: dict[str, Any]) -> None:
    schemas, parameters = document["components"]["schemas"], document["components"]["parameters"]
    schemas["Recording"] = fields(id={"type": "string"}, seconds={"type": "integer"})
    listed = {"type": "array", "items": ref("Recording")}
    schemas["RecordingPage"] = fields(
        items=listed, has_more={"type": "boolean"}, next_offset={"type": ["integer", "null"]}, total={"type": "integer"}
    )
    more = [{"$ref": f"#/components/parameters/{name}"} for name in ("CallId", "Limit", "Offset")]
    listing = operation("list_recordings", parameters=more, responses=response(ref("RecordingPage")))
    add(document, "/calls/{call_id}/recordings", "get", listing)
    assert parameters["Limit"]["schema"]["maximum"] == 100


@row(
    "A list that is paged by `offset`: the response has items and `next_offset`",
    "`iter_...`, an iterator of all items; nothing is written by hand",
    paged,
    """
from collections.abc import AsyncIterator, Iterator

from pamela import AsyncPamelaClient, Recording

assert_type(client.iter_recordings("c", limit=2), Iterator[Recording])
assert_type(AsyncPamelaClient().iter_recordings("c"), AsyncIterator[Recording])
client.iter_recordings()  # type: ignore[call-arg]
client.iter_recordings("c", colour="red")  # type: ignore[call-arg]
""",
)
def _(scene: Scene) -> None:
    pages: list[dict[str, Any]] = [
        {"items": [{"id": "1"}, {"id": "2"}], "has_more": True, "next_offset": 2},
        {"items": [{"id": "2"}, {"id": "3"}], "has_more": True, "next_offset": None},
        {"items": [{"id": "4"}], "has_more": False},
    ]
    scene.server.answers += [(200, {}, page) for page in pages]

    recordings = [*scene.client.iter_recordings("c/1")]

    assert [recording.id for recording in recordings] == ["1", "2", "3", "4"]
    assert type(recordings[0]) is scene.package.Recording
    path = "/calls/c%2F1/recordings"
    offsets = ["", "&offset=2", "&offset=4"]
    assert scene.targets == [f"GET {path}?limit=100{offset}" for offset in offsets]
    assert scene.refusal(lambda: scene.client.iter_recordings("c", limit=-1)).startswith("limit=-1 must be at least 1")
    assert "limit: Number of recordings to request at a time. The default is 100." in (
        scene.package.AsyncPamelaClient.iter_recordings.__doc__
    )


def paged_by_cursor(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Entry"] = fields(id={"type": "string"})
    entries = {"type": "array", "items": ref("Entry")}
    schemas["EntryPage"] = fields(entries=entries, nextCursor={"type": ["string", "null"]})
    cursor = parameter("query", "cursor", {"type": "string"})
    size = parameter("query", "page_size", {"type": "integer", "minimum": 1, "maximum": 50})
    listing = operation("listEntries", parameters=[cursor, size], responses=response(ref("EntryPage")))
    add(document, "/entries", "get", listing)


@row(
    "A list that is paged by a cursor: the response has items and `next_cursor`, or `next_...` for another parameter",
    "`iter_...`, as for offsets",
    paged_by_cursor,
    """
from collections.abc import Iterator

from pamela import Entry

assert_type(client.iter_entries(), Iterator[Entry])
""",
)
def _(scene: Scene) -> None:
    pages: list[dict[str, Any]] = [
        {"entries": [{"id": "1"}], "nextCursor": "b=2"},
        {"entries": [], "nextCursor": "c"},
        {"entries": [{"id": "2"}], "nextCursor": None},
    ]
    scene.server.answers += [(200, {}, page) for page in pages]

    assert [entry.id for entry in scene.client.iter_entries()] == ["1", "2"]
    targets = [f"GET /entries?{cursor}page_size=50" for cursor in ("", "cursor=b%3D2&", "cursor=c&")]
    assert scene.targets == targets

    async def collect(client: Any) -> list[str]:
        return [entry.id async for entry in client.iter_entries()]

    scene.server.answers[:] = [(200, {}, page) for page in pages]
    assert scene.run(collect) == ["1", "2"]
    assert scene.targets == targets * 2


def download(document: dict[str, Any]) -> None:
    sound = {"200": {"description": "The sound.", "content": {"audio/wav": {"schema": {"type": "string"}}}}}
    path = [{"$ref": "#/components/parameters/CallId"}]
    add(document, "/calls/{call_id}/recording", "get", operation("get_recording", parameters=path, responses=sound))


@row(
    "Responses that are sound, images, video, PDF, CSV, plain text or bytes",
    "`bytes`, whole in memory, and `stream_...`, read as they arrive or written to a file; asked for by `Accept`, and "
    "an error if something else comes",
    download,
    """
assert_type(client.get_recording("c"), bytes)
assert_type(client.stream_recording("c").write_to("call.wav"), int)
with client.stream_recording("c") as stream:
    for chunk in stream:
        assert_type(chunk, bytes)

async def store(client: AsyncPamelaClient) -> None:
    assert_type(await client.get_recording("c"), bytes)
    assert_type(await client.stream_recording("c").write_to(Path("call.wav")), int)
    async with client.stream_recording("c") as stream:
        async for chunk in stream:
            assert_type(chunk, bytes)
""",
)
def _(scene: Scene) -> None:
    content = bytes(range(256)) * 100
    scene.answers(content, media_type="audio/wav")

    assert scene.client.get_recording("c") == content

    assert scene.headers["accept"] == "audio/wav"
    assert scene.run(lambda client: client.get_recording("c")) == content
    scene.answers(b"<html>", media_type="text/html")
    with pytest.raises(scene.package.UnexpectedResponseError, match="expected audio/wav, got text/html"):
        scene.client.get_recording("c")
    check_streamed_downloads(scene, content)


def check_streamed_downloads(scene: Scene, content: bytes) -> None:
    stream = scene.client.stream_recording
    first, rest = content[:1000], content[1000:]
    scene.answers([first, rest], media_type="audio/wav")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "call.wav"
        assert stream("c").write_to(file) == len(content)
        assert file.read_bytes() == content
        assert (scene.headers["accept"], scene.headers["accept-encoding"]) == ("audio/wav", "identity")

        scene.answers([b"other", None], media_type="audio/wav")
        with pytest.raises(
            scene.package.APIConnectionError, match=r"get_recording was interrupted after 5 bytes: "
        ) as error:
            stream("c").write_to(file)
        assert not error.value.ambiguous
        assert file.read_bytes() == content
        assert [each.name for each in Path(directory).iterdir()] == ["call.wav"]

        scene.answers([first, rest], media_type="audio/wav")
        assert scene.run(lambda client: client.stream_recording("c").write_to(str(file))) == len(content)
        assert file.read_bytes() == content
        opened = io.BytesIO()
        assert stream("c").write_to(opened) == len(content)
        assert opened.getvalue() == content
        count = len(scene.server.requests)
        with pytest.raises(FileNotFoundError):
            stream("c").write_to(Path(directory) / "none" / "call.wav")
        assert len(scene.server.requests) == count
    scene.answers({"detail": {"message": "No recording."}}, 404)
    with pytest.raises(scene.package.NotFoundError, match=r"No recording\."):
        stream("c").write_to(io.BytesIO())
    scene.answers(b"<html>", media_type="text/html")
    with pytest.raises(scene.package.UnexpectedResponseError, match="expected audio/wav, got text/html"):
        list(stream("c"))
    scene.server.answers[:] = [(200, {"Content-Type": "audio/wav", "Content-Encoding": "gzip"}, gzip.compress(content))]
    assert b"".join(stream("c")) == content


def live_transcript(document: dict[str, Any]) -> None:
    path = [{"$ref": "#/components/parameters/CallId"}]
    events = {
        "200": {"description": "The entries.", "content": {"text/event-stream": {"schema": ref("TranscriptEntry")}}}
    }
    add(document, "/calls/{call_id}/live", "get", operation("follow_transcript", parameters=path, responses=events))
    texts = {"200": {"description": "Lines.", "content": {"text/event-stream": {"itemSchema": {"type": "string"}}}}}
    add(document, "/calls/{call_id}/log", "get", operation("follow_log", parameters=path, responses=texts))


ENTRIES = [{"role": "agent", "text": "Grüße"}, {"role": "user", "text": "Hello", "mood": "new"}]


@row(
    "Responses that are streams of events (`text/event-stream`), of one schema or of text",
    "an iterator, `EventStream` or `AsyncEventStream`, of the data of each event as it arrives; closed by `with`",
    live_transcript,
    """
with client.follow_transcript("c") as events:
    for entry in events:
        assert_type(entry, TranscriptEntry)
for line in client.follow_log("c"):
    assert_type(line, str)

async def follow(client: AsyncPamelaClient) -> None:
    async with client.follow_transcript("c") as events:
        async for entry in events:
            assert_type(entry, TranscriptEntry)
    await client.follow_transcript("c")  # type: ignore[misc]
""",
)
def _(scene: Scene) -> None:
    ring, go_on = Event(), Event()
    lines = [
        f"id: {number}\nevent: entry\ndata: {json.dumps(each, ensure_ascii=False)}\n\n"
        for number, each in enumerate(ENTRIES)
    ]
    first, second = (line.encode() for line in lines)
    pieces = [b": hello\n\n", first[:-20], first[-20:], go_on, second, ring]
    media_type = "text/event-stream; charset=utf-8"
    scene.answers(pieces, media_type=media_type)

    with scene.client.follow_transcript("c") as events:
        entries = iter(events)
        entry = next(entries)
        assert (entry, type(entry)) == (ENTRIES[0], scene.package.TranscriptEntry)
        assert (events.last_event.id, events.last_event.event) == ("0", "entry")
        go_on.set()
        assert next(entries).text == "Hello"
        # The server sends no end: leaving the block ends the connection.
    assert scene.headers["accept"] == "text/event-stream"
    with pytest.raises(scene.package.PamelaError, match=r"The stream is closed\. Call the method again"):
        list(events)

    async def first_one(client: Any) -> Any:
        async with client.follow_transcript("c") as events:
            return await anext(events)

    assert scene.run(first_one) == ENTRIES[0]
    ring.set()

    async def collect(client: Any) -> list[Any]:
        return [entry async for entry in client.follow_transcript("c")]

    assert list(scene.client.follow_transcript("c")) == scene.run(collect) == ENTRIES
    scene.answers([first, b"data: 1\n\n"], media_type=media_type)
    with pytest.raises(
        scene.package.UnexpectedResponseError, match=r"follow_transcript .* \(expected an object, got a JSON number\)"
    ):
        list(scene.client.follow_transcript("c"))
    scene.answers([first, None], media_type=media_type)
    with pytest.raises(scene.package.APIConnectionError, match="follow_transcript was interrupted after"):
        list(scene.client.follow_transcript("c"))
    with pytest.raises(scene.package.APIConnectionError, match="follow_transcript was interrupted after"):
        scene.run(collect)
    scene.answers([b"data: a\r", b"\ndata: b\r\n\r\n\r\ndata:c\n\ndata: not ended"], media_type=media_type)
    assert list(scene.client.follow_log("c")) == ["a\nb", "c"]


def test_streams_over_clients_of_the_callers(scene_of: Callable[[Change], Scene]) -> None:
    scene = scene_of(live_transcript)
    rest = Event()
    scene.server.answers[:] = [(200, {"Content-Type": "text/event-stream"}, [b"data: a\n\n", b"data: b\n\n"])]
    settings = ("pk_live_demo", scene.server.base_url)

    def first_two(**carrier: Any) -> list[Any]:
        client = scene.package.PamelaClient(*settings, **carrier)
        with client.follow_log("c") as events:
            return [*events, *client.follow_log("c")]

    with httpx.Client() as carrier, httpx.HTTPTransport() as transport:
        assert first_two(http_client=carrier) == first_two(transport=transport) == ["a", "b"] * 2

    async def first_one(**carrier: Any) -> Any:
        client = scene.package.AsyncPamelaClient(*settings, **carrier)
        async with client.follow_log("c") as events:
            return await anext(events)

    async def carried() -> list[Any]:
        async with httpx.AsyncClient() as carrier, httpx.AsyncHTTPTransport() as transport:
            return [await first_one(http_client=carrier), await first_one(transport=transport), await first_one()]

    scene.answers([b"data: a\n\n", rest], media_type="text/event-stream")
    try:
        assert asyncio.run(carried()) == trio.run(carried) == ["a"] * 3
    finally:
        rest.set()


def test_a_stream_gives_its_connection_back(scene_of: Callable[[Change], Scene]) -> None:
    scene = scene_of(live_transcript)
    pool_size = 100
    rest = Event()
    scene.answers([b"data: a\n\n", rest], media_type="text/event-stream")
    try:
        for _ in range(pool_size + 5):
            for _ in scene.client.follow_log("c"):
                break

        async def each(client: Any) -> None:
            for _ in range(pool_size + 5):
                async with client.with_options(deadline=60).follow_log("c") as events:
                    assert await anext(events) == "a"

        scene.run(each)
    finally:
        rest.set()


def test_a_stream_has_no_deadline_once_it_has_begun(scene_of: Callable[[Change], Scene]) -> None:
    scene = scene_of(live_transcript)
    never = Event()
    scene.answers([b"data: a\n\n", never], media_type="text/event-stream")
    timeout = scene.package.Timeout(read=0.5)

    def read() -> None:
        for _ in scene.client.with_options(timeout=timeout, deadline=0.4).follow_log("c"):
            time.sleep(0.5)

    async def read_async(client: Any) -> None:
        async for _ in client.with_options(timeout=timeout, deadline=0.4).follow_log("c"):
            await asyncio.sleep(0.5)

    try:
        with pytest.raises(scene.package.APITimeoutError, match="follow_log was interrupted after 9 bytes"):
            read()
        with pytest.raises(scene.package.APITimeoutError, match="follow_log was interrupted after 9 bytes"):
            scene.run(read_async)
    finally:
        never.set()


def upload(document: dict[str, Any]) -> None:
    greeting = {
        **fields(
            file={"type": "string", "format": "binary", "description": "The sound."},
            cover={"type": "string", "contentMediaType": "image/png", "description": "A picture."},
            title={"type": "string", "minLength": 1, "description": "A title."},
            seconds={"type": "integer", "description": "How long it is."},
            tags={"type": "array", "items": {"type": "string"}, "description": "Tags."},
            options={"type": "object", "additionalProperties": True, "description": "Options."},
        ),
        "required": ["file", "title"],
    }
    request = {"required": True, "content": {"multipart/form-data": {"schema": greeting}}}
    add(document, "/greetings", "post", operation("upload_greeting", requestBody=request))


@row(
    "Requests of `multipart/form-data` with files (`format: binary` or `contentMediaType`)",
    "an argument for each file: bytes, a `Path`, an open file, or a name with bytes; sent again as other requests are",
    upload,
    """
client.upload_greeting(b"RIFF", "Hello", seconds=3, tags=["a"], options={"loud": True})
client.upload_greeting(Path("hello.wav"), "Hello", cover=("c.png", b"PNG"))
with open("hello.wav", "rb") as opened:
    client.upload_greeting(opened, "Hello")
client.upload_greeting("hello.wav", "Hello")  # type: ignore[arg-type]
client.upload_greeting(b"RIFF")  # type: ignore[call-arg]
""",
)
def _(scene: Scene) -> None:
    scene.answers(OK)
    upload_greeting = scene.client.upload_greeting

    def parts() -> dict[str, list[tuple[str | None, bytes]]]:
        message = email.message_from_bytes(
            b"Content-Type: " + scene.headers["content-type"].encode() + b"\n\n" + scene.content
        )
        found: dict[str, list[tuple[str | None, bytes]]] = {}
        for part in message.walk():
            name = part.get_param("name", header="Content-Disposition")
            if name is not None:
                found.setdefault(str(name), []).append((part.get_filename(), part.get_payload(decode=True)))  # type: ignore[arg-type]
        return found

    upload_greeting(b"RIFF", "Grüße", cover=("c.png", b"PNG"), seconds=3, tags=["a", "b"], options={"loud": True})
    assert parts() == {
        "file": [("file", b"RIFF")],
        "cover": [("c.png", b"PNG")],
        "title": [(None, "Grüße".encode())],
        "seconds": [(None, b"3")],
        "tags": [(None, b"a"), (None, b"b")],
        "options": [(None, b'{"loud": true}')],
    }
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(b"RIFF2")
        file.flush()
        upload_greeting(Path(file.name), "Hello")
        assert parts() == {"file": [(Path(file.name).name, b"RIFF2")], "title": [(None, b"Hello")]}
        with Path(file.name).open("rb") as opened:
            scene.run(lambda client: client.upload_greeting(opened, "Hello"))
        assert parts()["file"] == [(Path(file.name).name, b"RIFF2")]
    assert [
        scene.refusal(lambda: upload_greeting("hello.wav", "Hello")),
        scene.refusal(lambda: upload_greeting(Path("no/such.wav"), "Hello")),
        scene.refusal(lambda: upload_greeting(None, "Hello")),
        scene.refusal(lambda: upload_greeting(b"", "")),
    ] == [
        "file='hello.wav' must be bytes, a Path, a file open in binary mode or a pair of name and bytes, not str.",
        "file='no/such.wav' cannot be read: No such file or directory.",
        "file=None must be bytes, a Path, a file open in binary mode or a pair of name and bytes, not NoneType.",
        "title='' must not be empty. A title.",
    ]


def an_event(document: dict[str, Any]) -> None:
    schemas, webhooks = document["components"]["schemas"], document["webhooks"]
    event = {"event": {"type": "string", "enum": ["call.held"], "description": "What happened."}}
    schemas["CallHeldEvent"] = {
        **schemas["CallQueuedEvent"],
        "properties": schemas["CallQueuedEvent"]["properties"] | event,
    }
    post = webhooks["call.queued"]["post"]
    held = {**post, "operationId": "on_call_held", "requestBody": body(ref("CallHeldEvent"))}
    webhooks["call.held"] = {"post": held}


@row(
    "Webhooks whose body has an `event` with one value",
    "events: `construct_event` returns the model",
    an_event,
    """
from pamela import CallHeldEvent, WebhookEvent

event: WebhookEvent = CallHeldEvent(event="call.held")
""",
)
def _(scene: Scene) -> None:
    events = importlib.import_module(f"{scene.package.__name__}.events")
    assert type(events.as_event({"event": "call.held"})) is scene.package.CallHeldEvent


def without_events(document: dict[str, Any]) -> None:
    events = [name for name in document["components"]["schemas"] if name.endswith("Event")]
    document["webhooks"] = {"tool.invocation": document["webhooks"]["tool.invocation"]}
    for name in events:
        del document["components"]["schemas"][name]


@row("No events among the webhooks", "every event is an `UnknownEvent`", without_events, "")
def _(scene: Scene) -> None:
    events = importlib.import_module(f"{scene.package.__name__}.events")
    assert type(events.as_event({"event": "call.queued"})) is events.UnknownEvent


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("supported"))


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


TITLES = [row.title for row in ROWS]
HEADER = """
from datetime import date, datetime
from pathlib import Path
from typing import Any, assert_type

from pamela import AsyncPamelaClient, Call, PamelaClient, Tool, TranscriptEntry, Voice

client = PamelaClient("pk_live_demo")
"""


@pytest.fixture
def scene_of(workbench: Workbench, server: Scripted) -> Iterator[Callable[[Change], Scene]]:
    """Makes the scene of a change."""
    with ExitStack() as stack:

        def make(change: Change) -> Scene:
            workbench.generate(change)
            scene = Scene(stack.enter_context(workbench.imported()), server)
            stack.callback(scene.client.close)
            return scene

        yield make


@pytest.mark.parametrize("row", ROWS, ids=TITLES)
def test_behaviour(scene_of: Callable[[Change], Scene], row: Row) -> None:
    row.behaviour(scene_of(row.change))


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=TITLES)
def test_types(workbench: Workbench, row: Row) -> None:
    workbench.generate(row.change)
    assert workbench.type_errors(HEADER + row.types) == ""


def test_async_methods_send_the_same(scene_of: Callable[[Change], Scene]) -> None:
    scene = scene_of(every_parameter)
    scene.answers(OK)
    assert scene.run(lambda client: client.get_thing("a", "b", 1, rate=2)).name == "check"
    assert scene.sent_to == ("GET", "/things/a/b/1?rate=2")


def test_operations_are_functions_too(scene_of: Callable[[Change], Scene]) -> None:
    scene = scene_of(every_parameter)
    scene.answers(OK)
    get_thing = importlib.import_module(f"{scene.package.__name__}._generated.api.tools.get_thing")
    request = get_thing.build_request("a/b", "c", 1)
    assert request.path_arguments == {"thing-id": "a/b", "from": "c", "count": "1"}
    assert request.path == f"{API}/things/a%2Fb/c/1"
    tool = scene.run(lambda client: get_thing.asyncio(client, "a", "b", 1))
    assert get_thing.sync(scene.client, "a", "b", 1) == tool == OK


def test_generating_in_another_order_gives_the_same_names(workbench: Workbench) -> None:
    workbench.generate(values)
    with workbench.imported() as package:
        assert {member.name: member.value for member in package.Grade} == NAMES
