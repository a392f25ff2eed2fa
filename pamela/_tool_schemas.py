"""What a typed function takes and gives, as JSON Schema and as conversions, by pydantic.

pydantic is what Python programmers already write constraints in (`Annotated[int, Field(ge=1)]`), and it describes and
converts standard types, enums, dataclasses and its own models. Classes made with attrs are taught to it here.
"""

from __future__ import annotations

import functools
import inspect
import json
import operator
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs
from docstring_parser import DocstringStyle, parse
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

from ._generated.models import ToolInvocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jsonschema.protocols import Validator

_SHOWN_PROBLEMS = 5
_CANNOT_DESCRIBE = (NameError, PydanticUserError, PydanticSchemaGenerationError, PydanticInvalidForJsonSchema)
_required = inspect.Parameter.empty


class InvalidArgumentsError(ValueError):
    """The arguments of an invocation do not fit; the message may be told to the agent."""


class FunctionSchema:
    """A function's description, the schemas of its arguments and result, and the conversions of both.

    Args:
        function: The function, typed.
        input_schema: Used instead of the one that the signature gives.
        output_schema: Used instead of the one that the return type gives.

    Raises:
        TypeError: The function has no JSON Schema; the message says why.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        input_schema: Mapping[str, Any] | None,
        output_schema: Mapping[str, Any] | None,
    ) -> None:
        docstring = parse(inspect.getdoc(function) or "", DocstringStyle.AUTO)
        self.description = (docstring.description or "").strip()
        hints = _hints(function)
        parameters = inspect.signature(function).parameters.values()
        self.invocation_parameter = next((p.name for p in parameters if _asks_for_invocation(hints.get(p.name))), None)
        arguments = [p for p in parameters if p.name != self.invocation_parameter]
        _check_kinds(function, arguments, open_ended=input_schema is not None)
        described = {each.arg_name: each.description for each in docstring.params}
        fields = [
            _Field(p.name, hints.get(p.name, Any), p.default, described.get(p.name))
            for p in arguments
            if p.kind is not p.VAR_KEYWORD
        ]
        try:
            self._arguments = _object_model("Arguments", fields, extra="forbid" if input_schema is None else "allow")
            self.input_schema = dict(input_schema) if input_schema is not None else _input_schema(self._arguments)
            self._result = _result_adapter(hints) if output_schema is None else None
            self.output_schema = dict(output_schema) if output_schema is not None else _output_schema(self._result)
        except _CANNOT_DESCRIBE as error:
            raise TypeError(f"There is no JSON Schema for {function.__qualname__}: {error}") from None
        self._validator = _validator(self.input_schema) if input_schema is not None else None

    def convert(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Check the arguments of an invocation against the schema and give them as the hinted types.

        Raises:
            InvalidArgumentsError: They do not fit.
        """
        try:
            if self._validator is not None:
                _check(self._validator, arguments)
            # Strict and from JSON: "5" is no integer, but "2026-03-14" is a date, as the schema says.
            parsed = self._arguments.model_validate_json(json.dumps(_with_integers(arguments)), strict=True)
        except ValidationError as error:
            raise InvalidArgumentsError(_joined(_problems(error))) from None
        except RecursionError:
            raise InvalidArgumentsError("nested too deep") from None
        return _given_values(parsed)

    def result_as_json(self, result: Any) -> Any:
        """Give a function's result as what `json` can write."""
        if self._result is not None:
            return self._result.dump_python(result, mode="json", by_alias=True, warnings=False)
        return to_jsonable_python(result, fallback=_attrs_values)


class _Field(NamedTuple):
    name: str
    annotation: Any
    default: Any
    description: str | None


class _PlainSchema(GenerateJsonSchema):
    """JSON Schema without titles that repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        message = f"A type hint of {function.__qualname__} is not known in its module: {error}. Define it at the top."
        raise TypeError(message) from None


def _asks_for_invocation(hint: Any) -> bool:
    return hint is ToolInvocation or ToolInvocation in get_args(hint)


def _check_kinds(function: Callable[..., Any], arguments: Iterable[inspect.Parameter], *, open_ended: bool) -> None:
    for parameter in arguments:
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not by_name and not (open_ended and parameter.kind is parameter.VAR_KEYWORD):
            raise TypeError(
                f"{function.__qualname__} takes {parameter}, but a tool's arguments come by name. "
                "Write each as a parameter of its own, or give input_schema=... and take **arguments."
            )


def _object_model(name: str, fields: Iterable[_Field], *, extra: Literal["allow", "forbid"]) -> type[BaseModel]:
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
    # Optional, but with nothing that a schema could show as the default.
    return Field(default_factory=lambda: field.default, **info)


def _has_json_form(value: Any) -> bool:
    try:
        json.dumps(to_jsonable_python(value), allow_nan=False)
    except ValueError:
        return False
    return True


def _given_values(model: BaseModel) -> dict[str, Any]:
    """The values that came, by alias; what did not come is left to the function's own defaults."""
    fields = type(model).model_fields
    given = {str(fields[name].alias): getattr(model, name) for name in fields if name in model.model_fields_set}
    return given | (model.model_extra or {})


def _input_schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_PlainSchema)
    del schema["title"]
    return schema


def _result_adapter(hints: Mapping[str, Any]) -> TypeAdapter[Any] | None:
    annotation = hints.get("return")
    return None if annotation in (None, type(None)) else TypeAdapter(_with_attrs(annotation))


def _output_schema(adapter: TypeAdapter[Any] | None) -> dict[str, Any] | None:
    return None if adapter is None else adapter.json_schema(mode="serialization", schema_generator=_PlainSchema)


def _with_attrs(annotation: Any) -> Any:
    """Replace each attrs class in a type by one that pydantic can describe and convert."""
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
        return cls(**_given_values(parsed))

    def as_model(value: Any) -> Any:
        return shown.model_construct(**_attrs_values(value)) if isinstance(value, cls) else value

    return Annotated[taken, AfterValidator(construct), PlainSerializer(as_model, return_type=shown)]


def _attrs_default(field: attrs.Attribute[Any]) -> Any:
    return _required if field.default is attrs.NOTHING else field.default


def _attrs_values(value: Any) -> dict[str, Any]:
    """The values of an attrs object, by the names that its constructor takes."""
    if not attrs.has(type(value)):
        raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
    return {each.alias: getattr(value, each.name) for each in attrs.fields(type(value))}


def _validator(schema: dict[str, Any]) -> Validator:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    cls = validator_for(schema)
    try:
        cls.check_schema(schema)
    except SchemaError as error:
        raise TypeError(f"The input_schema is not a JSON Schema: {error.message}") from None
    return cls(schema, format_checker=cls.FORMAT_CHECKER)


def _check(validator: Validator, arguments: Mapping[str, Any]) -> None:
    problems = [
        f"{error.json_path.removeprefix('$.')}: {error.message:.200}" for error in validator.iter_errors(arguments)
    ]
    if problems:
        raise InvalidArgumentsError(_joined(problems))


def _with_integers(value: Any) -> Any:
    """Write 5.0 as 5, which JSON Schema takes for an integer and pydantic does not."""
    match value:
        case dict():
            return {key: _with_integers(item) for key, item in value.items()}
        case list():
            return [_with_integers(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _problems(error: ValidationError) -> list[str]:
    # What a check of the user's own says may be meant for the log only, so just the place is told.
    own = ("value_error", "assertion_error")
    return [
        f"{_place(each['loc'])}: {'invalid value' if each['type'] in own else each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _place(location: tuple[int | str, ...]) -> str:
    # In a union, pydantic names the function that made an alternative; that is nobody's business.
    return ".".join(str(part) for part in location if not str(part).startswith("function-")) or "arguments"


def _joined(problems: list[str]) -> str:
    more = len(problems) - _SHOWN_PROBLEMS
    return "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
