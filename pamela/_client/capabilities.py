"""What a client learns of the service that it talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class ServerCapabilities:
    """What a client has learned of the service that it talks to."""

    __slots__ = ("idempotency_keys", "last_date", "other_names")

    def __init__(self) -> None:
        self.idempotency_keys = False
        """Whether the service has sent an idempotency key back, and so honours them."""
        self.last_date: tuple[str, datetime] | None = None
        """The `Date` of the last response that had one, and the time by our clock when its request was sent."""
        self.other_names: dict[str, str] = {}
        """What the service calls objects that it was asked for under other ids."""

    def clock_offset(self) -> timedelta | None:
        """Return how far the service's clock is ahead of ours, or None where its responses do not tell."""
        if self.last_date is None:
            return None
        from email.utils import parsedate_to_datetime

        text, sent_at = self.last_date
        try:
            return parsedate_to_datetime(text) - sent_at
        except (TypeError, ValueError, OverflowError):
            return None  # no date, or one without a zone
