"""Where a campaign, a recipient and an attempt may stand."""

from __future__ import annotations

from enum import StrEnum


class RecipientState(StrEnum):
    """Where a recipient stands."""

    STAGED = "staged"
    """Read from the input, but the input has not been checked to its end."""
    WAITING = "waiting"
    """To be called from `due_at` on."""
    PLACING = "placing"
    """The attempt is committed; its request may have been sent."""
    UNCLEAR = "unclear"
    """Whether the attempt placed a call is open; it will be looked up by its key."""
    CALLING = "calling"
    """The call was placed and has not ended."""
    DONE = "done"
    """The last call is the result."""
    GIVEN_UP = "given_up"
    """The number was refused, could not be called, or all retries are used up."""
    SET_ASIDE = "set_aside"
    """Whether the attempt placed a call could not be found out. A person has to look."""
    DO_NOT_CALL = "do_not_call"
    """The number is on the do-not-call list."""


class AttemptState(StrEnum):
    """Where an attempt stands."""

    PLACING = "placing"
    UNCLEAR = "unclear"
    PLACED = "placed"
    ENDED = "ended"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"


class CampaignState(StrEnum):
    """Whether a campaign places calls."""

    DRAFT = "draft"
    """Nobody has been added yet: its rows were only checked, or refused. Lists of campaigns leave it out."""
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    HALTED = "halted"
    """It stopped itself; `reason` says why."""
    FINISHED = "finished"


LIVE = (RecipientState.PLACING, RecipientState.UNCLEAR, RecipientState.CALLING)
"""The states of recipients that occupy a slot."""
FINAL = (RecipientState.DONE, RecipientState.GIVEN_UP, RecipientState.SET_ASIDE, RecipientState.DO_NOT_CALL)
