"""Finds out which live calls have ended, with few requests: pages of the list, or single calls if that is cheaper."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

from .. import Call, CallOutcome, PamelaError
from .lookup import CLOCK_SKEW, PAGE
from .records import MICROSECONDS, Ended, LiveCall, Poll, from_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .callers import Caller
    from .decisions import Decide
    from .ledger import Ledger

_MOST_SINGLE = 16
"""Maximum number of single calls to get at the same time."""


@attrs.frozen
class PollPlan:
    """A plan to read live calls: a number of pages of the list, then the rest one by one."""

    pages: int
    single: Sequence[LiveCall]


def plan_poll(live: Sequence[LiveCall]) -> PollPlan:
    """Return the cheapest plan to read all live calls.

    The list has the newest calls first. Old live calls are far down, behind those placed and ended since. Reading the
    list that far costs more than getting them one by one.

    Args:
        live: The live calls, the newest first.

    Example:
        >>> calls = [LiveCall(number, 0, f"call_{number}", None, 0) for number in (5000, 4990, 4980, 7)]
        >>> plan = plan_poll(calls)
        >>> plan.pages, [call.attempt_id for call in plan.single]
        (1, [7])
    """
    if not live:
        return PollPlan(0, ())
    newest = live[0].attempt_id
    costs = {0: len(live)}
    for count, call in enumerate(live, 1):
        # At most this many calls of the campaign are newer, because each has its own attempt.
        depth = newest - call.attempt_id + 1
        costs[count] = -(-depth // PAGE) + len(live) - count
    best = min(costs, key=lambda count: (costs[count], count))
    pages = costs[best] - (len(live) - best)
    return PollPlan(pages, live[best:])


class Follower:
    """Finds the live calls of a campaign that have ended."""

    unknown_timeout = 60.0
    """Seconds after which a call that the service does not know counts as lost."""

    def __init__(self, ledger: Ledger, caller: Caller, decide: Decide | None) -> None:
        self._ledger = ledger
        self._caller = caller
        self._decide = decide

    def poll(self, live: Sequence[LiveCall], transcript_timeout: timedelta) -> Poll:
        """Read live calls.

        Args:
            live: The calls to read, newest first.
            transcript_timeout: Maximum time to wait for the transcript after a call has completed.

        Returns:
            The ended calls, and the calls that the service has not known for a minute.

        Raises:
            PamelaError: A request failed, or the `decide` hook failed.
        """
        plan = plan_poll(live)
        seen: dict[str, Mapping[str, Any]] = {}
        if plan.pages:
            seen = self._read_pages(live, plan)
        missing = [call for call in live if call.call_id not in seen]
        unknown = self._get(missing, seen)
        return Poll(self.sort_out(live, seen, transcript_timeout), self._lost(unknown))

    def _get(self, missing: Sequence[LiveCall], seen: dict[str, Mapping[str, Any]]) -> list[LiveCall]:
        """Get calls one by one; return those that the service does not know.

        An error with one call does not stop the others. It is raised if no call can be read.
        """
        unknown: list[LiveCall] = []
        failure: PamelaError | None = None
        for start in range(0, len(missing), _MOST_SINGLE):
            batch = missing[start : start + _MOST_SINGLE]
            for call, answer in [(call, self._caller.get(call.call_id)) for call in batch]:
                try:
                    seen[call.call_id] = answer.result()
                except PamelaError as error:
                    if error.status_code == 404:
                        unknown.append(call)
                    else:
                        failure = error
            if failure is not None and not seen:
                raise failure
        return unknown

    def _lost(self, unknown: Sequence[LiveCall]) -> list[LiveCall]:
        """Return the calls that have been unknown for long. The service may need a moment to return a new call."""
        if news := [call.attempt_id for call in unknown if call.end_seen_at is None]:
            self._ledger.note_end(news)
        return [
            call
            for call in unknown
            if call.end_seen_at is not None and self._since(call.end_seen_at) > self.unknown_timeout
        ]

    def _since(self, moment: int) -> float:
        """Return the seconds since a moment by the ledger's clock, because the machine's clock may differ."""
        database = self._ledger.database
        return (database.read(database.now) - moment) / MICROSECONDS

    def _read_pages(self, live: Sequence[LiveCall], plan: PollPlan) -> dict[str, Mapping[str, Any]]:
        listed = live[: len(live) - len(plan.single)]
        wanted = {call.call_id for call in listed}
        oldest = from_micros(min(call.placed_at for call in listed)) - CLOCK_SKEW
        seen: dict[str, Mapping[str, Any]] = {}
        offset = 0
        # The list also has other calls of the account, so twice the pages are allowed.
        for _ in range(2 * plan.pages + 1):
            page = self._caller.list(start_date=oldest, limit=PAGE, offset=offset).result()
            calls = page.get("items")
            if not isinstance(calls, list) or not calls:
                break
            for call in calls:
                if isinstance(call, dict) and call.get("id") in wanted and "transcript" in call:
                    seen[call["id"]] = call
            offset += len(calls)
            if len(seen) == len(wanted) or not (page.get("has_more") or page.get("next_offset")):
                break
        return seen

    def sort_out(
        self, live: Sequence[LiveCall], seen: Mapping[str, Mapping[str, Any]], transcript_timeout: timedelta
    ) -> list[Ended]:
        """Return the ended calls, with the decisions of the hook."""
        ended = []
        incomplete = []
        for each in live:
            call = seen.get(each.call_id)
            if call is None or (outcome := Call(call).outcome) is CallOutcome.ONGOING:
                continue
            if outcome is CallOutcome.COMPLETED and not call.get("transcript"):
                if each.end_seen_at is None and transcript_timeout > timedelta(0):
                    incomplete.append(each.attempt_id)
                    continue
                if (
                    each.end_seen_at is not None
                    and 0 <= self._since(each.end_seen_at) < transcript_timeout.total_seconds()
                ):
                    continue
            decision = None if self._decide is None else self._ask(self._decide, Call(call))
            ended.append(Ended(each.attempt_id, call, outcome, decision))
        if incomplete:
            self._ledger.note_end(incomplete)
        return ended

    @staticmethod
    def _ask(decide: Decide, call: Call) -> Any:
        from .decisions import Done, GiveUp, RetryAt

        decision = decide(call)
        if decision is not None and not isinstance(decision, Done | RetryAt | GiveUp):
            raise TypeError(f"decide() returned {decision!r}. Return Done(), RetryAt(...), GiveUp(...) or None.")
        return decision
