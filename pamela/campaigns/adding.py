"""Adds recipients. All rows are checked before any of them can be called."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .checks import (
    CheckReport,
    MissingColumnsError,
    Problem,
    RowChecker,
    RowFormat,
    batches,
    estimate_end,
)
from .errors import CampaignError, InvalidRowsError
from .prices import cost
from .runners import RunnerIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from .ledger import Ledger
    from .readers import Row
    from .records import CampaignInfo, Recipient, ToBeCalled

BATCH = 2000
KEPT_PROBLEMS = 1000


class Addition:
    """One addition of recipients to a campaign.

    Args:
        ledger: The ledger.
        campaign: The campaign.
        format_: The meaning of the columns.
        same_number: Whether several recipients may have the same number.
        on_problem: Called with each problem when it is found.
        do_not_call: More numbers to treat as on the do-not-call list.
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: CampaignInfo,
        format_: RowFormat,
        *,
        same_number: bool = False,
        on_problem: Callable[[Problem], object] | None = None,
        do_not_call: Collection[str] = (),
    ) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._settings = campaign.settings
        self._checker = RowChecker(format_, campaign.settings)
        self._same_number = same_number
        self._on_problem = on_problem
        self._do_not_call = sorted(do_not_call)
        self._runner = RunnerIdentity.create()
        self._problems: list[Problem] = []
        self._invalid = self._rows = self._added = self._known = 0

    def add(self, rows: Iterable[Row], *, skip_invalid: bool, dry_run: bool, now: datetime | None) -> CheckReport:
        """Check all rows, then add them.

        Args:
            rows: The rows.
            skip_invalid: Whether to skip invalid rows instead of refusing all rows.
            dry_run: Whether to only check the rows.
            now: The current time for hours. None means the time of the machine.

        Raises:
            InvalidRowsError: Rows are invalid, and `skip_invalid` is false.
            CampaignError: The input cannot be read.
        """
        self._ledger.register(self._runner)
        self._ledger.begin_adding(self._campaign.id, self._runner.id)
        keep = False
        try:
            for batch in batches(rows, BATCH):
                self._check_batch(batch)
            report = self._report(now or datetime.now(UTC))
            if not dry_run:
                if self._invalid and not skip_invalid:
                    raise InvalidRowsError(self._problems, self._invalid)
                keep = True
            return report
        finally:
            self._checker.close()
            self._ledger.end_adding(self._campaign.id, self._runner.id, keep=keep)
            self._runner.retire()
            self._ledger.unregister(self._runner)

    def _check_batch(self, batch: Sequence[Row]) -> None:
        recipients: list[Recipient] = []
        for row in batch:
            self._rows += 1
            try:
                recipients.append(self._checker.check(row))
            except MissingColumnsError:
                raise
            except CampaignError as error:
                self._refuse(row.line, str(error))
        self._ledger.register(self._runner)
        staged = self._ledger.stage(self._campaign.id, self._runner.id, recipients, self._settings, self._same_number)
        for recipient, message in staged.problems:
            self._refuse(recipient.line, f"{message}.")
        self._added += staged.added
        self._known += staged.known

    def _refuse(self, line: int, message: str) -> None:
        problem = Problem(line, message)
        self._invalid += 1
        if len(self._problems) < KEPT_PROBLEMS:
            self._problems.append(problem)
        if self._on_problem is not None:
            self._on_problem(problem)

    def _report(self, now: datetime) -> CheckReport:
        groups = self._ledger.to_be_called(self._campaign.id, self._do_not_call)
        minutes = sum(group.minutes_at_most(self._settings.retry.most) for group in groups)
        if self._settings.max_minutes is not None:
            minutes = min(minutes, max(0, self._settings.max_minutes - self._campaign.minutes_billed))
        not_called = [group for group in groups if not group.attempts]
        longest = 60.0 * max((group.max_minutes for group in not_called), default=1)
        return CheckReport(
            rows=self._rows,
            added=self._added,
            known=self._known,
            do_not_call=self._ledger.staged_do_not_call(self._campaign.id, self._do_not_call),
            invalid=self._invalid,
            problems=tuple(self._problems),
            max_minutes=minutes,
            max_cost=cost(minutes),
            done_by=estimate_end(_counted_by_zones(not_called), self._settings, now, longest),
        )


def _counted_by_zones(groups: Iterable[ToBeCalled]) -> Iterable[tuple[tuple[str, ...], int]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for group in groups:
        counts[group.zones] += group.count
    return counts.items()
