"""When a callee may be called: hours and days in the callee's time zone. Without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import attrs

from .errors import CampaignError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HORIZON = timedelta(days=370)
"""How far ahead `next_opening` searches."""
_DAY = timedelta(days=1)


def parse_time(value: str | time) -> timedelta:
    """Return a time of day as the time since midnight. `24:00` is the end of the day."""
    if isinstance(value, time):
        return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", value.strip()) if isinstance(value, str) else None
    if match is not None:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        distance = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if minutes < 60 and seconds < 60 and distance <= _DAY:
            return distance
    raise CampaignError(f"{value!r} is not a time of day. Write it as HH:MM, 09:00 for example.")


def parse_days(value: str | Iterable[str]) -> frozenset[int]:
    """Return weekdays as numbers (Monday is 0) from `mon-sat`, `mon,wed,fri` or a list of names."""
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
    days: set[int] = set()
    if not parts or not all(isinstance(part, str) for part in parts):
        raise _not_days(value)
    for part in parts:
        first, dash, last = part.strip().partition("-")
        begin = _weekday(first, value)
        end = _weekday(last, value) if dash else begin
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)


def _weekday(name: str, value: object) -> int:
    short = name.strip().lower()
    for number, weekday in enumerate(WEEKDAYS):
        if len(short) >= 3 and weekday.startswith(short):
            return number
    raise _not_days(value)


def _not_days(value: object) -> CampaignError:
    return CampaignError(f"{value!r} does not name days of the week. Write mon-sat, or mon,wed,fri.")


def parse_holidays(value: str | Path | Iterable[date | str] | None) -> frozenset[date]:
    """Return holidays from dates, or from a file with a date `YYYY-MM-DD` at the beginning of each line."""
    if value is None:
        return frozenset()
    if isinstance(value, str | Path):
        path = Path(value)
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CampaignError(f"Cannot read the holidays in {path}: {error}.") from None
        found = set()
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip()
            if text:
                found.add(_date(re.split(r"[\s,;]", text)[0], f"{path}, line {number}"))
        return frozenset(found)
    if not isinstance(value, Iterable):
        raise CampaignError(f"holidays={value!r} must be dates, or a file of them.")
    # A datetime is an instance of date, but never equals one.
    days = (each.date() if isinstance(each, datetime) else each for each in value)
    return frozenset(each if isinstance(each, date) else _date(each, "holidays") for each in days)


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise CampaignError(f"{where}: {text!r} is not a date. Write it as YYYY-MM-DD.") from None


@attrs.frozen
class Hours:
    """The hours in which callees may be called, in their own time zones.

    Args:
        start: The earliest time at which a call may begin, as `HH:MM`.
        end: The time before which a call must begin, as `HH:MM`. `24:00` is midnight. An `end` before `start` is on the
            next day, and these hours belong to the day on which they started.
        days: The days of the week, such as `mon-sat` or `mon,wed,fri`.
        holidays: Days without calls: dates, or a file with a date `YYYY-MM-DD` at the beginning of each line.

    Raises:
        CampaignError: A value is not a valid time, day or date.

    Example:
        >>> hours = Hours("09:00", "20:00", days="mon-fri")
        >>> hours.next_opening(datetime(2026, 11, 28, 12, tzinfo=UTC), ["America/New_York"])  # a Saturday
        datetime.datetime(2026, 11, 30, 14, 0, tzinfo=datetime.timezone.utc)
    """

    start: timedelta = attrs.field(converter=parse_time)
    end: timedelta = attrs.field(converter=parse_time)
    days: frozenset[int] = attrs.field(default="mon-sun", converter=parse_days)
    holidays: frozenset[date] = attrs.field(default=None, converter=parse_holidays)

    def __attrs_post_init__(self) -> None:
        if self.start % _DAY == self.end % _DAY and (self.start, self.end) != (timedelta(0), _DAY):
            raise CampaignError("The hours begin and end at the same time. For the whole day write 00:00 and 24:00.")

    def is_open(self, moment: datetime, zones: Collection[str]) -> bool:
        """Return whether a call may begin at a time, in all of the zones.

        Args:
            moment: An aware datetime.
            zones: IANA names of time zones. A number can belong to several.
        """
        return self.next_opening(moment, zones) == moment

    def next_opening(self, moment: datetime, zones: Collection[str]) -> datetime | None:
        """Return the first time from `moment` on at which a call may begin in all of the zones.

        Args:
            moment: An aware datetime.
            zones: IANA names of time zones. A number can belong to several.

        Returns:
            The time in UTC, or None if no time in the next year is possible.
        """
        found = moment = moment.astimezone(UTC)
        while found - moment < HORIZON:
            latest = found
            for zone in zones:
                opening = self._next_opening(latest, load_zone(zone))
                if opening is None:
                    return None
                latest = opening
            if latest == found:
                return found
            found = latest
        return None

    def _next_opening(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        day = moment.astimezone(zone).date() - _DAY
        for _ in range(HORIZON.days):
            if day.weekday() in self.days and day not in self.holidays:
                begins, ends = self._window(day, zone)
                if moment < ends and begins < ends:
                    return max(moment, begins)
            day += _DAY
        return None

    def _window(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time())
        end = self.end if self.end > self.start else self.end + _DAY
        # If clocks show a time twice, the later one is the start and the earlier one the end, so that both are within
        # the hours.
        return to_utc(midnight + self.start, zone, fold=1), to_utc(midnight + end, zone, fold=0)

    def to_json(self) -> dict[str, object]:
        """Return the settings in the form of the ledger."""
        return {
            "start": _format_time(self.start),
            "end": _format_time(self.end),
            "days": [WEEKDAYS[day][:3] for day in sorted(self.days)],
            "holidays": sorted(day.isoformat() for day in self.holidays),
        }


def _format_time(distance: timedelta) -> str:
    minutes, seconds = divmod(int(distance.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def to_utc(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the UTC time at which the clocks of a zone show a time. If they skip it, return when they jump."""
    moment = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        CampaignError: The name is not a time zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from difflib import get_close_matches

        close = get_close_matches(name, _zone_names(), n=1, cutoff=0.7)
        hint = f"Did you mean {close[0]!r}?" if close else "Write the IANA name, America/New_York for example."
        raise CampaignError(f"There is no time zone {name!r}. {hint}") from None


@lru_cache(maxsize=1)
def _zone_names() -> Sequence[str]:
    return sorted(available_timezones())
