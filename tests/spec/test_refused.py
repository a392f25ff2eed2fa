"""What the generator refuses: one sentence that names the place, and the package stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from custom.__main__ import GENERATED, main
from custom.checks import EXTENSIONS
from custom.errors import GenerationError

from .changes import add, body, fields, operation, parameter, ref, response
from .conftest import ROOT
from .packages import Workbench

Change = Callable[[dict[str, Any]], object]


def adding(**more: Any) -> Change:
    """Return a change that adds POST /things."""
    return lambda document: add(document, "/things", "post", operation("do_thing", **more))


def with_parameter(*arguments: Any, **more: Any) -> Change:
    return adding(parameters=[parameter(*arguments, **more)])


def schema(name: str, **changes: Any) -> Change:
    """Return a change of a schema."""
    return lambda document: document["components"]["schemas"].setdefault(name, {}).update(changes)


def of_operation(name: str, **changes: Any) -> Change:
    """Return a change of an operation."""

    def change(document: dict[str, Any]) -> None:
        for item in document["paths"].values():
            for found in item.values():
                if found["operationId"] == name:
                    found.update(changes)

    return change


def same_event(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["CallStartedEvent"]["properties"]["event"] = schemas["CallQueuedEvent"]["properties"]["event"]


def inline_event(document: dict[str, Any]) -> None:
    document["webhooks"]["call.queued"]["post"]["requestBody"] = body({"type": "object"})


def two_titles(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["Call"]["properties"]
    properties["cost"] = {"title": "Cost", **fields(amount={"type": "number"})}
    properties["price"] = {"title": "Cost", **fields(amount={"type": "integer"})}


NOT_SUPPORTED = ", which is not supported."
INLINE = fields(a={"type": "string"})
STRINGS = {"type": "array", "items": {"type": "string"}}
ERROR_CODES = 14

REFUSED: dict[str, tuple[Change, str]] = {
    "an operation without an operationId": (
        adding(operationId=""),
        "POST /api/b2b/v1/things has no operationId, which names the method.",
    ),
    "an operationId that cannot be a name": (
        adding(operationId="1st"),
        "POST /api/b2b/v1/things has the operationId '1st', not a name of Python" + NOT_SUPPORTED,
    ),
    "two operations with one operationId": (
        adding(operationId="create_call"),
        "POST /api/b2b/v1/things has the operationId 'create_call', which POST /api/b2b/v1/calls has too.",
    ),
    "two operationIds that are one name in Python": (
        adding(operationId="createCall"),
        "POST /api/b2b/v1/things would be the method create_call, as POST /api/b2b/v1/calls is" + NOT_SUPPORTED,
    ),
    "an operationId that type hints use": (
        adding(operationId="list"),
        "POST /api/b2b/v1/things has the operationId 'list', a name that type hints use" + NOT_SUPPORTED,
    ),
    "a path whose parameter is not declared": (
        lambda document: add(document, "/things/{id}", "post", operation("do_thing")),
        "POST /api/b2b/v1/things/{id} does not say what the parameter id of its path is.",
    ),
    "a path with what a URL cannot have": (
        lambda document: add(document, '/"things"', "post", operation("do_thing")),
        'POST /api/b2b/v1/"things" has \'"\' in its path, which must be escaped there.',
    ),
    "a path parameter that the path lacks": (
        with_parameter("path", "id", {"type": "string"}),
        "POST /api/b2b/v1/things has the path parameter id, which its path lacks.",
    ),
    "a header that the clients set": (
        with_parameter("header", "Authorization", {"type": "string"}),
        "do_thing: the parameter Authorization is a header that the clients set themselves" + NOT_SUPPORTED,
    ),
    "a list of objects or lists in a query": (
        with_parameter("query", "filters", {"type": "array", "items": {"type": "object"}}),
        "do_thing: the parameter filters is a list of objects" + NOT_SUPPORTED,
    ),
    "a schema that is nothing but a part of itself": (
        schema("Endless", type="array", items=ref("Endless")),
        "The schema Endless is a part of itself, with no object with fields in between" + NOT_SUPPORTED,
    ),
    "a parameter in a cookie": (
        with_parameter("cookie", "sid", {"type": "string"}),
        "do_thing: the parameter sid is a cookie" + NOT_SUPPORTED,
    ),
    "a parameter with `content`": (
        adding(parameters=[{"name": "filter", "in": "query", "content": {"application/json": {"schema": {}}}}]),
        "do_thing: the parameter filter has `content` instead of a schema" + NOT_SUPPORTED,
    ),
    "a parameter that is an object": (
        with_parameter("query", "filter", {"type": "object"}),
        "do_thing: the parameter filter is an object" + NOT_SUPPORTED,
    ),
    "a list in a query that does not repeat its name": (
        with_parameter("query", "ids", STRINGS, explode=False),
        "do_thing: the parameter ids is a list, and not one that repeats its name in the query" + NOT_SUPPORTED,
    ),
    "a `style` other than the default": (
        with_parameter("query", "x", {"type": "string"}, style="deepObject"),
        "do_thing: the parameter x has the style deepObject" + NOT_SUPPORTED,
    ),
    "a reference to nothing": (
        adding(requestBody=body(ref("Nothing"))),
        "The reference #/components/schemas/Nothing leads to nothing in the specification.",
    ),
    "a reference to another file": (
        adding(requestBody=body({"$ref": "common.yaml#/Thing"})),
        "The reference common.yaml#/Thing leads out of the file" + NOT_SUPPORTED,
    ),
    "a pattern that Python has no form for": (
        with_parameter("query", "x", {"type": "string", "pattern": r"^\p{L}$"}),
        r"do_thing: the parameter x has a pattern that Python cannot read (bad escape \p at position 1)"
        + NOT_SUPPORTED,
    ),
    "two arguments with one name": (
        adding(parameters=[parameter("query", "name", {"type": "string"})], requestBody=body(ref("ToolDefinition"))),
        "do_thing: has several arguments that would be called name" + NOT_SUPPORTED,
    ),
    "a request whose body is not an object": (
        adding(requestBody=body({"type": "array", "items": ref("Tool")})),
        "do_thing: the request has a body that is not an object with fields" + NOT_SUPPORTED,
    ),
    "a field that is required and not described": (
        schema("UsageQuota", required=["limit"]),
        "components > schemas > UsageQuota requires 'limit', which is not one of its fields.",
    ),
    "a parameter that is there twice": (
        adding(parameters=[parameter("query", "a", {"type": "string"}), parameter("query", "a", {"type": "integer"})]),
        "POST /api/b2b/v1/things has the query parameter a twice.",
    ),
    "`nullable`, as OpenAPI 3.0 has it": (
        schema("UsageQuota", properties={"partner_limit": {"type": "integer", "nullable": True}}),
        "components > schemas > UsageQuota > properties > partner_limit has nullable, which OpenAPI 3.1 says as a type: "
        "[..., 'null'].",
    ),
    "an exclusive bound that is not a number": (
        with_parameter("query", "x", {"type": "integer", "exclusiveMinimum": True}),
        "paths > /api/b2b/v1/things > post > parameters > 0 > schema has exclusiveMinimum: True, which is a number in "
        "OpenAPI 3.1.",
    ),
    "another version of OpenAPI": (
        lambda document: document.update(openapi="3.0.3"),
        "The specification is OpenAPI 3.0.3, not 3.1" + NOT_SUPPORTED,
    ),
    "a request of another media type": (
        adding(requestBody={"content": {"application/xml": {"schema": INLINE}}}),
        "do_thing: the request has a body of application/xml" + NOT_SUPPORTED,
    ),
    "a request of `multipart/form-data` without a file": (
        adding(requestBody={"content": {"multipart/form-data": {"schema": INLINE}}}),
        "do_thing: the request is multipart/form-data without a file (format: binary)" + NOT_SUPPORTED,
    ),
    "a response that is XML": (
        adding(responses={"200": {"description": "A thing.", "content": {"application/xml": {"schema": {}}}}}),
        "do_thing: the response has a body of application/xml" + NOT_SUPPORTED,
    ),
    "a response that is JSON or a stream of events, by its status": (
        adding(
            responses=response(ref("Tool")) | {"206": {"description": "All.", "content": {"text/event-stream": {}}}}
        ),
        "do_thing: has responses of several kinds, Tool, a stream of Any" + NOT_SUPPORTED,
    ),
    "a stream of events of two models without a `discriminator`": (
        adding(
            responses={
                "200": {
                    "description": "Events.",
                    "content": {"text/event-stream": {"schema": {"oneOf": [ref("Tool"), ref("Usage")]}}},
                }
            }
        ),
        "do_thing: has events of several kinds, Tool, Usage" + NOT_SUPPORTED,
    ),
    "a response that is JSON or something else, by its status": (
        adding(responses=response(ref("Tool")) | {"206": {"description": "A part.", "content": {"audio/wav": {}}}}),
        "do_thing: has responses of several kinds, Tool, bytes" + NOT_SUPPORTED,
    ),
    "an operation that never succeeds": (
        adding(responses={"404": {"description": "None."}}),
        "do_thing: has no response that is a success" + NOT_SUPPORTED,
    ),
    "a response of two models without a `discriminator`": (
        adding(responses=response({"oneOf": [ref("Tool"), ref("Usage")]})),
        "do_thing: has responses of several kinds, Tool, Usage" + NOT_SUPPORTED,
    ),
    "a response with an object that has neither a schema of its own nor a `title`": (
        adding(responses=response(INLINE)),
        "do_thing: the response has an object without a schema of its own in components/schemas" + NOT_SUPPORTED,
    ),
    "a list of such objects": (
        adding(responses=response({"type": "array", "items": INLINE})),
        "do_thing: the response has an object without a schema of its own in components/schemas" + NOT_SUPPORTED,
    ),
    "two schemas with one `title`": (
        two_titles,
        "components > schemas > Call > properties > price has the title 'Cost', which "
        "components > schemas > Call > properties > cost has too for another schema.",
    ),
    "a webhook whose body has no schema of its own": (
        inline_event,
        "The webhook call.queued has a body that is not an object with a schema of its own" + NOT_SUPPORTED,
    ),
    "two models of one event": (
        same_event,
        "The event call.queued has several models, CallQueuedEvent and CallStartedEvent" + NOT_SUPPORTED,
    ),
    "a schema with a name that generated code uses": (
        schema("Request", type="string", description="A name.", enum=["a"]),
        "The schema Request has a name that the generated modules use themselves" + NOT_SUPPORTED,
    ),
    "a schema with a name that the package has": (
        schema("Timeout", type="string", description="A name.", enum=["a"]),
        "The schema Timeout has a name that the package has already" + NOT_SUPPORTED,
    ),
    "an operation with a name that the clients use": (
        adding(operationId="close"),
        "POST /api/b2b/v1/things has the operationId 'close', a name that the clients have already" + NOT_SUPPORTED,
    ),
    "`x-final` with a value that the enumeration lacks": (
        schema("CallStatus", **{"x-final": ["completed", "gone"]}),
        "components > schemas > CallStatus has x-final: ['completed', 'gone'], but the enumeration does not have 'gone'.",
    ),
    "`x-enum-varnames` of another number than the values": (
        schema("ErrorCode", **{"x-enum-varnames": ["ONE"]}),
        f"components > schemas > ErrorCode has x-enum-varnames: ['ONE'], which is not a list of {ERROR_CODES} names, one "
        "for each value.",
    ),
    "`x-idempotent` that is no boolean": (
        of_operation("cancel_call", **{"x-idempotent": "yes"}),
        "paths > /api/b2b/v1/calls/{call_id}/cancel > post has x-idempotent: 'yes', which is neither true nor false.",
    ),
    "`x-python-synonym` that cannot be a name": (
        with_parameter("query", "x", {"type": "string"}, **{"x-python-synonym": "a-b"}),
        "paths > /api/b2b/v1/things > post > parameters > 0 has x-python-synonym: 'a-b', which cannot be the name of an "
        "argument.",
    ),
    "`x-python-lines` of what is no list of objects": (
        schema("UsageQuota", properties={"used": {"type": "integer", "x-python-lines": "lines"}}),
        "The field used of UsageQuota has x-python-lines: 'lines', but only a list of objects, or else a text, can have that.",
    ),
    "an extension that the generator does not know": (
        of_operation("cancel_call", **{"x-idempotnt": True}),
        "paths > /api/b2b/v1/calls/{call_id}/cancel > post has x-idempotnt: True, not one of "
        + ", ".join(EXTENSIONS)
        + ".",
    ),
    "servers of one operation": (
        of_operation("get_usage", servers=[{"url": "https://usage.thisispamela.com"}]),
        "GET /api/b2b/v1/usage has servers of its own" + NOT_SUPPORTED,
    ),
    "a server with variables": (
        lambda document: document.update(
            servers=[{"url": "https://{region}.thisispamela.com", "variables": {"region": {"default": "eu"}}}]
        ),
        "The server https://{region}.thisispamela.com has variables" + NOT_SUPPORTED,
    ),
    "no server": (
        lambda document: document.pop("servers"),
        "The specification has no servers, of which the first is the default base_url.",
    ),
    "another security than the API key, or none": (
        of_operation("get_usage", security=[]),
        "GET /api/b2b/v1/usage has a security other than bearerAuth, the API key that the clients send" + NOT_SUPPORTED,
    ),
    "callbacks": (
        of_operation("create_call", callbacks={"done": {"{$request.body#/url}": {"post": {"responses": {}}}}}),
        "POST /api/b2b/v1/calls has callbacks" + NOT_SUPPORTED,
    ),
}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("refused"))


@pytest.fixture
def before(workbench: Workbench) -> Iterator[dict[Path, bytes]]:
    """The package as it was, as which it stays."""
    modules = {module: module.read_bytes() for module in (workbench.package / "_generated").rglob("*.py")}
    yield modules
    assert modules == {module: module.read_bytes() for module in (workbench.package / "_generated").rglob("*.py")}


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused(workbench: Workbench, change: Change, sentence: str) -> None:
    with pytest.raises(GenerationError) as refused:
        workbench.generate(change)
    assert str(refused.value) == sentence


def without(*path: str) -> Change:
    """Return a change that leaves a part out."""

    def change(document: dict[str, Any]) -> None:
        for part in path[:-1]:
            document = document[part]
        del document[path[-1]]

    return change


INCOMPLETE: dict[str, tuple[Change, str]] = {
    "a parameter without a place": (
        without("components", "parameters", "Limit", "in"),
        "components > parameters > Limit has no in.",
    ),
    "a response without a description": (
        without("paths", "/api/b2b/v1/usage", "get", "responses", "200", "description"),
        "paths > /api/b2b/v1/usage > get > responses > 200 has no description.",
    ),
    "an operation without responses": (
        without("paths", "/api/b2b/v1/usage", "get", "responses"),
        "paths > /api/b2b/v1/usage > get has no responses.",
    ),
    "a type that does not exist": (
        schema("Voice", type="text"),
        "components > schemas > Voice > type is not right: Input should be 'string', 'number', 'integer', 'boolean', "
        "'array', 'object' or 'null'.",
    ),
    "an enumeration of values that Python would give one name": (
        schema("Voice", enum=["a b", "a_b"]),
        "components > schemas > Voice has the values 'a b' and 'a_b', which would both be A_B; give x-enum-varnames.",
    ),
    "a value of which no name can be made": (
        schema("Voice", enum=["+"]),
        "components > schemas > Voice has the value '+', of which no name can be made; give x-enum-varnames.",
    ),
    "an enumeration of several types": (
        schema("Voice", enum=["a", 1]),
        "components > schemas > Voice is an enumeration of ['a', 1], neither of texts only nor of whole numbers only"
        + NOT_SUPPORTED,
    ),
    "a list without items": (
        schema("CallPage", properties={"items": {"type": "array"}}),
        "components > schemas > CallPage > properties > items is a list without `items`.",
    ),
    "`allOf` with something that is no object": (
        schema("CallPage", allOf=[ref("Voice")]),
        "components > schemas > CallPage has allOf with Voice, which is not an object" + NOT_SUPPORTED,
    ),
    "a default that the type does not allow": (
        schema("UsageQuota", properties={"partner_limit": {"type": "integer", "default": "soon"}}),
        "openapi-python-client cannot read the specification: Unable to process schema "
        "/components/schemas/UsageQuota: Invalid int value: soon.",
    ),
}


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(("change", "sentence"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_mistakes_of_openapi(workbench: Workbench, change: Change, sentence: str) -> None:
    with pytest.raises(GenerationError) as refused:
        workbench.generate(change)
    assert str(refused.value) == sentence


TEXTS = {
    "an empty file": ("", "openapi.yaml is empty."),
    "a file with nothing but comments": ("# later\n", "openapi.yaml is empty."),
    "broken YAML": (
        "openapi: 3.1.0\ninfo:\n  title: [Pamela\n",
        "openapi.yaml, line 4, column 1: this is not YAML: expected ',' or ']', but got '<stream end>'.",
    ),
    "a tab for indentation": (
        "openapi: 3.1.0\ninfo:\n\ttitle: Pamela\n",
        "openapi.yaml, line 3, column 1: this is not YAML: found character '\\t' that cannot start any token.",
    ),
    "a key that is there twice": (
        "openapi: 3.1.0\nopenapi: 3.1.0\n",
        'openapi.yaml, line 2, column 1: this is not YAML: found duplicate key "openapi" with value "3.1.0" (original '
        'value: "3.1.0").',
    ),
    "a key that is no text": (
        "openapi: 3.1.0\n~: 1\n",
        "The specification has the key None, which is not text; quote it.",
    ),
    "a list": ("- a\n", "openapi.yaml has a list at its top instead of an OpenAPI object."),
    "no OpenAPI": ("title: Pamela\n", "The specification has no info."),
}


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(("text", "sentence"), TEXTS.values(), ids=TEXTS)
def test_files_that_are_not_openapi(
    workbench: Workbench, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    file = workbench.package / "openapi.yaml"
    file.write_text(text)

    status = main(["--spec", str(file), "--package", str(workbench.package / "_generated")])

    assert (status, capsys.readouterr()) == (1, ("", f"{sentence}\n"))


def test_a_status_need_not_be_quoted(tmp_path: Path) -> None:
    text = (ROOT / "openapi.yaml").read_text()
    file = tmp_path / "openapi.yaml"
    file.write_text(text.replace("'200':", "200:"))
    assert "'200':" in text
    assert main(["--check", "--spec", str(file)]) == 0


def test_broken_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.json"
    file.write_text('{"openapi": "3.1.0",\n "info" 1}')
    assert main(["--spec", str(file)]) == 1
    assert capsys.readouterr().err == "openapi.json, line 2, column 9: this is not JSON: Expecting ':' delimiter.\n"


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--spec", str(tmp_path / "openapi.yaml")]) == 1
    assert capsys.readouterr().err == "Could not read openapi.yaml: No such file or directory.\n"


def test_a_file_that_is_not_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_bytes(b"openapi: \xff\n")
    assert main(["--spec", str(file)]) == 1
    assert capsys.readouterr().err == "openapi.yaml is not UTF-8: invalid start byte at byte 9.\n"


def test_the_committed_code_is_that_of_the_specification(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_names_what_differs_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    schema("Voice", enum=["male", "female"])(document)
    file = tmp_path / "openapi.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    voice = (GENERATED / "models" / "voice.py").read_bytes()

    assert main(["--check", "--spec", str(file)]) == 1

    assert capsys.readouterr().err == "Run `make generate`: openapi.yaml gives another models/voice.py, types.py.\n"
    assert (GENERATED / "models" / "voice.py").read_bytes() == voice
