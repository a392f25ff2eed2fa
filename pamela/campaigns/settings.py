"""The settings of a campaign: pace, hours, retries, breaker, budget. They are checked, and stored as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs

from .errors import CampaignError
from .hours import Hours, load_zone

RETRIED_OUTCOMES = ("not_reached", "broken_off", "cancelled")
_NAMES_OF_UNITS = {1: "s sec second", 60: "m min minute", 3600: "h hour", 86400: "d day"}
_UNITS = {name: seconds for seconds, names in _NAMES_OF_UNITS.items() for name in names.split()}
# Only words have a plural, so that the "ms" of 500ms is not read as minutes.
_UNITS |= {f"{name}s": seconds for name, seconds in _UNITS.items() if len(name) > 1}
MAX_IN_FLIGHT = 100_000
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_LONGEST = timedelta(days=3660)


def parse_duration(value: timedelta | float | str) -> timedelta:
    """Return a duration: a timedelta, a number of seconds, or text such as `90s`, `15m`, `2h`, `1d`."""
    found: timedelta | float | None = None
    if isinstance(value, timedelta) or (isinstance(value, int | float) and not isinstance(value, bool)):
        found = value
    elif isinstance(value, str):
        match = re.fullmatch(rf"\s*({_NUMBER})\s*([a-z]*)\s*", value.lower())
        if match is not None and (match[2] or "s") in _UNITS:
            found = float(match[1]) * _UNITS[match[2] or "s"]
    try:
        if found is not None and not isinstance(found, timedelta):
            found = timedelta(seconds=found)
    except (ValueError, OverflowError):  # NaN, or too many days for a timedelta
        found = None
    if found is None or not timedelta(0) <= found <= _LONGEST:
        raise CampaignError(f"{value!r} is not a duration. Write 90s, 15m, 2h or 1d.")
    return found


def _parse_interval(value: timedelta | float | str) -> timedelta:
    found = parse_duration(value)
    if not found:
        raise CampaignError(f"{value!r} is not an interval, as it takes no time. Write 5s.")
    return found


def _check_above_0(rate: object, field: attrs.Attribute[Any], value: object) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:  # type: ignore[operator]
        raise CampaignError(f"Rate({field.name}={value!r}) is not a number above 0.")


@attrs.frozen
class Rate:
    """A maximum rate: at most `calls` in `seconds`, evenly spread.

    Attributes:
        calls: Maximum number of calls in the period.
        seconds: The period, in seconds.
    """

    calls: float = attrs.field(validator=_check_above_0)
    seconds: float = attrs.field(validator=_check_above_0)

    @property
    def per_second(self) -> float:
        """The rate in calls per second."""
        return self.calls / self.seconds

    @property
    def burst(self) -> float:
        """The number of calls that may be placed together after a pause: those of 0.1 seconds, at least one."""
        return max(1.0, self.per_second / 10)

    def __str__(self) -> str:
        units = {1: "s", 60: "min", 3600: "h", 86400: "d"}
        return f"{self.calls:g}/{units.get(int(self.seconds), f'{self.seconds:g}s')}"


def parse_rates(value: object) -> tuple[Rate, ...]:
    """Parse the rates `5` (a second), `"5/s"`, `"100/min"`, or `"5/s,100/min"`."""
    if value is None:
        return ()
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value}/s"
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or parts == []:
        raise _not_a_rate(value)
    rates = []
    for part in parts:
        if isinstance(part, Rate):
            rates.append(part)
            continue
        match = re.fullmatch(rf"\s*({_NUMBER})\s*(?:/\s*([a-z]+))?\s*", str(part).lower())
        unit = (match[2] or "s") if match is not None else ""
        if match is None or unit not in _UNITS or float(match[1]) <= 0:
            raise _not_a_rate(part)
        rates.append(Rate(float(match[1]), _UNITS[unit]))
    return tuple(rates)


def _not_a_rate(value: object) -> CampaignError:
    return CampaignError(f"{value!r} is not a rate. Write 5/s, 100/min, or both with a comma.")


def _parse_in_flight(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_IN_FLIGHT:
        raise CampaignError(f"in_flight={value!r} is not a number of calls. Give 1 to {MAX_IN_FLIGHT:,}.")
    return value


@attrs.frozen
class Pace:
    """The pace for numbers with a prefix: how many live calls, and how fast they are placed.

    Args:
        in_flight: Maximum number of live calls. None sets no separate limit.
        rate: Maximum rate of new calls: `5` (a second), `"5/s"`, `"100/min"`, or `"5/s,100/min"`. None sets no limit.
    """

    in_flight: int | None = attrs.field(default=None, converter=attrs.converters.optional(_parse_in_flight))
    rate: tuple[Rate, ...] = attrs.field(default=None, converter=parse_rates)


@attrs.frozen(init=False)
class Retry:
    """Which calls are placed again, how often, and after which pause.

    Args:
        not_reached: Maximum number of retries when nobody was reached.
        broken_off: Maximum number of retries when the call broke off.
        cancelled: Maximum number of retries when the call was cancelled.
        after: The pause before a retry: one for all, or a mapping of outcome to pause. A pause is a timedelta, seconds,
            or text such as `15m`.

    Raises:
        CampaignError: A count or a pause is invalid.

    Example:
        >>> retry = Retry(not_reached=2, broken_off=1, after={"not_reached": "2h", "broken_off": "1m"})
        >>> retry.pause("not_reached", earlier=1), retry.pause("not_reached", earlier=2)
        (datetime.timedelta(seconds=7200), None)
    """

    counts: Mapping[str, int]
    pauses: Mapping[str, timedelta]

    def __init__(
        self,
        *,
        not_reached: int = 0,
        broken_off: int = 0,
        cancelled: int = 0,
        after: timedelta | float | str | Mapping[str, timedelta | float | str] = "15m",
    ) -> None:
        counts = {"not_reached": not_reached, "broken_off": broken_off, "cancelled": cancelled}
        for outcome, count in counts.items():
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 100:
                raise CampaignError(f"Retry({outcome}={count!r}) is not a number of retries. Give 0 to 100.")
        given = after if isinstance(after, Mapping) else dict.fromkeys(counts, after)
        if unknown := sorted(set(given) - set(counts)):
            raise CampaignError(f"Retry(after=...) has {unknown[0]!r}. The outcomes are {', '.join(counts)}.")
        pauses = {outcome: parse_duration(given.get(outcome, "15m")) for outcome in counts}
        self.__attrs_init__(counts, pauses)

    @property
    def most(self) -> int:
        """The maximum number of retries of one recipient."""
        return sum(self.counts.values())

    def pause(self, outcome: str, earlier: int) -> timedelta | None:
        """Return the pause before the next call, or None if no call follows.

        Args:
            outcome: The outcome of the last call.
            earlier: Number of earlier calls with the same outcome.
        """
        return self.pauses[outcome] if earlier < self.counts.get(outcome, 0) else None


@attrs.frozen
class Breaker:
    """When a campaign stops itself: if too large a share of the recent calls has failed.

    A call fails if it cannot be placed or breaks off. A call that nobody answers is not a failure. A call in progress
    counts as a success until it ends.

    Args:
        share: The share of failures above which the campaign stops, 0 to 1.
        at_least: Minimum number of results before the campaign can stop itself.
        window: The time over which results count: a timedelta, seconds, or text such as `15m`. Older results weigh
            less.
    """

    share: float = attrs.field(default=0.5)
    at_least: int = attrs.field(default=20)
    window: timedelta = attrs.field(default=timedelta(minutes=10), converter=parse_duration)

    def __attrs_post_init__(self) -> None:
        if not _is_between(self.share, 0, 1) or not self.share:
            raise CampaignError(f"Breaker(share={self.share!r}) is not a share. Give a number above 0, and 1 at most.")
        if not _is_between(self.at_least, 1, math.inf):
            raise CampaignError(f"Breaker(at_least={self.at_least!r}) is not a number of results. Give 1 or more.")
        if not self.window:
            raise CampaignError("Breaker(window=...) is no time at all. Write 10m.")


def _is_between(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _parse_prefixes(value: Mapping[str, Pace] | None) -> dict[str, Pace]:
    if value is not None and not isinstance(value, Mapping):
        raise CampaignError(f'per_prefix={value!r} is not a mapping. Write {{"+44": Pace(in_flight=5, rate="1/s")}}.')
    prefixes = dict(value or {})
    for prefix, pace in prefixes.items():
        if not isinstance(prefix, str) or not re.fullmatch(r"\+[1-9][0-9]{0,14}", prefix) or not isinstance(pace, Pace):
            raise CampaignError(f'per_prefix has {prefix!r}: {pace!r}. Write {{"+44": Pace(in_flight=5, rate="1/s")}}.')
    return prefixes


def _parse_retry(value: Retry | None) -> Retry:
    return Retry() if value is None else value


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of a campaign. The arguments of `Campaign` have the same names and are described there."""

    in_flight: int = attrs.field(default=20, converter=_parse_in_flight)
    rate: tuple[Rate, ...] = attrs.field(default="5/s", converter=parse_rates)
    per_prefix: dict[str, Pace] = attrs.field(default=None, converter=_parse_prefixes)
    hours: Hours | None = None
    zone_fallback: str | None = None
    retry: Retry = attrs.field(default=None, converter=_parse_retry)
    breaker: Breaker | None = attrs.field(factory=Breaker)
    max_minutes: int | None = None
    poll_interval: timedelta = attrs.field(default=timedelta(seconds=5), converter=_parse_interval)
    transcript_timeout: timedelta = attrs.field(default=timedelta(seconds=10), converter=parse_duration)
    settle: timedelta = attrs.field(default=timedelta(seconds=10), converter=parse_duration)

    def __attrs_post_init__(self) -> None:
        if self.zone_fallback is not None:
            if not isinstance(self.zone_fallback, str):
                raise CampaignError(f"zone_fallback={self.zone_fallback!r} is not the name of a time zone.")
            load_zone(self.zone_fallback)
        if self.max_minutes is not None and not (
            isinstance(self.max_minutes, int) and _is_between(self.max_minutes, 1, math.inf)
        ):
            raise CampaignError(f"max_minutes={self.max_minutes!r} is not a budget. Give 1 or more.")
        for name, kind in (("hours", Hours), ("retry", Retry), ("breaker", Breaker)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise CampaignError(f"{name}={value!r} is not valid. Give {kind.__name__}(...).")

    def prefix_of(self, number: str) -> str:
        """Return the longest prefix of the number that has its own pace, or an empty text."""
        return max((prefix for prefix in self.per_prefix if number.startswith(prefix)), key=len, default="")

    def to_json(self) -> str:
        """Return the settings in the form of the ledger."""
        return json.dumps(
            {
                "in_flight": self.in_flight,
                "rate": _rates_to_json(self.rate),
                "per_prefix": {
                    prefix: {"in_flight": pace.in_flight, "rate": _rates_to_json(pace.rate)}
                    for prefix, pace in self.per_prefix.items()
                },
                "hours": None if self.hours is None else self.hours.to_json(),
                "zone_fallback": self.zone_fallback,
                "retry": {
                    **self.retry.counts,
                    "after": {name: pause.total_seconds() for name, pause in self.retry.pauses.items()},
                },
                "breaker": None
                if self.breaker is None
                else {
                    "share": self.breaker.share,
                    "at_least": self.breaker.at_least,
                    "window": self.breaker.window.total_seconds(),
                },
                "max_minutes": self.max_minutes,
                "poll_interval": self.poll_interval.total_seconds(),
                "transcript_timeout": self.transcript_timeout.total_seconds(),
                "settle": self.settle.total_seconds(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings from the form of the ledger."""
        values: dict[str, Any] = json.loads(text)
        hours, breaker = values.pop("hours"), values.pop("breaker")
        prefixes = values.pop("per_prefix")
        return cls(
            hours=None if hours is None else Hours(**hours),
            breaker=None if breaker is None else Breaker(**breaker),
            retry=Retry(**values.pop("retry")),
            rate=_rates_from_json(values.pop("rate")),
            per_prefix={
                prefix: Pace(in_flight=pace["in_flight"], rate=_rates_from_json(pace["rate"]))
                for prefix, pace in prefixes.items()
            },
            **values,
        )


def _rates_to_json(rates: tuple[Rate, ...]) -> list[list[float]]:
    return [[rate.calls, rate.seconds] for rate in rates]


def _rates_from_json(rates: list[list[float]]) -> tuple[Rate, ...]:
    return tuple(Rate(calls, seconds) for calls, seconds in rates)
