"""The exceptions of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PamelaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .checks import Problem


KEY_REFUSED = "The API refused the key"
"""How the reason begins where a campaign stopped because of the key."""


class CampaignError(PamelaError):
    """A campaign cannot be made, checked or run; the message says why and what to do."""


class LedgerError(CampaignError):
    """The ledger cannot be read or written. What was committed before is kept; run the campaign again to go on."""


class CampaignHaltedError(CampaignError):
    """A campaign stopped itself: too many failures, a key that does not work, the budget is used up.

    Calls in progress were followed to their end before. Run the campaign again when the cause is mended.

    Attributes:
        reason: Why it stopped.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The campaign stopped itself. {reason} Run it again when that is mended.")
        self.reason = reason

    @property
    def key_refused(self) -> bool:
        """Whether it stopped because the API refused the key."""
        return self.reason.startswith(KEY_REFUSED)


class CampaignNotFoundError(CampaignError):
    """The ledger has no such campaign."""


class InvalidRowsError(CampaignError):
    """Rows of the input are invalid, and nothing was added.

    Attributes:
        problems: The first thousand problems, each with its line.
        count: How many there are in all.
    """

    def __init__(self, problems: Sequence[Problem], count: int) -> None:
        shown = "\n".join(f"  {problem}" for problem in problems[:20])
        more = f"\n  ... and {count - 20} more" if count > 20 else ""
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        super().__init__(
            f"{rows} invalid, so nothing was added:\n{shown}{more}\n"
            "Correct them, or leave them out with skip_invalid=True (--skip-invalid)."
        )
        self.problems = list(problems)
        self.count = count


def needs_extra(package: str, extra: str = "campaigns") -> CampaignError:
    """Return the error for a package that is not installed."""
    return CampaignError(f"{package} is not installed. Install it with: pip install 'thisispamela[{extra}]'")
