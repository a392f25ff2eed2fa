# Made by `make generate` from openapi.yaml. Do not edit.
"""List tools: GET /api/b2b/v1/tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core.operation import Operation, Request, ResponseParser
from ...models.tool import Tool

if TYPE_CHECKING:
    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[list[Tool]] = Operation(
    "list_tools", "GET", "/api/b2b/v1/tools", parser=ResponseParser(items=Tool, wrapper="tools")
)


def build_request() -> Request[list[Tool]]:
    """Return the request with validated arguments."""
    return Request(OPERATION)


def sync(client: Executor) -> list[Tool]:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(build_request())


async def asyncio(client: AsyncExecutor) -> list[Tool]:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(build_request())
