"""Facts that a client learns about its service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class ServerCapabilities:
    """The facts that a client has learned about its service."""

    __slots__ = ("idempotency_keys", "last_date", "other_names")

    def __init__(self) -> None:
        self.idempotency_keys = False
        """Whether the service has returned an idempotency key, so that it honours them."""
        self.last_date: tuple[str, datetime] | None = None
        """The `Date` of the last response that had one, and the time by our clock when its request was sent."""
        self.other_names: dict[str, str] = {}
        """The service's ids of objects that were requested by other ids."""

    def clock_offset(self) -> timedelta | None:
        """Return how far the service's clock is ahead of ours, or None if that is unknown."""
        service_time = self.service_time()
        return None if service_time is None or self.last_date is None else service_time - self.last_date[1]

    def service_time(self) -> datetime | None:
        """Return the time of the last response by the service's clock, or None if that is unknown."""
        if self.last_date is None:
            return None
        from email.utils import parsedate_to_datetime

        try:
            date = parsedate_to_datetime(self.last_date[0])
        except (TypeError, ValueError, OverflowError):
            return None
        return date if date.tzinfo is not None else None
