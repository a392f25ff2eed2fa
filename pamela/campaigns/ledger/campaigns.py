"""The campaigns of a ledger: opening, pausing, stopping and finishing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from ..errors import CampaignError, CampaignNotFoundError
from ..records import CampaignInfo, from_micros, to_micros
from ..settings import Settings
from ..states import LIVE, CampaignState, RecipientState
from .database import Database
from .schema import CAMPAIGNS, RECIPIENTS, in_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Row


class Campaigns:
    """The campaigns of a ledger: opening, pausing, stopping and finishing them."""

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
        """The path of the file, or the address without its password."""
        return self.database.name

    def __repr__(self) -> str:
        return f"Ledger({self.name!r})"

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def _calendar(self, now: int) -> int:
        return now if self._clock is None else to_micros(self._clock())

    def campaigns(self) -> list[CampaignInfo]:
        """Return all campaigns with recipients, in the order of their creation."""
        query = select(CAMPAIGNS).where(CAMPAIGNS.c.state != CampaignState.DRAFT).order_by(CAMPAIGNS.c.id)
        return self.database.read(lambda connection: [self._info(row) for row in connection.execute(query)])

    def info(self, campaign_id: int) -> CampaignInfo:
        """Return a campaign, including a draft.

        Args:
            campaign_id: The number of the campaign in the ledger.
        """
        query = select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id)
        return self.database.read(lambda connection: self._info(connection.execute(query).one()))

    def campaign(self, name: str | None = None) -> CampaignInfo:
        """Return a campaign by its name.

        Args:
            name: The name. You can leave it out if the ledger has only one campaign.

        Raises:
            CampaignNotFoundError: There is no such campaign.
            CampaignError: There are several campaigns, and no name is given.
        """
        found = self.campaigns()
        names = ", ".join(repr(each.name) for each in found) or "none"
        matching = [each for each in found if name in (None, each.name)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise CampaignError(f"{self.name} has several campaigns: {names}. Name one.")
        raise CampaignNotFoundError(
            f"{self.name} has no campaign{'' if name is None else f' {name!r}'}. It has: {names}."
        )

    def open_campaign(self, name: str, settings: Settings, *, keep: bool = True) -> CampaignInfo:
        """Return the campaign with this name, with these settings. Create a draft if it does not exist.

        Args:
            name: The name.
            settings: The settings.
            keep: Whether to replace the settings of a campaign that is not a draft.
        """
        text = settings.to_json()

        def work(connection: Connection) -> CampaignInfo:
            now = self._calendar(self.database.now(connection))
            row = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.name == name).with_for_update()).first()
            if row is None:
                values = {"name": name, "state": CampaignState.DRAFT, "settings": text, "created_at": now}
                connection.execute(insert(CAMPAIGNS).values(**values))
            elif row.settings != text and (keep or row.state == CampaignState.DRAFT):
                connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == row.id).values(settings=text))
                if self._parse(row.settings).hours != settings.hours:
                    waits = in_state(row.id, RecipientState.WAITING)
                    # Recipients waiting for their hours are checked again; those waiting for a retry keep their pause.
                    connection.execute(update(RECIPIENTS).where(waits, RECIPIENTS.c.attempts == 0).values(due_at=0))
            return self._info(connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.name == name)).one())

        return self.database.write(work)

    def pause(self, campaign_id: int) -> None:
        """Stop the placing of calls until `resume`.

        Raises:
            CampaignError: The campaign is not running.
        """
        self._change_state(campaign_id, "pause", CampaignState.PAUSED, CampaignState.ACTIVE)

    def stop(self, campaign_id: int) -> None:
        """Stop the placing of calls, and end the processes that run the campaign.

        Raises:
            CampaignError: The campaign is not running.
        """
        self._change_state(campaign_id, "stop", CampaignState.STOPPED, CampaignState.ACTIVE, CampaignState.PAUSED)

    def resume(self, campaign_id: int) -> None:
        """Continue a campaign that was paused, was stopped or stopped itself.

        Raises:
            CampaignError: The campaign has no recipients.
        """
        self._change_state(campaign_id, "resume", CampaignState.ACTIVE, *(set(CampaignState) - {CampaignState.DRAFT}))

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
        """Return whether all recipients are finished. If so, set the campaign to finished."""
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
        """Store that events of the campaign's calls arrive by webhook. Lists of calls are then rarely read."""
        statement = update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(webhooks=True)
        self.database.write(lambda connection: connection.execute(statement) and None)

    def note_trouble(self, campaign_id: int, trouble: str | None) -> None:
        """Store why requests fail, for the live view and the status. None means that they succeed again."""
        statement = update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).values(trouble=trouble)
        self.database.write(lambda connection: connection.execute(statement) and None, durable=False)

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
            trouble=row.trouble,
        )

    def _parse(self, text: str) -> Settings:
        if text not in self._settings:
            self._settings = {text: Settings.from_json(text)}
        return self._settings[text]

    def _lock(self, connection: Connection, campaign_id: int) -> Row[Any]:
        """Return the row of the campaign, locked until the end of the transaction."""
        return connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id).with_for_update()).one()

    def _halt(self, connection: Connection, campaign_id: int, reason: str) -> None:
        connection.execute(
            update(CAMPAIGNS)
            .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.state == CampaignState.ACTIVE)
            .values(state=CampaignState.HALTED, reason=reason)
        )

    def _rows(self, query: Any) -> list[Row[Any]]:
        return list(self.database.read(lambda connection: connection.execute(query).all()))
