"""`pamela usage`: show the usage of a month, and of its days."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from .exit_codes import CommandError, ExitCode
from .help import Command
from .output import Output, fields_of, output_options, write_line
from .settings import Settings, connection_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pamela import PamelaClient

COLUMNS = (
    "period",
    "call_count",
    "api_minutes",
    "billed_minutes",
    "quota.partner_limit",
    "quota.project_limit",
    "partner_id",
    "project_id",
)
CHART_COLUMNS = ("day", "call_count", "billed_minutes")


@click.command(
    cls=Command,
    examples=("pamela usage", "pamela usage 2026-03", "pamela usage --chart", "pamela usage 2026-03 --json"),
)
@click.argument("month", metavar="[MONTH]", required=False)
@click.option("--chart", is_flag=True, help="Show each day. This reads all calls of the month.")
@output_options
@connection_options
def usage(settings: Settings, output: Output, month: str | None, chart: bool) -> None:
    """Show the usage of a month.

    MONTH is a UTC calendar month, as YYYY-MM. The default is the current month.
    """
    from pamela import Usage

    with settings.client() as client:
        if not chart:
            output.record(client.usage.get(month), COLUMNS, fields_of(Usage))
            return
        days = by_day(client, month or f"{datetime.now(UTC):%Y-%m}")
    if output.is_table:
        draw(days)
    else:
        output.rows(days, CHART_COLUMNS)


def by_day(client: PamelaClient, month: str) -> list[dict[str, Any]]:
    """Return the calls that connected and the minutes billed on each day of a UTC month.

    Raises:
        CommandError: The month is invalid.
    """
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"{month!r} is not a month. Example: 2026-03.", ExitCode.USAGE) from None
    length = calendar.monthrange(first.year, first.month)[1]
    days = {f"{first + timedelta(days=number):%Y-%m-%d}": [0, 0] for number in range(length)}
    # A call that connects in this month may have been placed at the end of the previous one.
    for call in client.iter_calls(start_date=first - timedelta(days=1), end_date=first + timedelta(days=length)):
        day = days.get(str(call.get("started_at"))[:10])
        if day is not None:
            day[0] += 1
            day[1] += call.get("billed_minutes") or 0
    return [{"day": day, "call_count": calls, "billed_minutes": minutes} for day, (calls, minutes) in days.items()]


def draw(days: Iterable[Mapping[str, Any]]) -> None:
    """Draw a bar for each day, as wide as the terminal allows."""
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    from .terminal import console

    rows = list(days)
    most = max(row["billed_minutes"] for row in rows) or 1
    screen = console()
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for row in rows:
        minutes, calls = row["billed_minutes"], row["call_count"]
        amount = Text(f"{minutes} min, {calls} {'call' if calls == 1 else 'calls'}" if calls else "", style="dim")
        table.add_row(str(row["day"])[5:], Bar(most, 0, minutes, color="cyan"), amount)
    screen.print(table)
    write_line(f"{sum(row['billed_minutes'] for row in rows)} minutes, {sum(row['call_count'] for row in rows)} calls")
