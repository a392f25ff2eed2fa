# Made by `make generate` from openapi.yaml. Do not edit.
"""Delete a tool: DELETE /api/b2b/v1/tools/{tool_id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.tool_deletion import ToolDeletion

if TYPE_CHECKING:
    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[ToolDeletion] = Operation(
    "delete_tool", "DELETE", "/api/b2b/v1/tools/{tool_id}", parser=ResponseParser(model=ToolDeletion)
)


def build_request(tool_id: str) -> Request[ToolDeletion]:
    """Return the request with validated arguments."""
    return Request(
        OPERATION,
        path_arguments={
            "tool_id": validation.validate_id(
                "tool_id", tool_id, required=True, min_length=1, hint="The tool's `id`. Example: 'tool_4fTq9s'."
            )
        },
    )


def sync(client: Executor, tool_id: str) -> ToolDeletion:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(build_request(tool_id))


async def asyncio(client: AsyncExecutor, tool_id: str) -> ToolDeletion:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(build_request(tool_id))
