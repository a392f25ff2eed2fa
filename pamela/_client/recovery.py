"""Finding out what an attempt did whose response was lost: the look-up of a call by its key, and reading results back.

Looking a call up costs requests: one for each page of a hundred calls since the attempt and one for each call whose
metadata the list does not show, `LOOK_UP_REQUESTS` at most. Only a filled metadata object is evidence, for or against.
What stays unclear is never taken for "there is no such call".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core import validation
from .._generated.api.calls import get_call, list_calls
from .._generated.models.call import Call
from ..errors import CallLookupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import Request
    from .._generated.models.call_page import CallPage
    from .clock import Clock

IDEMPOTENCY_METADATA = "idempotency_key"
"""The key of `metadata` under which a call carries its idempotency key."""
LOOK_UP_REQUESTS = 20
"""How many requests a look-up makes at most; beyond them it is unclear whether there is such a call."""
PAGE_SIZE = 100
CLOCK_MARGIN = timedelta(hours=1)
"""How far the times of calls may differ from the service's `Date`."""
CLOCK_RESOLUTION = timedelta(minutes=1)
"""Differences between clocks that do not matter beside these margins."""
UNKNOWN_CLOCK_MARGIN = timedelta(hours=24)
"""How far the service's clock may differ from ours where its responses have no `Date`."""
WRONG_ZONE_MARGIN = timedelta(hours=26)
"""How far a time is off when it is written without its offset, at most."""

DEFAULT_SEARCH = timedelta(hours=24)
"""How far back `find_call` searches where it is not told."""

Send = Callable[["Request[Any]"], Generator[Any, Any, Any]]
"""Sends a request in the time and with the settings of the operation that it is made for."""


class ServerCapabilities:
    """What a client has learned of the service that it talks to."""

    __slots__ = ("idempotency_keys", "last_date")

    def __init__(self) -> None:
        self.idempotency_keys = False
        """Whether the service has sent an idempotency key back, and so honours them."""
        self.last_date: tuple[str, datetime] | None = None
        """The `Date` of the last response that had one, and the time by our clock when its request was sent."""

    def clock_offset(self) -> timedelta | None:
        """Return how far the service's clock is ahead of ours, or None where its responses do not tell."""
        if self.last_date is None:
            return None
        text, sent_at = self.last_date
        try:
            return parsedate_to_datetime(text) - sent_at
        except (TypeError, ValueError, OverflowError):
            return None  # no date, or one without a zone


class Wanted(NamedTuple):
    """The call that is looked for."""

    key: str
    since: datetime
    """When the first request for it may have been sent, by our clock."""
    to: str | None = None
    task: str | None = None

    def is_evident_in(self, call: Mapping[str, Any]) -> bool | None:
        """Return whether a call is the one, or None where its metadata do not tell."""
        metadata = call.get("metadata")
        if not isinstance(metadata, dict) or not metadata:
            return None
        return metadata.get(IDEMPOTENCY_METADATA) == self.key

    def may_be(self, call: Call) -> bool:
        """Return whether a call whose metadata do not tell can be the one, by what else is shown of it."""
        created_at = call.created_at
        if isinstance(created_at, datetime) and created_at < self.since - WRONG_ZONE_MARGIN:
            return False
        return _may_be_number(self.to, call.get("to")) and _may_be_task(self.task, call.get("task"))


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
        offset = self._capabilities.clock_offset()
        if offset is None:
            return self.wanted.since - UNKNOWN_CLOCK_MARGIN
        return self.wanted.since + offset - CLOCK_MARGIN

    def _search(self, start: datetime) -> Generator[Any, Any, Call | None]:
        """Go through the pages until one shows no more calls.

        Neither `total` nor `has_more` is believed when it says that the list is over, and a page that is shorter than
        asked for may be as long as the service makes them.
        """
        self._unclear = None
        shown: set[str] = set()
        total: int | None = None
        while True:
            page = yield from self._page(start, len(shown))
            total = page.get("total") if total is None else total
            calls = self._calls(page)
            new = [call for call in calls if call["id"] not in shown]
            for call in new:
                wanted = yield from self._check(call)
                if wanted is not None:
                    return wanted
            shown.update(call["id"] for call in new)
            if not new:
                break
        if calls and page.get("has_more") is not False:
            self._unclear = "the service lists the same calls on every page"
        elif isinstance(total, int) and total > len(shown):
            self._unclear = f"the list says that it has {total} calls and shows {len(shown)}"
        return None

    def _page(self, start: datetime, offset: int) -> Generator[Any, Any, CallPage]:
        self._count_request()
        page: CallPage = yield from self._send(
            list_calls.build_request(limit=PAGE_SIZE, offset=offset, start_date=start)
        )
        return page

    def _calls(self, page: CallPage) -> list[Call]:
        calls = page.get("items")
        if not isinstance(calls, list) or not all(
            isinstance(call, Call) and isinstance(call.get("id"), str) for call in calls
        ):
            raise self._unclear_error("the list has something that is not a call")
        return calls

    def _check(self, call: Call) -> Generator[Any, Any, Call | None]:
        """Return the call as a whole if it is the wanted one; whoever lists calls in short may leave the metadata out."""
        evident = self.wanted.is_evident_in(call)
        if evident is None and self.wanted.may_be(call):
            self._count_request()
            call = yield from self._send(get_call.build_request(call["id"]))
            evident = self.wanted.is_evident_in(call)
            if evident is None:
                self._unclear = f"the service shows no metadata of the call {call.get('id')!r}, which may be the one"
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


def _may_be_number(wanted: str | None, shown: object) -> bool:
    """Return whether a number may be the wanted one: it is not shown, or shown in part, or it has the same digits."""
    if wanted is None or not isinstance(shown, str) or not re.fullmatch(r"[\d\s().+-]+", shown):
        return True
    return re.sub(r"\D", "", shown) == re.sub(r"\D", "", wanted)


def _may_be_task(wanted: str | None, shown: object) -> bool:
    """Return whether a task may be the wanted one: it is not shown, or shown in part, or it has the same words."""
    if wanted is None or not isinstance(shown, str) or not shown.strip():
        return True
    return " ".join(wanted.split()).startswith(" ".join(shown.rstrip(". \u2026").split()))
