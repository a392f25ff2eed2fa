"""The ledger of a campaign: each step of a recipient as one short transaction that can be repeated."""

from __future__ import annotations

import json
import math
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from .. import CallOutcome
from .claiming import ClaimRound
from .database import Database
from .decisions import Done, GiveUp, RetryAt
from .errors import CampaignError
from .records import (
    LEASE,
    MICROSECONDS,
    CampaignInfo,
    Claim,
    Claims,
    Ended,
    LiveCall,
    LookUp,
    NotPlaced,
    Placed,
    Placement,
    Progress,
    Recipient,
    Staged,
    Unclear,
    attempt_key,
    from_micros,
    to_micros,
    to_span,
)
from .runners import RunnerIdentity, is_dead
from .schema import (
    ATTEMPTS,
    CAMPAIGNS,
    DO_NOT_CALL,
    FINAL,
    LEASES,
    LIVE,
    NOTICES,
    RECIPIENTS,
    RUNNERS,
    AttemptState,
    CampaignState,
    RecipientState,
    in_state,
)
from .settings import Breaker, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Row

T = TypeVar("T")

FORGOTTEN_AFTER = timedelta(seconds=30)
"""When an attempt that its own runner does not know of is taken to be lost: its commit was, say."""
MOST_ERRORS = 10
"""How often placing a call may fail, without a call, before the recipient is given up."""
MOST_LOOK_UPS = 10
_LONGEST_PAUSE = 300.0
_CHUNK = 500
_TURN_PAUSE = 0.2
_NOTICE_KEPT = timedelta(days=1)


class Ledger:
    """The ledger. It may be used from any number of threads, processes and, with PostgreSQL, machines.

    Args:
        address: The name of a file, or `postgresql://user:password@host/name`.
        clock: The time by which hours, days and pauses count; the ledger's own if absent.
        patience: Seconds for which a transaction is repeated while the database cannot be reached.
        opening_patience: The same for the first one.

    Raises:
        LedgerError: It cannot be opened.
    """

    def __init__(
        self,
        address: str | Path,
        *,
        clock: Callable[[], datetime] | None = None,
        patience: float = 60.0,
        opening_patience: float = 0.0,
    ) -> None:
        self.database = Database(address, patience, opening_patience)
        self._clock = clock
        self._settings: dict[str, Settings] = {}

    @property
    def name(self) -> str:
        """The file, or the address without its password."""
        return self.database.name

    def __repr__(self) -> str:
        return f"Ledger({self.name!r})"

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def _calendar(self, now: int) -> int:
        return now if self._clock is None else to_micros(self._clock())

    # Campaigns

    def campaigns(self) -> list[CampaignInfo]:
        """Return all campaigns, in the order of their creation."""
        return self.database.read(
            lambda connection: [
                self._info(row) for row in connection.execute(select(CAMPAIGNS).order_by(CAMPAIGNS.c.id))
            ]
        )

    def campaign(self, name: str | None = None) -> CampaignInfo:
        """Return a campaign; without a name the only one.

        Raises:
            CampaignError: There is none, or there are several and no name.
        """
        found = self.campaigns()
        names = ", ".join(repr(each.name) for each in found) or "none"
        matching = [each for each in found if name in (None, each.name)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise CampaignError(f"{self.name} has several campaigns: {names}. Name one.")
        raise CampaignError(f"{self.name} has no campaign{'' if name is None else f' {name!r}'}. It has: {names}.")

    def open_campaign(self, name: str, settings: Settings) -> CampaignInfo:
        """Return the campaign of that name, with these settings from now on; make it if there is none."""
        text = settings.to_json()

        def work(connection: Connection) -> CampaignInfo:
            now = self._calendar(self.database.now(connection))
            row = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.name == name).with_for_update()).first()
            if row is None:
                values = {"name": name, "state": CampaignState.ACTIVE, "settings": text, "created_at": now}
                connection.execute(insert(CAMPAIGNS).values(**values))
            elif row.settings != text:
                connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == row.id).values(settings=text))
                if self._parse(row.settings).hours != settings.hours:
                    waits = in_state(row.id, RecipientState.WAITING)
                    # What waits for an hour looks again; what waits for a retry keeps its pause.
                    connection.execute(update(RECIPIENTS).where(waits, RECIPIENTS.c.attempts == 0).values(due_at=0))
            return self._info(connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.name == name)).one())

        return self.database.write(work)

    def pause(self, campaign_id: int) -> None:
        """Let no more calls be placed until `resume`.

        Raises:
            CampaignError: The campaign does not run.
        """
        self._change_state(campaign_id, "pause", CampaignState.PAUSED, CampaignState.ACTIVE)

    def stop(self, campaign_id: int) -> None:
        """Let no more calls be placed, and let whoever runs the campaign end.

        Raises:
            CampaignError: The campaign does not run.
        """
        self._change_state(campaign_id, "stop", CampaignState.STOPPED, CampaignState.ACTIVE, CampaignState.PAUSED)

    def resume(self, campaign_id: int) -> None:
        """Let a campaign go on, whatever ended it."""
        self._change_state(campaign_id, "resume", CampaignState.ACTIVE, *CampaignState)

    def _change_state(self, campaign_id: int, verb: str, state: CampaignState, *allowed: CampaignState) -> None:
        values: dict[str, Any] = {"state": state, "reason": None}
        if state is CampaignState.ACTIVE:
            values |= {"recent_results": 0, "recent_failures": 0, "resume_at": 0}

        def work(connection: Connection) -> None:
            row = self._lock(connection, campaign_id)
            if row.state not in (state, *allowed):
                raise CampaignError(f"The campaign {row.name!r} is {row.state}; there is nothing to {verb}.")
            connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(**values))

        self.database.write(work)

    def finish(self, campaign_id: int) -> bool:
        """Return whether all recipients are through; the campaign is finished then."""
        query = select(RECIPIENTS.c.id).where(in_state(campaign_id, RecipientState.WAITING, *LIVE)).limit(1)

        def is_open(connection: Connection) -> bool:
            return connection.execute(query).first() is not None

        if self.database.read(is_open):
            return False

        def work(connection: Connection) -> bool:
            if is_open(connection):
                return False
            connection.execute(
                update(CAMPAIGNS)
                .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.state == CampaignState.ACTIVE)
                .values(state=CampaignState.FINISHED)
            )
            return True

        return self.database.write(work)

    def use_webhooks(self, campaign_id: int) -> None:
        """Note that events of the campaign's calls arrive by webhook, so that lists are read seldom."""
        statement = update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(webhooks=True)
        self.database.write(lambda connection: connection.execute(statement) and None)

    def _info(self, row: Row[Any]) -> CampaignInfo:
        return CampaignInfo(
            id=row.id,
            name=row.name,
            state=CampaignState(row.state),
            reason=row.reason,
            settings=self._parse(row.settings),
            created_at=from_micros(row.created_at),
            minutes_billed=row.minutes_billed,
            placed=row.placed,
            webhooks=bool(row.webhooks),
        )

    def _parse(self, text: str) -> Settings:
        if text not in self._settings:
            self._settings = {text: Settings.from_json(text)}
        return self._settings[text]

    # Adding recipients

    def begin_adding(self, campaign_id: int, owner: str, patience: float = 90.0) -> None:
        """Begin to add recipients, and forget what another attempt to add some left behind.

        Args:
            campaign_id: The campaign.
            owner: The runner that adds them.
            patience: Seconds to wait for another runner that is adding some.

        Raises:
            CampaignError: Another runner is adding some for longer than that.
        """

        def work(connection: Connection) -> bool:
            if not self._take_lease(connection, campaign_id, "adding", owner, LEASE):
                return False
            connection.execute(delete(RECIPIENTS).where(in_state(campaign_id, RecipientState.STAGED)))
            return True

        give_up_at = time.monotonic() + patience
        while not self.database.write(work):
            if time.monotonic() > give_up_at:
                raise CampaignError("Another process is adding recipients to this campaign. Try again when it is done.")
            time.sleep(_TURN_PAUSE)

    def stage(
        self, campaign_id: int, owner: str, recipients: Sequence[Recipient], settings: Settings, same_number: bool
    ) -> Staged:
        """Add checked rows, not to be called yet; say which of them are there already or twice."""

        def work(connection: Connection) -> Staged:
            if not self._take_lease(connection, campaign_id, "adding", owner, LEASE):
                raise CampaignError("Another process has begun to add recipients to this campaign.")
            identities = _lookup(connection, RECIPIENTS.c.identity, campaign_id, [each.identity for each in recipients])
            numbers: dict[str, Any] = {}
            if not same_number:
                numbers = _lookup(connection, RECIPIENTS.c.number, campaign_id, [each.number for each in recipients])
            fresh: dict[str, dict[str, Any]] = {}
            first: dict[str, Recipient] = {}
            known = 0
            problems: list[tuple[Recipient, str]] = []
            for each in recipients:
                present = identities.get(each.identity)
                with_number = numbers.get(each.number)
                if present is not None and present.state != RecipientState.STAGED:
                    if present.fingerprint == each.fingerprint:
                        known += 1
                    else:
                        problems.append((each, f"{each.identity!r} is in the campaign already, with another call"))
                elif present is not None or each.identity in fresh:
                    line = present.line if present is not None else fresh[each.identity]["line"]
                    problems.append((each, f"{each.identity!r} is on line {line} already"))
                elif with_number is not None and with_number.state != RecipientState.STAGED:
                    problems.append((each, f"{each.number} is in the campaign already, as {with_number.identity!r}"))
                elif with_number is not None or (not same_number and each.number in first):
                    line = with_number.line if with_number is not None else first[each.number].line
                    problems.append((each, f"{each.number} is on line {line} already: the same person twice"))
                else:
                    first.setdefault(each.number, each)
                    fresh[each.identity] = {
                        "campaign_id": campaign_id,
                        "identity": each.identity,
                        "line": each.line,
                        "number": each.number,
                        "prefix": settings.prefix_of(each.number),
                        "zones": ",".join(each.zones),
                        "request": json.dumps(each.request, separators=(",", ":")),
                        "fingerprint": each.fingerprint,
                        "max_minutes": each.max_minutes,
                        "state": RecipientState.STAGED,
                        "due_at": 0,
                    }
            if fresh:
                connection.execute(insert(RECIPIENTS), list(fresh.values()))
            return Staged(len(fresh), known, problems)

        return self.database.write(work)

    def staged_do_not_call(self, campaign_id: int) -> int:
        """Return how many staged rows are on the do-not-call list."""
        listed = RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
        query = select(func.count()).where(in_state(campaign_id, RecipientState.STAGED), listed)
        return self.database.read(lambda connection: connection.execute(query).scalar_one())

    def end_adding(self, campaign_id: int, owner: str, *, keep: bool) -> None:
        """Let the staged rows be called, or forget them."""

        def work(connection: Connection) -> None:
            self._lock(connection, campaign_id)
            this = and_(LEASES.c.campaign_id == campaign_id, LEASES.c.name == "adding")
            holder = connection.execute(select(LEASES.c.owner).where(this)).scalar()
            if holder != owner:
                # Without a holder this was done before, and only the answer to the commit was lost. Whoever was held up
                # for too long has lost its turn, and what it staged with it.
                if keep and holder is not None:
                    raise CampaignError("Another process has begun to add recipients to this campaign. Add them again.")
                return
            staged = in_state(campaign_id, RecipientState.STAGED)
            if keep:
                listed = RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
                connection.execute(update(RECIPIENTS).where(staged, listed).values(state=RecipientState.DO_NOT_CALL))
                added = connection.execute(
                    update(RECIPIENTS).where(staged).values(state=RecipientState.WAITING, due_at=0)
                )
                if added.rowcount:
                    connection.execute(
                        update(CAMPAIGNS)
                        .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.state == CampaignState.FINISHED)
                        .values(state=CampaignState.ACTIVE)
                    )
            else:
                connection.execute(delete(RECIPIENTS).where(staged))
            connection.execute(delete(LEASES).where(this))

        self.database.write(work)

    def add_do_not_call(self, numbers: Mapping[str, str | None]) -> int:
        """Put numbers, with the reason, on the do-not-call list of all campaigns of the ledger.

        Returns:
            How many were not on it.
        """

        def work(connection: Connection) -> int:
            return self._add_do_not_call(connection, numbers)

        return self.database.write(work)

    def _add_do_not_call(self, connection: Connection, numbers: Mapping[str, str | None]) -> int:
        now = self.database.now(connection)
        added = 0
        for chunk in _chunks(list(numbers)):
            query = select(DO_NOT_CALL.c.number).where(DO_NOT_CALL.c.number.in_(chunk))
            present = set(connection.execute(query).scalars())
            rows = [
                {"number": number, "reason": numbers[number], "added_at": now}
                for number in chunk
                if number not in present
            ]
            if rows:
                connection.execute(insert(DO_NOT_CALL), rows)
                added += len(rows)
            connection.execute(
                update(RECIPIENTS)
                .where(RECIPIENTS.c.number.in_(chunk), RECIPIENTS.c.state == RecipientState.WAITING)
                .values(state=RecipientState.DO_NOT_CALL)
            )
        return added

    def staged_groups(self, campaign_id: int) -> list[tuple[tuple[str, ...], int]]:
        """Return how many staged rows there are for each set of zones."""
        query = (
            select(RECIPIENTS.c.zones, func.count())
            .where(in_state(campaign_id, RecipientState.STAGED))
            .group_by(RECIPIENTS.c.zones)
        )
        rows = self.database.read(lambda connection: connection.execute(query).all())
        return [(tuple(zones.split(",")) if zones else (), count) for zones, count in rows]

    # Runners and leases

    def register(self, runner: RunnerIdentity) -> None:
        """Say that a runner is alive; to be repeated well within the lease of a minute."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            changed = connection.execute(update(RUNNERS).where(RUNNERS.c.id == runner.id).values(seen_at=now))
            if not changed.rowcount:
                values = {"id": runner.id, "host": runner.host, "process": runner.process, "seen_at": now}
                connection.execute(insert(RUNNERS).values(**values))

        self.database.write(work)

    def unregister(self, runner: RunnerIdentity) -> None:
        """Say that a runner has ended."""
        self.database.write(
            lambda connection: connection.execute(delete(RUNNERS).where(RUNNERS.c.id == runner.id)) and None
        )

    def take_lease(self, campaign_id: int, name: str, owner: str, duration: timedelta = LEASE) -> bool:
        """Take or renew the right to do something that one runner is to do; False while another has it."""
        return self.database.write(lambda connection: self._take_lease(connection, campaign_id, name, owner, duration))

    def _take_lease(self, connection: Connection, campaign_id: int, name: str, owner: str, duration: timedelta) -> bool:
        # The row of the campaign serializes everybody who wants it.
        connection.execute(select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.id == campaign_id).with_for_update())
        now = self.database.now(connection)
        this = and_(LEASES.c.campaign_id == campaign_id, LEASES.c.name == name)
        row = connection.execute(select(LEASES.c.owner, LEASES.c.until).where(this)).first()
        until = now + to_span(duration)
        if row is None:
            values = {"campaign_id": campaign_id, "name": name, "owner": owner, "until": until}
            connection.execute(insert(LEASES).values(**values))
            return True
        # A lease that ends later than any can was given by a clock that has been put back since.
        if row.owner != owner and now < row.until <= until and row.owner in self._alive(connection, now):
            return False
        connection.execute(update(LEASES).where(this).values(owner=owner, until=until))
        return True

    def _alive(self, connection: Connection, now: int) -> set[str]:
        rows = connection.execute(select(RUNNERS)).all()
        lease = to_span(LEASE)
        # A moment far ahead was written by a clock that has been put back since.
        recent = [row for row in rows if now - lease <= row.seen_at <= now + lease]
        return {row.id for row in recent if not is_dead(row.id, row.host, row.process)}

    def adopt(self, campaign_id: int, owner: str, known: Collection[int]) -> int:
        """Take the attempts of runners that are gone, and those that this runner has no memory of, to be looked up.

        Args:
            campaign_id: The campaign.
            owner: This runner.
            known: The attempts that this runner is sending.

        Returns:
            How many there were.
        """

        def work(connection: Connection) -> int:
            campaign = self._lock(connection, campaign_id)
            now = self.database.now(connection)
            rows = connection.execute(
                select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.owner, ATTEMPTS.c.claimed_at).where(
                    ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACING
                )
            ).all()
            if not rows:
                return 0
            alive = self._alive(connection, now)
            settle = to_span(self._parse(campaign.settings).settle)
            lost = [
                row
                for row in rows
                if row.owner not in alive
                or (row.owner == owner and row.id not in known and row.claimed_at < now - to_span(FORGOTTEN_AFTER))
            ]
            for row in lost:
                self._set_unclear(
                    connection, row.id, row.recipient_id, None, "The runner ended.", min(row.claimed_at, now) + settle
                )
            connection.execute(delete(RUNNERS).where(RUNNERS.c.id.not_in(alive | {owner})))
            return len(lost)

        return self.database.write(work)

    def _set_unclear(
        self, connection: Connection, attempt_id: int, recipient_id: int, owner: str | None, error: str, when: int
    ) -> None:
        changed = connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.id == attempt_id, ATTEMPTS.c.state == AttemptState.PLACING)
            .values(state=AttemptState.UNCLEAR, owner=owner, error=error, look_up_at=when)
        )
        if changed.rowcount:
            self._set_recipient(connection, recipient_id, state=RecipientState.UNCLEAR)

    def _set_recipient(self, connection: Connection, recipient_id: int, **values: Any) -> None:
        connection.execute(update(RECIPIENTS).where(RECIPIENTS.c.id == recipient_id).values(**values))

    def _lock(self, connection: Connection, campaign_id: int) -> Row[Any]:
        """Return the row of the campaign; whoever else locks it waits for the end of the transaction."""
        return connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).with_for_update()).one()

    # Placing calls

    def claim(self, campaign_id: int, owner: str, limit: int, only: Collection[int] | None = None) -> Claims:
        """Take slots, tokens and recipients for as many attempts as may be sent now, and commit them.

        Args:
            campaign_id: The campaign.
            owner: The runner that will send them.
            limit: The most to take.
            only: Recipients to choose from; any if absent.
        """

        def work(connection: Connection) -> Claims:
            campaign = self._lock(connection, campaign_id)
            state = CampaignState(campaign.state)
            if state is not CampaignState.ACTIVE:
                return Claims((), state, campaign.reason, None)
            now = self.database.now(connection)
            # After a jump of the clock it would wait for ever; no service asks for more than a day.
            if now < campaign.resume_at < now + 86_400 * MICROSECONDS:
                return Claims((), state, None, (campaign.resume_at - now) / MICROSECONDS)
            round_ = ClaimRound(connection, campaign, self._parse(campaign.settings), now, self._calendar(now))
            rows, wait = round_.take(limit, only)
            if round_.over_budget:
                reason = f"The budget of {round_.settings.max_minutes} minutes is used up."
                self._halt(connection, campaign_id, reason)
                return Claims((), CampaignState.HALTED, reason, None)
            return Claims(self._commit_attempts(connection, campaign, owner, rows, now), state, None, wait)

        return self.database.write(work)

    def _commit_attempts(
        self, connection: Connection, campaign: Row[Any], owner: str, rows: Sequence[Row[Any]], now: int
    ) -> list[Claim]:
        if not rows:
            return []
        attempts = [
            {
                "campaign_id": campaign.id,
                "recipient_id": row.id,
                "number": row.attempts + 1,
                "key": attempt_key(campaign.name, row.identity, row.attempts + 1),
                "state": AttemptState.PLACING,
                "owner": owner,
                "claimed_at": now,
            }
            for row in rows
        ]
        ids = connection.execute(
            insert(ATTEMPTS).returning(ATTEMPTS.c.id, sort_by_parameter_order=True), attempts
        ).scalars()
        for chunk in _chunks([row.id for row in rows]):
            connection.execute(
                update(RECIPIENTS)
                .where(RECIPIENTS.c.id.in_(chunk))
                .values(state=RecipientState.PLACING, attempts=RECIPIENTS.c.attempts + 1)
            )
        return [
            Claim(attempt_id, row.id, attempt["key"], json.loads(row.request))
            for attempt_id, attempt, row in zip(ids, attempts, rows, strict=True)
        ]

    def _halt(self, connection: Connection, campaign_id: int, reason: str) -> None:
        connection.execute(
            update(CAMPAIGNS)
            .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.state == CampaignState.ACTIVE)
            .values(state=CampaignState.HALTED, reason=reason)
        )

    def record(self, campaign_id: int, owner: str, placements: Sequence[Placement]) -> list[int]:
        """Keep what became of attempts that were sent.

        Returns:
            The recipients that are through with that.
        """

        def work(connection: Connection) -> list[int]:
            campaign = self._lock(connection, campaign_id)
            settings = self._parse(campaign.settings)
            now = self.database.now(connection)
            through: list[int] = []
            attempts = {
                row.id: row
                for chunk in _chunks([each.attempt_id for each in placements])
                for row in connection.execute(
                    select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.state, ATTEMPTS.c.owner).where(
                        ATTEMPTS.c.id.in_(chunk)
                    )
                )
            }
            placed: list[dict[str, Any]] = []
            failed = 0
            resume_at = campaign.resume_at
            for each in placements:
                row = attempts.get(each.attempt_id)
                if row is None:
                    continue
                if isinstance(each, Placed):
                    if row.state in (AttemptState.PLACING, AttemptState.UNCLEAR, AttemptState.SET_ASIDE):
                        placed.append(
                            {"attempt": row.id, "recipient": row.recipient_id, "called": str(each.call["id"])}
                        )
                elif row.state != AttemptState.PLACING or row.owner != owner:
                    continue  # Another runner has taken it over and will find out.
                elif isinstance(each, Unclear):
                    failed += 1
                    self._set_unclear(
                        connection, row.id, row.recipient_id, owner, each.error, now + to_span(settings.settle)
                    )
                else:
                    failed += each.counts
                    if each.retry_after is not None:
                        resume_at = max(resume_at, now + int(each.retry_after * MICROSECONDS))
                    if each.halt is not None:
                        self._halt(connection, campaign_id, each.halt)
                    if self._take_back(connection, row, each, now):
                        through.append(row.recipient_id)
            if resume_at != campaign.resume_at:
                connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(resume_at=resume_at))
            if placed:
                connection.execute(_PLACE_ATTEMPTS, [{**each, "now": now} for each in placed])
                connection.execute(_PLACE_RECIPIENTS, placed)
            results = len(placed) + failed
            self._count(connection, campaign, settings.breaker, now, results, failed, placed=len(placed))
            return through

        return self.database.write(work)

    def _take_back(self, connection: Connection, attempt: Any, result: NotPlaced, now: int) -> bool:
        """Let a recipient wait again with the same attempt, or give it up; return whether it was given up."""
        query = select(RECIPIENTS.c.errors).where(RECIPIENTS.c.id == attempt.recipient_id)
        errors = connection.execute(query).scalar_one() + result.counts
        if result.final or errors >= MOST_ERRORS:
            connection.execute(
                update(ATTEMPTS)
                .where(ATTEMPTS.c.id == attempt.id)
                .values(state=AttemptState.REFUSED, owner=None, error=result.error, ended_at=self._calendar(now))
            )
            self._set_recipient(
                connection, attempt.recipient_id, state=RecipientState.GIVEN_UP, errors=errors, detail=result.error
            )
            return True
        # The next attempt has the same number, and so the same key.
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.id == attempt.id))
        pause = min(_LONGEST_PAUSE, 2.0**errors) if result.counts else 0.0
        self._set_recipient(
            connection,
            attempt.recipient_id,
            state=RecipientState.WAITING,
            attempts=RECIPIENTS.c.attempts - 1,
            errors=errors,
            detail=result.error,
            due_at=self._calendar(now) + int(pause * MICROSECONDS),
        )
        return False

    def _count(
        self,
        connection: Connection,
        campaign: Row[Any],
        breaker: Breaker | None,
        now: int,
        results: int,
        failures: int,
        *,
        placed: int = 0,
        minutes: int = 0,
    ) -> None:
        """Count results for the breaker, and halt the campaign when too many were failures."""
        if not results and not minutes:
            return
        values: dict[str, Any] = {
            "placed": campaign.placed + placed,
            "minutes_billed": campaign.minutes_billed + minutes,
        }
        if breaker is not None and results:
            age = max(0, now - campaign.recent_at) / to_span(breaker.window)
            weight = math.exp(-age) if campaign.recent_at else 0.0
            recent = campaign.recent_results * weight + results
            failed = campaign.recent_failures * weight + failures
            values |= {"recent_results": recent, "recent_failures": failed, "recent_at": now}
            if failures and recent >= breaker.at_least and failed > breaker.share * recent:
                self._halt(
                    connection,
                    campaign.id,
                    f"{failed / recent:.0%} of the last {recent:.0f} results were failures, "
                    f"more than the {breaker.share:.0%} that the breaker allows.",
                )
        connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign.id).values(**values))

    # Attempts whose outcome is open

    def claim_look_ups(self, campaign_id: int, owner: str, limit: int = 1000) -> list[LookUp]:
        """Return attempts that are to be looked up now, and take them."""

        def work(connection: Connection) -> list[LookUp]:
            self._lock(connection, campaign_id)
            now = self.database.now(connection)
            query = (
                select(
                    ATTEMPTS.c.id,
                    ATTEMPTS.c.recipient_id,
                    ATTEMPTS.c.key,
                    ATTEMPTS.c.owner,
                    ATTEMPTS.c.claimed_at,
                    RECIPIENTS.c.number,
                    RECIPIENTS.c.request,
                )
                .join(RECIPIENTS, RECIPIENTS.c.id == ATTEMPTS.c.recipient_id)
                .where(
                    ATTEMPTS.c.campaign_id == campaign_id,
                    ATTEMPTS.c.state == AttemptState.UNCLEAR,
                    # A clock that has been put back must not make it wait for as long.
                    or_(ATTEMPTS.c.look_up_at <= now, ATTEMPTS.c.look_up_at > now + 3600 * MICROSECONDS),
                )
                .order_by(ATTEMPTS.c.look_up_at)
                .limit(limit)
            )
            rows = connection.execute(query).all()
            if not rows:
                return []
            alive = self._alive(connection, now) - {owner}
            free = [row for row in rows if row.owner not in alive]
            for chunk in _chunks([row.id for row in free]):
                connection.execute(
                    update(ATTEMPTS)
                    .where(ATTEMPTS.c.id.in_(chunk), ATTEMPTS.c.state == AttemptState.UNCLEAR)
                    .values(owner=owner)
                )
            return [
                LookUp(
                    row.id,
                    row.recipient_id,
                    row.key,
                    row.number,
                    from_micros(min(row.claimed_at, now)),
                    json.loads(row.request),
                )
                for row in free
            ]

        return self.database.write(work)

    def resend(self, campaign_id: int, owner: str, look_ups: Sequence[LookUp]) -> list[Claim]:
        """Return claims for attempts that are known to have placed no call, to be sent again with the same key."""

        def work(connection: Connection) -> list[Claim]:
            campaign = self._lock(connection, campaign_id)
            if campaign.state != CampaignState.ACTIVE:
                return []
            now = self.database.now(connection)
            claims = []
            for each in look_ups:
                changed = connection.execute(
                    update(ATTEMPTS)
                    .where(
                        ATTEMPTS.c.id == each.attempt_id,
                        ATTEMPTS.c.state == AttemptState.UNCLEAR,
                        ATTEMPTS.c.owner == owner,
                        ATTEMPTS.c.look_ups < MOST_LOOK_UPS,
                    )
                    .values(state=AttemptState.PLACING, claimed_at=now, look_ups=ATTEMPTS.c.look_ups + 1)
                )
                if changed.rowcount:
                    recipient = select(ATTEMPTS.c.recipient_id).where(ATTEMPTS.c.id == each.attempt_id)
                    connection.execute(
                        update(RECIPIENTS)
                        .where(RECIPIENTS.c.id == recipient.scalar_subquery())
                        .values(state=RecipientState.PLACING)
                    )
                    claims.append(Claim(each.attempt_id, each.recipient_id, each.key, each.request))
            return claims

        return self.database.write(work)

    def not_found_out(self, campaign_id: int, owner: str, look_ups: Sequence[LookUp], error: str) -> list[int]:
        """Look attempts up again later, or set them aside for a person; return the recipients set aside."""

        def work(connection: Connection) -> list[int]:
            campaign = self._lock(connection, campaign_id)
            now = self.database.now(connection)
            through = []
            for each in look_ups:
                row = connection.execute(
                    select(ATTEMPTS.c.look_ups, ATTEMPTS.c.recipient_id).where(
                        ATTEMPTS.c.id == each.attempt_id,
                        ATTEMPTS.c.state == AttemptState.UNCLEAR,
                        ATTEMPTS.c.owner == owner,
                    )
                ).first()
                if row is None:
                    continue
                # A campaign that is paused sends nothing, which says nothing about the attempt.
                count = row.look_ups + (campaign.state == CampaignState.ACTIVE)
                pause = int(min(_LONGEST_PAUSE, 2.0**count) * MICROSECONDS)
                values: dict[str, Any] = {"look_ups": count, "look_up_at": now + pause, "owner": None, "error": error}
                if count >= MOST_LOOK_UPS:
                    values["state"] = AttemptState.SET_ASIDE
                    through.append(row.recipient_id)
                    detail = f"Whether the call was placed could not be found out: {error}"
                    self._set_recipient(connection, row.recipient_id, state=RecipientState.SET_ASIDE, detail=detail)
                connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.id == each.attempt_id).values(**values))
            return through

        return self.database.write(work)

    # Following calls

    def live_calls(self, campaign_id: int) -> list[LiveCall]:
        """Return the calls that were placed and have not ended, the newest first."""
        query = (
            select(
                ATTEMPTS.c.id,
                ATTEMPTS.c.recipient_id,
                ATTEMPTS.c.call_id,
                ATTEMPTS.c.end_seen_at,
                ATTEMPTS.c.placed_at,
            )
            .where(ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACED)
            .order_by(ATTEMPTS.c.id.desc())
        )
        return [LiveCall(*row) for row in self.database.read(lambda connection: connection.execute(query).all())]

    def live_count(self, campaign_id: int) -> int:
        """Return how many slots are taken."""
        query = select(func.count()).where(in_state(campaign_id, *LIVE))
        return self.database.read(lambda connection: connection.execute(query).scalar_one())

    def has_live_calls(self, campaign_id: int) -> bool:
        """Return whether there are calls to follow."""
        query = (
            select(ATTEMPTS.c.id)
            .where(ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACED)
            .limit(1)
        )
        return self.database.read(lambda connection: connection.execute(query).first()) is not None

    def note_end(self, attempt_ids: Sequence[int]) -> None:
        """Note that calls were seen to have ended, though something is missing yet."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            for chunk in _chunks(attempt_ids):
                connection.execute(
                    update(ATTEMPTS)
                    .where(ATTEMPTS.c.id.in_(chunk), ATTEMPTS.c.end_seen_at.is_(None))
                    .values(end_seen_at=now)
                )

        self.database.write(work)

    def end(self, campaign_id: int, ended: Sequence[Ended]) -> list[int]:
        """Keep how calls ended, and decide what comes next for their recipients.

        Returns:
            The recipients that are through with that.
        """

        def work(connection: Connection) -> list[int]:
            campaign = self._lock(connection, campaign_id)
            settings = self._parse(campaign.settings)
            now = self.database.now(connection)
            calendar = self._calendar(now)
            recipients = {
                row.id: row.recipient_id
                for chunk in _chunks([each.attempt_id for each in ended])
                for row in connection.execute(
                    select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id).where(
                        ATTEMPTS.c.id.in_(chunk), ATTEMPTS.c.state == AttemptState.PLACED
                    )
                )
            }
            # What is not among them was kept before.
            fresh = {each.attempt_id: each for each in ended if each.attempt_id in recipients}
            attempts = [_ended_attempt(each, calendar) for each in fresh.values()]
            finals: list[dict[str, Any]] = []
            retries: list[dict[str, Any]] = []
            for attempt_id, each in fresh.items():
                following = self._after_call(connection, recipients[attempt_id], each, settings, calendar)
                (retries if "due" in following else finals).append(following)
            for statement, values in (
                (_END_ATTEMPTS, attempts),
                (_END_RECIPIENTS, finals),
                (_RETRY_RECIPIENTS, retries),
            ):
                if values:
                    connection.execute(statement, values)
            failures = sum(each.outcome is CallOutcome.BROKEN_OFF for each in fresh.values())
            minutes = sum(attempt["billed"] or 0 for attempt in attempts)
            self._count(connection, campaign, settings.breaker, now, len(fresh), failures, minutes=minutes)
            for chunk in _chunks([str(each.call.get("id")) for each in ended]):
                connection.execute(delete(NOTICES).where(NOTICES.c.call_id.in_(chunk)))
            return [each["recipient"] for each in finals]

        return self.database.write(work)

    def _after_call(
        self, connection: Connection, recipient_id: int, ended: Ended, settings: Settings, now: int
    ) -> dict[str, Any]:
        """Return what comes after a call: what the recipient is from now on, or when it is called again."""
        following: dict[str, Any] = {"recipient": recipient_id, "result": ended.outcome, "why": None}
        retry_at: int | None = None
        state = RecipientState.DONE if ended.outcome is CallOutcome.COMPLETED else RecipientState.GIVEN_UP
        match ended.decision:
            case Done():
                state = RecipientState.DONE
            case RetryAt(when=when):
                retry_at = to_micros(when)
            case GiveUp(reason=reason, do_not_call=do_not_call):
                state, following["why"] = RecipientState.GIVEN_UP, reason
                if do_not_call:
                    query = select(RECIPIENTS.c.number).where(RECIPIENTS.c.id == recipient_id)
                    self._add_do_not_call(connection, {connection.execute(query).scalar_one(): reason})
            case _ if settings.retry.counts.get(ended.outcome):
                count = select(func.count()).where(
                    ATTEMPTS.c.recipient_id == recipient_id,
                    ATTEMPTS.c.outcome == ended.outcome,
                    ATTEMPTS.c.id != ended.attempt_id,
                )
                pause = settings.retry.pause(ended.outcome, connection.execute(count).scalar_one())
                retry_at = None if pause is None else now + to_span(pause)
        if retry_at is not None:
            listed = select(RECIPIENTS.c.id).where(
                RECIPIENTS.c.id == recipient_id, RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
            )
            if connection.execute(listed).first() is None:
                return {**following, "due": retry_at}
            state = RecipientState.DO_NOT_CALL
        return {**following, "final": state}

    def notice(self, call_id: str) -> None:
        """Note that a webhook said something of a call, perhaps before the call's own answer is here."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            changed = connection.execute(update(NOTICES).where(NOTICES.c.call_id == call_id).values(seen_at=now))
            if not changed.rowcount:
                connection.execute(delete(NOTICES).where(NOTICES.c.seen_at < now - to_span(_NOTICE_KEPT)))
                connection.execute(insert(NOTICES).values(call_id=call_id, seen_at=now))

        self.database.write(work)

    def noticed_calls(self, campaign_id: int) -> list[LiveCall]:
        """Return the live calls of which a webhook said something."""
        query = (
            select(
                ATTEMPTS.c.id,
                ATTEMPTS.c.recipient_id,
                ATTEMPTS.c.call_id,
                ATTEMPTS.c.end_seen_at,
                ATTEMPTS.c.placed_at,
            )
            .join(NOTICES, NOTICES.c.call_id == ATTEMPTS.c.call_id)
            .where(ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACED)
        )
        return [LiveCall(*row) for row in self.database.read(lambda connection: connection.execute(query).all())]

    def due(self, campaign_id: int, limit: int) -> list[int]:
        """Return recipients that may be called now, by their hours; slots and rates are looked at by `claim`."""

        def work(connection: Connection) -> list[int]:
            now = self._calendar(self.database.now(connection))
            query = (
                select(RECIPIENTS.c.id)
                .where(in_state(campaign_id, RecipientState.WAITING), RECIPIENTS.c.due_at <= now)
                .order_by(RECIPIENTS.c.due_at, RECIPIENTS.c.id)
                .limit(limit)
            )
            return list(connection.execute(query).scalars())

        return self.database.read(work)

    # What is known

    def progress(self, campaign_id: int) -> Progress:
        """Return how far a campaign is."""

        def work(connection: Connection) -> Progress:
            campaign = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id)).one()
            mine = RECIPIENTS.c.campaign_id == campaign_id
            states = connection.execute(
                select(RECIPIENTS.c.state, func.count()).where(mine).group_by(RECIPIENTS.c.state)
            ).all()
            outcomes = connection.execute(
                select(RECIPIENTS.c.outcome, func.count())
                .where(in_state(campaign_id, *FINAL), RECIPIENTS.c.outcome.is_not(None))
                .group_by(RECIPIENTS.c.outcome)
            ).all()
            now = self._calendar(self.database.now(connection))
            hour = 3600 * MICROSECONDS
            begun = (RECIPIENTS.c.due_at - RECIPIENTS.c.due_at % hour).label("hour")
            later = connection.execute(
                select(begun, func.count())
                .where(in_state(campaign_id, RecipientState.WAITING), RECIPIENTS.c.due_at > now)
                .group_by(begun)
                .order_by(begun)
            ).all()
            return Progress(
                {state: count for state, count in states if state != RecipientState.STAGED},
                dict(outcomes),
                campaign.minutes_billed,
                campaign.placed,
                {from_micros(when): count for when, count in later},
            )

        return self.database.read(work)

    def results(self, campaign_id: int, *, ids: Sequence[int] | None = None, final: bool = True) -> Iterator[Row[Any]]:
        """Return the recipients with their last attempt, those of `ids` or all that are through."""
        all_attempts = ATTEMPTS.alias("all_attempts")
        last = (
            select(func.max(all_attempts.c.id)).where(all_attempts.c.recipient_id == RECIPIENTS.c.id).scalar_subquery()
        )
        query = (
            select(RECIPIENTS, ATTEMPTS.c.call_id, ATTEMPTS.c.call, ATTEMPTS.c.ended_at, ATTEMPTS.c.error)
            .select_from(RECIPIENTS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == last))
            .order_by(RECIPIENTS.c.id)
            .limit(_CHUNK)
        )
        condition = (
            in_state(campaign_id, *FINAL)
            if final
            else and_(RECIPIENTS.c.campaign_id == campaign_id, RECIPIENTS.c.state != RecipientState.STAGED)
        )
        if ids is not None:
            for chunk in _chunks(ids):
                chunk_query = query.where(RECIPIENTS.c.id.in_(chunk))
                yield from self._rows(chunk_query)
            return
        after = 0
        while rows := self._rows(query.where(condition, RECIPIENTS.c.id > after)):
            yield from rows
            after = rows[-1].id

    def _rows(self, query: Any) -> list[Row[Any]]:
        return list(self.database.read(lambda connection: connection.execute(query).all()))

    def attempts(self, campaign_id: int) -> Iterator[Row[Any]]:
        """Return what was tried, one row an attempt, without the calls themselves."""
        columns = [
            ATTEMPTS.c[name]
            for name in (
                "id",
                "number",
                "state",
                "placed_at",
                "ended_at",
                "outcome",
                "duration_seconds",
                "billed_minutes",
            )
        ]
        after = 0
        query = select(*columns).where(ATTEMPTS.c.campaign_id == campaign_id).order_by(ATTEMPTS.c.id).limit(10_000)
        while rows := self._rows(query.where(ATTEMPTS.c.id > after)):
            yield from rows
            after = rows[-1].id


# Statements that are carried out for many rows at once.
_PLACE_ATTEMPTS = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.id == bindparam("attempt"))
    .values(
        state=AttemptState.PLACED,
        call_id=bindparam("called"),
        placed_at=bindparam("now"),
        owner=None,
        error=None,
    )
)
_PLACE_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(state=RecipientState.CALLING, errors=0, detail=None)
)
_END_ATTEMPTS = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.id == bindparam("attempt"))
    .values(
        state=AttemptState.ENDED,
        ended_at=bindparam("ended"),
        outcome=bindparam("result"),
        status=bindparam("as_told"),
        duration_seconds=bindparam("seconds"),
        billed_minutes=bindparam("billed"),
        call=bindparam("whole"),
    )
)
_END_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(state=bindparam("final"), outcome=bindparam("result"), detail=bindparam("why"))
)
_RETRY_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(
        state=RecipientState.WAITING,
        outcome=bindparam("result"),
        detail=bindparam("why"),
        due_at=bindparam("due"),
    )
)


def _ended_attempt(ended: Ended, calendar: int) -> dict[str, Any]:
    return {
        "attempt": ended.attempt_id,
        "ended": calendar,
        "result": ended.outcome,
        "as_told": str(ended.call.get("status")),
        "seconds": _number(ended.call.get("duration_seconds")),
        "billed": _whole(ended.call.get("billed_minutes")),
        "whole": json.dumps(ended.call, separators=(",", ":")),
    }


def _lookup(connection: Connection, column: Any, campaign_id: int, values: Sequence[str]) -> dict[str, Any]:
    """Return the recipients of a campaign by the values of a column."""
    columns = [RECIPIENTS.c[name] for name in ("identity", "number", "line", "state", "fingerprint")]
    return {
        getattr(row, column.name): row
        for chunk in _chunks(values)
        for row in connection.execute(
            select(*columns).where(RECIPIENTS.c.campaign_id == campaign_id, column.in_(chunk))
        )
    }


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
