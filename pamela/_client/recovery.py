"""Finds the effect of an attempt with a lost response: looks up a call by its key, or reads the result back.

A look-up needs a request for each page of a hundred calls since the attempt, and one for each call without metadata in
the list, at most `LOOK_UP_REQUESTS`. Only a filled metadata object is evidence. An unclear result never counts as "the
call does not exist".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core import validation
from .._core.operation import IDEMPOTENCY_METADATA
from .._generated.api.calls import get_call, list_calls
from .._generated.models.call import Call
from ..errors import CallLookupError
from .evidence import has_text, is_another_key, is_another_number, is_another_task
from .listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import Request
    from .._generated.models.call_page import CallPage
    from .capabilities import ServerCapabilities
    from .clock import Clock

LOOK_UP_REQUESTS = 20
"""Maximum number of requests of a look-up. After them, it is unclear whether the call exists."""
PAGE_SIZE = 100
CLOCK_MARGIN = timedelta(hours=26)
"""Maximum error of the times of calls: by a wrong clock, or a missing time zone."""
CLOCK_RESOLUTION = timedelta(minutes=1)
"""Differences between clocks that are negligible compared with the margin."""
DEFAULT_SEARCH = timedelta(hours=24)
"""How far back `find_call` searches by default."""

Send = Callable[["Request[Any]"], Generator[Any, Any, Any]]
"""Sends a request with the time limit and the settings of its operation."""


class Wanted(NamedTuple):
    """The wanted call."""

    key: str
    since: datetime
    """The earliest time of the first request for it, by our clock."""
    to: str | None = None
    task: str | None = None

    def is_evident_in(self, call: Mapping[str, Any], *, is_whole: bool) -> bool | None:
        """Return whether a call is the wanted one, or None if its metadata does not decide it.

        Args:
            call: The call in a response.
            is_whole: Whether the call was fetched alone. In a list, its metadata may be incomplete.
        """
        metadata = call.get("metadata")
        if not isinstance(metadata, dict) or not metadata:
            return None
        if IDEMPOTENCY_METADATA not in metadata:
            # A service may rename the keys of the metadata, or nest them in another object.
            return False if is_whole and not has_text(metadata, self.key) else None
        key = metadata[IDEMPOTENCY_METADATA]
        if key == self.key or (isinstance(key, int) and str(key) == self.key):
            return True
        is_another = isinstance(key, str) and is_another_key(self.key, key, may_be_cut=not is_whole)
        return False if is_another else None

    def may_be(self, call: Mapping[str, Any]) -> bool:
        """Return whether a call without evidence in its metadata can be the wanted one, by its number and task."""
        return not (is_another_number(self.to, call.get("to")) or is_another_task(self.task, call.get("task")))


def wanted_call(idempotency_key: Any, to: Any, task: Any, since: datetime | date | str | None, clock: Clock) -> Wanted:
    """Return the call that `find_call` looks for.

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
    """One look-up. It reads the calls since an attempt, newest first, until it finds the wanted one."""

    def __init__(self, wanted: Wanted, send: Send, capabilities: ServerCapabilities) -> None:
        self.wanted = wanted
        self._send = send
        self._capabilities = capabilities
        self._requests = 0
        self._unclear: str | None = None

    def run(self) -> Generator[Any, Any, Call | None]:
        """Return the call, or None if it does not exist.

        Raises:
            CallLookupError: It is unclear whether the call exists.
            PamelaError: The calls could not be listed.
        """
        start = self._window_start()
        found = yield from self._search(start)
        if found is None and start - self._window_start() > CLOCK_RESOLUTION:
            # Only the responses to the search contained the time of the service's clock.
            found = yield from self._search(self._window_start())
        if found is None and self._unclear is not None:
            raise self._unclear_error(self._unclear)
        return found

    def _window_start(self) -> datetime:
        """Return the earliest possible time of the call, by the service's clock."""
        offset = self._capabilities.clock_offset() or timedelta()
        try:
            return self.wanted.since + min(offset, timedelta()) - CLOCK_MARGIN
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)

    def _search(self, start: datetime) -> Generator[Any, Any, Call | None]:
        """Read the list until every call in it has been seen.

        If more than new calls move the list meanwhile, it is read again: a call may have moved from a later page to one
        that was already read.
        """
        self._unclear = None
        listing = Listing()
        found = yield from self._read(listing, start)
        if found is None and listing.shifts and not listing.is_stuck:
            front = self._calls((yield from self._page(start, 0)))
            found = yield from self._first_evident(call for call in front if call["id"] not in listing.shown)
            if listing.is_explained_by(front):
                listing.shifts = 0
        shown = -1
        while found is None and listing.shifts and (listing.is_stuck or shown != len(listing.shown)):
            shown = len(listing.shown)
            newest, end = listing.newest, listing.end(self._capabilities.service_time())
            if listing.is_stuck and end is None:
                break
            listing.begin()
            found = yield from self._read(listing, start, end)
            if end is not None and newest is not None and newest[1] not in listing.ids:
                self._unclear = "the list hides calls that were placed before its end"
                break
            if listing.is_stuck:
                break
        self._unclear = self._unclear or listing.problem()
        return found

    def _read(self, listing: Listing, start: datetime, end: datetime | None = None) -> Generator[Any, Any, Call | None]:
        """Read the pages until the end, or until only a list with an end time can continue."""
        while not listing.is_over:
            page = yield from self._page(start, listing.offset, end)
            new = listing.take(page, self._calls(page))
            found = yield from self._first_evident(new)
            if found is not None:
                return found
            if listing.is_stuck and end is None and listing.end(self._capabilities.service_time()) is not None:
                return None
        return None

    def _page(self, start: datetime, offset: int, end: datetime | None = None) -> Generator[Any, Any, CallPage]:
        self._count_request()
        page: CallPage = yield from self._send(
            list_calls.build_request(limit=PAGE_SIZE, offset=offset, start_date=start, end_date=end)
        )
        return page

    def _first_evident(self, calls: Iterable[Call]) -> Generator[Any, Any, Call | None]:
        for call in calls:
            found = yield from self._check(call)
            if found is not None:
                return found
        return None

    def _calls(self, page: CallPage) -> list[Call]:
        calls = page.get("items")
        if not isinstance(calls, list) or not all(is_call(call) for call in calls):
            raise self._unclear_error("an item of the list is not a call")
        return calls

    def _check(self, call: Call) -> Generator[Any, Any, Call | None]:
        """Return the complete call if it is the wanted one. Lists may omit the metadata, so it may be fetched alone."""
        evident = self.wanted.is_evident_in(call, is_whole=False)
        if evident is None and self.wanted.may_be(call):
            self._count_request()
            call = yield from self._send(get_call.build_request(call["id"]))
            evident = self.wanted.is_evident_in(call, is_whole=True)
            if evident is None:
                missing = "does not show the key" if call.get("metadata") else "shows no metadata"
                self._unclear = f"the service {missing} of the call {call.get('id')!r}, which may be the wanted call"
        return call if evident else None

    def _count_request(self) -> None:
        if self._requests == LOOK_UP_REQUESTS:
            raise self._unclear_error(f"{LOOK_UP_REQUESTS} requests were not enough to read all calls")
        self._requests += 1

    def _unclear_error(self, reason: str) -> CallLookupError:
        return CallLookupError(
            f"It is unclear whether there is a call with idempotency_key={self.wanted.key!r}: {reason}. "
            "Check the account's calls before you place it again.",
            ambiguous=True,
        )


def is_call(value: Any) -> bool:
    """Return whether a value is a call: an object with an id."""
    return isinstance(value, Call) and isinstance(value.get("id"), str) and bool(value["id"])
