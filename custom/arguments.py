"""Arguments of operations: where each goes, its type, and the code that validates it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from .spec import CHOICES, Schema, Specification

BOUNDS = {"minimum": "minimum", "exclusiveMinimum": "exclusive_minimum"}
LIMITS = {"string": {"minLength": "min_length", "pattern": "pattern"}, "integer": BOUNDS, "number": BOUNDS}
"""The limits that are checked, by the kind of an argument, and what they are called in Python."""
HEADER_VALUE = "^[!-~]([ -~]*[!-~])?$"
"""What a header can carry: printable ASCII without blanks at either end."""
PHONE_NUMBER = "x-phone-number"
"""On a string: it is a phone number. Names the argument that says its country, and the code of an invalid one."""
VALIDATORS = {
    "date-time": "format_datetime",
    "date": "format_date",
    "string": "validate_string",
    "integer": "validate_integer",
    "number": "validate_number",
    "boolean": "validate_boolean",
    "file": "read_file",
    "array": "validate_list",
    "object": "validate_object",
}
RESERVED = {"UNSET", "build_request", "client", "validation", "warn_deprecated"}
"""What the generated functions use themselves, so that an argument of the name gets an underscore."""


@dataclass
class Argument:
    """An argument of an operation."""

    wire_name: str
    schema: Schema
    required: bool
    description: str
    specification: Specification
    location: str
    alias_of: str | None = None
    scale: int | None = None
    deprecated: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        name = PythonIdentifier(self.wire_name, self.specification.config.field_prefix)
        self.name = f"{name}_" if name in RESERVED else name
        self.nullable = self.specification.allows_null(self.schema)
        self.schema = self.specification.strip_null(self.schema)
        self.resolved = self.specification.resolve(self.schema)
        self.deprecated = self.deprecated or bool(self.resolved.get("deprecated"))
        self.kind = self._kind()
        if self.kind == "date-time":
            note = "A date means the start of that day. A time without an offset is UTC."
            self.description = f"{self.description.strip()} {note}"

    def _kind(self) -> str:
        if self.location == "file":
            return "file"
        alternatives = next((self.resolved[choice] for choice in CHOICES if choice in self.resolved), [self.resolved])
        formats = {self.specification.resolve(each).get("format") for each in alternatives}
        if formats == {"date"}:
            return "date"
        if formats <= {"date", "date-time"}:
            return "date-time"
        found = self.resolved.get("type")
        return found if isinstance(found, str) else "any"

    @property
    def optional(self) -> bool:
        """Whether None may be given."""
        return self.nullable or not self.required

    @property
    def can_be_cleared(self) -> bool:
        """Whether None sends null, so that something else must stand for what is not given."""
        return self.location == "body" and self.nullable and not self.required

    @property
    def hint(self) -> str:
        """The type hint, with None and what stands for what is not given."""
        others = [*(["None"] if self.optional else []), *(["Unset"] if self.can_be_cleared else [])]
        return " | ".join([self.type, *others]) if self.type != "Any" or self.can_be_cleared else "Any"

    @property
    def default(self) -> str:
        """The code of the default value, "" if there is none."""
        return "" if self.required else "UNSET" if self.can_be_cleared else "None"

    @property
    def item(self) -> "Argument":
        """An item of a list."""
        return Argument(self.wire_name, self.resolved.get("items", {}), True, "", self.specification, self.location)

    @property
    def type(self) -> str:
        """The type hint."""
        if self.scale:
            return "float"
        found = self.specification.class_of(self.schema)
        match self.kind:
            case "date-time" | "date":
                return "datetime | date | str"
            case "file":
                return "bytes | PathLike[str] | BinaryIO | tuple[str, bytes]"
            case "string":
                return f"{found} | {found}Name | str" if found else "str"
            case "object":
                return f"{found} | {found}Dict | Mapping[str, Any]" if found else "Mapping[str, Any]"
            case "array":
                return f"Sequence[{self.item.hint}]"
            case known:
                return {"integer": "int", "number": "float", "boolean": "bool"}.get(known, "Any")

    def classes(self) -> Iterator[str]:
        """Yield the names of the generated classes in the type hint."""
        if self.kind == "array":
            yield from self.item.classes()
        elif self.kind in {"string", "object"} and (found := self.specification.class_of(self.schema)):
            yield found

    @property
    def validator(self) -> str:
        """The code that validates the value and gives it the form in which it is sent."""
        limits: dict[str, Any] = {} if self.optional else {"required": True}
        known = LIMITS.get(self.kind, {})
        limits |= {python: self.resolved[wire] for wire, python in known.items() if wire in self.resolved}
        if self.kind == "string" and self.location == "header":
            limits.setdefault("pattern", HEADER_VALUE)
        if limits.keys() - {"required"}:
            limits["hint"] = self.advice
        if self.kind == "integer" and self.location == "query" and self.optional and limits.get("minimum") == 1:
            limits["absent"] = 0
        arguments = "".join(f", {name}={value!r}" for name, value in limits.items()) + self._more_arguments()
        if self.kind == "array" and self.item.kind in {"date", "date-time"}:
            arguments += f", item=validation.{VALIDATORS[self.item.kind]}"
        code = f'validation.{self._validator()}("{self.name}", {self.name}{arguments})'
        if "x-python-default" in self.resolved and self.location == "body":
            code = f"validation.or_default({code}, {self.resolved['x-python-default']!r})"
        return f"UNSET if {self.name} is UNSET else {code}" if self.can_be_cleared else code

    def _validator(self) -> str:
        if self.kind == "string" and PHONE_NUMBER in self.resolved:
            return "validate_phone_number"
        if self.kind == "string" and self.wire_name.endswith("_id"):
            return "validate_id"
        return VALIDATORS.get(self.kind, "validate_json")

    def _more_arguments(self) -> str:
        """Return what only some validators take, as code."""
        if self._validator() == "validate_phone_number":
            options = self.resolved[PHONE_NUMBER]
            return f", country={options['country']}, error_code={options['error-code']}"
        schema = {"array": self.item.resolved, "object": self.resolved}.get(self.kind, {})
        if schema.get("additionalProperties") is not False:
            return ""
        keys = {"known": tuple(schema["properties"]), "ignored": tuple(schema.get("x-python-ignores", ()))}
        return "".join(f", {name}={value!r}" for name, value in keys.items() if value)

    @property
    def advice(self) -> str:
        """What an error says about the argument: the first sentence of its description, and an example."""
        sentence = re.split(r"(?<=\.)\s", " ".join(self.description.split()), maxsplit=1)[0]
        example = next(iter(self.resolved.get("examples", [])), self.resolved.get("example"))
        return sentence if example is None else f"{sentence} Example: {example!r}."
