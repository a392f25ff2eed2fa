"""The states of campaigns, recipients and attempts."""

from __future__ import annotations

from enum import StrEnum


class RecipientState(StrEnum):
    """The state of a recipient."""

    STAGED = "staged"
    """Read from the input. The check of the input has not finished."""
    WAITING = "waiting"
    """The recipient waits for its next call at `due_at`."""
    PLACING = "placing"
    """The attempt is committed. Its request may have been sent."""
    UNCLEAR = "unclear"
    """It is unknown whether the attempt placed a call. It will be looked up by its key."""
    CALLING = "calling"
    """The call was placed and has not ended."""
    DONE = "done"
    """The last call is the result."""
    GIVEN_UP = "given_up"
    """The number was refused, could not be called, or all retries are used up."""
    SET_ASIDE = "set_aside"
    """It could not be found out whether the attempt placed a call. A person must check."""
    DO_NOT_CALL = "do_not_call"
    """The number is on the do-not-call list."""


class AttemptState(StrEnum):
    """The state of an attempt."""

    PLACING = "placing"
    UNCLEAR = "unclear"
    PLACED = "placed"
    ENDED = "ended"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"


class CampaignState(StrEnum):
    """The state of a campaign."""

    DRAFT = "draft"
    """It has no recipients yet: rows were only checked, or refused. Lists of campaigns leave it out."""
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    HALTED = "halted"
    """The campaign stopped itself. `reason` says why."""
    FINISHED = "finished"


LIVE = (RecipientState.PLACING, RecipientState.UNCLEAR, RecipientState.CALLING)
"""The states of recipients with a live call."""
FINAL = (RecipientState.DONE, RecipientState.GIVEN_UP, RecipientState.SET_ASIDE, RecipientState.DO_NOT_CALL)
