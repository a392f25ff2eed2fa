# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CallWebhooks")


@_attrs_define
class CallWebhooks:
    """The addresses for one call."""

    webhook_url: str | Unset = UNSET
    """ Where the call's events go. """
    tool_webhook_url: str | Unset = UNSET
    """ Where the call's tool invocations go. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        webhook_url = self.webhook_url

        tool_webhook_url = self.tool_webhook_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if webhook_url is not UNSET:
            field_dict["webhook_url"] = webhook_url
        if tool_webhook_url is not UNSET:
            field_dict["tool_webhook_url"] = tool_webhook_url

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        webhook_url = d.pop("webhook_url", UNSET)

        tool_webhook_url = d.pop("tool_webhook_url", UNSET)

        call_webhooks = cls(webhook_url=webhook_url, tool_webhook_url=tool_webhook_url)

        call_webhooks.additional_properties = d
        return call_webhooks

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
