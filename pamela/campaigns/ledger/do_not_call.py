"""The do-not-call list of all campaigns of a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from ..states import RecipientState
from .campaigns import Campaigns
from .database import chunks
from .schema import DO_NOT_CALL, RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


class DoNotCallList(Campaigns):
    """The do-not-call list of all campaigns of a ledger."""

    def add_do_not_call(self, numbers: Mapping[str, str | None]) -> int:
        """Add numbers, with their reasons, to the do-not-call list of all campaigns of the ledger.

        Args:
            numbers: The reasons by number, in E.164 form.

        Returns:
            The number of added numbers.
        """

        def work(connection: Connection) -> int:
            return self._add_do_not_call(connection, numbers)

        return self.database.write(work)

    def _add_do_not_call(self, connection: Connection, numbers: Mapping[str, str | None]) -> int:
        now = self.database.now(connection)
        added = 0
        for chunk in chunks(list(numbers)):
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
