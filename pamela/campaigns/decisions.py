"""The results of a `decide` hook after a call: done, call again, or give up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import attrs

from .. import Call
from .errors import CampaignError


@attrs.frozen
class Done:
    """Finish the recipient. The outcome of the call makes no difference."""


@attrs.frozen
class RetryAt:
    """Call the recipient again at a time or later, within the hours.

    Args:
        when: The earliest time of the call, as an aware datetime.
    """

    when: datetime

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.when, datetime) or self.when.tzinfo is None:
            raise CampaignError(f"RetryAt({self.when!r}) needs a datetime with a time zone.")


@attrs.frozen
class GiveUp:
    """Do not call the recipient again.

    Args:
        reason: The reason, for the results.
        do_not_call: Whether to add the number to the do-not-call list of all campaigns of the ledger.
    """

    reason: str = ""
    do_not_call: bool = False


Decision: TypeAlias = Done | RetryAt | GiveUp
Decide: TypeAlias = Callable[[Call], Decision | None]
"""A function that takes an ended call and returns what to do next. None applies the `retry` settings."""
