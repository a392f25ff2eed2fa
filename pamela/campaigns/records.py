"""What goes into a ledger and comes out of it, and how moments are kept in it."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from .states import FINAL, LIVE, CampaignState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .. import CallOutcome
    from .decisions import Decision
    from .settings import Settings

MICROSECONDS = 1_000_000
LEASE = timedelta(seconds=60)
"""How long a runner that says nothing more is taken to be alive."""


def to_micros(moment: datetime) -> int:
    """Return a moment as it is kept: microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """Return the moment that was kept."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def to_span(duration: timedelta) -> int:
    """Return a duration as it is kept, in microseconds."""
    return duration // timedelta(microseconds=1)


def attempt_key(campaign: str, identity: str, number: int) -> str:
    """Return the idempotency key of an attempt: the same for the same campaign, recipient and number, in any ledger."""
    parts = json.dumps([campaign, identity, number], separators=(",", ":"))
    return f"campaign-{hashlib.sha256(parts.encode()).hexdigest()}"


@attrs.frozen
class Recipient:
    """A recipient that has passed the checks."""

    identity: str
    line: int
    number: str
    zones: tuple[str, ...]
    request: Mapping[str, Any]
    max_minutes: int

    @property
    def fingerprint(self) -> str:
        content = json.dumps([self.number, self.request], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:32]


@attrs.frozen
class Staged:
    """What became of rows that were staged."""

    added: int
    known: int
    problems: Sequence[tuple[Recipient, str]]


@attrs.frozen
class ToBeCalled:
    """Recipients who are still to be called, or being called, and have all this in common.

    Attributes:
        zones: Their time zones.
        attempts: How many calls each has had, the one in progress included.
        is_live: Whether each is being called.
        max_minutes: The minutes that each of their calls can be billed for at most.
        count: How many they are.
    """

    zones: tuple[str, ...]
    attempts: int
    is_live: bool
    max_minutes: int
    count: int

    def minutes_at_most(self, retries: int) -> int:
        """Return the minutes that all of their calls that have not ended can be billed for at most.

        Args:
            retries: How many retries a recipient can have.
        """
        calls = 1 + retries - self.attempts + self.is_live
        return self.count * max(1, calls) * self.max_minutes


@attrs.frozen
class Claim:
    """An attempt that is committed and may be sent."""

    attempt_id: int
    recipient_id: int
    key: str
    request: Mapping[str, Any]
    monotonic: float = attrs.field(factory=time.monotonic)
    wall: float = attrs.field(factory=time.time)

    def is_stale(self) -> bool:
        """Return whether so much time has passed since the claim that another runner may think this one dead."""
        limit = LEASE.total_seconds() / 2
        return time.monotonic() - self.monotonic > limit or abs(time.time() - self.wall) > limit


@attrs.frozen
class Claims:
    """What a runner may send now."""

    claims: Sequence[Claim]
    state: CampaignState
    reason: str | None
    wait: float | None
    """Seconds until there may be more; None when only something else can change that: the end of a call, say."""


@attrs.frozen
class Placed:
    """The call was placed."""

    attempt_id: int
    call: Mapping[str, Any]


@attrs.frozen
class NotPlaced:
    """No call was placed. It is tried again with the same key, unless `final`."""

    attempt_id: int
    error: str
    final: bool = False
    counts: bool = True
    """Whether it counts as a failure: of the recipient, and for the breaker."""
    unavailable: bool = False
    """Whether the service could not be had, so that nobody is given up for it."""
    retry_after: float | None = None
    """Seconds for which no runner may place calls."""
    halt: str | None = None
    """Why the campaign has to stop."""


@attrs.frozen
class Unclear:
    """Whether a call was placed is open."""

    attempt_id: int
    error: str


Placement = Placed | NotPlaced | Unclear


@attrs.frozen
class Ended:
    """A call has ended."""

    attempt_id: int
    call: Mapping[str, Any]
    outcome: CallOutcome
    decision: Decision | None = None


@attrs.frozen
class Poll:
    """What was seen of the live calls: those that have ended, and those that the service does not know any more."""

    ended: Sequence[Ended]
    lost: Sequence[LiveCall]


@attrs.frozen
class LiveCall:
    """A call that was placed and has not ended, as far as the ledger knows."""

    attempt_id: int
    recipient_id: int
    call_id: str
    end_seen_at: int | None
    placed_at: int


@attrs.frozen
class LookUp:
    """An attempt to be looked up by its key."""

    attempt_id: int
    recipient_id: int
    key: str
    number: str
    claimed_at: datetime
    request: Mapping[str, Any]


@attrs.frozen
class CampaignInfo:
    """A campaign as it stands in the ledger."""

    id: int
    name: str
    state: CampaignState
    reason: str | None
    settings: Settings
    created_at: datetime
    minutes_billed: int
    placed: int
    webhooks: bool
    trouble: str | None
    """Why the latest requests failed; None once one has worked."""


@attrs.frozen
class Progress:
    """How far a campaign is.

    Attributes:
        recipients: How many recipients there are in each state.
        outcomes: How many of those that are through have each outcome.
        minutes_billed: Minutes billed so far.
        placed: Calls placed so far.
        waiting_until: How many recipients wait for each hour that is yet to come; those due now are not among them.
    """

    recipients: Mapping[str, int]
    outcomes: Mapping[str, int]
    minutes_billed: int
    placed: int
    waiting_until: Mapping[datetime, int]

    @property
    def total(self) -> int:
        """How many recipients there are."""
        return sum(self.recipients.values())

    @property
    def live(self) -> int:
        """How many calls are being placed or in progress."""
        return sum(self.recipients.get(state, 0) for state in LIVE)

    @property
    def final(self) -> int:
        """How many recipients are through."""
        return sum(self.recipients.get(state, 0) for state in FINAL)
