"""The phone numbers, countries and API keys with a fixed outcome."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a call to a number."""

    ANSWERED = "answered"
    NO_ANSWER = "no answer"
    BUSY = "busy"
    BROKEN_OFF = "broken off"
    LONG_TALK = "long talk"
    LATE_TRANSCRIPT = "late transcript"
    INVALID_NUMBER = "invalid number"
    NO_NUMBER_FOR_COUNTRY = "no number for the country"
    UNSUPPORTED_COUNTRY = "unsupported country"
    RATE_LIMITED = "rate limited"
    RATE_LIMITED_ONCE = "rate limited once"
    SLOW_ANSWER = "slow answer"
    SERVER_ERROR = "server error"
    UNAVAILABLE_ONCE = "unavailable once"
    ANSWER_LOST = "answer lost"


NUMBERS = {
    "+15005550001": Outcome.NO_ANSWER,
    "+15005550002": Outcome.BUSY,
    "+15005550003": Outcome.BROKEN_OFF,
    "+15005550004": Outcome.LONG_TALK,
    "+15005550005": Outcome.LATE_TRANSCRIPT,
    "+15005550011": Outcome.INVALID_NUMBER,
    "+15005550012": Outcome.NO_NUMBER_FOR_COUNTRY,
    "+15005550013": Outcome.UNSUPPORTED_COUNTRY,
    "+15005550021": Outcome.RATE_LIMITED,
    "+15005550022": Outcome.RATE_LIMITED_ONCE,
    "+15005550023": Outcome.SLOW_ANSWER,
    "+15005550024": Outcome.SERVER_ERROR,
    "+15005550025": Outcome.UNAVAILABLE_ONCE,
    "+15005550026": Outcome.ANSWER_LOST,
}

COUNTRIES = {
    "AQ": Outcome.NO_NUMBER_FOR_COUNTRY,
    "KP": Outcome.UNSUPPORTED_COUNTRY,
}


@dataclass(frozen=True)
class Refusal:
    """The error response to a request with a magic key."""

    status: int
    code: str
    message: str
    operations: frozenset[str] | None = None
    """The operations that are refused. None means all."""


KEYS = {
    "pk_live_expired": Refusal(401, "EXPIRED_KEY", "The API key has expired."),
    "pk_live_no_subscription": Refusal(403, "SUBSCRIPTION_REQUIRED", "A subscription is required."),
    "pk_live_past_grace": Refusal(
        403, "SUBSCRIPTION_EXPIRED", "The subscription has expired, and so has its grace period of one week."
    ),
    "pk_live_rate_limited": Refusal(429, "RATE_LIMIT", "Too many requests."),
    "pk_live_over_quota": Refusal(429, "QUOTA", "The quota is used up.", frozenset({"create_call"})),
    "pk_live_unknown_partner": Refusal(404, "PARTNER_NOT_FOUND", "Partner not found.", frozenset({"get_usage"})),
    "pk_live_unknown_project": Refusal(404, "PROJECT_NOT_FOUND", "Project not found.", frozenset({"get_usage"})),
}

KEY_PREFIXES = ("pk_live_", "pk_test_")


def outcome(to: str, country: str | None) -> Outcome:
    """Return the outcome of a call to a number, in the country of the request if it has one."""
    if country is not None and country.upper() in COUNTRIES:
        return COUNTRIES[country.upper()]
    return NUMBERS.get(to, Outcome.ANSWERED)
