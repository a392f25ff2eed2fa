"""The output of checks: a list with marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from .terminal import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MARKS = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failed": ("✗", "bold red"),
    "not checked": ("-", "dim"),
}


def print_findings(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a line for each row: its mark, the check and the finding."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        mark, style = _MARKS[row["result"]]
        what = row.get("check") or row.get("step")
        table.add_row(Text(mark, style=style), Text(str(what), style="bold"), Text(row["explanation"] or ""))
    console().print(table)
