"""The exceptions of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PamelaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .checks import Problem


KEY_REFUSED = "The API refused the key"
"""The beginning of the reason of a campaign that stopped because of the API key."""


class CampaignError(PamelaError):
    """A campaign cannot be created, checked or run. The message says why, and what to do."""


class LedgerError(CampaignError):
    """The ledger cannot be read or written. Committed data is kept. Run the campaign again to continue."""


class CampaignHaltedError(CampaignError):
    """A campaign stopped itself: too many calls failed, the API key is invalid, or the budget is used up.

    It is raised when all calls in progress have ended. Remove the cause, then run the campaign again.

    Attributes:
        reason: Why the campaign stopped.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The campaign stopped itself. {reason} Remove the cause and run it again.")
        self.reason = reason

    @property
    def key_refused(self) -> bool:
        """Whether the campaign stopped because the API refused the API key."""
        return self.reason.startswith(KEY_REFUSED)


class CampaignNotFoundError(CampaignError):
    """The ledger has no such campaign."""


class InvalidRowsError(CampaignError):
    """Rows of the input are invalid, and nothing was added.

    Attributes:
        problems: The first 1000 problems, each with its line.
        count: The number of invalid rows.
    """

    def __init__(self, problems: Sequence[Problem], count: int) -> None:
        shown = "\n".join(f"  {problem}" for problem in problems[:20])
        more = f"\n  ... and {count - 20} more" if count > 20 else ""
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        super().__init__(
            f"{rows} invalid, so nothing was added:\n{shown}{more}\n"
            "Correct them, or skip them with skip_invalid=True (--skip-invalid)."
        )
        self.problems = list(problems)
        self.count = count


def needs_extra(package: str, extra: str = "campaigns") -> CampaignError:
    """Return the error for a package that is not installed."""
    return CampaignError(f"{package} is not installed. Install it with: pip install 'thisispamela[{extra}]'")
