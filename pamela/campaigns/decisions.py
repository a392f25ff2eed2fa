"""What a `decide` hook may say after a call: it is done, call again at a time, or give up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import attrs

from .. import Call
from .errors import CampaignError


@attrs.frozen
class Done:
    """The recipient is done, whatever the outcome of the call."""


@attrs.frozen
class RetryAt:
    """Call the recipient again, within the hours, from a moment on.

    Args:
        when: An aware datetime.
    """

    when: datetime

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.when, datetime) or self.when.tzinfo is None:
            raise CampaignError(f"RetryAt({self.when!r}) needs a datetime with a time zone.")


@attrs.frozen
class GiveUp:
    """Do not call the recipient again.

    Args:
        reason: Why, for the results.
        do_not_call: Whether to put the number on the do-not-call list, so that no campaign of the ledger calls it.
    """

    reason: str = ""
    do_not_call: bool = False


Decision: TypeAlias = Done | RetryAt | GiveUp
Decide: TypeAlias = Callable[[Call], Decision | None]
"""Is given a call that has ended and returns what to do; None leaves it to the retry settings."""
