"""Tables for people, as wide as the terminal. A narrow one shows only the most important columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from .output import value_at
from .terminal import STATUS_COLOURS, console, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NARROWEST = 12
"""Minimum width of a shortened column, in characters."""

LONGEST_WHOLE = 26
"""Columns up to this width are never shortened, because parts of ids, times and numbers are useless."""

_GAP = 2
_WHOLE = ("id", "tool_id", "call_id")
"""Columns that are never shortened at any width, because users copy ids."""


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows as a table. Columns that do not fit are omitted, the last ones first."""
    if not rows:
        say("There are none.", dim=True)
        return
    screen = console()
    cells = {name: [cell(name, value_at(row, name)) for row in rows] for name in columns}
    widths = fitting({name: width_of(cells[name], name) for name in columns}, screen.width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim", collapse_padding=True)
    for name, width in widths.items():
        justify: Any = "right" if is_numeric(rows, name) else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for line in zip(*(cells[name] for name in widths), strict=True):
        table.add_row(*line)
    screen.print(table)
    if len(widths) < len(columns):
        left_out = ", ".join(name for name in columns if name not in widths)
        say(f"The terminal is too narrow for {left_out}.", dim=True)


def print_record(row: Mapping[str, Any], columns: Sequence[str]) -> None:
    """Print one object, one field per line."""
    screen = console()
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name in columns:
        if (value := value_at(row, name)) is not None:
            table.add_row(name, cell(name, value))
    screen.print(table)


def fitting(full: Mapping[str, int], width: int) -> dict[str, int]:
    """Return the columns that fit into a width, each with its own width. The first column is always included.

    Args:
        full: The width of each column, unabridged.
        width: The width of the terminal.
    """
    least = {
        name: size if name in _WHOLE or size <= LONGEST_WHOLE else max(NARROWEST, cell_len(name))
        for name, size in full.items()
    }
    widths: dict[str, int] = {}
    left = width
    for name, size in least.items():
        gap = _GAP if widths else 0
        if not widths or size + gap <= left:
            widths[name] = size
            left -= size + gap
    # The shortened columns get the remaining width, from the left.
    for name in widths:
        more = min(full[name] - widths[name], max(left, 0))
        widths[name] += more
        left -= more
    return widths


def width_of(column: Sequence[Text], name: str) -> int:
    return max(cell_len(name), *(each.cell_len for each in column))


def is_numeric(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether a column has only numbers."""
    values = [value for row in rows if (value := value_at(row, name)) is not None]
    return bool(values) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def cell(name: str, value: Any) -> Text:
    """Return a field's value as text for people."""
    if value is None:
        return Text("")
    if name.endswith("_at") and isinstance(value, str):
        return Text(local_time(value))
    if name == "status" and isinstance(value, str):
        return Text(value, style=STATUS_COLOURS.get(value, ""))
    if name == "duration_seconds" and isinstance(value, int | float):
        return Text(duration(value))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, str):
        return Text(value if name in _WHOLE else " ".join(value.split()))
    return Text(json.dumps(value, ensure_ascii=False))


def duration(seconds: float) -> str:
    """Return a duration in the format of a clock."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_time(text: str) -> str:
    """Return a date-time in the machine's time zone, or the text unchanged if it is not a date-time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
