"""The JSON Schemas of a typed function, and the conversions of its arguments and result, with pydantic.

pydantic reads constraints such as `Annotated[int, Field(ge=1)]`. It describes and converts standard types, enums,
dataclasses and its own models. This module adds attrs classes.
"""

from __future__ import annotations

import functools
import inspect
import json
import operator
import re
from collections.abc import Mapping
from fractions import Fraction
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs
from docstring_parser import Docstring, DocstringStyle, parse
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from jsonschema.exceptions import ValidationError as SchemaMismatch
from jsonschema.validators import extend, validator_for
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python
from referencing.exceptions import Unresolvable
from referencing.jsonschema import EMPTY_REGISTRY, specification_with

from .._generated.models import ToolInvocation
from .argument_schema import DECIMAL, ArgumentSchema, with_plain_numbers
from .errors import InvalidArgumentsError
from .formats import format_checker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jsonschema.protocols import Validator
    from referencing import Resource
    from referencing._core import Resolver

_Extra = Literal["allow", "forbid", "ignore"]

_SHOWN_PROBLEMS = 5
_CANNOT_DESCRIBE = (NameError, PydanticUserError, PydanticSchemaGenerationError, PydanticInvalidForJsonSchema)
_required = inspect.Parameter.empty

_KEYWORDS = Draft202012Validator.VALIDATORS.keys() | {"$schema", "$defs", "$comment", "title", "description", "default"}

_FORMAT_PREFIXES = {
    "date": re.compile(r"\d{4}-"),
    "date-time": re.compile(r"\d{4}-"),
    "duration": re.compile(r"[+-]?P"),
}
"""How a text of each format must begin. pydantic checks the rest, but also accepts numbers and other notations."""


class FunctionSchema:
    """The description of a function, the schemas of its arguments and result, and their conversions.

    Args:
        function: The typed function.
        input_schema: Replaces the schema from the signature.
        output_schema: Replaces the schema from the return type.

    Raises:
        TypeError: The function has no JSON Schema. The message says why.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        input_schema: Mapping[str, Any] | None,
        output_schema: Mapping[str, Any] | None,
    ) -> None:
        _refuse_classes(function)
        _refuse_dispatching(function)
        _refuse_methods(function)
        self.plain_function = _without_partial(function)
        if inspect.isasyncgenfunction(inspect.unwrap(self.plain_function)):
            raise TypeError(
                f"{_name(function)} yields its results one by one. Collect them in a list, and return that."
            )
        self.name = _tool_name(self.plain_function)
        docstrings = _docstrings(function)
        self.description = next((each.description.strip() for each in docstrings if each.description), "")
        hints = _hints(function)
        fixed = _fixed_by_partial(function)
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in fixed]
        self.invocation_parameter = next((p.name for p in parameters if _asks_for_invocation(hints.get(p.name))), None)
        self.connection_parameter = next((p.name for p in parameters if _is_connection(hints.get(p.name))), None)
        arguments = [p for p in parameters if p.name not in (self.invocation_parameter, self.connection_parameter)]
        _check_kinds(function, arguments, open_ended=input_schema is not None)
        described = {name: text for each in reversed(docstrings) for name, text in _descriptions(each).items()}
        fields = [
            _Field(p.name, hints.get(p.name, Any), p.default, described.get(p.name))
            for p in arguments
            if p.kind is not p.VAR_KEYWORD
        ]
        takes_others = len(fields) < len(arguments)
        try:
            self._arguments = _object_model("Arguments", fields, extra=_extra(input_schema, takes_others=takes_others))
            self._result = _result_adapter(hints) if output_schema is None else None
            self.output_schema = (
                _output_schema(self._result) if output_schema is None else _own_schema("output_schema", output_schema)
            )
            self.input_schema = (
                _input_schema(self._arguments) if input_schema is None else _own_schema("input_schema", input_schema)
            )
            self._argument_schema = ArgumentSchema(_input_schema(self._arguments, _SchemaWithDecimals))
        except _CANNOT_DESCRIBE as error:
            raise TypeError(f"There is no JSON Schema for {_name(function)}: {error}") from None
        _check_is_object(self.input_schema)
        make_validator = _generated_validator if input_schema is None else _own_validator
        self._validator = make_validator(self.input_schema)
        if not takes_others:
            _check_required(function, self.input_schema, {each.name for each in fields})

    def convert(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Check the arguments of an invocation against the schema, and return them as the types of the hints.

        Raises:
            InvalidArgumentsError: The arguments do not fit the schema.
            Exception: A conversion of the user raised it.
        """
        try:
            # Strict JSON mode, as in the schema: "5" is not an integer, but "2026-03-14" is a date.
            exact = self._argument_schema.with_numbers_converted(arguments)
            parsed = self._arguments.model_validate_json(json.dumps(exact, allow_nan=False), strict=True)
            # pydantic has better messages, but accepts more than its schema: for example true for a literal 1.
            _check(self._validator, arguments)
        except ValidationError as error:
            raise InvalidArgumentsError(_joined(_problems(error))) from None
        except RecursionError:
            raise InvalidArgumentsError("nested too deep") from None
        return _given_values(parsed)

    def essential_arguments(self, arguments: Mapping[str, Any]) -> Any:
        """Return valid arguments as JSON values. Invocations that ask for the same have equal values.

        An argument that equals its default is left out. Equal numbers are written alike.
        """
        exact = self._argument_schema.with_numbers_converted(arguments)
        return with_plain_numbers(self._argument_schema.without_defaults(exact))

    def result_as_json(self, result: Any) -> Any:
        """Return the result of a function as a value that `json` can write."""
        if self._result is not None:
            dump = self._result.serializer.to_python
            return dump(result, mode="json", by_alias=True, warnings=False, fallback=_attrs_values)
        return to_jsonable_python(result, fallback=_attrs_values)


class _Field(NamedTuple):
    name: str
    annotation: Any
    default: Any
    description: str | None


class _PlainSchema(GenerateJsonSchema):
    """Makes JSON Schemas without titles that repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _SchemaWithDecimals(_PlainSchema):
    """Makes JSON Schemas in which decimal numbers differ from other numbers and texts."""

    def decimal_schema(self, schema: Any) -> dict[str, Any]:
        return dict(DECIMAL)


def _name(function: Callable[..., Any]) -> str:
    plain = _without_partial(function)
    return str(getattr(plain, "__qualname__", type(plain).__qualname__))


def _tool_name(function: Callable[..., Any]) -> str:
    """Return the name of a function, or the name of a callable object's class in snake case: ``order_desk``."""
    name = getattr(function, "__name__", None)
    return str(name) if name else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(function).__name__).lower()


def _refuse_methods(function: Callable[..., Any]) -> None:
    """Raise TypeError for a function that needs an object of its class (`self`)."""
    if isinstance(function, classmethod):
        raise TypeError(
            f"{_name(function.__func__)} is a class method that is not bound yet. Register it outside of the class: "
            "tools.tool(TheClass.the_method)."
        )
    plain = inspect.unwrap(_without_partial(function))
    if not inspect.isfunction(plain) or inspect.ismethod(function):
        return
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is not None and first.name in ("self", "cls") and first.annotation is first.empty:
        name = plain.__qualname__.rpartition(".")
        raise TypeError(
            f"{_name(plain)} is a method, and the agent would be asked for {first.name!r}. Register the bound method of an "
            f"object instead: tools.tool({name[0].rpartition('.')[2] or 'TheClass'}(...).{name[2]})."
        )


def _refuse_classes(function: Callable[..., Any]) -> None:
    """Raise TypeError for a class: a call would return an object of the class, even if its objects are callable."""
    plain = _without_partial(function)
    if isinstance(plain, type):
        name = plain.__qualname__
        raise TypeError(
            f"{name} is a class, and a tool is a function. If its objects are called, register one of them: "
            f"tools.tool({name}(...)). Otherwise write a function that makes one and returns it."
        )


def _refuse_dispatching(function: Callable[..., Any]) -> None:
    """Raise TypeError for what looks at its first argument by position. A tool's arguments come by name."""
    register = getattr(_without_partial(function), "register", None)
    if getattr(register, "__module__", None) == "functools":
        raise TypeError(
            f"{_name(function)} is made by functools.singledispatch, which chooses by the first argument's position, but a "
            "tool's arguments come by name. Write a function with a typed parameter that calls it."
        )


def _without_partial(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that a `functools.partial` calls in the end."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _fixed_by_partial(function: Callable[..., Any]) -> set[str]:
    """Return the names of the arguments that a `functools.partial` fixes. The agent does not choose them."""
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names |= function.keywords.keys()
        function = function.func
    return names


def _docstrings(function: Callable[..., Any]) -> list[Docstring]:
    """Return the docstring of a function, or the docstrings of a callable object and of its method."""
    plain = _without_partial(function)
    sources: list[Any] = [plain]
    if not inspect.isroutine(plain) and not isinstance(plain, type):
        sources.append(type(plain).__call__)
    # The parser ignores the first line when it removes the indentation.
    return [parse("\n" + (inspect.getdoc(each) or ""), DocstringStyle.AUTO) for each in sources]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    function = _without_partial(function)
    method = type(inspect.unwrap(function)).__call__
    try:
        # The hints of a callable object are those of its method.
        return get_type_hints(method if inspect.isfunction(method) else function, include_extras=True)
    except NameError as error:
        message = f"A type hint of {_name(function)} is not known in its module: {error}. Define it at the top."
        raise TypeError(message) from None


def _descriptions(docstring: Docstring) -> dict[str, str | None]:
    """Return the description of each argument in a docstring. NumPy's style may describe several at once: ``x, y : int``."""
    return {name.strip(): each.description for each in docstring.params for name in each.arg_name.split(",")}


def _asks_for_invocation(hint: Any) -> bool:
    return hint is ToolInvocation or ToolInvocation in get_args(hint)


def _is_connection(hint: Any) -> bool:
    # Compare by name: SQLAlchemy may not be installed.
    return getattr(hint, "__name__", None) == "Connection" and str(getattr(hint, "__module__", "")).startswith(
        "sqlalchemy."
    )


def _check_kinds(function: Callable[..., Any], arguments: Iterable[inspect.Parameter], *, open_ended: bool) -> None:
    for parameter in arguments:
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not by_name and not (open_ended and parameter.kind is parameter.VAR_KEYWORD):
            raise TypeError(
                f"{_name(function)} takes {parameter}, but a tool gets its arguments by name. "
                "Write one parameter for each, or give input_schema=... and take **arguments."
            )


def _extra(input_schema: object, *, takes_others: bool) -> _Extra:
    if input_schema is None:
        return "forbid"
    return "allow" if takes_others else "ignore"


def _object_model(name: str, fields: Iterable[_Field], *, extra: _Extra) -> type[BaseModel]:
    # The names are aliases, so that a field may be called what a model's own attributes are, like "schema".
    definitions: dict[str, Any] = {
        f"field_{index}": (_with_attrs(each.annotation), _field_info(each)) for index, each in enumerate(fields)
    }
    return create_model(name, __config__=ConfigDict(extra=extra), **definitions)


def _field_info(field: _Field) -> Any:
    info: dict[str, Any] = {"alias": field.name}
    if field.description:
        info["description"] = field.description
    if field.default is _required:
        return Field(**info)
    if _has_json_form(field.default):
        return Field(default=field.default, **info)
    # optional, but without a default in the schema
    return Field(default_factory=lambda: field.default, **info)


def _has_json_form(value: Any) -> bool:
    try:
        json.dumps(to_jsonable_python(value), allow_nan=False)
    except ValueError:
        return False
    return True


def _given_values(model: BaseModel) -> dict[str, Any]:
    """Return the given values by alias. The function's own defaults apply to all others."""
    fields = type(model).model_fields
    given = {str(fields[name].alias): getattr(model, name) for name in fields if name in model.model_fields_set}
    return given | (model.model_extra or {})


def _input_schema(model: type[BaseModel], generator: type[GenerateJsonSchema] = _PlainSchema) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=generator)
    del schema["title"]
    return schema


def _result_adapter(hints: Mapping[str, Any]) -> TypeAdapter[Any] | None:
    annotation = hints.get("return")
    return None if annotation in (None, type(None)) else TypeAdapter(_with_attrs(annotation))


def _output_schema(adapter: TypeAdapter[Any] | None) -> dict[str, Any] | None:
    return None if adapter is None else adapter.json_schema(mode="serialization", schema_generator=_PlainSchema)


def _with_attrs(annotation: Any) -> Any:
    """Return a type with each attrs class replaced by a class that pydantic can describe and convert."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return _attrs_type(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return annotation
    if origin is Annotated:
        return Annotated[(_with_attrs(arguments[0]), *arguments[1:])]
    replaced = tuple(_with_attrs(argument) for argument in arguments)
    if replaced == arguments:
        return annotation
    return functools.reduce(operator.or_, replaced) if origin in (Union, UnionType) else origin[replaced]


@functools.cache
def _attrs_type(cls: type[Any]) -> Any:
    try:
        members = attrs.fields(attrs.resolve_types(cls, include_extras=True))
        fields = [_Field(each.alias, each.type or Any, _attrs_default(each), None) for each in members]
        given = [field for field, member in zip(fields, members, strict=True) if member.init]
        taken = _object_model(cls.__name__, given, extra="forbid")
        shown = taken if given == fields else _object_model(cls.__name__, fields, extra="forbid")
    except RecursionError:
        raise TypeError(f"{cls.__qualname__} contains itself, and there is no JSON Schema for that.") from None

    def construct(parsed: BaseModel) -> Any:
        try:
            return cls(**_given_values(parsed))
        except TypeError as error:
            # attrs raises it for a value of another type. pydantic reports the place of a ValueError only.
            raise ValueError(str(error)) from error

    def as_model(value: Any) -> Any:
        return shown.model_construct(**_attrs_values(value)) if isinstance(value, cls) else value

    return Annotated[taken, AfterValidator(construct), PlainSerializer(as_model, return_type=shown)]


def _attrs_default(field: attrs.Attribute[Any]) -> Any:
    return _required if field.default is attrs.NOTHING else field.default


def _attrs_values(value: Any) -> dict[str, Any]:
    """Return the values of an attrs object, by the names of the constructor's arguments."""
    if not attrs.has(type(value)):
        raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
    return {each.alias: getattr(value, each.name) for each in attrs.fields(type(value))}


def _own_schema(name: str, schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise TypeError(f"{name}={schema!r} must be a dict, a JSON Schema of type 'object'.")
    try:
        json.dumps(dict(schema), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"The {name} has no JSON form: {error}. Use JSON types: dict, list, str, numbers.") from None
    if schema and not schema.keys() & _KEYWORDS:
        raise TypeError(
            f"The {name} has no keyword of JSON Schema, but {', '.join(map(repr, schema))}. "
            "Write {'type': 'object', 'properties': {...}}."
        )
    try:
        validator_for(schema).check_schema(dict(schema))
    except SchemaError as error:
        raise TypeError(f"The {name} is not a JSON Schema: {error.message}") from None
    return dict(schema)


def _own_validator(schema: dict[str, Any]) -> Validator:
    cls = validator_for(schema)
    resource = specification_with(cls.META_SCHEMA["$schema"]).create_resource(schema)
    try:
        _check_references(resource, EMPTY_REGISTRY.resolver_with_root(resource))
    except Unresolvable as error:
        raise TypeError(
            f"The input_schema refers to {error.ref!r}, which it does not have. "
            "Write the definition under '$defs'; nothing is fetched."
        ) from None
    exact: Any = extend(cls, {"multipleOf": _check_multiple})  # type: ignore[no-untyped-call]
    validator: Validator = exact(schema, format_checker=format_checker(cls), registry=EMPTY_REGISTRY)
    return validator


def _check_references(resource: Resource[Any], resolver: Resolver[Any]) -> None:
    if isinstance(resource.contents, Mapping) and "$ref" in resource.contents:
        resolver.lookup(resource.contents["$ref"])
    for each in resource.subresources():
        _check_references(each, resolver.in_subresource(each))


def _check_is_object(schema: Mapping[str, Any]) -> None:
    kind = schema.get("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise TypeError(f"The input_schema has type {kind!r}, but a tool's arguments are an object: write 'object'.")


def _check_required(function: Callable[..., Any], schema: Mapping[str, Any], taken: set[str]) -> None:
    for name in schema.get("required", ()):
        if name not in taken:
            raise TypeError(
                f"The input_schema requires {name!r}, which {_name(function)} does not take. "
                "Add the parameter, or take **arguments."
            )


def _generated_validator(schema: dict[str, Any]) -> Validator:
    checker = FormatChecker(())
    for name, beginning in _FORMAT_PREFIXES.items():
        checker.checks(name)(functools.partial(_begins_with, beginning))
    # pydantic checks patterns, in a dialect that is not Python's.
    rules = {"pattern": None, "patternProperties": None, "multipleOf": _check_multiple}
    cls = extend(Draft202012Validator, rules)  # type: ignore[no-untyped-call]
    validator: Validator = cls(schema, format_checker=checker)
    return validator


def _check_multiple(validator: Any, factor: float, number: Any, _schema: object) -> Iterator[SchemaMismatch]:
    """Yield an error unless a number is a multiple of a factor in decimal notation: 19.99 is a multiple of 0.01."""
    if validator.is_type(number, "number") and Fraction(repr(number)) % Fraction(repr(factor)):
        yield SchemaMismatch(f"{number!r} is not a multiple of {factor!r}")


def _begins_with(beginning: re.Pattern[str], value: object) -> bool:
    return not isinstance(value, str) or beginning.match(value) is not None


def _check(validator: Validator, arguments: Mapping[str, Any]) -> None:
    problems = [
        f"{error.json_path.removeprefix('$.')}: {error.message:.200}" for error in validator.iter_errors(arguments)
    ]
    if problems:
        raise InvalidArgumentsError(_joined(problems))


def _problems(error: ValidationError) -> list[str]:
    # The message of a user's own check may be for the log only, so show only the place.
    own = ("value_error", "assertion_error")
    return [
        f"{_place(each['loc'])}: {'invalid value' if each['type'] in own else each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _place(location: tuple[int | str, ...]) -> str:
    # In a union, pydantic adds the name of an internal function. Remove it.
    return ".".join(str(part) for part in location if not str(part).startswith("function-")) or "arguments"


def _joined(problems: list[str]) -> str:
    more = len(problems) - _SHOWN_PROBLEMS
    return "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
