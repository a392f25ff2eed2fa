# Made by `make generate` from openapi.yaml. Do not edit.
"""Get usage: GET /api/b2b/v1/usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.usage import Usage

if TYPE_CHECKING:
    from ...._core.operation import AsyncExecutor, Executor

OPERATION: Operation[Usage] = Operation("get_usage", "GET", "/api/b2b/v1/usage", parser=ResponseParser(model=Usage))


def build_request(period: str | None = None) -> Request[Usage]:
    """Return the request with validated arguments."""
    return Request(
        OPERATION,
        query={
            "period": validation.validate_string(
                "period",
                period,
                pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
                hint="A UTC calendar month, as `YYYY-MM`. Example: '2026-03'.",
            )
        },
    )


def sync(client: Executor, period: str | None = None) -> Usage:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(build_request(period))


async def asyncio(client: AsyncExecutor, period: str | None = None) -> Usage:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(build_request(period))
