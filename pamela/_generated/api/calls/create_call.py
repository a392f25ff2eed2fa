# Made by `make generate` from openapi.yaml. Do not edit.
"""Place a call: POST /api/b2b/v1/calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...._core.operation import AsyncExecutor, Executor
    from ...models.call_webhooks import CallWebhooks
    from ...models.tool_definition import ToolDefinition
    from ...models.voice import Voice
    from ...types import CallWebhooksDict, ToolDefinitionDict, VoiceName

OPERATION: Operation[Call] = Operation("create_call", "POST", "/api/b2b/v1/calls", parser=ResponseParser(model=Call))


def build_request(
    to: str,
    task: str,
    country: str | None = None,
    locale: str | None = None,
    instructions: str | None = None,
    max_duration_seconds: int | None = None,
    voice: Voice | VoiceName | str | None = None,
    agent_name: str | None = None,
    caller_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tools: Sequence[ToolDefinition | ToolDefinitionDict | Mapping[str, Any]] | None = None,
    webhooks: CallWebhooks | CallWebhooksDict | Mapping[str, Any] | None = None,
    end_user_id: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> Request[Call]:
    """Return the request with validated arguments."""
    return Request(
        OPERATION,
        headers={
            "Idempotency-Key": validation.validate_string(
                "idempotency_key",
                idempotency_key,
                min_length=1,
                pattern="^[!-~]([ -~]*[!-~])?$",
                hint="A unique text for what you want done, with at most 255 printable ASCII characters. Example: 'order-1042-reminder'.",
            )
        },
        body={
            "to": validation.validate_phone_number(
                "to",
                to,
                required=True,
                pattern="^\\+[1-9][0-9]{1,14}$",
                hint="The number to call, in E.164 form. Example: '+1234567890'.",
                country=country,
                error_code=2002,
            ),
            "task": validation.validate_string(
                "task",
                task,
                required=True,
                min_length=1,
                pattern="\\S",
                hint="What the agent should achieve, in plain words. Example: 'Schedule a meeting for next week'.",
            ),
            "country": validation.validate_string(
                "country",
                country,
                pattern="^[A-Za-z]{2}$",
                hint="The country of the number, as an ISO 3166-1 alpha-2 code. Example: 'US'.",
            ),
            "locale": validation.validate_string("locale", locale),
            "instructions": validation.validate_string("instructions", instructions),
            "max_duration_seconds": validation.validate_integer(
                "max_duration_seconds",
                max_duration_seconds,
                minimum=1,
                hint="Maximum duration of the call in seconds, 1 to 3600.",
            ),
            "voice": validation.validate_string("voice", voice),
            "agent_name": validation.validate_string("agent_name", agent_name),
            "caller_name": validation.validate_string("caller_name", caller_name),
            "metadata": validation.validate_object("metadata", metadata),
            "tools": validation.validate_list(
                "tools",
                tools,
                known=("name", "description", "input_schema", "output_schema", "timeout_ms"),
                ignored=("id", "active", "created_at", "updated_at"),
            ),
            "webhooks": validation.validate_object("webhooks", webhooks, known=("webhook_url", "tool_webhook_url")),
            "end_user_id": validation.validate_id("end_user_id", end_user_id),
        },
    )


def sync(
    client: Executor,
    to: str,
    task: str,
    country: str | None = None,
    locale: str | None = None,
    instructions: str | None = None,
    max_duration_seconds: int | None = None,
    voice: Voice | VoiceName | str | None = None,
    agent_name: str | None = None,
    caller_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tools: Sequence[ToolDefinition | ToolDefinitionDict | Mapping[str, Any]] | None = None,
    webhooks: CallWebhooks | CallWebhooksDict | Mapping[str, Any] | None = None,
    end_user_id: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> Call:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(
        build_request(
            to,
            task,
            country,
            locale,
            instructions,
            max_duration_seconds,
            voice,
            agent_name,
            caller_name,
            metadata,
            tools,
            webhooks,
            end_user_id,
            idempotency_key=idempotency_key,
        )
    )


async def asyncio(
    client: AsyncExecutor,
    to: str,
    task: str,
    country: str | None = None,
    locale: str | None = None,
    instructions: str | None = None,
    max_duration_seconds: int | None = None,
    voice: Voice | VoiceName | str | None = None,
    agent_name: str | None = None,
    caller_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tools: Sequence[ToolDefinition | ToolDefinitionDict | Mapping[str, Any]] | None = None,
    webhooks: CallWebhooks | CallWebhooksDict | Mapping[str, Any] | None = None,
    end_user_id: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> Call:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(
        build_request(
            to,
            task,
            country,
            locale,
            instructions,
            max_duration_seconds,
            voice,
            agent_name,
            caller_name,
            metadata,
            tools,
            webhooks,
            end_user_id,
            idempotency_key=idempotency_key,
        )
    )
