"""Attempts with an unknown outcome: look them up, send them again with the same key, or set them aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select, update

from ..records import MICROSECONDS, Claim, LookUp, from_micros
from ..states import AttemptState, CampaignState, RecipientState
from .choosing import Choice
from .claims import Claiming, backoff
from .database import chunks
from .schema import ATTEMPTS, RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

MOST_LOOK_UPS = 10


class LookUps(Claiming):
    """Attempts with an unknown outcome: look them up, send them again with the same key, or set them aside."""

    def claim_look_ups(self, campaign_id: int, owner: str, limit: int = 1000) -> list[LookUp]:
        """Claim attempts that are due for a look-up, and return them."""

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
                    # It must not wait longer because the clock was set back.
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
            for chunk in chunks([row.id for row in free]):
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

        return self.database.write(work, durable=False)

    def resend(self, campaign_id: int, owner: str, look_ups: Sequence[LookUp]) -> list[Claim]:
        """Return claims for attempts that placed no call. They are sent again with the same key.

        If the hours of a recipient are over, or its number is now on the do-not-call list, it waits as if it had no
        attempt.
        """

        def work(connection: Connection) -> list[Claim]:
            campaign = self._lock(connection, campaign_id)
            if campaign.state != CampaignState.ACTIVE:
                return []
            now = self.database.now(connection)
            calendar = self._calendar(now)
            choice = Choice(connection, campaign, self._parse(campaign.settings), now, calendar)
            listed = choice.listed([each.number for each in look_ups])
            zones = {
                row.id: row.zones
                for chunk in chunks([each.recipient_id for each in look_ups])
                for row in connection.execute(
                    select(RECIPIENTS.c.id, RECIPIENTS.c.zones).where(RECIPIENTS.c.id.in_(chunk))
                )
            }
            claims = []
            for each in look_ups:
                this = and_(
                    ATTEMPTS.c.id == each.attempt_id,
                    ATTEMPTS.c.state == AttemptState.UNCLEAR,
                    ATTEMPTS.c.owner == owner,
                    ATTEMPTS.c.look_ups < MOST_LOOK_UPS,
                )
                if each.number in listed or not choice.is_open(zones[each.recipient_id]):
                    if connection.execute(delete(ATTEMPTS).where(this)).rowcount:
                        self._wait_again(connection, each.recipient_id, due_at=calendar)
                    continue
                changed = connection.execute(
                    update(ATTEMPTS)
                    .where(this)
                    .values(state=AttemptState.PLACING, claimed_at=now, look_ups=ATTEMPTS.c.look_ups + 1)
                )
                if changed.rowcount:
                    self._set_recipient(connection, each.recipient_id, state=RecipientState.PLACING)
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
                # A paused campaign sends nothing, so the attempt stays unclear.
                count = row.look_ups + (campaign.state == CampaignState.ACTIVE)
                pause = backoff(count)
                values: dict[str, Any] = {"look_ups": count, "look_up_at": now + pause, "owner": None, "error": error}
                if count >= MOST_LOOK_UPS:
                    values["state"] = AttemptState.SET_ASIDE
                    through.append(row.recipient_id)
                    detail = f"It could not be found out whether the call was placed: {error}"
                    self._set_recipient(connection, row.recipient_id, state=RecipientState.SET_ASIDE, detail=detail)
                connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.id == each.attempt_id).values(**values))
            return through

        return self.database.write(work)
