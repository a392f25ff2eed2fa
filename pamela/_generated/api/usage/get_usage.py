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
    """Return the request, its arguments validated."""
    return Request(
        OPERATION,
        query={
            "period": validation.validate_string(
                "period",
                period,
                pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
                hint="The UTC calendar month, `YYYY-MM`; the current one if absent. Example: '2026-03'.",
            )
        },
    )


def sync(client: Executor, period: str | None = None) -> Usage:
    """Carry the operation out with a `PamelaClient`."""
    return client._execute(build_request(period))


async def asyncio(client: AsyncExecutor, period: str | None = None) -> Usage:
    """Carry the operation out with an `AsyncPamelaClient`."""
    return await client._execute(build_request(period))
