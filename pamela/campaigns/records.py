"""The data types of a ledger, and its format of times."""

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
"""The time for which a runner counts as alive after its last message."""


def to_micros(moment: datetime) -> int:
    """Return a time in the form of the ledger: microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """Return the time from the form of the ledger."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def to_span(duration: timedelta) -> int:
    """Return a duration in the form of the ledger: microseconds."""
    return duration // timedelta(microseconds=1)


def attempt_key(campaign: str, identity: str, number: int) -> str:
    """Return the idempotency key of an attempt. It depends only on campaign, recipient and number of the attempt."""
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
    """The result of staging rows."""

    added: int
    known: int
    problems: Sequence[tuple[Recipient, str]]


@attrs.frozen
class ToBeCalled:
    """Unfinished recipients with the same values.

    Attributes:
        zones: Their time zones.
        attempts: The number of calls of each, including the one in progress.
        is_live: Whether each is being called.
        max_minutes: Maximum billed minutes of each call.
        count: The number of recipients.
    """

    zones: tuple[str, ...]
    attempts: int
    is_live: bool
    max_minutes: int
    count: int

    def minutes_at_most(self, retries: int) -> int:
        """Return the maximum billed minutes of all their calls that have not ended.

        Args:
            retries: Maximum number of retries of a recipient.
        """
        calls = 1 + retries - self.attempts + self.is_live
        return self.count * max(1, calls) * self.max_minutes


@attrs.frozen
class Claim:
    """A committed attempt whose request may be sent."""

    attempt_id: int
    recipient_id: int
    key: str
    request: Mapping[str, Any]
    monotonic: float = attrs.field(factory=time.monotonic)
    wall: float = attrs.field(factory=time.time)

    def is_stale(self) -> bool:
        """Return whether the claim is so old that another runner may have taken it over."""
        limit = LEASE.total_seconds() / 2
        return time.monotonic() - self.monotonic > limit or abs(time.time() - self.wall) > limit


@attrs.frozen
class Claims:
    """The attempts that a runner may send now."""

    claims: Sequence[Claim]
    state: CampaignState
    reason: str | None
    wait: float | None
    """Seconds until more attempts may be possible. None if that depends on something else, such as a call's end."""


@attrs.frozen
class Placed:
    """The call was placed."""

    attempt_id: int
    call: Mapping[str, Any]


@attrs.frozen
class NotPlaced:
    """No call was placed. Unless `final`, the request is sent again with the same key."""

    attempt_id: int
    error: str
    final: bool = False
    counts: bool = True
    """Whether it counts as a failure of the recipient and for the breaker."""
    unavailable: bool = False
    """Whether the service was not available. No recipient is given up for that."""
    retry_after: float | None = None
    """Seconds for which no runner may place calls."""
    halt: str | None = None
    """Why the campaign must stop."""


@attrs.frozen
class Unclear:
    """It is unknown whether a call was placed."""

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
    """The result of reading live calls: the ended ones, and those that the service no longer knows."""

    ended: Sequence[Ended]
    lost: Sequence[LiveCall]


@attrs.frozen
class LiveCall:
    """A placed call that has not ended, according to the ledger."""

    attempt_id: int
    recipient_id: int
    call_id: str
    end_seen_at: int | None
    placed_at: int


@attrs.frozen
class LookUp:
    """An attempt to look up by its key."""

    attempt_id: int
    recipient_id: int
    key: str
    number: str
    claimed_at: datetime
    request: Mapping[str, Any]


@attrs.frozen
class CampaignInfo:
    """The state of a campaign in the ledger.

    Attributes:
        id: The number of the campaign in the ledger.
        name: The name of the campaign.
        state: Whether the campaign places calls.
        reason: Why the campaign stopped itself, or None.
        settings: The settings of the campaign.
        created_at: When the campaign was created, in UTC.
        minutes_billed: Billed minutes so far.
        placed: Number of calls placed so far.
        webhooks: Whether events of the campaign's calls arrive by webhook.
        trouble: Why the latest requests failed, or None if the last one succeeded.
    """

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


@attrs.frozen
class Progress:
    """The progress of a campaign.

    Attributes:
        recipients: Number of recipients in each state.
        outcomes: Number of finished recipients with each outcome.
        minutes_billed: Billed minutes so far.
        placed: Number of calls placed so far.
        waiting_until: Number of recipients that wait for each future hour, without those that are due now.
    """

    recipients: Mapping[str, int]
    outcomes: Mapping[str, int]
    minutes_billed: int
    placed: int
    waiting_until: Mapping[datetime, int]

    @property
    def total(self) -> int:
        """The number of recipients."""
        return sum(self.recipients.values())

    @property
    def live(self) -> int:
        """The number of calls that are being placed or in progress."""
        return sum(self.recipients.get(state, 0) for state in LIVE)

    @property
    def final(self) -> int:
        """The number of finished recipients."""
        return sum(self.recipients.get(state, 0) for state in FINAL)
