"""Views of models: the typed attributes that read the fields of a JSON object."""

import keyword
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from .errors import mistaken, unsupported
from .forms import ANY, Form, Forms, nesting, viewing
from .spec import Schema, Specification

BASES = {"Call": ("call_base", "ModelWithOutcome"), "CallPage": ("pages", "PageModel")}
"""The bases, in `pamela._core`, of models that have more than the fields of the API."""
NAMES_OF_MODEL = {*dir(dict), "from_dict", "to_dict", "to_row"}
"""The attributes that every model has, so that a view of the name gets an underscore."""


@dataclass
class View:
    """An attribute of a model: a typed view of one of its fields."""

    name: str
    attribute: str
    type: str
    expression: str
    description: str
    nested: str = ""
    required: bool = False
    default: Any = None
    """What counts where the field is absent from a request, None if nothing does."""
    deprecated: bool = False
    classes: list[str] = field(default_factory=list)
    leading_back: list[str] = field(default_factory=list)
    """Those of the classes that have, directly or by others, the model as a part."""

    @property
    def sent_as(self) -> str:
        """The type of the field where an object is made to be sent: what JSON has. Empty if it is no name in Python."""
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            return ""
        return re.sub(r"\b(datetime|date)\b", "str", self.type.removesuffix(" | None"))


class Views:
    """Makes the views of a model."""

    def __init__(self, specification: Specification, sent_only: Collection[str] = ()) -> None:
        self.specification = specification
        self.sent_only = sent_only
        self.forms = Forms(specification)

    def __call__(self, model: str) -> list[View]:
        """Return the views of a model."""
        properties, required = self.specification.properties(self.specification.schemas[model])
        left_out = "readOnly" if model in self.sent_only else "writeOnly"
        views = [
            self._view(model, name, schema, name in required)
            for name, schema in properties.items()
            if not self.specification.resolve(schema).get(left_out)
        ]
        self._name(views, model, NAMES_OF_MODEL | names_of_base(model))
        return views

    def more(self, model: str) -> list[View]:
        """Return what a model that is received has beside a view for each field: other names, and texts as lines."""
        if model in self.sent_only:
            return []
        properties, _ = self.specification.properties(self.specification.schemas[model])
        return [
            extra
            for view in self(model)
            for extra in self._extras(model, view, self.specification.resolve(properties[view.name]))
        ]

    def _extras(self, model: str, view: View, resolved: Schema) -> Iterator[View]:
        if "x-python-synonym" in resolved:
            yield replace(view, attribute=resolved["x-python-synonym"], nested="")
        if "x-python-lines" in resolved:
            parts = self.forms.of(resolved).parts
            lists = [part for part in parts if part.kind == "list" and part.parts[0].kind == "model"]
            if len(lists) != 1 or {part.json_type for part in parts} != {"array", "string"}:
                problem = f"has x-python-lines: {resolved['x-python-lines']!r}"
                reason = "but only a list of objects, or else a text, can have that"
                raise mistaken(f"The field {view.name} of {model}", f"{problem}, {reason}")
            item = lists[0].parts[0].hint
            yield replace(
                view,
                attribute=resolved["x-python-lines"],
                nested="",
                type=f"list[{item}]",
                expression=f"as_lines(self, {view.name!r}, {item})",
                description=f"The `{view.attribute}` as a list, also where it is one text or not there.",
            )

    def _name(self, views: list[View], model: str, taken: set[str]) -> None:
        """Give each view the name of an attribute; those of one name keep more of the field's own."""
        prefix = self.specification.config.field_prefix
        for literal in (False, True):
            names = [view.attribute for view in views]
            for view in views:
                if not view.attribute or names.count(view.attribute) > 1:
                    name = PythonIdentifier(view.name, prefix, skip_snake_case=literal)
                    view.attribute = f"{name}_" if name in taken else name
        names = [view.attribute for view in views]
        for view in views:
            if names.count(view.attribute) > 1:
                raise unsupported(f"The schema {model}", f"has several fields that would be called {view.attribute}")

    def _view(self, model: str, name: str, schema: Schema, required: bool) -> View:
        form, resolved = self.forms.of(schema), self.specification.resolve(schema)
        hint = form.hint
        if (form.nullable or not required) and hint not in {"Any", "None"}:
            hint += " | None"
        view = View(name, "", hint, f"self._get({name!r})", resolved.get("description", ""))
        view.required = required
        view.default = resolved.get("default")
        view.deprecated = bool(resolved.get("deprecated"))
        view.classes = sorted({*form.classes()} - {model})
        view.leading_back = [each for each in view.classes if model in self.specification.reached([each])]
        _express(view, form)
        return view


def names_of_base(model: str) -> set[str]:
    """Return the attributes that a model has by its base."""
    if model not in BASES:
        return set()
    module, base = BASES[model]
    return {*dir(getattr(import_module(f"pamela._core.{module}"), base))}


def _express(view: View, form: Form) -> None:
    """Give a view the code that reads it, and the code that makes the objects in it models once for all."""
    item = form.parts[0] if form.kind == "list" else ANY
    lists = [part for part in form.parts if part.kind == "list"] if form.kind == "union" else []
    if (
        lists
        and lists[0].parts[0].kind == "model"
        and not any(each.has("enum", "date", "datetime") for each in form.parts)
    ):
        item = lists[0].parts[0]  # the list is viewed, what is no list is not touched
        form = lists[0]
    match form.kind, item.kind:
        case "model", _:
            view.expression = view.nested = f"as_model(self, {view.name!r}, {form.hint})"
        case "list", "model":
            view.expression = f"as_models(self, {view.name!r}, {item.hint})"
            view.nested = f"nest_models(self, {view.name!r}, {item.hint})"
        case "list", "enum":
            view.expression = f"as_enums({item.hint}, {view.expression})"
        case "list", "datetime":
            view.expression = f"as_datetimes({view.expression})"
        case _:
            if form.has("model", "variant"):
                view.expression = view.nested = (
                    f"as_nested(self, {view.name!r}, lambda value: {nesting(form, 'value')})"
                )
            if form.has("enum", "datetime", "date"):
                view.expression = viewing(form, view.expression)
