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
        service_time = self.service_time()
        return None if service_time is None or self.last_date is None else service_time - self.last_date[1]

    def service_time(self) -> datetime | None:
        """Return the time of the last response by the service's clock, or None where its responses do not tell."""
        if self.last_date is None:
            return None
        from email.utils import parsedate_to_datetime

        try:
            date = parsedate_to_datetime(self.last_date[0])
        except (TypeError, ValueError, OverflowError):
            return None
        return date if date.tzinfo is not None else None
