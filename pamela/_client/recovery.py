"""Finding out what an attempt did whose response was lost: the look-up of a call by its key, and reading results back.

Looking a call up costs requests: one for each page of a hundred calls since the attempt and one for each call whose
metadata the list does not show, `LOOK_UP_REQUESTS` at most. Only a filled metadata object is evidence, for or against.
What stays unclear is never taken for "there is no such call".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core import validation
from .._core.operation import IDEMPOTENCY_METADATA
from .._generated.api.calls import get_call, list_calls
from .._generated.models.call import Call
from ..errors import CallLookupError
from .evidence import has_text, is_another_key, is_another_number, is_another_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import Request
    from .._generated.models.call_page import CallPage
    from .capabilities import ServerCapabilities
    from .clock import Clock

LOOK_UP_REQUESTS = 20
"""How many requests a look-up makes at most; beyond them it is unclear whether there is such a call."""
PAGE_SIZE = 100
CLOCK_MARGIN = timedelta(hours=26)
"""How far the times of calls may be off: by a wrong clock, or because they are written without their zone."""
CLOCK_RESOLUTION = timedelta(minutes=1)
"""Differences between clocks that do not matter beside that margin."""
MOST_REPEATS = 3
"""Pages in a row that show nothing new, after which a service is taken to give the same page again and again."""
COUNTS = ("total", "count", "total_count", "totalCount", "total_items", "total_results")
SIGNS_OF_MORE = re.compile(
    r"(?:has_?)?(?:more|next)(?:_?(?:page|results|offset|cursor|page_?token|token|url|link))?|cursor|after"
    r"|continuation(?:_?token)?|(?:is_?)?(?:partial|incomplete|truncated)(?:_?results)?|errors?|warnings?",
    re.IGNORECASE,
)
"""Fields that say, if they are filled, that a list without calls is not the whole of it."""
DEFAULT_SEARCH = timedelta(hours=24)
"""How far back `find_call` searches where it is not told."""

Send = Callable[["Request[Any]"], Generator[Any, Any, Any]]
"""Sends a request in the time and with the settings of the operation that it is made for."""


class Wanted(NamedTuple):
    """The call that is looked for."""

    key: str
    since: datetime
    """When the first request for it may have been sent, by our clock."""
    to: str | None = None
    task: str | None = None

    def is_evident_in(self, call: Mapping[str, Any], *, is_whole: bool) -> bool | None:
        """Return whether a call is the one, or None where its metadata do not tell.

        Args:
            call: The call as the service shows it.
            is_whole: Whether it was fetched by itself. Of a call in a list, the metadata may be shown in part.
        """
        metadata = call.get("metadata")
        if not isinstance(metadata, dict) or not metadata:
            return None
        if IDEMPOTENCY_METADATA not in metadata:
            # A service may rename what it was sent, or put it in an object of its own.
            return False if is_whole and not has_text(metadata, self.key) else None
        key = metadata[IDEMPOTENCY_METADATA]
        if key == self.key or (isinstance(key, int) and str(key) == self.key):
            return True
        is_another = isinstance(key, str) and is_another_key(self.key, key, may_be_cut=not is_whole)
        return False if is_another else None

    def may_be(self, call: Mapping[str, Any]) -> bool:
        """Return whether a call whose metadata do not tell can be the one, by the number and task that are shown."""
        return not (is_another_number(self.to, call.get("to")) or is_another_task(self.task, call.get("task")))


def wanted_call(idempotency_key: Any, to: Any, task: Any, since: datetime | date | str | None, clock: Clock) -> Wanted:
    """Return what `find_call` looks for.

    Raises:
        ValidationError: An argument is invalid.
    """
    text = validation.format_datetime("since", since)
    return Wanted(
        key=str(validation.validate_string("idempotency_key", idempotency_key, required=True, min_length=1)),
        since=clock.now() - DEFAULT_SEARCH if text is None else datetime.fromisoformat(text),
        to=validation.validate_string("to", to),
        task=validation.validate_string("task", task),
    )


class CallLookUp:
    """One look-up: goes through the calls since an attempt, newest page first, until one is shown to be the wanted one."""

    def __init__(self, wanted: Wanted, send: Send, capabilities: ServerCapabilities) -> None:
        self.wanted = wanted
        self._send = send
        self._capabilities = capabilities
        self._requests = 0
        self._unclear: str | None = None

    def run(self) -> Generator[Any, Any, Call | None]:
        """Return the call, or None where the calls show that there is none.

        Raises:
            CallLookupError: It is unclear whether there is such a call.
            PamelaError: The calls could not be listed.
        """
        start = self._window_start()
        found = yield from self._search(start)
        if found is None and start - self._window_start() > CLOCK_RESOLUTION:
            # Only the responses to the search told how the service's clock goes.
            found = yield from self._search(self._window_start())
        if found is None and self._unclear is not None:
            raise self._unclear_error(self._unclear)
        return found

    def _window_start(self) -> datetime:
        """Return when the call was placed at the earliest, by the service's clock. A clock ahead narrows nothing."""
        offset = self._capabilities.clock_offset() or timedelta()
        try:
            return self.wanted.since + min(offset, timedelta()) - CLOCK_MARGIN
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)

    def _search(self, start: datetime) -> Generator[Any, Any, Call | None]:
        """Go through the pages until one shows no more calls.

        Neither `total` nor `has_more` is believed when it says that the list is over, and a page that is shorter than
        asked for may be as long as the service makes them.
        """
        self._unclear = None
        shown: set[str] = set()
        expected = offset = repeats = longest = 0
        oldest = ""
        while True:
            page = yield from self._page(start, offset)
            expected = expected or _number_of_calls(page)
            calls = self._calls(page)
            new = [call for call in calls if call["id"] not in shown]
            for call in new:
                wanted = yield from self._check(call)
                if wanted is not None:
                    return wanted
            if calls and not new and len(calls) < longest and calls[-1]["id"] == oldest:
                break  # Calls placed meanwhile have moved the list on: this is its end again, which was shown before.
            shown.update(call["id"] for call in new)
            offset += len(calls)
            longest = max(longest, len(calls))
            oldest = calls[-1]["id"] if calls else oldest
            # Such calls may also fill a whole page with those of the page before, but not page after page.
            repeats = 0 if new else repeats + 1
            if not calls or repeats == MOST_REPEATS:
                break
        if calls and repeats == MOST_REPEATS:
            self._unclear = "the service lists the same calls on every page"
        elif page.get("has_more") or page.get("next_offset"):
            self._unclear = "the list says that it goes on, and shows no more calls"
        elif expected > len(shown):
            self._unclear = f"the list says that it has {expected} calls and shows {len(shown)}"
        elif not calls and (sign := _sign_of_more(page)):
            self._unclear = f"the list shows no more calls, and has {sign!r}"
        return None

    def _page(self, start: datetime, offset: int) -> Generator[Any, Any, CallPage]:
        self._count_request()
        page: CallPage = yield from self._send(
            list_calls.build_request(limit=PAGE_SIZE, offset=offset, start_date=start)
        )
        return page

    def _calls(self, page: CallPage) -> list[Call]:
        calls = page.get("items")
        if not isinstance(calls, list) or not all(is_call(call) for call in calls):
            raise self._unclear_error("the list has something that is not a call")
        return calls

    def _check(self, call: Call) -> Generator[Any, Any, Call | None]:
        """Return the call as a whole if it is the wanted one; whoever lists calls in short may leave the metadata out."""
        evident = self.wanted.is_evident_in(call, is_whole=False)
        if evident is None and self.wanted.may_be(call):
            self._count_request()
            call = yield from self._send(get_call.build_request(call["id"]))
            evident = self.wanted.is_evident_in(call, is_whole=True)
            if evident is None:
                missing = "does not show the key" if call.get("metadata") else "shows no metadata"
                self._unclear = f"the service {missing} of the call {call.get('id')!r}, which may be the one"
        return call if evident else None

    def _count_request(self) -> None:
        if self._requests == LOOK_UP_REQUESTS:
            raise self._unclear_error(f"{LOOK_UP_REQUESTS} requests did not suffice to go through the calls")
        self._requests += 1

    def _unclear_error(self, reason: str) -> CallLookupError:
        return CallLookupError(
            f"It is unclear whether there is a call with idempotency_key={self.wanted.key!r}: {reason}. "
            "Look at the account's calls before you place it again.",
            ambiguous=True,
        )


def _number_of_calls(page: Mapping[str, Any]) -> int:
    """Return how many calls a list says that it has, 0 where it does not say."""
    counts = [value for name, value in _fields(page) if name in COUNTS]
    numbers = [re.match(r"\s*([0-9]{1,9})(?![0-9])", str(count)) for count in counts]
    return max([int(number[1]) for number in numbers if number is not None], default=0)


def _sign_of_more(page: Mapping[str, Any]) -> str | None:
    """Return the name of what says, in a list without calls, that there are calls that it does not show; else None."""
    for name, value in _fields(page):
        has_rows = isinstance(value, list) and (page.get(name) is value or any(isinstance(row, dict) for row in value))
        if value and (has_rows or SIGNS_OF_MORE.fullmatch(name)):
            return name
    return None


def _fields(value: object) -> Iterator[tuple[str, Any]]:
    """Go through the fields of an object and of the objects in it, but not of those in lists."""
    waiting = [value]
    while waiting:
        if isinstance(each := waiting.pop(), dict):
            yield from each.items()
            waiting += each.values()


def is_call(value: Any) -> bool:
    """Return whether a value of a response is a call: an object with an id."""
    return isinstance(value, Call) and isinstance(value.get("id"), str) and bool(value["id"])
