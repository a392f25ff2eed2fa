# Made by `make generate` from openapi.yaml. Do not edit.
"""Register a tool: POST /api/b2b/v1/tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.tool_registration import ToolRegistration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[ToolRegistration] = Operation(
    "register_tool", "POST", "/api/b2b/v1/tools", parser=ResponseParser(model=ToolRegistration)
)


def build_request(
    name: str,
    description: str,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any] | None = None,
    timeout_ms: int | None = None,
    *,
    timeout_seconds: float | None = None,
    idempotency_key: str | None = None,
) -> Request[ToolRegistration]:
    """Return the request with validated arguments."""
    timeout_ms = validation.resolve_alias("timeout_ms", timeout_ms, "timeout_seconds", timeout_seconds, scale=1000)
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
            "name": validation.validate_string(
                "name",
                name,
                required=True,
                min_length=1,
                pattern="\\S",
                hint="The function's name. Example: 'check_order_status'.",
            ),
            "description": validation.validate_string("description", description, required=True),
            "input_schema": validation.validate_object("input_schema", input_schema, required=True),
            "output_schema": validation.or_default(validation.validate_object("output_schema", output_schema), {}),
            "timeout_ms": validation.or_default(
                validation.validate_integer(
                    "timeout_ms",
                    timeout_ms,
                    minimum=1,
                    hint="How long the agent waits for the response, in milliseconds.",
                ),
                30000,
            ),
        },
        wrapper="tool",
    )


def sync(
    client: Executor,
    name: str,
    description: str,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any] | None = None,
    timeout_ms: int | None = None,
    *,
    timeout_seconds: float | None = None,
    idempotency_key: str | None = None,
) -> ToolRegistration:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(
        build_request(
            name,
            description,
            input_schema,
            output_schema,
            timeout_ms,
            timeout_seconds=timeout_seconds,
            idempotency_key=idempotency_key,
        )
    )


async def asyncio(
    client: AsyncExecutor,
    name: str,
    description: str,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any] | None = None,
    timeout_ms: int | None = None,
    *,
    timeout_seconds: float | None = None,
    idempotency_key: str | None = None,
) -> ToolRegistration:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(
        build_request(
            name,
            description,
            input_schema,
            output_schema,
            timeout_ms,
            timeout_seconds=timeout_seconds,
            idempotency_key=idempotency_key,
        )
    )
