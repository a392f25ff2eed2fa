"""Views of models: the typed attributes that read the fields of a JSON object."""

from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser import properties as props
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.none import NoneProperty

from .spec import ObjectProperty, Specification, fields, transitive_models

DATES = props.DateTimeProperty | DateProperty
NAMES_OF_MODEL = {*dir(dict), "from_dict", "to_dict"}
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
    import_: str = ""
    leads_back: bool = False
    """Whether the model that is imported has, at whatever remove, the one that imports it."""


class Views:
    """Makes the views of a model."""

    def __init__(self, specification: Specification) -> None:
        self.specification = specification

    def __call__(self, model: props.ModelProperty) -> list[View]:
        documented = self.specification.schemas.get(model.class_info.name, {}).get("properties", {})
        views = []
        for property_ in fields(model):
            view = self.view(property_)
            description = self.specification.resolve(documented.get(view.name, {})).get("description")
            view.description = description or str(property_.description or "")
            view.leads_back = model.class_info.name in transitive_models([property_], self.specification.models)
            if view.import_ == self.imported(model)[1]:
                view.import_ = ""
            views.append(view)
        order = list(documented)
        return sorted(views, key=lambda view: order.index(view.name) if view.name in order else len(order))

    def view(self, property_: Any) -> View:
        name = property_.name.get_untrusted_value()
        attribute = f"{property_.python_name}_" if property_.python_name in NAMES_OF_MODEL else property_.python_name
        kinds, optional = self.kinds(property_)
        view = View(name, attribute, "Any", f"self._get({name!r})", "")
        lists = [kind for kind in kinds if isinstance(kind, props.ListProperty)]
        plain = {self.plain(kind) for kind in kinds}
        if len(kinds) == 1 or (kinds and all(isinstance(kind, DATES) for kind in kinds)):
            self.convert(view, kinds[0])
        elif len(lists) == 1:
            self.convert(view, lists[0])
            others = [self.plain(kind) for kind in kinds if kind is not lists[0]]
            view.type = " | ".join([view.type, *others])
        elif len(plain) == 1:
            (view.type,) = plain
        if (optional or not property_.required) and view.type != "Any":
            view.type += " | None"
        return view

    def kinds(self, property_: Any) -> tuple[list[Any], bool]:
        """Return the kinds of value that a property can have, and whether null is one."""
        inner = property_.inner_properties if isinstance(property_, props.UnionProperty) else [property_]
        kinds = [kind for kind in inner if not isinstance(kind, NoneProperty)]
        return kinds, len(kinds) < len(inner)

    def plain(self, kind: Any) -> str:
        if isinstance(kind, props.ConstProperty | props.IntProperty | props.FloatProperty | props.BooleanProperty):
            return str(kind.get_type_string(no_optional=True).as_unembedded_code())
        return "str" if isinstance(kind, props.StringProperty | props.UuidProperty) else "Any"

    def convert(self, view: View, kind: Any) -> None:
        match kind:
            case props.ListProperty(inner_property=inner):
                self.convert_list(view, inner)
            case props.DateTimeProperty() | DateProperty():
                view.type, view.expression = "datetime", f"as_datetime({view.expression})"
            case props.EnumProperty():
                view.type, view.import_ = self.imported(kind)
                view.expression = f"as_enum({view.type}, {view.expression})"
            case props.ModelProperty():
                view.type, view.import_ = self.imported(kind)
                view.expression = view.nested = f"as_model(self, {view.name!r}, {view.type})"
            case ObjectProperty():
                view.type = "dict[str, Any]"
            case _:
                view.type = self.plain(kind)

    def convert_list(self, view: View, inner: Any) -> None:
        match inner:
            case props.DateTimeProperty() | DateProperty():
                item, view.expression = "datetime", f"as_datetimes({view.expression})"
            case props.EnumProperty():
                item, view.import_ = self.imported(inner)
                view.expression = f"as_enums({item}, {view.expression})"
            case props.ModelProperty():
                item, view.import_ = self.imported(inner)
                view.expression = f"as_models(self, {view.name!r}, {item})"
                view.nested = f"nest_models(self, {view.name!r}, {item})"
            case _:
                item = self.plain(inner)
        view.type = f"list[{item}]"

    def imported(self, kind: Any) -> tuple[str, str]:
        """Return the name of a class and the code that imports it into another one's module."""
        name: str = kind.class_info.name
        return name, f"from .{kind.class_info.module_name} import {name}"
