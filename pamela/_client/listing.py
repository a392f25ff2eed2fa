"""Reads a list of calls page by page, while new calls and changes move its entries.

Offsets count from the front. A call that is placed meanwhile moves all others back by one. A call that changes may move
to the front if the service sorts by changes. In both cases a later page repeats calls, but only the second case can
hide a call.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .._generated.models.call import Call

NO_TIME = datetime.min.replace(tzinfo=UTC)
MOST_REPEATS = 3
"""Maximum number of pages in a row without new calls. Then the service repeats the same page."""
COUNTS = re.compile(
    r"total|count|hits|(?:total|result|record|row|item|call)s?_?(?:count|items|results|records|elements|calls|rows|hits)"
    r"|num(?:ber)?_?(?:of_?)?(?:found|items|results|records|calls)",
    re.IGNORECASE,
)
"""Fields with the number of calls."""
SIGNS_OF_MORE = re.compile(
    r"(?:has_?)?(?:more|next)(?:_?(?:page|results|offset|cursor|page_?token|token|url|link))?|cursor|after"
    r"|continuation(?:_?token)?|(?:is_?)?(?:partial|incomplete|truncated)(?:_?results)?|errors?|warnings?",
    re.IGNORECASE,
)
"""Fields that, if they are filled, show that a list without calls is incomplete."""


class Listing:
    """The pages of one list, read from the front to the end, perhaps several times.

    Attributes:
        shown: The ids of all calls so far.
        newest: The time and the id of the newest call; None unless all calls have a time.
        offset: The offset of the next page.
        shifts: By how many calls the list has moved since its first page was read.
        is_stuck: Whether a page had only known calls.
        is_over: Whether no more pages follow.
    """

    def __init__(self) -> None:
        self.shown: set[str] = set()
        self.newest: tuple[datetime, str] | None = None
        self._has_times = self._is_newest_first = True
        self._has_order = False
        """Whether a page had calls with different times, so that the order is known."""
        self.begin()

    def begin(self) -> None:
        """Start again at the front."""
        self.offset = self.shifts = self._expected = self._repeats = self._longest = 0
        self.is_stuck = self.is_over = False
        self.ids: set[str] = set()
        """The ids of all calls since the last `begin`."""
        self._oldest = ""
        self._page: Mapping[str, Any] = {}
        self._calls: Sequence[Call] = ()

    def take(self, page: Mapping[str, Any], calls: Sequence[Call]) -> list[Call]:
        """Take the next page, and return its new calls.

        `total` and `has_more` are not trusted to mark the end of the list. A short page may be the service's maximum.
        """
        new = [call for call in calls if call["id"] not in self.shown]
        again = sum(call["id"] in self.ids for call in calls) + self._newly_placed(new)
        self._page, self._calls = page, calls
        self._expected = self._expected or _number_of_calls(page)
        self._note(new)
        self._is_newest_first = self._is_newest_first and _is_newest_first(calls)
        self._has_order = self._has_order or any(_time_of(each) != _time_of(calls[0]) for each in calls)
        is_end_again = bool(calls) and again == len(calls) < self._longest and calls[-1]["id"] == self._oldest
        self.shifts += again
        self.is_stuck = bool(calls) and again == len(calls) and not is_end_again
        self._repeats = self._repeats + 1 if self.is_stuck else 0
        self.is_over = not calls or is_end_again or self._repeats == MOST_REPEATS
        self.ids.update(call["id"] for call in calls)
        self.offset += len(calls)
        self._longest = max(self._longest, len(calls))
        self._oldest = calls[-1]["id"] if calls else self._oldest
        return new

    def _newly_placed(self, new: Sequence[Call]) -> int:
        """Return how many calls of a page after the first were placed meanwhile."""
        if not self.ids or self.newest is None or not (self._is_newest_first and self._has_order):
            return 0
        newest = self.newest[0]
        return sum(_time_of(call) > newest for call in new)

    def _note(self, new: Sequence[Call]) -> None:
        self.shown.update(call["id"] for call in new)
        for call in new:
            placed_at = _time_of(call)
            if placed_at == NO_TIME:
                self._has_times, self.newest = False, None
            elif self._has_times and (self.newest is None or placed_at > self.newest[0]):
                self.newest = (placed_at, call["id"])

    def is_explained_by(self, front: Sequence[Call]) -> bool:
        """Return whether new calls on the first page, read again, explain all movements of the list.

        The calls of that page are then known.
        """
        newest = self.newest
        new = [call for call in front if call["id"] not in self.shown]
        self._note(new)
        if newest is None or not self._has_times or len(new) == len(front):
            return False  # More than a page of new calls may hide older movements.
        return len(new) >= self.shifts and all(_time_of(call) >= newest[0] for call in new)

    def end(self, service_time: datetime | None) -> datetime | None:
        """Return a time of the service's clock after all known calls, or None.

        New calls do not move a list that ends at this time.
        """
        if service_time is None or self.newest is None:
            return None
        newest = self.newest[0]
        try:
            if self._is_newest_first and self._has_order:
                return newest + _resolution(newest)
            return max(service_time, newest) + timedelta(seconds=1)
        except OverflowError:
            return None

    def problem(self) -> str | None:
        """Return why the list may be incomplete, or None."""
        if self.is_stuck:
            return "the service lists the same calls on every page"
        if self._page.get("has_more") or self._page.get("next_offset"):
            return "the list claims to have more calls but shows none"
        if self._expected > len(self.shown):
            return f"the list claims to have {self._expected} calls but shows {len(self.shown)}"
        sign = None if self._calls else _sign_of_more(self._page)
        return None if sign is None else f"the list shows no more calls but has {sign!r}"


def _is_newest_first(calls: Sequence[Call]) -> bool:
    times = [_time_of(call) for call in calls]
    return NO_TIME not in times and times == sorted(times, reverse=True)


def _time_of(call: Call) -> datetime:
    """Return when a call was placed, or `NO_TIME`."""
    placed_at: object = call.created_at
    return placed_at if isinstance(placed_at, datetime) else NO_TIME


def _resolution(moment: datetime) -> timedelta:
    """Return the apparent resolution of the service's times."""
    if moment.microsecond % 1000:
        return timedelta(microseconds=1)
    return timedelta(milliseconds=1) if moment.microsecond else timedelta(seconds=1)


def _number_of_calls(page: Mapping[str, Any]) -> int:
    """Return the number of calls according to the page, or 0."""
    counts = [value for name, value in _fields(page) if COUNTS.fullmatch(name)]
    numbers = [re.match(r"\s*([0-9]{1,9})(?![0-9])", str(count)) for count in counts]
    return max([int(number[1]) for number in numbers if number is not None], default=0)


def _sign_of_more(page: Mapping[str, Any]) -> str | None:
    """Return the name of a field that shows that an empty list is incomplete, or None."""
    for name, value in _fields(page):
        has_rows = isinstance(value, list) and (page.get(name) is value or any(isinstance(row, dict) for row in value))
        if (value and (has_rows or SIGNS_OF_MORE.fullmatch(name))) or (value is False and name in ("success", "ok")):
            return name
    return None


def _fields(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an object and of nested objects, but not of objects in lists."""
    waiting = [value]
    while waiting:
        if isinstance(each := waiting.pop(), dict):
            yield from each.items()
            waiting += each.values()
