# Made by `make generate` from openapi.yaml. Do not edit.
"""Cancel a call: POST /api/b2b/v1/calls/{call_id}/cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.call import Call

if TYPE_CHECKING:
    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[Call] = Operation(
    "cancel_call", "POST", "/api/b2b/v1/calls/{call_id}/cancel", parser=ResponseParser(model=Call), idempotent=True
)


def build_request(call_id: str) -> Request[Call]:
    """Return the request with validated arguments."""
    return Request(
        OPERATION,
        path_arguments={
            "call_id": validation.validate_id(
                "call_id", call_id, required=True, min_length=1, hint="The call's `id`. Example: 'call_8Zk2vQ'."
            )
        },
    )


def sync(client: Executor, call_id: str) -> Call:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(build_request(call_id))


async def asyncio(client: AsyncExecutor, call_id: str) -> Call:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(build_request(call_id))
