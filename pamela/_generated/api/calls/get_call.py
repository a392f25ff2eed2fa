# Made by `make generate` from openapi.yaml. Do not edit.
"""Get a call: GET /api/b2b/v1/calls/{call_id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.call import Call

if TYPE_CHECKING:
    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[Call] = Operation(
    "get_call", "GET", "/api/b2b/v1/calls/{call_id}", parser=ResponseParser(model=Call)
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
