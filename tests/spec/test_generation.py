"""What contracts may hold: what is generated of it works, and what cannot be generated is named in one sentence."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pamela import Voice
from pamela._core.model import as_datetimes, as_enums
from pamela.sandbox.specification import Specification

from .conftest import DOCUMENT, copy_project, edit_specification, run
from .test_change import generate, modules, python


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(location: str, name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    required = location == "path"
    return {"name": name, "in": location, "required": required, "description": "A part.", "schema": schema, **more}


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "The answer.", "content": {"application/json": {"schema": schema}}}}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def operation(name: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["tools"],
        "summary": "Do something",
        "security": [{"bearerAuth": []}],
        "responses": answer(ref("Tool")),
        **more,
    }


def add(document: dict[str, Any], path: str, method: str, added: dict[str, Any]) -> None:
    document["paths"].setdefault(path, {})[method] = added


def add_arguments(document: dict[str, Any]) -> None:
    """Add an operation with arguments of every kind."""
    parameters = [
        parameter("path", "from", {"type": "string"}),
        parameter("path", "count", {"type": "integer"}),
        parameter("query", "dry-run", {"type": "boolean"}),
        parameter("query", "voices", {"type": "array", "items": ref("Voice")}),
        parameter("query", "text", {"type": "string"}),
        parameter("query", "since", {"type": "string", "format": "date"}),
        parameter("query", "rate", {"type": "number", "exclusiveMinimum": 0}),
        parameter("header", "X-Count", {"type": "integer"}),
        parameter("header", "X-Tenant", {"type": "string"}, required=True),
    ]
    fields = {
        "self": {"type": "string", "description": "A name that methods use."},
        "note": {"type": ["string", "null"], "description": "A note."},
        "voice": {"oneOf": [ref("Voice"), {"type": "null"}], "description": "A voice."},
        "price": {"type": "string", "pattern": r"^[0-9]+\$", "description": "A price."},
        "letter": {"type": "string", "pattern": "^a$|^b$", "description": "A letter."},
        "tags": {"type": "array", "items": {"type": "string"}, "description": "Tags."},
        "options": {"type": "object", "additionalProperties": True, "description": "Options."},
        "vip": {"type": "boolean", "description": "Whether it matters."},
        "any": {"description": "Anything."},
    }
    required = ["note", "tags", "options", "vip", "any"]
    document["components"]["schemas"]["ThingRequest"] = {
        "type": "object",
        "description": "A thing.",
        "required": required,
        "properties": fields,
    }
    path = "/api/b2b/v1/things/{thing-id}/{from}/{count}"
    document["paths"][path] = {"parameters": [parameter("path", "thing-id", {"type": "string"})]}
    add(document, path, "post", operation("do_thing", parameters=parameters, requestBody=body(ref("ThingRequest"))))


def add_answers(document: dict[str, Any]) -> None:
    """Add operations with answers of every kind."""
    schemas = document["components"]["schemas"]
    schemas["Kind"] = {"type": "string", "description": "A kind.", "enum": ["big", "small"]}
    schemas["thing.report"] = {
        "type": "object",
        "description": "A report.",
        "properties": {
            "parent": {"anyOf": [ref("thing.report"), {"type": "null"}], "description": "The one before."},
            "call": {**ref("Call"), "description": "A call."},
            "kinds": {"type": "array", "items": ref("Kind"), "description": "Kinds."},
            "dates": {"type": "array", "items": {"type": "string", "format": "date-time"}, "description": "Dates."},
            "origin": {"oneOf": [ref("Tool"), ref("Usage")], "description": "Where it is from."},
            'a "quoted" name': {"type": "string", "description": "A field."},
            "id": {"type": "string", "format": "uuid", "description": "Names it."},
        },
    }
    schemas["Call"]["properties"]["reports"] = {
        "type": "array",
        "items": ref("thing.report"),
        "description": "Its reports.",
    }
    schemas["Reports"] = {"type": "array", "description": "Reports.", "items": ref("thing.report")}
    add(document, "/api/b2b/v1/reports", "get", operation("list_reports", responses=answer(ref("Reports"))))
    add(document, "/api/b2b/v1/addresses", "get", operation("get_addresses", responses=answer(ref("CallWebhooks"))))
    add(document, "/api/b2b/v1/schema", "get", operation("get_schema", responses=answer(ref("JsonSchema"))))
    nothing_or_tool = {**answer(ref("Tool")), "204": {"description": "Nothing."}}
    add(document, "/api/b2b/v1/perhaps", "get", operation("get_perhaps", responses=nothing_or_tool))


def add_event(document: dict[str, Any]) -> None:
    """Add an event whose name is the only value of an enumeration."""
    schemas, webhooks = document["components"]["schemas"], document["webhooks"]
    held = schemas["CallQueuedEvent"]["properties"] | {
        "event": {"type": "string", "enum": ["call.held"], "description": "What happened."}
    }
    schemas["CallHeldEvent"] = {**schemas["CallQueuedEvent"], "properties": held}
    webhooks["call.held"] = {
        "post": {
            **webhooks["call.queued"]["post"],
            "operationId": "on_call_held",
            "requestBody": body(ref("CallHeldEvent")),
        }
    }


def add_everything(document: dict[str, Any]) -> None:
    add_arguments(document)
    add_answers(document)
    add_event(document)


PROBE = """
import importlib, inspect, json, pkgutil
import httpx, pamela
from pamela import *
from pamela._generated import api, models

sent, answers = [], []

def serve(request):
    sent.append([str(request.url), request.headers.get("x-count"), json.loads(request.content or "null")])
    return httpx.Response(200, json=answers.pop() if answers else {})

def refusal(*arguments, **more):
    try:
        return client.do_thing("a", "b", 1, *arguments, **more)
    except ValidationError as error:
        return str(error)

for module in pkgutil.walk_packages(api.__path__, api.__name__ + "."):
    importlib.import_module(module.name)
loaded = [getattr(models, name) for name in models.__all__]
client = PamelaClient("pk_live_demo", "http://127.0.0.1:1", transport=httpx.MockTransport(serve))
rest = ([], {}, True, 5)
client.do_thing("a/b", "c", 0, None, *rest, self_="s", voice=Voice.AUTO, price="5$", letter="b", dry_run=True,
                voices=[Voice.MALE, "new"], text="t", since="2026-03-14", rate=0.5, x_count=3, x_tenant="acme")
refusals = [
    refusal(None, None, *rest[1:], x_tenant="acme"),
    refusal(None, [], None, *rest[2:], x_tenant="acme"),
    refusal(None, [], {}, None, 5, x_tenant="acme"),
    refusal(None, [], {}, True, None, x_tenant="acme"),
    refusal(None, *rest, x_tenant=None),
    refusal(None, *rest, x_tenant="ü"),
    refusal(None, *rest, x_tenant="acme", dry_run="yes"),
    refusal(None, *rest, x_tenant="acme", rate=0),
    refusal(None, *rest, x_tenant="acme", since="soon"),
    refusal(None, *rest, x_tenant="acme", letter="a\\n"),
]
report = {
    "parent": {"kinds": ["big"]},
    "call": {"id": "c", "reports": [{"dates": ["2026-03-14T15:09:26Z"]}]},
    "kinds": ["small", "new"],
    "origin": {"period": "2026-03"},
    'a "quoted" name': "q",
}
answers += [{"name": "n"}, {"type": "object"}, {"webhook_url": "w"}, [report]]
(report,) = client.list_reports()
addresses, schema, perhaps = client.get_addresses(), client.get_schema(), client.get_perhaps()
print(json.dumps({
    "sent": sent[0],
    "refusals": refusals,
    "note": str(inspect.signature(client.do_thing).parameters["note"]),
    "kinds": [type(report).__name__, report.kinds[0] is Kind.SMALL, report.parent.kinds == ["big"], str(report.kinds[1])],
    "cycle": [type(report.call).__name__, report.call.reports[0].dates[0].year],
    "origin": [type(report.origin).__name__, ThingReport.origin.fget.__annotations__["return"]],
    "quoted": report.a_quoted_name,
    "addresses": [type(addresses).__name__, addresses.webhook_url, CallWebhooks(webhook_url="w") == addresses],
    "any": [schema, perhaps],
    "documentation": inspect.getdoc(PamelaClient.get_addresses).splitlines()[:4],
    "event": type(pamela.events.as_event({"event": "call.held"})).__name__,
    "public": sorted({"Kind", "ThingReport", "CallHeldEvent", "ThingRequest", "JsonSchema"} & {*pamela.__all__}),
}))
"""


TYPED_USE = """
from datetime import date, datetime
from typing import Any, assert_type

from pamela import Call, Kind, PamelaClient, ThingReport, Tool

client = PamelaClient("pk_live_demo")
tool = client.do_thing("a", "b", 1, None, ["t"], {}, True, 5, since=date(2026, 3, 14), x_tenant="acme")
assert_type(tool, Tool)
reports = client.list_reports()
assert_type(reports, list[ThingReport])
assert_type(reports[0].parent, ThingReport | None)
assert_type(reports[0].call, Call | None)
assert_type(reports[0].kinds, list[Kind] | None)
assert_type(reports[0].dates, list[datetime] | None)
assert_type(reports[0].origin, Any)
assert_type(client.get_schema(), Any)
client.do_thing("a", "b", "1", None, ["t"], {}, True, 5, x_tenant="acme")  # type: ignore[arg-type]
client.do_thing("a", "b", 1, None, ["t"], {}, True, 5)  # type: ignore[call-arg]
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose contract has everything, with its code generated."""
    project = copy_project(tmp_path_factory.mktemp("grown") / "project")
    edit_specification(project, add_everything)
    generate(project)
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("generation") / "project")


def test_what_a_contract_can_hold(grown: Path) -> None:
    found = json.loads(python(grown, "-c", PROBE))

    assert found.pop("refusals") == [
        "tags=None must be a list, not NoneType.",
        "options=None must be a dict, not NoneType.",
        "vip=None must be a bool, not NoneType.",
        "any_=None is required.",
        "x_tenant=None must be a str, not NoneType. A part.",
        "x_tenant='ü' is not valid. A part.",
        "dry_run='yes' must be a bool, not str.",
        "rate=0 must be more than 0. A part.",
        "since='soon' is not ISO 8601. Example: '2026-03-14T15:09:26Z'.",
        "letter='a\\n' is not valid. A letter.",
    ]
    url = "http://127.0.0.1:1/api/b2b/v1/things/a%2Fb/c/0?dry-run=true&voices=male&voices=new&text=t&since=2026-03-14"
    sent: dict[str, Any] = {
        "self": "s",
        "note": None,
        "voice": "auto",
        "price": "5$",
        "letter": "b",
        "tags": [],
        "options": {},
        "vip": True,
        "any": 5,
    }
    assert found == {
        "sent": [f"{url}&rate=0.5", "3", sent],
        "note": "note: 'str | None'",
        "kinds": ["ThingReport", True, True, "new"],
        "cycle": ["Call", 2026],
        "origin": ["dict", "Any"],
        "quoted": "q",
        "addresses": ["CallWebhooks", "w", True],
        "any": [{"type": "object"}, {"name": "n"}],
        "documentation": ["Do something.", "", "Returns:", "    The answer."],
        "event": "CallHeldEvent",
        "public": ["CallHeldEvent", "Kind", "ThingReport"],
    }


def test_what_a_contract_can_hold_is_typed(grown: Path, tmp_path: Path) -> None:
    use = tmp_path / "typed_use.py"
    use.write_text(TYPED_USE)

    python(grown, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}", str(use))


def without_webhooks(document: dict[str, Any]) -> None:
    events = [name for name in document["components"]["schemas"] if name.endswith("Event")]
    del document["webhooks"]
    for name in events:
        del document["components"]["schemas"][name]


def test_a_contract_without_webhooks(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    edit_specification(project, without_webhooks)
    generate(project)

    found = python(project, "-c", "import pamela.events; print(pamela.events.as_event({'event': 'call.queued'}))")

    assert found == "{'event': 'call.queued'}\n"


def adding(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: add(document, "/api/b2b/v1/things", "post", operation("do_thing", **more))


def inline_event(document: dict[str, Any]) -> None:
    document["webhooks"]["call.queued"]["post"]["requestBody"] = body({"type": "object"})


def same_event(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["CallStartedEvent"]["properties"]["event"] = schemas["CallQueuedEvent"]["properties"]["event"]


def taken_name(name: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["components"]["schemas"][name] = {"type": "string", "description": "A name.", "enum": ["a"]}

    return change


INLINE = {"type": "object", "title": "Inline", "properties": {"a": {"type": "string"}}}
FORM = {"content": {"multipart/form-data": {"schema": INLINE}}}

REFUSED: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (adding(operationId="do-thing"), "POST /api/b2b/v1/things has the operationId 'do-thing', not a name of Python"),
    (
        adding(parameters=[parameter("cookie", "sid", {"type": "string"})]),
        "do_thing: the parameter sid is a cookie",
    ),
    (
        adding(parameters=[{"name": "filter", "in": "query", "content": {"application/json": {"schema": {}}}}]),
        "do_thing: the parameter filter has `content` instead of a schema",
    ),
    (
        adding(parameters=[parameter("query", "filter", {"type": "object"})]),
        "do_thing: the parameter filter is an object",
    ),
    (
        adding(parameters=[parameter("query", "ids", {"type": "array", "items": {"type": "string"}}, explode=False)]),
        "do_thing: the parameter ids is a list, and not one that repeats its name in the query",
    ),
    (
        adding(parameters=[parameter("query", "x", {"type": "string"}, style="deepObject")]),
        "do_thing: the parameter x has the style deepObject",
    ),
    (
        adding(requestBody=body(ref("Nothing"))),
        "The reference #/components/schemas/Nothing leads to nothing in the specification",
    ),
    (
        adding(parameters=[parameter("query", "x", {"type": "string", "pattern": r"^\p{L}$"})]),
        "do_thing: the parameter x has a pattern that Python cannot read (bad escape \\p at position 1)",
    ),
    (
        adding(
            parameters=[parameter("query", "name", {"type": "string"})],
            requestBody=body(ref("ToolDefinition")),
        ),
        "do_thing: has several arguments that would be called name",
    ),
    (
        adding(requestBody=body({"type": "array", "items": ref("Tool")})),
        "do_thing: the request has a body that is not an object with fields",
    ),
    (adding(requestBody=FORM), "do_thing: the request has a body of multipart/form-data"),
    (adding(responses={"404": {"description": "None."}}), "do_thing: has no response that is a success"),
    (
        adding(responses=answer({"oneOf": [ref("Tool"), ref("Usage")]})),
        "do_thing: has responses of several kinds, Tool, Usage",
    ),
    (
        adding(responses=answer(INLINE)),
        "do_thing: the response has an object without a schema of its own in components/schemas",
    ),
    (
        adding(responses=answer({"type": "array", "items": INLINE})),
        "do_thing: the response has an object without a schema of its own in components/schemas",
    ),
    (inline_event, "The webhook call.queued has a body that is not an object with a schema of its own"),
    (same_event, "The event call.queued has several models, CallQueuedEvent and CallStartedEvent"),
    (taken_name("Request"), "The schema Request has a name that the generated modules use themselves"),
]


@pytest.mark.parametrize(("change", "problem"), REFUSED)
def test_what_is_not_supported(project: Path, change: Callable[[dict[str, Any]], None], problem: str) -> None:
    contract = project / "openapi.yaml"
    text, before = contract.read_text(), modules(project)
    edit_specification(project, change)

    result = run([sys.executable, "-m", "custom"], cwd=project)
    contract.write_text(text)

    assert (result.stdout, result.returncode) == (f"{problem}, which is not supported.\n", 1)
    assert modules(project) == before


def test_what_would_not_be_python(project: Path) -> None:
    contract = project / "openapi.yaml"
    text, before = contract.read_text(), modules(project)
    edit_specification(project, lambda document: name_error_code(document, "RATE LIMIT"))

    result = run([sys.executable, "-m", "custom"], cwd=project)
    contract.write_text(text)

    assert result.stdout.startswith(
        "_generated/models/error_code.py would not be Python: invalid syntax in 'RATE LIMIT"
    )
    assert result.returncode == 1
    assert modules(project) == before


def name_error_code(document: dict[str, Any], name: str) -> None:
    document["components"]["schemas"]["ErrorCode"]["x-enum-varnames"][0] = name


def test_lists_are_viewed_item_by_item() -> None:
    assert as_enums(Voice, ["male", "new", 5]) == [Voice.MALE, Voice("new"), 5]
    assert as_datetimes(["2026-03-14T15:09:26Z", "soon"]) == [datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "soon"]
    assert as_enums(Voice, "male") == as_datetimes("male") == "male"


def test_the_sandbox_knows_the_parameters_of_a_path() -> None:
    document = copy.deepcopy(DOCUMENT)
    item = document["paths"]["/api/b2b/v1/calls"]
    limit, offset = ({"$ref": f"#/components/parameters/{name}"} for name in ("Limit", "Offset"))
    item["parameters"] = [limit, parameter("query", "offset", {"type": "string"})]
    item["get"]["parameters"] = [offset]

    specification = Specification(json.dumps(document).encode())
    (list_calls,) = (each for each in specification.operations if each.id == "list_calls")
    values, issues = list_calls.read_parameters({"limit": "5", "offset": "x"}, {})

    assert (values["limit"], [issue["loc"] for issue in issues]) == (5, [["query", "offset"]])
