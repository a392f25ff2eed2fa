# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ToolDefinition")


@_attrs_define
class ToolDefinition:
    """A function of yours that the agent may call."""

    name: str
    """ The function's name. """
    description: str
    """ What the function does and when to call it; the agent reads this. """
    input_schema: dict[str, Any]
    """ A JSON Schema of type `object`. """
    output_schema: dict[str, Any] | Unset = UNSET
    """ A JSON Schema of type `object`. """
    timeout_ms: int | Unset = 30000
    """ How long the agent waits for an answer, in milliseconds. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        description = self.description

        input_schema = self.input_schema

        output_schema = self.output_schema

        timeout_ms = self.timeout_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({"name": name, "description": description, "input_schema": input_schema})
        if output_schema is not UNSET:
            field_dict["output_schema"] = output_schema
        if timeout_ms is not UNSET:
            field_dict["timeout_ms"] = timeout_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        description = d.pop("description")

        input_schema = d.pop("input_schema")

        output_schema = d.pop("output_schema", UNSET)

        timeout_ms = d.pop("timeout_ms", UNSET)

        tool_definition = cls(
            name=name,
            description=description,
            input_schema=input_schema,
            output_schema=output_schema,
            timeout_ms=timeout_ms,
        )

        tool_definition.additional_properties = d
        return tool_definition

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
