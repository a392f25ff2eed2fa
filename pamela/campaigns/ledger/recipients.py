"""Adds recipients. They are staged first, and can be called after the check of the whole input."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, not_, select, update

from ..errors import CampaignError
from ..records import LEASE, Recipient, Staged, ToBeCalled
from ..states import LIVE, CampaignState, RecipientState
from .database import chunks
from .leases import Leases
from .schema import CAMPAIGNS, DO_NOT_CALL, LEASES, RECIPIENTS, in_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ..settings import Settings

_TURN_PAUSE = 0.2


class Recipients(Leases):
    """Adds recipients. They are staged first, and can be called after the check of the whole input."""

    def begin_adding(self, campaign_id: int, owner: str, patience: float = 90.0) -> None:
        """Start to add recipients, and delete what an interrupted addition has staged.

        Args:
            campaign_id: The campaign.
            owner: The runner that adds them.
            patience: Seconds to wait for another runner that is adding recipients.

        Raises:
            CampaignError: Another runner is still adding recipients after that time.
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
        """Stage checked rows. Return which of them the campaign already has, or are duplicates."""

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

    def staged_do_not_call(self, campaign_id: int, more: Sequence[str] = ()) -> int:
        """Return the number of staged rows on the do-not-call list or among `more` numbers."""
        on_list = RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
        count = select(func.count()).where(in_state(campaign_id, RecipientState.STAGED))

        def work(connection: Connection) -> int:
            found: int = connection.execute(count.where(on_list)).scalar_one()
            for numbers in chunks(more):
                query = count.where(not_(on_list), RECIPIENTS.c.number.in_(numbers))
                found += connection.execute(query).scalar_one()
            return found

        return self.database.read(work)

    def end_adding(self, campaign_id: int, owner: str, *, keep: bool) -> None:
        """Release the staged rows for calls, or delete them."""

        def work(connection: Connection) -> None:
            self._lock(connection, campaign_id)
            this = and_(LEASES.c.campaign_id == campaign_id, LEASES.c.name == "adding")
            holder = connection.execute(select(LEASES.c.owner).where(this)).scalar()
            if holder != owner:
                # Without a holder, this is a repetition after the response to the commit was lost. A runner that was
                # delayed for too long has lost its turn and its staged rows.
                if keep and holder is not None:
                    raise CampaignError("Another process has begun to add recipients to this campaign. Add them again.")
                return
            staged = in_state(campaign_id, RecipientState.STAGED)
            if keep:
                listed = RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
                refused = connection.execute(
                    update(RECIPIENTS).where(staged, listed).values(state=RecipientState.DO_NOT_CALL)
                )
                added = connection.execute(
                    update(RECIPIENTS).where(staged).values(state=RecipientState.WAITING, due_at=0)
                )
                ended = [CampaignState.DRAFT, CampaignState.FINISHED] if added.rowcount else [CampaignState.DRAFT]
                if added.rowcount or refused.rowcount:
                    connection.execute(
                        update(CAMPAIGNS)
                        .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.state.in_(ended))
                        .values(state=CampaignState.ACTIVE)
                    )
            else:
                connection.execute(delete(RECIPIENTS).where(staged))
            connection.execute(delete(LEASES).where(this))

        self.database.write(work)

    def to_be_called(self, campaign_id: int, do_not_call: Sequence[str] = ()) -> list[ToBeCalled]:
        """Return unfinished recipients in groups, including staged rows.

        Args:
            campaign_id: The campaign.
            do_not_call: More numbers to treat as on the do-not-call list.
        """
        columns = [RECIPIENTS.c[name] for name in ("state", "attempts", "zones", "max_minutes")]
        groups = select(*columns, func.count()).group_by(*columns)
        on_list = RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
        not_called = and_(in_state(campaign_id, RecipientState.STAGED, RecipientState.WAITING), not_(on_list))

        def work(connection: Connection) -> Counter[Any]:
            counts: Counter[Any] = Counter()
            for condition in (in_state(campaign_id, *LIVE), not_called):
                for *group, count in connection.execute(groups.where(condition)):
                    counts[tuple(group)] += count
            for numbers in chunks(do_not_call):
                for *group, count in connection.execute(groups.where(not_called, RECIPIENTS.c.number.in_(numbers))):
                    counts[tuple(group)] -= count
            return counts

        return [
            ToBeCalled(tuple(zones.split(",")) if zones else (), attempts, state in LIVE, max_minutes, count)
            for (state, attempts, zones, max_minutes), count in self.database.read(work).items()
            if count
        ]


def _lookup(connection: Connection, column: Any, campaign_id: int, values: Sequence[str]) -> dict[str, Any]:
    """Return the recipients of a campaign with these values of a column, by value."""
    columns = [RECIPIENTS.c[name] for name in ("identity", "number", "line", "state", "fingerprint")]
    return {
        getattr(row, column.name): row
        for chunk in chunks(values)
        for row in connection.execute(
            select(*columns).where(RECIPIENTS.c.campaign_id == campaign_id, column.in_(chunk))
        )
    }
