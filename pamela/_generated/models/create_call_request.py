# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.voice import Voice
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.call_webhooks import CallWebhooks
    from ..models.tool_definition import ToolDefinition


T = TypeVar("T", bound="CreateCallRequest")


@_attrs_define
class CreateCallRequest:
    """A phone call to place."""

    to: str
    """ The number to call, in E.164 form. """
    task: str
    """ What the agent is to achieve, in plain words. """
    country: str | Unset = UNSET
    """ The country to call in, as ISO 3166-1 alpha-2. """
    locale: str | Unset = UNSET
    """ The language to speak, as a BCP 47 tag. """
    instructions: str | Unset = UNSET
    """ More for the agent to know; how to behave, say, or what not to mention. """
    max_duration_seconds: int | Unset = 299
    """ The call is ended after this many seconds, 1 to 3600. """
    voice: Voice | Unset = UNSET
    """ A voice for the agent. More may appear. """
    agent_name: str | Unset = UNSET
    """ The name by which the agent introduces itself. """
    caller_name: str | Unset = UNSET
    """ The person or company on whose behalf the agent calls. """
    metadata: dict[str, Any] | Unset = UNSET
    """ Your own values. They come back with the call. """
    tools: list[ToolDefinition] | Unset = UNSET
    """ Tools for this call only. """
    webhooks: CallWebhooks | Unset = UNSET
    """ The addresses for one call. """
    end_user_id: str | Unset = UNSET
    """ Your own user or tenant for whom the call is placed. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        to = self.to

        task = self.task

        country = self.country

        locale = self.locale

        instructions = self.instructions

        max_duration_seconds = self.max_duration_seconds

        voice: str | Unset = UNSET
        if not isinstance(self.voice, Unset):
            voice = self.voice.value

        agent_name = self.agent_name

        caller_name = self.caller_name

        metadata = self.metadata

        tools: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.tools, Unset):
            tools = []
            for tools_item_data in self.tools:
                tools_item = tools_item_data.to_dict()
                tools.append(tools_item)

        webhooks: dict[str, Any] | Unset = UNSET
        if not isinstance(self.webhooks, Unset):
            webhooks = self.webhooks.to_dict()

        end_user_id = self.end_user_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "to": to,
                "task": task,
            }
        )
        if country is not UNSET:
            field_dict["country"] = country
        if locale is not UNSET:
            field_dict["locale"] = locale
        if instructions is not UNSET:
            field_dict["instructions"] = instructions
        if max_duration_seconds is not UNSET:
            field_dict["max_duration_seconds"] = max_duration_seconds
        if voice is not UNSET:
            field_dict["voice"] = voice
        if agent_name is not UNSET:
            field_dict["agent_name"] = agent_name
        if caller_name is not UNSET:
            field_dict["caller_name"] = caller_name
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if tools is not UNSET:
            field_dict["tools"] = tools
        if webhooks is not UNSET:
            field_dict["webhooks"] = webhooks
        if end_user_id is not UNSET:
            field_dict["end_user_id"] = end_user_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.call_webhooks import CallWebhooks  # noqa: PLC0415
        from ..models.tool_definition import ToolDefinition  # noqa: PLC0415

        d = dict(src_dict)
        to = d.pop("to")

        task = d.pop("task")

        country = d.pop("country", UNSET)

        locale = d.pop("locale", UNSET)

        instructions = d.pop("instructions", UNSET)

        max_duration_seconds = d.pop("max_duration_seconds", UNSET)

        _voice = d.pop("voice", UNSET)
        voice: Voice | Unset
        if isinstance(_voice, Unset):
            voice = UNSET
        else:
            voice = Voice(_voice)

        agent_name = d.pop("agent_name", UNSET)

        caller_name = d.pop("caller_name", UNSET)

        metadata = d.pop("metadata", UNSET)

        _tools = d.pop("tools", UNSET)
        tools: list[ToolDefinition] | Unset = UNSET
        if _tools is not UNSET:
            tools = []
            for tools_item_data in _tools:
                tools_item = ToolDefinition.from_dict(tools_item_data)

                tools.append(tools_item)

        _webhooks = d.pop("webhooks", UNSET)
        webhooks: CallWebhooks | Unset
        if isinstance(_webhooks, Unset):
            webhooks = UNSET
        else:
            webhooks = CallWebhooks.from_dict(_webhooks)

        end_user_id = d.pop("end_user_id", UNSET)

        create_call_request = cls(
            to=to,
            task=task,
            country=country,
            locale=locale,
            instructions=instructions,
            max_duration_seconds=max_duration_seconds,
            voice=voice,
            agent_name=agent_name,
            caller_name=caller_name,
            metadata=metadata,
            tools=tools,
            webhooks=webhooks,
            end_user_id=end_user_id,
        )

        create_call_request.additional_properties = d
        return create_call_request

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
