"""The report of a campaign: one HTML file with plots, drawn as SVG without a library."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .errors import CampaignError
from .prices import cost
from .records import from_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .ledger import Ledger
    from .records import CampaignInfo, Progress

Groups: TypeAlias = "Sequence[tuple[str, Counter[str]]]"
"""The data of a bar plot: for each bar its label and its counts."""
OUTCOMES = ("completed", "not_reached", "broken_off", "cancelled", "refused")
_DURATIONS = (15, 30, 60, 120, 180, 300, 600, 1200, 3600)
_MOST_BARS = 60
_WIDTH, _WIDE, _HEIGHT, _LEFT, _BOTTOM, _TOP = 480, 1000, 210, 50, 30, 10
_LETTER = 7.0
"""Maximum width of a letter in a label."""


@attrs.define
class Figures:
    """The figures of the report, counted from the attempts."""

    attempts: int = 0
    by_hour: dict[datetime, Counter[str]] = attrs.field(factory=lambda: defaultdict(Counter))
    by_number: dict[int, Counter[str]] = attrs.field(factory=lambda: defaultdict(Counter))
    by_hour_of_day: dict[int, Counter[str]] = attrs.field(factory=lambda: defaultdict(Counter))
    placed_by_minute: Counter[datetime] = attrs.field(factory=Counter)
    minutes_by_hour: Counter[datetime] = attrs.field(factory=Counter)
    durations: Counter[int] = attrs.field(factory=Counter)
    seconds: float = 0.0
    talks: int = 0

    def add(self, attempt: Any) -> None:
        """Count an attempt."""
        self.attempts += 1
        outcome = "refused" if attempt.state == "refused" else attempt.outcome
        if attempt.placed_at is not None:
            placed = from_micros(attempt.placed_at)
            self.placed_by_minute[placed.replace(second=0, microsecond=0)] += 1
        if outcome is None or attempt.ended_at is None:
            return
        ended = from_micros(attempt.ended_at)
        hour = ended.replace(minute=0, second=0, microsecond=0)
        self.by_hour[hour][outcome] += 1
        self.by_number[attempt.number][outcome] += 1
        self.by_hour_of_day[ended.hour][outcome] += 1
        self.minutes_by_hour[hour] += attempt.billed_minutes or 0
        if attempt.duration_seconds:
            self.talks += 1
            self.seconds += attempt.duration_seconds
            self.durations[next((limit for limit in _DURATIONS if attempt.duration_seconds <= limit), 3600)] += 1


def write_report(path: str | Path, ledger: Ledger, campaign: CampaignInfo) -> None:
    """Write the report of a campaign.

    Raises:
        CampaignError: The file cannot be written.
    """
    figures = Figures()
    for attempt in ledger.attempts(campaign.id):
        figures.add(attempt)
    page = render(campaign, ledger.progress(campaign.id), figures)
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise CampaignError(f"Cannot write {path}: {error.strerror or error}.") from None


def render(campaign: CampaignInfo, progress: Progress, figures: Figures) -> str:
    """Return the report as an HTML page."""
    completed = progress.outcomes.get("completed", 0)
    average = figures.seconds / figures.talks if figures.talks else 0.0
    tiles = [
        ("Recipients", f"{progress.total:,}", f"{progress.final:,} finished"),
        ("Completed", f"{completed:,}", _share(completed, progress.final)),
        ("Calls placed", f"{progress.placed:,}", f"{progress.live:,} in progress"),
        ("Talking", _minutes(figures.seconds), f"{average:.0f} s on average"),
        ("Billed", f"{progress.minutes_billed:,} min", f"${cost(progress.minutes_billed):,.2f}"),
    ]
    hours, per_hours = _merge(figures.by_hour)
    times_of_day = [(f"{hour:02}", figures.by_hour_of_day[hour]) for hour in range(24)]
    attempts = [(_ordinal(number), counts) for number, counts in sorted(figures.by_number.items())]
    minutes, per = _merge({when: Counter({"pace": count}) for when, count in figures.placed_by_minute.items()})
    recipients = "".join(
        f"<tr><td>{escape(_words(state))}</td><td>{count:,}</td><td>{_share(count, progress.total)}</td></tr>"
        for state, count in sorted(progress.recipients.items(), key=lambda item: -item[1])
    )
    sections = [
        _section(
            "Outcomes by time",
            f"Attempts that ended, a bar for each {_span_in_words(per_hours)} (UTC).",
            f"<div class=for-wide>{_bars(hours, _WIDE)}</div><div class=for-narrow>{_bars(hours)}</div>",
            legend=hours,
            wide=True,
        ),
        _section("Recipients", "Where they stand.", f"<table>{recipients}</table>"),
        _section(
            "Outcomes by hour of the day",
            "When people are reached (UTC).",
            _bars(times_of_day),
            legend=times_of_day,
        ),
        _section(
            "Outcomes by attempt",
            "What the first, second and further attempts came to.",
            _bars(attempts),
            legend=attempts,
        ),
        _section(
            "Durations",
            "Calls that connected, by their length.",
            _bars([(_limit(limit), Counter({"pace": figures.durations[limit]})) for limit in _DURATIONS]),
        ),
        _section("Pace", f"Calls placed, a bar for each {_span_in_words(per)}.", _bars(minutes)),
        _section("Cost", "US dollars billed so far.", _line(_running_cost(figures.minutes_by_hour))),
    ]
    reason = f"<p class=reason>{escape(campaign.reason)}</p>" if campaign.reason else ""
    return _PAGE.format(
        title=escape(campaign.name),
        state=escape(campaign.state),
        reason=reason,
        begun=f"{campaign.created_at:%d %B %Y, %H:%M} UTC",
        tiles="".join(
            f"<div class=tile><span>{name}</span><b>{value}</b><span>{note}</span></div>" for name, value, note in tiles
        ),
        sections="".join(sections),
    )


def _section(title: str, note: str, plot: str, *, legend: Groups = (), wide: bool = False) -> str:
    """Return a section of the page. The legend names the outcomes in the plot."""
    shown = [name for name in OUTCOMES if any(counts[name] for _, counts in legend)]
    names = "".join(f"<span class=key><i class={name}></i>{_words(name)}</span>" for name in shown)
    legend_ = f"<p class=legend>{names}</p>" if shown else ""
    kind = " class=wide" if wide else ""
    return f"<section{kind}><h2>{title}</h2><p>{note}</p>{legend_}{plot}</section>"


def _merge(counts: Mapping[datetime, Counter[str]]) -> tuple[list[tuple[str, Counter[str]]], timedelta]:
    """Return counts in order of time, without gaps and few enough for a plot, and the period of each count."""
    if not counts:
        return [], timedelta(minutes=1)
    first, last = min(counts), max(counts)
    units = [timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 10080)]
    smallest = timedelta(hours=1) if all(when.minute == 0 for when in counts) else timedelta(minutes=1)
    unit = next((each for each in units if each >= smallest and (last - first) / each < _MOST_BARS), units[-1])
    # A bar starts at a whole unit of the clock.
    first -= (first - datetime(1970, 1, 1, tzinfo=UTC)) % unit
    merged: dict[int, Counter[str]] = defaultdict(Counter)
    for when, each in counts.items():
        merged[int((when - first) / unit)].update(each)
    same_day = first.date() == last.date()
    form = "%H:%M" if same_day else "%d %b %H:%M" if unit < timedelta(days=1) else "%d %b"
    groups = range(int((last - first) / unit) + 1)
    return [((first + unit * index).strftime(form), merged[index]) for index in groups], unit


def _span_in_words(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    if minutes % 1440 == 0:
        return "day" if minutes == 1440 else f"{minutes // 1440} days"
    if minutes % 60 == 0:
        return "hour" if minutes == 60 else f"{minutes // 60} hours"
    return "minute" if minutes == 1 else f"{minutes} minutes"


def _running_cost(minutes: Counter[datetime]) -> list[tuple[datetime, float]]:
    """Return the total cost at the start of the first hour, and at the end of each hour."""
    if not minutes:
        return []
    total = 0
    points = [(min(minutes), 0.0)]
    for when in sorted(minutes):
        total += minutes[when]
        points.append((when + timedelta(hours=1), cost(total)))
    return points


def _bars(groups: Groups, wide: int = _WIDTH) -> str:
    highest = max((sum(counts.values()) for _, counts in groups), default=0)
    if not highest:
        return "<p class=none>Nothing yet.</p>"
    top = _round_up(highest)
    step = (wide - _LEFT) / len(groups)
    width = min(step * 0.8, 48.0)
    parts = [_axis(top, lambda value: f"{value:,.0f}", wide)]
    for index, (label, counts) in enumerate(groups):
        left = _LEFT + index * step + (step - width) / 2
        bottom = float(_HEIGHT - _BOTTOM)
        for name in (*OUTCOMES, "pace"):
            count = counts[name]
            if count:
                height = count / top * (_HEIGHT - _BOTTOM - _TOP)
                bottom -= height
                tip = f"{label}: {count:,}" + ("" if name == "pace" else f" {_words(name)}")
                parts.append(
                    f'<rect class={name} x="{left:.1f}" y="{bottom:.1f}" width="{width:.1f}" height="{height:.1f}">'
                    f"<title>{escape(tip)}</title></rect>"
                )
    parts += _labels([(_LEFT + (index + 0.5) * step, label) for index, (label, _) in enumerate(groups)], wide)
    return _svg(parts, wide)


def _line(points: Sequence[tuple[datetime, float]]) -> str:
    highest = max((value for _, value in points), default=0.0)
    if not highest:
        return "<p class=none>Nothing yet.</p>"
    top = _round_up(highest)
    height = _HEIGHT - _BOTTOM - _TOP
    first, whole = points[0][0], points[-1][0] - points[0][0]
    places = [
        (_LEFT + (when - first) / whole * (_WIDTH - _LEFT - 8), _HEIGHT - _BOTTOM - value / top * height)
        for when, value in points
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [_axis(top, lambda value: f"${value:,.2f}" if top < 10 else f"${value:,.0f}", _WIDTH)]
    parts.append(f'<polyline class=line points="{path}"/>')
    for (when, value), (x, y) in zip(points, places, strict=True):
        tip = escape(f"{when:%d %b %H:%M}: ${value:,.2f}")
        parts.append(f'<circle class=dot cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{tip}</title></circle>')
    parts += _labels([(x, f"{when:%d %b %H:%M}") for (when, _), (x, _) in zip(points, places, strict=True)], _WIDTH)
    return _svg(parts, _WIDTH)


def _axis(top: float, form: Any, wide: int) -> str:
    height = _HEIGHT - _BOTTOM - _TOP
    lines = []
    for quarter in range(5):
        value = top * quarter / 4
        y = _HEIGHT - _BOTTOM - height * quarter / 4
        lines.append(f'<line class=grid x1="{_LEFT}" x2="{wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        if top >= 4 or quarter in {0, 4}:
            lines.append(_text(_LEFT - 8, y + 4, form(value), anchor="end"))
    return "".join(lines)


def _labels(places: Sequence[tuple[float, str]], wide: int) -> list[str]:
    """Return the labels of an axis: evenly spaced, as many as fit, none of them cut off."""
    room = max(len(label) for _, label in places) * _LETTER
    found: list[str] = []
    free = 0.0
    for x, label in places:
        centre = min(x, wide - room / 2)
        # A label that is moved too far would be below another bar.
        if centre - room / 2 >= free and x - centre <= room / 4:
            found.append(_text(centre, _HEIGHT - _BOTTOM + 18, label))
            free = centre + room / 2 + 8
    return found


def _text(x: float, y: float, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor={anchor}>{escape(text)}</text>'


def _svg(parts: Iterable[str], wide: int) -> str:
    return f'<svg viewBox="0 0 {wide} {_HEIGHT}" role="img">{"".join(parts)}</svg>'


def _round_up(value: float) -> float:
    """Return the next round number, for the end of an axis."""
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(each * magnitude for each in (1, 2, 4, 6, 8, 10) if each * magnitude >= value)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0%"


def _minutes(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 7200 else f"{seconds / 60:,.0f} min"


def _limit(seconds: int) -> str:
    return f"≤ {seconds} s" if seconds < 60 else f"≤ {seconds // 60} min"


def _ordinal(number: int) -> str:
    return f"attempt {number}"


def _words(name: str) -> str:
    return name.replace("_", " ")


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --page: #f6f7f9; --card: #fff; --text: #16191d; --dim: #5d6670; --edge: #dfe3e8;
  --completed: #1f8a5b; --not_reached: #8b95a1; --broken_off: #c8442e; --cancelled: #c99a2e; --refused: #7b4bb3;
  --accent: #2c6bd1; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #111418; --card: #1a1f25; --text: #e8ebee; --dim: #98a2ad;
  --edge: #2c333b; --completed: #42b883; --not_reached: #76818d; --broken_off: #e8705c; --cancelled: #dfb44f;
  --refused: #a67fdb; --accent: #6b9df0; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }}
main {{ max-width: 1120px; margin: auto; }}
h1 {{ margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; }}
h2 {{ margin: 0; font-size: 1.05rem; }}
section p, header p {{ margin: .1rem 0 .6rem; color: var(--dim); }}
.reason {{ color: var(--broken_off) !important; }}
.tiles, .plots {{ display: grid; gap: 1rem; margin-top: 1.2rem; }}
.tiles {{ grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); }}
.plots {{ grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }}
.wide {{ grid-column: 1 / -1; }}
.for-narrow {{ display: none; }}
@media (max-width: 560px) {{ .for-wide {{ display: none; }} .for-narrow {{ display: block; }}
  .tiles {{ grid-template-columns: 1fr 1fr; }} .tile:last-child {{ grid-column: 1 / -1; }} }}
.tile, section {{ background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 1rem 1.1rem; }}
.tile span {{ display: block; color: var(--dim); font-size: .85rem; }}
.tile b {{ font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }}
svg {{ width: 100%; height: auto; display: block; }}
svg text {{ font-size: 11.5px; fill: var(--dim); }}
.grid {{ stroke: var(--edge); stroke-width: 1; }}
rect.completed {{ fill: var(--completed); }} i.completed {{ background: var(--completed); }}
rect.not_reached {{ fill: var(--not_reached); }} i.not_reached {{ background: var(--not_reached); }}
rect.broken_off {{ fill: var(--broken_off); }} i.broken_off {{ background: var(--broken_off); }}
rect.cancelled {{ fill: var(--cancelled); }} i.cancelled {{ background: var(--cancelled); }}
rect.refused {{ fill: var(--refused); }} i.refused {{ background: var(--refused); }}
rect.pace {{ fill: var(--accent); }}
.line {{ fill: none; stroke: var(--accent); stroke-width: 2; }}
.dot {{ fill: var(--accent); }}
.legend {{ font-size: .85rem; }}
.key {{ display: inline-block; margin-right: .9rem; }}
.key i {{ display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .35em; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
td {{ padding: .25rem 0; border-top: 1px solid var(--edge); }}
td + td {{ text-align: right; }}
</style>
<main>
<header><h1>{title}</h1><p>{state} · begun {begun}</p>{reason}</header>
<div class=tiles>{tiles}</div>
<div class=plots>
{sections}
</div>
</main>
</html>
"""
