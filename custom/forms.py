"""Forms: what a value that the service sends can be, and the code that views it as that."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import unsupported
from .spec import Schema, Specification

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass
class Form:
    """What a value can be, and so how it is viewed.

    The kinds are `plain`, `datetime`, `date`, `enum`, `model`, `list`, `map`, `variant` (one of several models, told
    apart by a field), `union` (values of different JSON types), `null`, `any` (with parts, where those cannot be told
    apart) and `unnamed` (an object for which there is no class).
    """

    kind: str
    hint: str
    json_type: str = ""
    parts: list["Form"] = field(default_factory=list)
    discriminator: str = ""
    variants: dict[str, str] = field(default_factory=dict)
    nullable: bool = False

    def classes(self) -> Iterator[str]:
        """Yield the names of the classes that the type hint names."""
        if self.kind in {"enum", "model"}:
            yield self.hint
        if self.kind == "any":
            return
        yield from self.variants.values()
        for part in self.parts:
            yield from part.classes()

    def has(self, *kinds: str) -> bool:
        """Whether this or a part of it is of one of the kinds."""
        return self.kind in kinds or any(part.has(*kinds) for part in self.parts)


ANY = Form("any", "Any")


class Forms:
    """Says what the value of a schema can be."""

    def __init__(self, specification: Specification) -> None:
        self.specification = specification

    def of(self, schema: Schema) -> Form:
        """Return the form of a schema."""
        specification, resolved = self.specification, self.specification.resolve(schema)
        found = specification.class_of(schema)
        if found in specification.models:
            return Form("model", found, "object")
        if found in specification.enums:
            return Form("enum", found, "string" if specification.enums[found].value_type is str else "number")
        if "const" in resolved:
            return Form("plain", f"Literal[{resolved['const']!r}]", _json_type(resolved["const"]))
        if "oneOf" in resolved or "anyOf" in resolved:
            return self._of_choice(resolved)
        types = resolved.get("type")
        if isinstance(types, list):
            return union([self.of({**resolved, "type": each}) for each in types])
        if len(parts := resolved.get("allOf", [])) == 1:
            return self.of(parts[0])
        return self._of_type(types, resolved)

    def _of_type(self, type_: str | None, schema: Schema) -> Form:
        match type_, schema.get("format"):
            case "null", _:
                return Form("null", "None", "null")
            case "string", "date-time":
                return Form("datetime", "datetime", "string")
            case "string", "date":
                return Form("date", "date", "string")
            case (("string" | "integer" | "number" | "boolean"), _):
                return Form("plain", PLAIN[type_], "number" if type_ == "integer" else type_)
            case "array", _:
                item = self.of(schema.get("items", {}))
                return Form("list", f"list[{_or_none(item)}]", "array", [item])
            case _, _ if schema.keys() & {"properties", "allOf"}:
                return Form("unnamed", "dict[str, Any]", "object")
            case "object", _:
                value = schema.get("additionalProperties", True)
                form = self.of(value) if isinstance(value, dict) else ANY
                return Form("map", f"dict[str, {_or_none(form)}]", "object", [form])
        return ANY

    def _of_choice(self, schema: Schema) -> Form:
        alternatives = [*schema.get("oneOf", []), *schema.get("anyOf", [])]
        key = schema.get("discriminator", {}).get("propertyName", "")
        others = [each for each in alternatives if self.specification.resolve(each).get("type") != "null"]
        if key and len(others) > 1:
            variants = self._variants(key, schema["discriminator"].get("mapping", {}), others)
            form = Form("variant", " | ".join(dict.fromkeys(variants.values())), "object", [], key, variants)
            return form if len(others) == len(alternatives) else union([form, Form("null", "None", "null")])
        return union([self.of(each) for each in alternatives])

    def _variants(self, key: str, mapping: dict[str, str], alternatives: list[Schema]) -> dict[str, str]:
        """Map each value of a discriminator to the name of a model."""
        by_name = {value: {"$ref": self._reference(target)} for value, target in mapping.items()}
        if not by_name:
            by_name = {each.get("$ref", "").split("/")[-1]: each for each in alternatives}
        models = {value: self.specification.class_of(each) for value, each in by_name.items()}
        for value, model in models.items():
            if model not in self.specification.models:
                raise unsupported(f"The discriminator {key}", f"leads from {value!r} to something that is not a model")
        return {value: str(model) for value, model in models.items()}

    def _reference(self, target: str) -> str:
        return target if target.startswith("#/") else f"#/components/schemas/{target}"


def _or_none(form: Form) -> str:
    return f"{form.hint} | None" if form.nullable and form.hint != "Any" else form.hint


def _json_type(value: Any) -> str:
    return {str: "string", bool: "boolean", int: "number", float: "number"}.get(type(value), "object")


def union(forms: list[Form]) -> Form:
    """Return the form of a value that is of one of several forms."""
    flat = [part for form in forms for part in (form.parts if form.kind == "union" else [form])]
    nullable = any(form.nullable or form.kind == "null" for form in forms)
    distinct = {form.hint: form for form in flat if form.kind != "null"}
    if distinct.keys() == {"date", "datetime"}:
        distinct.pop("date")
    others = [*distinct.values()]
    if len(others) == 1:
        form = others[0]
        return Form(form.kind, form.hint, form.json_type, form.parts, form.discriminator, form.variants, nullable)
    if (
        not others
        or len({form.json_type for form in others}) < len(others)
        or any(form.kind == "any" for form in others)
    ):
        return Form("any", "Any", parts=others) if others else Form("null", "None", "null")
    return Form("union", " | ".join(form.hint for form in others), "", others, nullable=nullable)


def nesting(form: Form, value: str) -> str:
    """Return the code that makes the objects in a value models, in place."""
    match form.kind:
        case "model":
            return f"to_model({form.hint}, {value})"
        case "variant":
            variants = ", ".join(f"{key!r}: {name}" for key, name in form.variants.items())
            return f"to_variant({form.discriminator!r}, {{{variants}}}, {value})"
        case "list" | "map" if form.has("model", "variant"):
            return f"nest_in_{form.kind}(lambda value: {nesting(form.parts[0], 'value')}, {value})"
        case "union":
            for part in form.parts:
                value = nesting(part, value)
    return value


def viewing(form: Form, value: str) -> str:
    """Return the code that views the texts and numbers in a value as dates and members of enumerations."""
    match form.kind:
        case "enum":
            return f"as_enum({form.hint}, {value})"
        case "datetime" | "date":
            return f"as_{form.kind}({value})"
        case "list" | "map" if form.has("enum", "datetime", "date"):
            return f"view_{form.kind}(lambda value: {viewing(form.parts[0], 'value')}, {value})"
        case "union":
            for part in form.parts:
                value = viewing(part, value)
    return value
