"""Registered tools, and which of them a call uses with which arguments."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pamela._core.strict_json import canonical_json
from pamela.sandbox.fake_arguments import make_arguments

from .api import PREFIX, Api, body_of
from .receiver import Received, Receiver, Reply

TOOLS = f"{PREFIX}/tools"
REQUEST = {"to": "+1234567890", "task": "Check on order 1042 for John", "caller_name": "John from Acme"}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": f"Does {name}", "input_schema": {"type": "object"}, **more}


def register(api: Api, **definition: Any) -> dict[str, Any]:
    response = api.post(TOOLS, json={"tool": definition})
    assert response.status_code == 201, response.text
    return body_of(response)


def names(api: Api) -> list[str]:
    return [each["name"] for each in api.get(TOOLS).json()]


def test_a_registered_tool_is_listed_as_it_was_given(api: Api) -> None:
    schemas = {"input_schema": {"type": "object", "properties": {}}, "output_schema": {"type": "object"}}

    registered = register(api, **tool("look_up", timeout_ms=5000, **schemas))

    assert registered["success"] is True
    assert registered["message"] == "Tool look_up registered."
    assert registered["tool"]["id"] == registered["tool_id"]
    assert api.get(TOOLS).json() == [registered["tool"]]
    assert registered["tool"] == {
        **tool("look_up", timeout_ms=5000, **schemas),
        "id": registered["tool_id"],
        "active": True,
        "created_at": registered["tool"]["created_at"],
        "updated_at": registered["tool"]["created_at"],
    }


def test_what_a_tool_leaves_out_is_the_contracts_default(api: Api) -> None:
    registered = register(api, **tool("look_up"))["tool"]

    assert (registered["timeout_ms"], registered["output_schema"]) == (30000, None)


def test_a_deleted_tool_is_gone_and_can_be_deleted_again(api: Api) -> None:
    first, second = register(api, **tool("first")), register(api, **tool("second"))

    answers = [api.delete(f"{TOOLS}/{first['tool_id']}") for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 200
        assert body_of(answer) == {
            "success": True,
            "message": "Tool first deactivated.",
            "tool_id": first["tool_id"],
        }
    assert api.get(TOOLS).json() == [second["tool"]]


def test_an_unknown_tool_is_not_found(api: Api) -> None:
    response = api.delete(f"{TOOLS}/tool_0")

    assert (response.status_code, body_of(response)) == (404, {"detail": "Tool tool_0 not found."})


def invoked(api: Api, receiver: Receiver, task: str, tools: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    def answer(received: Received) -> Reply:
        return Reply.of({"result": "done", "correlation_id": received.json["correlation_id"]})

    receiver.answer = answer
    more: dict[str, Any] = {} if tools is None else {"tools": tools}
    api.finish(task=task, webhooks={"tool_webhook_url": receiver.tool_url}, **more)
    return [each.json for each in receiver.invocations]


def test_a_calls_own_tools_are_used_once_each_in_order(api: Api, receiver: Receiver) -> None:
    found = invoked(api, receiver, "Test call", [tool("one"), tool("two"), tool("one"), tool("three")])

    assert [each["tool_name"] for each in found] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("task", "used"),
    [
        ("Check on order 1042", ["check_order_status"]),
        ("Find out the status of the delivery", ["check_order_status"]),
        ("Ask what the WEATHERS are like", ["getWeather"]),
        ("Ask for the order and the weather", ["check_order_status", "getWeather"]),
        ("Check the opening hours", []),
    ],
)
def test_a_projects_tools_are_used_when_the_task_has_a_word_of_their_name(
    api: Api, receiver: Receiver, task: str, used: list[str]
) -> None:
    for name in ("check_order_status", "getWeather", "deleted_order"):
        registered = register(api, **tool(name))
    api.delete(f"{TOOLS}/{registered['tool_id']}")

    assert [each["tool_name"] for each in invoked(api, receiver, task)] == used


def test_arguments_come_from_the_schema_and_the_task(api: Api, receiver: Receiver) -> None:
    schema = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}

    (invocation,) = invoked(api, receiver, "Check on order 1042", [tool("look_up", input_schema=schema)])

    assert invocation["arguments"] == {"order_id": "1042"}


def test_a_tool_whose_schema_cannot_be_understood_is_invoked_without_arguments(api: Api, receiver: Receiver) -> None:
    schema = {"$ref": "#/x", "x": {"allOf": 5}}

    (invocation,) = invoked(api, receiver, "Test call", [tool("look_up", input_schema=schema)])

    assert invocation["arguments"] == {}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 0}, 0),
        ({"examples": ["rare", "well done"]}, "rare"),
        ({"default": None}, None),
        ({"enum": ["small", "large"]}, "small"),
        ({"type": "integer"}, 1042),
        ({"type": "integer", "maximum": 10}, 10),
        ({"type": "integer", "minimum": 5000, "multipleOf": 1}, 5000),
        ({"type": "number", "exclusiveMaximum": 10}, 9),
        ({"type": "number", "exclusiveMinimum": 2000.5}, 2001.5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "number", "maximum": 1, "multipleOf": 0.25, "exclusiveMinimum": 0.5}, 1),
        ({"type": "number", "minimum": 10**400}, 10**400),
        ({"type": "number", "multipleOf": 5e-324}, 1042),
        ({"type": "number", "minimum": 5, "maximum": 4}, 1042),
        ({"type": "integer", "multipleOf": 5e-324}, 1042),
        ({"type": "integer", "multipleOf": 2.5, "maximum": 9}, 5),
        ({"type": "integer", "minimum": 10, "maximum": 15, "multipleOf": 4}, 12),
        ({"type": "integer", "minimum": 2.5, "maximum": 3.5}, 3),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["string", "null"]}, "1042"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1042, 1042]),
        ({"type": "array"}, ["1042"]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, [1042, "1042"]),
        ({"type": "array", "prefixItems": [{"const": 1}], "items": {"const": 2}, "minItems": 3}, [1, 2, 2]),
        ({"type": "string", "format": "date"}, "2026-03-17"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc"),
        ({"type": "string", "minLength": 6}, REQUEST["task"]),
        ({"type": "string", "maxLength": 2}, "10"),
        ({"type": "string", "pattern": "^nothing like it$"}, "1042"),
        ({"type": "string", "minLength": 50}, "1042".ljust(50, "x")),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
        ({"properties": {"deep": {"enum": [1]}}}, {"deep": 1}),
        (True, "1042"),
        ({}, "1042"),
        ({"$ref": "#/$defs/Size"}, "medium"),
        ({"$ref": "#/$defs/a~1b/c"}, 7),
        ({"$ref": "#/$defs/Nowhere"}, "1042"),
    ],
)
def test_a_value_fits_its_schema(schema: Any, value: object) -> None:
    root = {"properties": {"value": schema}, "$defs": {"Size": {"const": "medium"}, "a/b": {"c": {"const": 7}}}}

    assert make_arguments(root, REQUEST) == {"value": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order_id", "1042"),
        ("orderNumber", "1042"),
        ("phone", "+1234567890"),
        ("customer_name", "John from Acme"),
        ("query", "Check on order 1042 for John"),
        ("anything", "1042"),
    ],
)
def test_a_text_is_guessed_from_its_name(name: str, value: str) -> None:
    assert make_arguments({"properties": {name: {"type": "string"}}}, REQUEST) == {name: value}


def test_a_task_without_numbers_has_an_id_all_the_same() -> None:
    request = {"to": "+1234567890", "task": "Ask about my order"}

    assert make_arguments({"properties": {"id": {"type": "string"}, "n": {"type": "number"}}}, request) == {
        "id": "1042",
        "n": 1,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": 12},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"type": "array", "minItems": 10**9}}},
        {"properties": {f"p{n}": {} for n in range(2000)}},
        {"properties": {"a": {"type": "number", "minimum": 0.5, "multipleOf": 0.5, "maximum": 10**400}}},
        {"properties": {"a": {"const": math.inf}}},
        {"$ref": "#/x", "x": {"allOf": 5}},
        {"$ref": "#/x", "x": {"properties": [1]}},
        {"type": "object", "properties": {"a": {"$ref": "#/x"}}, "x": {"type": "string", "minLength": "abc"}},
        {"properties": {"a": {"$ref": "#/x"}}, "x": {"type": []}},
    ],
)
def test_a_schema_that_cannot_be_met_gives_no_arguments(schema: dict[str, Any]) -> None:
    assert make_arguments(schema, REQUEST) == {}


def test_a_pattern_that_takes_for_ever_is_not_tried() -> None:
    request = {"to": "+1234567890", "task": "a" * 100 + "!"}

    assert make_arguments({"properties": {"text": {"pattern": "^(a+)+$"}}}, request) == {"text": request["task"]}


KEYWORDS = [*Draft202012Validator.VALIDATORS, "const", "default", "examples", "x"]
ODD_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["#/x", "object", "array", "integer", "number", "string", "(", "date", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYWORDS), ODD_VALUES, max_size=5))
def test_an_odd_schema_gives_arguments_that_can_be_sent(odd: dict[str, Any]) -> None:
    for schema in (odd, {"properties": {"order": {"$ref": "#/x"}}, "x": odd}):
        arguments = make_arguments(schema, REQUEST)

        assert isinstance(arguments, dict)
        canonical_json(arguments)


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    text = st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": st.integers(0, 30)})
    number = st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(-50, 0), "maximum": st.integers(1, 5000)},
    )
    leaf = text | number | st.just({"type": "boolean"}) | st.just({"enum": [3, "x"]})
    return st.recursive(
        leaf,
        lambda inner: (
            st.dictionaries(st.text(max_size=8), inner, max_size=3).map(
                lambda properties: {"type": "object", "properties": properties, "required": list(properties)}
            )
            | inner.map(lambda items: {"type": "array", "items": items, "minItems": 1})
        ),
        max_leaves=6,
    )


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), schemas(), max_size=4), st.text(min_size=1))
def test_made_up_arguments_are_valid(properties: dict[str, Any], task: str) -> None:
    schema = {"type": "object", "properties": properties, "required": list(properties)}

    arguments = make_arguments(schema, {"to": "+1234567890", "task": task})

    Draft202012Validator(schema).validate(arguments)
