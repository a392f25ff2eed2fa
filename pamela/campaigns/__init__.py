"""Campaigns: call all recipients of a list, each of them once. They need `pip install 'thisispamela[campaigns]'`."""

from __future__ import annotations

from .campaign import AddOptions, AsyncCampaign, Campaign
from .checks import CheckReport, Problem
from .decisions import Decide, Decision, Done, GiveUp, RetryAt
from .errors import CampaignError, CampaignHaltedError, CampaignNotFoundError, InvalidRowsError, LedgerError
from .hours import Hours
from .ledger import Ledger
from .records import CampaignInfo, Progress
from .results import CampaignResult, write_results
from .settings import Breaker, Pace, Rate, Retry
from .states import CampaignState, RecipientState

__all__ = [
    "AddOptions",
    "AsyncCampaign",
    "Breaker",
    "Campaign",
    "CampaignError",
    "CampaignHaltedError",
    "CampaignInfo",
    "CampaignNotFoundError",
    "CampaignResult",
    "CampaignState",
    "CheckReport",
    "Decide",
    "Decision",
    "Done",
    "GiveUp",
    "Hours",
    "InvalidRowsError",
    "Ledger",
    "LedgerError",
    "Pace",
    "Problem",
    "Progress",
    "Rate",
    "RecipientState",
    "Retry",
    "RetryAt",
    "write_results",
]
