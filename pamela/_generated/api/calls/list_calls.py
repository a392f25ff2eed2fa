# Made by `make generate` from openapi.yaml. Do not edit.
"""List calls: GET /api/b2b/v1/calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import validation
from ...._core.operation import Operation, Request, ResponseParser
from ...models.call_page import CallPage

if TYPE_CHECKING:
    from datetime import date, datetime

    from ...._core.operation import AsyncExecutor, Executor
    from ...models.call_status import CallStatus
    from ...types import CallStatusName

OPERATION: Operation[CallPage] = Operation(
    "list_calls", "GET", "/api/b2b/v1/calls", parser=ResponseParser(model=CallPage)
)


def build_request(
    status: CallStatus | CallStatusName | str | None = None,
    status_filter: CallStatus | CallStatusName | str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    start_date: datetime | date | str | None = None,
    end_date: datetime | date | str | None = None,
) -> Request[CallPage]:
    """Return the request with validated arguments."""
    status_filter = validation.resolve_alias("status_filter", status_filter, "status", status)
    return Request(
        OPERATION,
        query={
            "status_filter": validation.validate_string("status_filter", status_filter),
            "limit": validation.validate_integer(
                "limit", limit, minimum=1, hint="Number of calls in a page, 1 to 100. Example: 50.", absent=0
            ),
            "offset": validation.validate_integer(
                "offset", offset, minimum=0, hint="Number of calls to skip. Example: 0."
            ),
            "start_date": validation.format_datetime("start_date", start_date),
            "end_date": validation.format_datetime("end_date", end_date),
        },
    )


def sync(
    client: Executor,
    status: CallStatus | CallStatusName | str | None = None,
    status_filter: CallStatus | CallStatusName | str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    start_date: datetime | date | str | None = None,
    end_date: datetime | date | str | None = None,
) -> CallPage:
    """Execute the operation with a `PamelaClient`."""
    return client._execute(build_request(status, status_filter, limit, offset, start_date, end_date))


async def asyncio(
    client: AsyncExecutor,
    status: CallStatus | CallStatusName | str | None = None,
    status_filter: CallStatus | CallStatusName | str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    start_date: datetime | date | str | None = None,
    end_date: datetime | date | str | None = None,
) -> CallPage:
    """Execute the operation with an `AsyncPamelaClient`."""
    return await client._execute(build_request(status, status_filter, limit, offset, start_date, end_date))
