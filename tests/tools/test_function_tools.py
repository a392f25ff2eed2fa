"""Tools from functions: name, description, schemas, and the conversion of arguments and results."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import re
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from functools import partial, partialmethod, singledispatch, singledispatchmethod
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

import attrs
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, field_validator
from typing_extensions import TypedDict

from pamela.tools import FunctionTool, ToolInvocation, ToolRegistry, tool


class Speed(enum.Enum):
    SLOW = "slow"
    FAST = "fast"


@dataclasses.dataclass
class Address:
    street: str
    zip: str = "10115"


@attrs.define
class Item:
    sku: str
    count: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    _tags: list[str] = attrs.field(factory=list)
    seen: bool = attrs.field(init=False, default=False)


@attrs.frozen
class Parcel:
    items: list[Item]
    to: Address
    gift: Item | None = None


class Label(BaseModel):
    text: str


class Point(NamedTuple):
    x: float
    y: float


class Note(TypedDict, total=False):
    text: str


@attrs.define
class Weight:
    grams: Any = attrs.field(validator=attrs.validators.instance_of(int))


@attrs.define
class Lost:
    there: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


@attrs.define
class Node:
    children: "list[Node]"


def run(function: Any, arguments: dict[str, Any], **overrides: Any) -> Any:
    """Answer an invocation of a function, and give the content."""
    registry = ToolRegistry()
    made = registry.add(FunctionTool(function, **{"name": "it", "description": "It.", **overrides}))
    payload = {"tool_name": made.name, "arguments": arguments, "call_id": "c", "correlation_id": "x"}
    answer = registry.invoke(json.loads(json.dumps(payload)))
    content = json.loads(answer.body)
    assert answer.status == (400 if "error" in content else 200)
    return content.get("result", content.get("error"))


def schema_of(function: Any) -> Any:
    return FunctionTool(function, description="It.").input_schema


def test_a_tool_is_described_by_its_function() -> None:
    @tool
    def check_order_status(order_id: str, fresh: bool = False) -> dict[str, str]:
        """Look up an order by ID.

        Ask for the number first.

        Args:
            order_id: The number on the receipt.
            fresh: Whether to ask the warehouse.

        Returns:
            How it stands.
        """
        return {"status": f"{order_id} {fresh}"}

    assert check_order_status.definition() == {
        "name": "check_order_status",
        "description": "Look up an order by ID.\n\nAsk for the number first.",
        "input_schema": {
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "description": "The number on the receipt."},
                "fresh": {"type": "boolean", "description": "Whether to ask the warehouse.", "default": False},
            },
            "required": ["order_id"],
            "additionalProperties": False,
        },
        "output_schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "timeout_ms": 30_000,
    }
    assert check_order_status("5", fresh=True) == {"status": "5 True"}
    assert check_order_status.__name__ == "check_order_status"
    assert repr(check_order_status) == "<FunctionTool check_order_status>"


NUMPY = """Look up an order.

Parameters
----------
order_id : str
    The number.
"""
REST = """Look up an order.

:param order_id: The number.
"""


GOOGLE = """Look up an order.

Args:
    order_id: The number.
"""


@pytest.mark.parametrize("docstring", [NUMPY, REST, GOOGLE])
def test_docstrings_of_other_styles_are_read(docstring: str) -> None:
    def look_up(order_id: str) -> None: ...

    look_up.__doc__ = docstring
    made = tool(look_up)
    assert made.description == "Look up an order."
    assert made.input_schema["properties"]["order_id"]["description"] == "The number."
    assert "output_schema" not in made.definition()


def test_one_description_may_be_of_several_arguments() -> None:
    @tool
    def distance(x: int, y: int) -> int:
        """Measure.

        Parameters
        ----------
        x, y : int
            In meters.
        """
        return x + y

    assert [each["description"] for each in distance.input_schema["properties"].values()] == ["In meters."] * 2


def test_a_section_is_no_description() -> None:
    def look_up(order_id: str) -> None:
        """
        Args:
            order_id: The number.
        """

    with pytest.raises(ValueError, match="The tool look_up has no description"):
        tool(look_up)
    assert schema_of(look_up)["properties"]["order_id"]["description"] == "The number."


def test_all_of_it_can_be_overridden() -> None:
    schema = {"type": "object", "properties": {"order": {"type": "integer", "maximum": 9}}, "required": ["order"]}

    @tool(
        name="look_up",
        description="Look up.",
        input_schema=schema,
        output_schema={"type": "string"},
        timeout_seconds=1.5,
    )
    def anything(**arguments: Any) -> Any:
        return {"got": arguments, "parcel": Item("a")}

    definition = anything.definition()
    assert (definition["name"], definition["description"]) == ("look_up", "Look up.")
    assert (definition["input_schema"], definition["output_schema"]) == (schema, {"type": "string"})
    assert definition["timeout_ms"] == 1500
    overrides = {"input_schema": schema, "output_schema": {}}
    item = {"sku": "a", "count": 1, "tags": [], "seen": False}
    assert run(anything, {"order": 5, "more": 1}, **overrides) == {"got": {"order": 5, "more": 1}, "parcel": item}
    assert run(anything, {"order": 10}, **overrides) == "Invalid arguments: order: 10 is greater than the maximum of 9"
    assert run(anything, {}, **overrides) == "Invalid arguments: $: 'order' is a required property"


def test_overridden_schemas_still_convert_by_the_hints() -> None:
    def day(date: dt.date) -> str:
        return date.strftime("%d.%m.")

    schema = {"type": "object", "properties": {"date": {"type": "string", "format": "date"}}}
    assert run(day, {"date": "2026-03-14"}, input_schema=schema) == "14.03."
    assert run(day, {"date": "soon"}, input_schema=schema).startswith("Invalid arguments: date: ")


def test_what_an_overridden_schema_allows_beyond_the_parameters_is_left_out() -> None:
    def look_up(order_id: str) -> str:
        return order_id

    schema = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
    assert run(look_up, {"order_id": "1042", "note": "urgent"}, input_schema=schema) == "1042"
    with pytest.raises(TypeError, match=r"requires 'note', which .*look_up does not take. Add the parameter, or take"):
        tool(description="It.", input_schema={"required": ["order_id", "note"]})(look_up)


def test_an_overridden_schema_may_refer_to_its_own_definitions_only() -> None:
    def order(**arguments: Any) -> Any:
        return arguments

    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"speed": {"$ref": "#/$defs/Speed"}},
        "additionalProperties": False,
        "$defs": {"Speed": {"enum": ["slow", "fast"]}},
    }
    assert run(order, {"speed": "slow"}, input_schema=schema) == {"speed": "slow"}
    assert run(order, {"speed": "medium"}, input_schema=schema).startswith("Invalid arguments: speed: 'medium' is not")
    for reference in ("#/$defs/Color", "https://example.com/color.json"):
        schema["$defs"]["Speed"] = {"$ref": reference}
        with pytest.raises(TypeError, match=r"The input_schema refers to '.*olor.*', which it does not have. Write"):
            tool(description="It.", input_schema=schema)(order)


CASES: list[tuple[Any, Any, Any]] = [
    (str, "é", "é"),
    (int, 5, 5),
    (int, 5.0, 5),
    (float, 5, 5.0),
    (bool, True, True),
    (dt.date, "2026-03-14", dt.date(2026, 3, 14)),
    (dt.datetime, "2026-03-14T15:09:26Z", dt.datetime(2026, 3, 14, 15, 9, 26, tzinfo=dt.UTC)),
    (dt.datetime, "2026-03-14T15:09:26", dt.datetime(2026, 3, 14, 15, 9, 26)),
    (dt.time, "15:09:26", dt.time(15, 9, 26)),
    (dt.timedelta, "PT90S", dt.timedelta(seconds=90)),
    (dt.timedelta, "-PT90S", dt.timedelta(seconds=-90)),
    (decimal.Decimal, "3.10", decimal.Decimal("3.10")),
    (uuid.UUID, "12345678-1234-5678-1234-567812345678", uuid.UUID("12345678-1234-5678-1234-567812345678")),
    (Speed, "fast", Speed.FAST),
    (Literal["a", "b"], "b", "b"),
    (list[dt.date], ["2026-03-14"], [dt.date(2026, 3, 14)]),
    (set[int], [1, 2], {1, 2}),
    (tuple[int, str], [1, "a"], (1, "a")),
    (dict[str, Speed], {"a": "slow"}, {"a": Speed.SLOW}),
    (dict[int, str], {"5": "a"}, {5: "a"}),
    (int | None, None, None),
    (Optional[dt.date], "2026-03-14", dt.date(2026, 3, 14)),  # noqa: UP045 - older code writes it so
    (Address, {"street": "A 1"}, Address("A 1")),
    (Item, {"sku": "a", "count": 2, "tags": ["x"]}, Item("a", 2, ["x"])),
    (Item, {"sku": "a"}, Item("a")),
    (Parcel, {"items": [{"sku": "a"}], "to": {"street": "B"}}, Parcel([Item("a")], Address("B"))),
    (
        Parcel,
        {"items": [], "to": {"street": "B", "zip": "1"}, "gift": {"sku": "g"}},
        Parcel([], Address("B", "1"), Item("g")),
    ),
    (dict[str, Item], {"a": {"sku": "a"}}, {"a": Item("a")}),
    (Annotated[list[Item], Field(max_length=2)], [{"sku": "a"}], [Item("a")]),
    (Union[Item, str], {"sku": "a"}, Item("a")),  # noqa: UP007 - older code writes it so
    (Label, {"text": "x"}, Label(text="x")),
    (Point, [1, 2.5], Point(1, 2.5)),
    (Note, {"text": "x"}, {"text": "x"}),
    (Annotated[int, Field(ge=1)], 1, 1),
    (Annotated[str, Field(pattern=r"^[a-z]+$")], "abc", "abc"),
    (Any, {"a": [None]}, {"a": [None]}),
]


@pytest.mark.parametrize(("hint", "sent", "received"), CASES, ids=[str(case[0])[:30] for case in CASES])
def test_arguments_are_converted_to_the_hinted_types_and_results_back(hint: Any, sent: Any, received: Any) -> None:
    seen = []

    def take(value: Any) -> Any:
        seen.append(value)
        return value

    take.__annotations__ = {"value": hint, "return": hint}
    made = FunctionTool(take, description="It.")
    result = run(take, {"value": sent})
    assert seen == [received]
    assert type(seen[0]) is type(received)
    jsonschema.validate({"value": sent}, made.input_schema)
    assert made.output_schema is not None
    jsonschema.validate(result, made.output_schema)


BAD: list[tuple[Any, Any, str]] = [
    (int, "5", "value: Input should be a valid integer"),
    (int, 5.5, "value: Input should be a valid integer"),
    (int, True, "value: Input should be a valid integer"),
    (str, 5, "value: Input should be a valid string"),
    (bool, 1, "value: Input should be a valid boolean"),
    (dt.date, "14.3.2026", "value: Input should be a valid date"),
    (dt.date, 20000, "value: "),
    (dt.date, "1704067200", "value: '1704067200' is not a 'date'"),
    (dt.date | None, "0", "value: '0' is not valid under any of the given schemas"),
    (dt.datetime, "1704067200", "value: '1704067200' is not a 'date-time'"),
    (dt.timedelta, "1:30:00", "value: '1:30:00' is not a 'duration'"),
    (Literal[1, 2], True, "value: True is not one of [1, 2]"),
    (set[int], [1, 1], "value: [1, 1] has non-unique elements"),
    (Speed, "medium", "value: Input should be 'slow' or 'fast'"),
    (Annotated[int, Field(ge=1)], 0, "value: Input should be greater than or equal to 1"),
    (list[int], {}, "value: Input should be a valid array"),
    (list[int], [1, "x"], "value.1: Input should be a valid integer"),
    (Item, {}, "value.sku: Field required"),
    (Item, {"sku": "a", "color": 1}, "value.color: Extra inputs are not permitted"),
    (Item, {"sku": "a", "count": 0}, "value: invalid value"),
    (Item | str, {"sku": "a", "count": 0}, "value: invalid value"),
    (Weight, {"grams": "heavy"}, "value: invalid value"),
]


def test_a_pattern_may_be_in_pydantics_dialect() -> None:
    def greet(name: Annotated[str, Field(pattern=r"^\p{L}+$")]) -> str:
        return name

    assert run(greet, {"name": "Zoë"}) == "Zoë"
    assert run(greet, {"name": "R2D2"}).startswith("Invalid arguments: name: String should match pattern")


def test_a_result_shows_all_fields_of_an_attrs_object() -> None:
    def look_up() -> Item:
        return Item("a", 2)

    assert run(look_up, {}) == {"sku": "a", "count": 2, "tags": [], "seen": False}


def test_a_result_of_another_type_than_hinted_is_given_as_it_is() -> None:
    def look_up() -> list[Item]:
        return [{"sku": "a"}, Item("b")]  # type: ignore[list-item]

    assert run(look_up, {}) == [{"sku": "a"}, {"sku": "b", "count": 1, "tags": [], "seen": False}]


@pytest.mark.parametrize("hint", [Any, dict, dict[str, Any], "absent"], ids=str)
def test_attrs_objects_are_written_wherever_they_are_in_a_result(hint: Any) -> None:
    def look_up() -> Any:
        return {"parcel": Parcel([Item("a")], Address("A 1"))}

    look_up.__annotations__ = {} if hint == "absent" else {"return": hint}
    item = {"sku": "a", "count": 1, "tags": [], "seen": False}
    to = {"street": "A 1", "zip": "10115"}
    assert run(look_up, {}) == {"parcel": {"items": [item], "to": to, "gift": None}}


@pytest.mark.parametrize(("hint", "sent", "problem"), BAD)
def test_arguments_that_do_not_fit_are_named(hint: Any, sent: Any, problem: str) -> None:
    def take(value: Any) -> None:
        pytest.fail("the function was called")

    take.__annotations__ = {"value": hint}
    assert run(take, {"value": sent}).startswith(f"Invalid arguments: {problem}")


def test_missing_and_surplus_arguments_are_named_and_many_are_counted() -> None:
    def take(a: int, b: int, c: int) -> None: ...

    assert run(take, {"a": 1, "b": 2, "d": 4}) == (
        "Invalid arguments: c: Field required; d: Extra inputs are not permitted"
    )
    surplus = {f"x{number}": 0 for number in range(9)}
    assert run(take, {"a": 1, "b": 1, "c": 1, **surplus}).endswith("; and 4 more")


class Ratio(BaseModel):
    whole: int

    @field_validator("whole")
    @classmethod
    def _check(cls, whole: int) -> int:
        return {1: 1}[whole]


@dataclasses.dataclass
class Share:
    of: int

    def __post_init__(self) -> None:
        self.part = 1 / self.of


class Color(enum.Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise RuntimeError("the password is 1234")


@pytest.mark.parametrize(("hint", "sent"), [(Ratio, {"whole": 0}), (Share, {"of": 0}), (Color, "green")], ids=str)
def test_whatever_a_conversion_of_the_users_own_raises_the_arguments_do_not_fit(hint: Any, sent: Any) -> None:
    def take(value: Any) -> None:
        pytest.fail("the function was called")

    take.__annotations__ = {"value": hint}
    assert run(take, {"value": sent}) == "Invalid arguments: invalid value"


def test_what_a_check_of_the_users_own_says_is_not_told() -> None:
    def reveal(value: int) -> int:
        raise ValueError("the password is 1234")

    def take(value: Annotated[int, AfterValidator(reveal)]) -> None: ...

    assert run(take, {"value": 1}) == "Invalid arguments: value: invalid value"


def test_too_deep_arguments_do_not_fit() -> None:
    def take(value: Any) -> None: ...

    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    registry = ToolRegistry()
    registry.add(FunctionTool(take, description="It."))
    answer = registry.invoke({"tool_name": "take", "arguments": {"value": deep}, "call_id": "c", "correlation_id": "x"})
    assert answer.status == 400
    assert json.loads(answer.body)["error"] == "Invalid arguments: nested too deep"


def test_defaults_are_the_functions_own() -> None:
    missing = object()

    def take(a: int = 5, b: Any = missing, c: list[int] = [7]) -> list[Any]:  # noqa: B006
        return [a, b is missing, c is take.__defaults__[2]]  # type: ignore[index]

    assert run(take, {}) == [5, True, True]
    schema = schema_of(take)
    assert "required" not in schema
    assert schema["properties"]["a"]["default"] == 5
    assert "default" not in schema["properties"]["b"]


def test_parameters_may_be_called_anything() -> None:
    def take(schema: str, json: int, model_config: int, _private: int, *, copy: bool = False) -> list[Any]:
        return [schema, json, model_config, _private, copy]

    arguments = {"schema": "s", "json": 1, "model_config": 2, "_private": 3, "copy": True}
    assert run(take, arguments) == ["s", 1, 2, 3, True]
    assert list(schema_of(take)["properties"]) == list(arguments)


def test_a_parameter_may_ask_for_the_invocation() -> None:
    def who(order: int, invocation: ToolInvocation) -> list[Any]:
        return [order, invocation.call_id, invocation.correlation_id, invocation.project_id]

    def maybe(invocation: ToolInvocation | None = None) -> bool:
        return invocation is not None

    assert run(who, {"order": 1}) == [1, "c", "x", None]
    assert run(maybe, {}) is True
    assert list(schema_of(who)["properties"]) == ["order"]


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    def greet(self, guest: str) -> str:
        """Greet a guest."""
        return f"{self.name} greets {guest}"


def test_a_method_can_be_a_tool() -> None:
    assert run(Shop("Acme").greet, {"guest": "Ann"}) == "Acme greets Ann"


def test_untyped_functions_take_anything() -> None:
    assert run(lambda a, b=2: [a, b], {"a": {"x": 1}}) == [{"x": 1}, 2]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.integers() | st.floats(allow_nan=False) | st.text() | st.none()
    )
)
def test_what_the_schema_allows_is_accepted_and_nothing_else(arguments: dict[str, Any]) -> None:
    def take(a: int, b: float = 0, c: str | None = None) -> str:
        return "taken"

    allowed = jsonschema.Draft202012Validator(schema_of(take)).is_valid(arguments)
    if any(isinstance(value, float) and abs(value) == float("inf") for value in arguments.values()):
        return  # not JSON
    assert (run(take, arguments) == "taken") is allowed


class Opaque:
    pass


def test_a_result_that_json_cannot_write_fails() -> None:
    assert run(lambda: {1: Opaque()}, {}, output_schema={}) == "The tool failed"


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda *numbers: None, r"takes \*numbers, but a tool gets its arguments by name"),
        (lambda **options: None, r"takes \*\*options, but"),
        (lambda number, /: None, "takes number, but"),
    ],
)
def test_parameters_that_have_no_name_are_an_error(function: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        tool(function)


def test_types_without_a_schema_are_an_error() -> None:
    def opaque(value: Opaque) -> None: ...

    def opaque_result() -> Opaque: ...  # type: ignore[empty-body]

    def endless(node: Node) -> None: ...

    def unknown(value: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function in (opaque, opaque_result):
        with pytest.raises(TypeError, match=r"There is no JSON Schema for .*opaque.*Opaque"):
            tool(description="It.")(function)

    def lost(value: Lost) -> None: ...

    with pytest.raises(TypeError, match=r"There is no JSON Schema for .*lost: name 'Nowhere' is not defined"):
        tool(description="It.")(lost)
    with pytest.raises(TypeError, match="Node contains itself"):
        tool(description="It.")(endless)
    with pytest.raises(TypeError, match=r"unknown is not known in its module: name 'Nowhere' is not defined\. Define"):
        tool(description="It.")(unknown)
    with pytest.raises(TypeError, match=r"The input_schema is not a JSON Schema: 'strong' is not valid"):
        tool(description="It.", input_schema={"type": "strong"})(lambda **arguments: None)


def test_a_tool_needs_a_description_a_name_and_time() -> None:
    def silent() -> None: ...

    with pytest.raises(ValueError, match=r"The tool silent has no description. Write a docstring"):
        tool(silent)
    with pytest.raises(ValueError, match="name='' is empty"):
        tool(name="", description="It.")(silent)
    for seconds in (0, float("inf"), float("nan"), 1e12):
        with pytest.raises(ValueError, match=rf"timeout_seconds={re.escape(repr(seconds))} must be at least 0.001 and"):
            tool(timeout_seconds=seconds, description="It.")(silent)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        (
            {"timeout": 5},
            r"timeout=\.\.\. is not a setting of a tool. The settings are name, description, .*timeout_seconds, ",
        ),
        ({"descripton": "It."}, r"descripton=\.\.\. is not"),
        ({"name": None}, "name=None must be a str"),
        ({"description": 5}, "description=5 must be a str"),
        ({"timeout_seconds": "5"}, "timeout_seconds='5' must be a number of seconds"),
        ({"timeout_seconds": True}, "timeout_seconds=True must be a number of seconds"),
        ({"input_schema": True}, "input_schema=True must be a dict"),
        ({"input_schema": {"maximum": float("nan")}}, "The input_schema has no JSON form: Out of range"),
        ({"output_schema": ["string"]}, r"output_schema=\['string'\] must be a dict"),
        ({"output_schema": {"enum": {1}}}, "The output_schema has no JSON form: Object of type set"),
        ({"output_schema": {"type": "strong"}}, "The output_schema is not a JSON Schema: 'strong' is not valid"),
        ({"input_schema": {"type": "array"}}, "type 'array', but a tool's arguments are an object: write 'object'"),
        (
            {"input_schema": {"order_id": {"type": "string"}}},
            "The input_schema has no keyword of JSON Schema, but 'order_id'",
        ),
    ],
)
def test_overrides_that_cannot_be_right_are_errors(override: Any, problem: str) -> None:
    for make in (tool, ToolRegistry().tool):
        with pytest.raises(TypeError, match=problem):
            make(**{"name": "it", "description": "It.", **override})(lambda: None)


@pytest.mark.parametrize("thing", ["check", 5, property(lambda self: 1), partialmethod(len)])
def test_what_is_not_a_function_makes_no_tool(thing: Any) -> None:
    for make in (tool, ToolRegistry().tool):
        with pytest.raises(TypeError, match=r"is not a function. Write @tool above a function"):
            make(thing)


class Plain:
    """Pay."""

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id


@pytest.mark.parametrize("thing", [Plain, Label, int, partial(Plain), type])
def test_a_class_makes_no_tool(thing: Any) -> None:
    name = getattr(thing, "func", thing).__name__
    with pytest.raises(
        TypeError, match=rf"{name} is a class, and a tool is a function\. .* tools\.tool\({name}\(\.\.\.\)\)"
    ):
        tool(description="It.")(thing)


def test_what_chooses_by_the_position_of_an_argument_makes_no_tool() -> None:
    @singledispatch
    def describe(value: int) -> str:
        """Describe."""
        return str(value)

    class Desk:
        @singledispatchmethod
        def describe(self, value: int) -> str:
            """Describe."""
            return str(value)

    @tool
    def described(value: int) -> str:
        """Describe."""
        return describe(value)

    for thing in (describe, partial(describe), Desk().describe):
        with pytest.raises(
            TypeError, match=r"describe is made by functools\.singledispatch, .* arguments come by name\. W"
        ):
            tool(thing)
    assert run(described, {"value": 5}) == "5"


@pytest.mark.parametrize("thing", [len, {"name": "it"}, [], FunctionTool])
def test_what_is_not_a_tool_is_not_added(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"is not a tool. Make one of a function"):
        ToolRegistry().add(thing)


def test_a_function_that_yields_its_results_later_makes_no_tool() -> None:
    async def orders() -> AsyncIterator[str]:
        yield "1042"

    with pytest.raises(TypeError, match=r"orders yields its results one by one. Collect them in a list"):
        tool(description="It.")(orders)


class OrderDesk:
    """Look up an order by ID."""

    def __call__(self, order_id: str, fresh: bool = False) -> str:
        """Look it up.

        Args:
            order_id: The number on the receipt.
        """
        return f"{order_id} {fresh}"


class Silent:
    def __call__(self, guest: str) -> str:
        """Greet a guest."""
        return f"Hello {guest}"


def test_a_callable_object_is_a_tool_with_its_docstrings() -> None:
    made = tool(OrderDesk())
    assert (made.name, made.description) == ("order_desk", "Look up an order by ID.")
    assert made.input_schema["properties"]["order_id"] == {
        "type": "string",
        "description": "The number on the receipt.",
    }
    assert run(OrderDesk(), {"order_id": "1042"}) == "1042 False"
    assert tool(Silent()).description == "Greet a guest."
    assert tool(name="greet")(Silent()).name == "greet"


def ship(order_id: str, carrier: str, shop: str = "acme") -> str:
    """Ship an order.

    Args:
        order_id: The number on the receipt.
        carrier: Who takes it.
    """
    return f"{order_id} {carrier} {shop}"


@pytest.mark.parametrize(
    ("made", "given", "result"),
    [
        (partial(ship, "1042"), {"carrier": "DHL"}, "1042 DHL acme"),
        (partial(ship, carrier="DHL"), {"order_id": "1042"}, "1042 DHL acme"),
        (partial(partial(ship, shop="other"), carrier="DHL"), {"order_id": "1042"}, "1042 DHL other"),
        (partial(OrderDesk(), fresh=True), {"order_id": "1042"}, "1042 True"),
    ],
    ids=["by position", "by name", "twice", "of an object"],
)
def test_a_partial_is_a_tool_that_asks_for_the_rest(made: Any, given: Any, result: str) -> None:
    described = tool(made)
    assert described.name in ("ship", "order_desk")
    assert described.description in ("Ship an order.", "Look up an order by ID.")
    required = set(given)
    assert required <= described.input_schema["properties"].keys() <= required | {"shop"}
    assert run(made, given) == result
    # What the program has fixed is not the agent's to change.
    assert "Extra inputs are not permitted" in run(made, {**given, "fresh": True, "carrier": "UPS", "order_id": "7"})


class Counter:
    def count(self, number: int) -> int:
        """Count."""
        return number

    @classmethod
    def of(cls, number: int) -> int:
        """Count."""
        return number

    @staticmethod
    def plain(number: int) -> int:
        """Count."""
        return number


def test_decorating_a_method_is_an_error_that_says_how_to_register_it() -> None:
    with pytest.raises(
        TypeError, match=r"Shop\.look_up is a method, and the agent would be asked for 'self'\. Register the bo"
    ):

        class Shop:
            @tool
            def look_up(self, order_id: str) -> str:
                """Look up."""
                return order_id

    with pytest.raises(
        TypeError, match=r"Register the bound method of an object instead: tools\.tool\(Counter\(\.\.\.\)\.count\)"
    ):
        tool(Counter.count)
    with pytest.raises(TypeError, match=r"Counter\.of is a class method that is not bound yet\. Register it outside"):
        tool(Counter.__dict__["of"])
    for bound in (Counter().count, Counter.of, Counter.plain, partial(Counter.count, Counter())):
        assert run(bound, {"number": 5}) == 5


class Box(BaseModel):
    count: int
    weight: float
    what: Any = None


@pytest.mark.parametrize(
    ("hint", "sent", "received"),
    [
        (Any, 5.0, 5.0),
        (Any, 1e300, 1e300),
        (Any, 10**30, 10**30),
        (dict, {"a": [5.0, 5]}, {"a": [5.0, 5]}),
        (dict[str, Any], {"a": {"b": 1e300}}, {"a": {"b": 1e300}}),
        (list[Any], [5.0, "5.0"], [5.0, "5.0"]),
        (int, 5.0, 5),
        (int, 1e3, 1000),
        (float, 5.0, 5.0),
        (int | float, 5.0, 5.0),
        (int | str, 5.0, 5),
        (list[int], [5.0, 6], [5, 6]),
        (tuple[int, float], [5.0, 5.0], (5, 5.0)),
        (dict[str, int], {"a": 5.0}, {"a": 5}),
        (Literal[5, "x"], 5.0, 5),
        (Box, {"count": 5.0, "weight": 5.0, "what": 5.0}, Box(count=5, weight=5.0, what=5.0)),
        (list[Box | None], [{"count": 5.0, "weight": 5}, None], [Box(count=5, weight=5.0), None]),
        (Item, {"sku": "a", "count": 2.0}, Item("a", 2)),
    ],
    ids=str,
)
def test_numbers_are_as_they_came_unless_the_schema_wants_an_integer(hint: Any, sent: Any, received: Any) -> None:
    seen = []

    def take(value: Any) -> None:
        seen.append(value)

    take.__annotations__ = {"value": hint}
    assert run(take, {"value": sent}) is None
    assert repr(seen) == repr([received])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values)
def test_whatever_json_says_reaches_a_parameter_that_takes_anything(value: Any) -> None:
    seen = []

    def take(value: Any) -> None:
        seen.append(value)

    assert run(take, {"value": value}) is None
    assert repr(seen) == repr([json.loads(json.dumps(value))])


@pytest.mark.parametrize("hint", [Any, float, int, dict, Box], ids=str)
@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_an_infinite_number_is_refused(hint: Any, number: str) -> None:
    def take(value: Any, more: Any = None) -> None:
        pytest.fail("the function was called")

    take.__annotations__ = {"value": hint, "more": Any}
    registry = ToolRegistry()
    registry.add(FunctionTool(take, description="It."))
    head = '{"tool_name": "take", "call_id": "c", "correlation_id": "x", "arguments": '
    for arguments, place in ((f'{{"value": {number}}}', "value"), (f'{{"value": 1, "more": [{number}]}}', "more.0")):
        response = registry.invoke(json.loads(f"{head}{arguments}}}"))
        assert json.loads(response.body)["error"] == f"Invalid arguments: {place}: the number is out of range"


def test_a_registry_knows_each_name_once() -> None:
    registry = ToolRegistry()

    @registry.tool
    def first() -> str:
        """Give one."""
        return "1"

    @registry.tool(name="second", timeout_seconds=2)
    def first_again() -> str:
        """Give two."""
        return "2"

    assert (first(), first_again()) == ("1", "2")
    assert [each["name"] for each in registry.definitions()] == ["first", "second"]
    with pytest.raises(ValueError, match="two tools named 'first'"):
        registry.add(first)


def test_pydantic_is_loaded_when_a_tool_is_defined() -> None:
    code = (
        "import sys, pamela.tools, pamela.endpoint; print({'pydantic', 'httpx', 'docstring_parser'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pamela._tools.schemas")
    monkeypatch.setitem(sys.modules, "docstring_parser", None)
    with pytest.raises(ModuleNotFoundError, match=r"Tools need docstring_parser: pip install 'thisispamela\[tools\]'"):
        FunctionTool(lambda: None, description="It.")
