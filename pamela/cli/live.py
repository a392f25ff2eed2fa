"""A call on a terminal: the conversation, and a line below it with the state of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .tables import duration
from .terminal import STATUS_COLOURS, console
from .watching import Progress, is_over, price_so_far, seconds_so_far, tool_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from rich.console import Console, RenderableType

    from pamela import Call

    from .watching import Line

_SPEAKER_WIDTH = 7
_SPEAKER_STYLES = {"agent": "bold cyan", "user": "bold green", "tool": "bold magenta"}
_HINT = "Ctrl-C stops watching, not the call"
_FRAMES_A_SECOND = 10


class LiveDisplay:
    """Draws one call. It is a context manager, and restores the terminal."""

    def __init__(self, screen: Console | None = None) -> None:
        self._screen = screen or console()
        self._progress = Progress()
        self._call: Mapping[str, Any] = {}
        self._spinner = Spinner("dots")
        self._live = Live(
            console=self._screen,
            get_renderable=self._status_line,
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, call: Call) -> None:
        """Draw the changes of the call."""
        if not self._call:
            self._screen.print(heading(call))
        self._call = call
        for line in self._progress.news(call):
            if line.kind != "status":
                self._screen.print(conversation_line(line))
        if is_over(call):
            self._screen.print(ending(call))

    def _status_line(self) -> RenderableType:
        if not self._call or is_over(self._call):
            return Text("")
        status = str(self._call.get("status"))
        self._spinner.update(text="", style=STATUS_COLOURS.get(status, "cyan"))
        parts = Text.assemble((status, STATUS_COLOURS.get(status, "")))
        if (seconds := seconds_so_far(self._call)) is not None:
            parts.append(f"  {duration(seconds)}  {price_so_far(self._call)}")
        if self._screen.width > parts.cell_len + len(_HINT) + 6:
            parts.append(f"   {_HINT}", style="dim")
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column(no_wrap=True)
        row.add_column(no_wrap=True, overflow="ellipsis")
        row.add_row(self._spinner, parts)
        return Padding(row, (1, 0, 0, 0))


def heading(call: Mapping[str, Any]) -> RenderableType:
    """Return the heading of the conversation."""
    first = Text.assemble((str(call.get("id")), "bold"), "  ", str(call.get("to") or ""))
    task = Text(str(call.get("task") or ""), style="dim")
    return Padding(Text("\n").join([first, task] if task.plain else [first]), (0, 0, 1, 0))


def conversation_line(line: Line) -> RenderableType:
    """Return the speaker and the text in two columns."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=_SPEAKER_WIDTH, no_wrap=True, overflow="ellipsis")
    row.add_column(overflow="fold")
    text = Text(line.text)
    if line.kind == "tool":
        invocation, response = tool_text(line)
        text = Text.assemble((invocation, "magenta"), f"\n→ {response}" if response else "")
    row.add_row(Text(line.kind, style=_SPEAKER_STYLES.get(line.kind, "bold")), text)
    return row


def ending(call: Mapping[str, Any]) -> RenderableType:
    """Return the end of the call: status, duration, price and summary."""
    status = str(call.get("status"))
    mark = {"completed": "✓", "failed": "✗"}.get(status, "■")
    lines = [Text.assemble((f"{mark} {status}", f"bold {STATUS_COLOURS.get(status, '')}".strip()))]
    outcome = str(getattr(call, "outcome", status))
    if outcome != status:
        lines[0].append(f"  {outcome.replace('_', ' ')}")
    if (seconds := seconds_so_far(call)) is not None:
        lines[0].append(f"  {duration(seconds)}  {price_so_far(call)}")
    if isinstance(call.get("transcript"), str):
        lines.insert(0, Text(f"{call['transcript']}\n"))
    if call.get("summary"):
        lines.append(Text(str(call["summary"])))
    return Padding(Text("\n").join(lines), (1, 0, 0, 0))
