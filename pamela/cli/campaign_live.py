"""The progress of a campaign on a terminal: counts, rate, outcomes, time left, and waiting recipients."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .terminal import console, say, warn

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import RenderableType
    from rich.text import Text

    from pamela.campaigns import Campaign, CampaignInfo, Progress

OUTCOMES = (("completed", "green"), ("not_reached", "yellow"), ("broken_off", "red"), ("cancelled", "bright_black"))
OTHERS = (("do_not_call", "bright_black"), ("set_aside", "magenta"), ("unclear", "magenta"))
_REFRESH = 0.5
_LINE_INTERVAL = 30.0
_RATE_WINDOW = 30.0
_MOST_OF_THE_TIME = 20
"""Reading the ledger takes at most one part in this many of the time."""
_TROUBLE_INTERVAL = 2.0
_MOST_HOURS = 4


class CampaignDisplay:
    """Shows the progress of a running campaign: a live view on a terminal, otherwise a line from time to time."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="pamela-campaign-display", daemon=True)
        self._began = time.monotonic()
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
            return  # The run itself reports the error.

    def _show_lines(self) -> None:
        told: str | None = None
        next_line = time.monotonic() + _LINE_INTERVAL
        while not self._ended.wait(_TROUBLE_INTERVAL):
            trouble = self._campaign.info.trouble
            if trouble is not None and trouble != told:
                warn(f"{self._campaign.name}: {trouble}")
            told = trouble
            if time.monotonic() >= next_line:
                say(summary_line(self._campaign.name, self._take()))
                next_line = time.monotonic() + _LINE_INTERVAL

    def _show_live(self) -> None:
        from rich.live import Live

        screen = console(stderr=True)
        with Live(console=screen, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            ended = False
            while True:
                began = time.monotonic()
                live.update(self.view(self._take(), self._campaign.info), refresh=True)
                if ended:
                    return
                took = time.monotonic() - began
                ended = self._ended.wait(max(_REFRESH, took * _MOST_OF_THE_TIME))

    def _take(self) -> Progress:
        progress = self._campaign.progress()
        now = time.monotonic()
        self._placed.append((now, progress.placed, progress.final))
        while len(self._placed) > 2 and now - self._placed[0][0] > _RATE_WINDOW:
            self._placed.popleft()
        return progress

    def _rates(self) -> tuple[float, float]:
        """Return the recent numbers of placed calls and finished recipients per second."""
        (began, placed, final), (now, placed_now, final_now) = self._placed[0], self._placed[-1]
        seconds = now - began
        if seconds <= 0:
            return 0.0, 0.0
        return (placed_now - placed) / seconds, (final_now - final) / seconds

    def view(self, progress: Progress, info: CampaignInfo) -> RenderableType:
        """Return the view of the terminal."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from pamela.campaigns.prices import cost

        placed, through = self._rates()
        remaining = progress.total - progress.final
        share = progress.final / progress.total if progress.total else 0.0
        state = "" if info.state == "active" else f"  {info.state}"
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        bar.add_row(
            ProgressBar(total=max(1, progress.total), completed=progress.final),
            Text(f"{share:.0%}  {progress.final:,} of {progress.total:,}"),
        )
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", no_wrap=True)
        facts.add_column()
        facts.add_row("calls", f"{progress.live:,} in flight, {placed:.1f} placed a second")
        facts.add_row("outcomes", outcomes_of(progress))
        facts.add_row("billed", f"{progress.minutes_billed:,} min, ${cost(progress.minutes_billed):,.2f}")
        elapsed = in_words(time.monotonic() - self._began)
        left = f", about {in_words(remaining / through)} left" if through and remaining else ""
        facts.add_row("time", f"{elapsed} so far{left}")
        if remaining:
            facts.add_row("waiting", waiting(progress))
        if info.trouble is not None and info.state != "finished":
            facts.add_row("trouble", Text(info.trouble, style="yellow"))
        return Group(Text.assemble((info.name, "bold"), (state, "yellow")), bar, facts)


def outcomes_of(progress: Progress) -> Text:
    """Return the number of calls with each outcome, and of recipients without a call."""
    from rich.text import Text

    counts = [
        *((progress.outcomes.get(name, 0), name, style) for name, style in OUTCOMES),
        *((progress.recipients.get(name, 0), name, style) for name, style in OTHERS),
    ]
    shown = [
        Text(f"{count:,} {name.replace('_', ' ')}", style=style)
        for count, name, style in counts
        if count or name == "completed"
    ]
    return Text(", ").join(shown)


def waiting(progress: Progress) -> str:
    """Return how many recipients wait, and until when."""
    later = list(progress.waiting_until.items())
    now = progress.recipients.get("waiting", 0) - sum(count for _, count in later)
    this_hour = datetime.now(UTC)
    parts = [f"{now:,} now"]
    for when, count in later[:_MOST_HOURS]:
        parts.append(f"{count:,} for " + ("this hour" if when <= this_hour else f"{when.astimezone():%a %H:%M}"))
    if more := sum(count for _, count in later[_MOST_HOURS:]):
        parts.append(f"{more:,} for later")
    return ", ".join(parts)


def in_words(seconds: float) -> str:
    """Return a duration as `45 s`, `12 min` or `3 h 20 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60} min"


def summary_line(name: str, progress: Progress) -> str:
    """Return the progress of a campaign in a line."""
    return (
        f"{name}: {progress.final:,} of {progress.total:,} finished, {progress.live:,} in flight, "
        f"{progress.outcomes.get('completed', 0):,} completed, {progress.minutes_billed:,} min billed"
    )
