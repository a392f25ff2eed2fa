# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_model
from .usage_quota import UsageQuota


class Usage(Model):
    """Calls and minutes of a UTC calendar month."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "partner_id",
        "project_id",
        "period",
        "call_count",
        "api_minutes",
        "billed_minutes",
        "quota",
    )
    _required: ClassVar[tuple[str, ...]] = ("period",)

    def __init__(self, source: Any = (), /, **fields: Any) -> None:
        self.update(source)
        if fields:
            self.update(fields)
        as_model(self, "quota", UsageQuota)

    @property
    def partner_id(self) -> str | None:
        """The id of the account (the partner)."""
        return self._get("partner_id")

    @property
    def project_id(self) -> str | None:
        """The id of the project. Absent or null if the API key belongs to no project."""
        return self._get("project_id")

    @property
    def period(self) -> str:
        """The UTC calendar month, as `YYYY-MM`."""
        return self._get("period")

    @property
    def call_count(self) -> int | None:
        """Number of connected calls."""
        return self._get("call_count")

    @property
    def api_minutes(self) -> float | None:
        """Duration of all connected calls in minutes, with fractions."""
        return self._get("api_minutes")

    @property
    def billed_minutes(self) -> int | None:
        """Billed minutes. The duration of each call is rounded up to whole minutes."""
        return self._get("billed_minutes")

    @property
    def quota(self) -> UsageQuota | None:
        """The limits of the month."""
        return as_model(self, "quota", UsageQuota)
