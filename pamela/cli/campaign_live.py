"""How far a campaign is, on a terminal: progress, rate, outcomes, time left, and what waits for which hour."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from .terminal import console, say

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import RenderableType

    from pamela.campaigns import Campaign, Progress

OUTCOMES = (("completed", "green"), ("not_reached", "yellow"), ("broken_off", "red"), ("cancelled", "bright_black"))
_REFRESH = 0.5
_LINE_INTERVAL = 30.0
_RATE_WINDOW = 30.0
_MOST_OF_THE_TIME = 20
"""The ledger is asked for at most one part in this many of the time."""
_DOLLARS_PER_MINUTE = 0.10


class CampaignDisplay:
    """Shows how far a campaign is while it runs: a view on a terminal, a line now and then elsewhere."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="pamela-campaign-display", daemon=True)
        self._placed: deque[tuple[float, int, int]] = deque()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _show(self) -> None:
        from pamela.campaigns import LedgerError

        try:
            if sys.stderr.isatty():
                self._show_live()
            else:
                self._show_lines()
        except LedgerError:
            return  # The run itself says so.

    def _show_lines(self) -> None:
        while not self._ended.wait(_LINE_INTERVAL):
            say(summary_line(self._campaign.name, self._take()))

    def _show_live(self) -> None:
        from rich.live import Live

        screen = console(stderr=True)
        with Live(console=screen, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            while True:
                began = time.monotonic()
                progress = self._take()
                live.update(self.view(progress, str(self._campaign.info.state)), refresh=True)
                took = time.monotonic() - began
                if self._ended.wait(max(_REFRESH, took * _MOST_OF_THE_TIME)):
                    live.update(self.view(self._take(), str(self._campaign.info.state)), refresh=True)
                    return

    def _take(self) -> Progress:
        progress = self._campaign.progress()
        now = time.monotonic()
        self._placed.append((now, progress.placed, progress.final))
        while len(self._placed) > 2 and now - self._placed[0][0] > _RATE_WINDOW:
            self._placed.popleft()
        return progress

    def _rates(self) -> tuple[float, float]:
        """Return how many calls were placed, and recipients through, a second of late."""
        (began, placed, final), (now, placed_now, final_now) = self._placed[0], self._placed[-1]
        seconds = now - began
        if seconds <= 0:
            return 0.0, 0.0
        return (placed_now - placed) / seconds, (final_now - final) / seconds

    def view(self, progress: Progress, state: str) -> RenderableType:
        """Return what is shown."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        placed, through = self._rates()
        head = Text.assemble((self._campaign.name, "bold"), ("" if state == "active" else f"  {state}", "yellow"))
        share = progress.final / progress.total if progress.total else 0.0
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(1, progress.total), completed=progress.final, width=40),
            Text(f"{share:4.0%}  {progress.final:,} of {progress.total:,}"),
        )
        remaining = progress.total - progress.final
        left = time_left(remaining / through) if through and remaining else ""
        facts = Text(
            f"{progress.live:,} in flight   {placed:.1f} placed/s   {progress.minutes_billed:,} min"
            f"   ${progress.minutes_billed * _DOLLARS_PER_MINUTE:,.2f}{left}",
            style="dim",
        )
        outcomes = Text("   ").join(
            Text(f"{progress.outcomes.get(name, 0):,} {name.replace('_', ' ')}", style=style)
            for name, style in OUTCOMES
            if progress.outcomes.get(name) or name == "completed"
        )
        others = [
            Text(f"{count:,} {name.replace('_', ' ')}", style="magenta")
            for name in ("set_aside", "do_not_call", "unclear")
            if (count := progress.recipients.get(name))
        ]
        waits = [
            Text(f"{count:,} wait for {when.astimezone():%a %H:%M}", style="dim")
            for when, count in list(progress.waiting_until.items())[:3]
        ]
        return Group(head, bar, facts, Text("   ").join([outcomes, *others]), *waits)


def time_left(seconds: float) -> str:
    """Return how long it will take, in words."""
    rounded = timedelta(seconds=round(seconds))
    return f"   {rounded} left"


def summary_line(name: str, progress: Progress) -> str:
    """Return how far a campaign is, in a line."""
    return (
        f"{name}: {progress.final:,} of {progress.total:,} through, {progress.live:,} in flight, "
        f"{progress.outcomes.get('completed', 0):,} completed, {progress.minutes_billed:,} min billed"
    )
