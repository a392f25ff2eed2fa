"""Finds the calls of attempts by their keys, in one pass through the lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .. import PamelaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .. import Call
    from .callers import Caller
    from .records import LookUp

KEY_IN_METADATA = "idempotency_key"
"""The metadata field in which `create_call` puts the key, so that a search finds it."""
CLOCK_SKEW = timedelta(minutes=15)
"""Maximum difference between the service's clock and the ledger's. With a larger one, a call could be missed."""
PAGE = 100


class IncompleteListError(PamelaError):
    """A list of calls is incomplete, so it does not prove that a call does not exist."""


def find_calls(caller: Caller, look_ups: Sequence[LookUp]) -> dict[int, Call]:
    """Return the calls of attempts, by attempt. An attempt that is not in the result has placed no call.

    Args:
        caller: Gets the lists.
        look_ups: The attempts.

    Raises:
        PamelaError: A list could not be read, or is incomplete.
    """
    wanted = {each.key: each for each in look_ups}
    numbers = {each.number for each in look_ups}
    found: dict[int, Call] = {}
    for call in iterate_calls(caller, start_date=min(each.claimed_at for each in look_ups) - CLOCK_SKEW):
        if call.get("to") not in numbers and "to" in call:
            continue
        # A service may omit the metadata in lists.
        whole = call if "metadata" in call else caller.get(call["id"]).result()
        metadata = whole.get("metadata")
        if not isinstance(metadata, dict):
            raise IncompleteListError(f"The API shows no metadata of call {whole['id']}, which may be the wanted call.")
        key = metadata.get(KEY_IN_METADATA)
        if isinstance(key, str) and key in wanted:
            found[wanted[key].attempt_id] = whole
            if len(found) == len(wanted):
                break
    return found


def iterate_calls(caller: Caller, **filters: Any) -> Iterator[Call]:
    """Yield the calls of all pages, newest first.

    Raises:
        PamelaError: A page could not be read, or is incomplete.
    """
    offset = 0
    while True:
        page = caller.list(**filters, limit=PAGE, offset=offset).result()
        calls = page.get("items")
        if not isinstance(calls, list) or not all(isinstance(call, dict) and call.get("id") for call in calls):
            raise IncompleteListError("The API returned an invalid list of calls.")
        yield from calls
        following, total = page.get("next_offset"), page.get("total")
        offset += len(calls)
        if calls and (page.get("has_more") or following):
            offset = following if isinstance(following, int) and following > offset - len(calls) else offset
            continue
        if isinstance(total, int) and total > offset:
            raise IncompleteListError(f"The list of calls ends after {offset} of {total}.")
        return
