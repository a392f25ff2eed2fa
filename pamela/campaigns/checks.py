"""Check all rows before the first call: numbers, templates, time zones, arguments, and the maximum cost."""

from __future__ import annotations

import inspect
import json
import math
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import httpx

from .. import APIConnectionError, PamelaClient, ValidationError
from .errors import CampaignError
from .hours import load_zone
from .numbers import check_region, parse_number, to_e164, zones_of
from .records import Recipient
from .templates import columns_of, fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .hours import Hours
    from .readers import Row
    from .settings import Settings

DEFAULT_MAX_DURATION = 299
"""The default of `max_duration_seconds`, from the specification."""
_ESTIMATE_STEP = timedelta(minutes=15)
_ESTIMATE_HORIZON = timedelta(days=366)
_ANY_NUMBER = "+12025550100"
_RESERVED = frozenset({"to", "idempotency_key", "self"})


@attrs.frozen
class Problem:
    """An error in a row of the input.

    Attributes:
        line: The line in the file, or the number of the row. The first is 1.
        message: The error message.
    """

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.message}"


@attrs.frozen
class CheckReport:
    """The report of the check of all rows.

    Attributes:
        rows: Number of rows.
        added: Number of recipients that were added, or could be added in a dry run.
        known: Number of recipients that the campaign already had.
        do_not_call: Number of added recipients that are on the do-not-call list.
        invalid: Number of invalid rows.
        problems: The first 1000 problems.
        max_minutes: Maximum number of minutes that can still be billed, including retries. It counts the added
            recipients and the unfinished recipients of the campaign, without those on the do-not-call list.
        max_cost: Maximum cost, in US dollars.
        done_by: When the last recipient will have been called for the first time, with the campaign's pace and hours,
            if every call has its maximum duration. None if that is more than a year ahead.
    """

    rows: int
    added: int
    known: int
    do_not_call: int
    invalid: int
    problems: Sequence[Problem]
    max_minutes: int
    max_cost: float
    done_by: datetime | None


@lru_cache(maxsize=1)
def call_arguments() -> frozenset[str]:
    """Return the names of the arguments of `create_call`, except the number."""
    return frozenset(inspect.signature(PamelaClient.create_call).parameters) - _RESERVED


@attrs.frozen(kw_only=True)
class RowFormat:
    """The meaning of the columns, and the call that is made of them.

    Args:
        to: The column with the phone number.
        id: The column with the recipient's unique id. The default is the number.
        timezone: The column with the recipient's time zone, as an IANA name. An empty value means none.
        region: The country of numbers in national form, as an ISO 3166-1 alpha-2 code.
        assigned: Whether to refuse numbers in ranges that are not in use.
        call: The arguments of `create_call` except `to`. Their texts are templates.
    """

    to: str
    id: str | None = None
    timezone: str | None = None
    region: str | None = None
    assigned: bool = True
    call: Mapping[str, Any]

    def __attrs_post_init__(self) -> None:
        for name in self.call:
            if name not in call_arguments():
                close = get_close_matches(name, call_arguments(), n=1)
                hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(sorted(call_arguments()))}."
                raise CampaignError(f"A call has no {name!r}. {hint}")
        if not self.call.get("task"):
            raise CampaignError('There is no task. Give task="Tell {name} ...", with columns in braces.')
        check_region(self.region)

    @property
    def columns(self) -> set[str]:
        """The columns that every row must have."""
        named = {self.to, self.id, self.timezone} - {None}
        return columns_of(self.call) | {str(name) for name in named}


class RowChecker:
    """Checks rows and makes recipients of them."""

    def __init__(self, format_: RowFormat, settings: Settings) -> None:
        self._format = format_
        self._settings = settings
        self._columns = columns_of(format_.call)
        # Arguments that are the same in all rows are checked once, and their errors are not those of a row.
        others = {name: value for name, value in format_.call.items() if name not in {"task", "metadata"}}
        self._check_each = bool(columns_of(others))
        self._arguments = ArgumentCheck()
        self._checked = False
        self._seen_columns = False
        self._zones_that_never_open: dict[tuple[str, ...], bool] = {}

        if not self._check_each:
            try:
                self._arguments.check({"to": _ANY_NUMBER, "task": "Say hello", **others})
            except CampaignError:
                self.close()
                raise

    def close(self) -> None:
        self._arguments.close()

    def check(self, row: Row) -> Recipient:
        """Return the recipient of a row.

        Raises:
            CampaignError: The row is invalid. The message says why.
            MissingColumnsError: The input lacks a column.
        """
        if row.problem is not None:
            raise CampaignError(f"{row.problem}.")
        if not self._seen_columns:
            self._check_columns(row)
            self._seen_columns = True
        text = _text(row.values, self._format.to)
        if not text:
            raise CampaignError(f"{self._format.to!r} is empty: there is no number.")
        number = parse_number(text, self._format.region, assigned=self._format.assigned)
        e164 = to_e164(number)
        identity = e164 if self._format.id is None else _text(row.values, self._format.id)
        if not identity:
            raise CampaignError(f"{self._format.id!r} is empty: the row has no id.")
        if "\0" in identity:
            raise _has_nul(str(self._format.id))
        request = self._request(e164, row.values)
        return Recipient(
            identity=identity,
            line=row.line,
            number=e164,
            zones=self._zones(row.values, number, e164),
            request=request,
            max_minutes=max_minutes(request),
        )

    def _check_columns(self, row: Row) -> None:
        missing = sorted(self._format.columns - set(row.values))
        if missing:
            names = ", ".join(repr(str(name)) for name in row.values) or "none"
            raise MissingColumnsError(f"There is no column {missing[0]!r}. The columns are {names}.")

    def _request(self, number: str, values: Mapping[str, Any]) -> dict[str, Any]:
        texts = {name: _text(values, name) for name in self._columns}
        if empty := sorted(name for name, value in texts.items() if not value):
            raise CampaignError(f"{empty[0]!r} is empty, and the call needs it.")
        if broken := [name for name, value in texts.items() if "\0" in value]:
            raise _has_nul(broken[0])
        request = {"to": number, **fill(self._format.call, texts)}
        if self._check_each or not self._checked:
            self._arguments.check(request)
            self._checked = True
        return request

    def _zones(self, values: Mapping[str, Any], number: Any, e164: str) -> tuple[str, ...]:
        own = "" if self._format.timezone is None else _text(values, self._format.timezone)
        if own:
            load_zone(own)
            zones: tuple[str, ...] = (own,)
        else:
            zones = zones_of(number)
        if self._settings.hours is None:
            return zones if own else ()
        fallback = self._settings.zone_fallback
        if not zones:
            if fallback is None:
                raise CampaignError(
                    f"the time zone of {e164} is not known. Give it in a column (timezone=), or a zone_fallback=."
                )
            return (fallback,)
        if self._never_opens(self._settings.hours, zones):
            if fallback is None or own:
                raise CampaignError(
                    f"{e164} may be in {len(zones)} time zones, and no hour suits all of them. Give its own in a column "
                    "(timezone=), or a zone_fallback=."
                )
            return (fallback,)
        return zones

    def _never_opens(self, hours: Hours, zones: tuple[str, ...]) -> bool:
        if zones not in self._zones_that_never_open:
            if len(self._zones_that_never_open) > 10_000:
                self._zones_that_never_open.clear()
            opening = hours.next_opening(datetime.now(UTC), zones)
            self._zones_that_never_open[zones] = opening is None
        return self._zones_that_never_open[zones]


def _has_nul(column: str) -> CampaignError:
    return CampaignError(f"{column!r} has a NUL character, which is no text. Is the encoding right?")


class MissingColumnsError(CampaignError):
    """The input lacks a column, so all rows are invalid."""


class ArgumentCheck:
    """Checks the arguments of a call with a client, without sending it."""

    def __init__(self) -> None:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("Nothing is sent by a check.", request=request)

        self._client = PamelaClient(
            "pk_live_check", "http://127.0.0.1:1", max_retries=0, transport=httpx.MockTransport(refuse)
        )

    def check(self, request: Mapping[str, Any]) -> None:
        """Check the arguments of a call.

        Raises:
            CampaignError: One is invalid.
        """
        webhooks = request.get("webhooks")
        for name, url in webhooks.items() if isinstance(webhooks, dict) else ():
            _check_url(f"webhooks.{name}", url)
        try:
            json.dumps(request)
            self._client.create_call(**request)
        except APIConnectionError:
            return
        except (ValidationError, TypeError, ValueError) as error:
            raise CampaignError(str(error)) from None

    def close(self) -> None:
        self._client.close()


def _check_url(name: str, url: Any) -> None:
    """Refuse an address that is not a URL. The service would refuse it for each recipient."""
    if not isinstance(url, str):
        return  # the client reports the error
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host or not url.isascii():
        raise CampaignError(f"{name}={url!r} is not a URL. Write https://example.com/webhooks/pamela.")


def max_minutes(request: Mapping[str, Any]) -> int:
    """Return the maximum number of billed minutes of a call."""
    seconds = request.get("max_duration_seconds")
    return max(1, math.ceil((DEFAULT_MAX_DURATION if seconds is None else int(seconds)) / 60))


def estimate_end(
    groups: Iterable[tuple[tuple[str, ...], int]], settings: Settings, now: datetime, call_seconds: float
) -> datetime | None:
    """Return when the last recipient will have been called for the first time.

    Args:
        groups: The number of recipients for each set of time zones.
        settings: The campaign's pace and hours.
        now: The start of the campaign.
        call_seconds: Duration of a call, in seconds.

    Returns:
        The time, or None if it is more than a year ahead.
    """
    per_second = min(
        [rate.per_second for rate in settings.rate] + [settings.in_flight / call_seconds], default=math.inf
    )
    waiting = {zones: count for zones, count in groups if count}
    moment = now
    while waiting and moment - now < _ESTIMATE_HORIZON:
        openings = {
            zones: moment if settings.hours is None else settings.hours.next_opening(moment, zones or ("UTC",))
            for zones in waiting
        }
        reachable = [opening for opening in openings.values() if opening is not None]
        if len(reachable) < len(openings):
            return None
        if (first := min(reachable)) > moment:
            moment = first
            continue
        open_now = [zones for zones, opening in openings.items() if opening == moment]
        count = sum(waiting[zones] for zones in open_now)
        needed = timedelta(seconds=count / per_second)
        step = needed if settings.hours is None else min(needed, _ESTIMATE_STEP)
        share = min(1.0, step / needed) if needed else 1.0
        for zones in open_now:
            waiting[zones] = math.floor(waiting[zones] * (1 - share))
            if not waiting[zones]:
                del waiting[zones]
        moment += step
    return None if waiting else moment


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Yield lists of at most `size` rows."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value).strip()
