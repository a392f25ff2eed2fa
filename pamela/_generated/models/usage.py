# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_model
from .usage_quota import UsageQuota


class Usage(Model):
    """What was used in a UTC calendar month."""

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_model(self, "quota", UsageQuota)

    @property
    def partner_id(self) -> str | None:
        """Names the account."""
        return self._get("partner_id")

    @property
    def project_id(self) -> str | None:
        """Names the project, if the key belongs to one."""
        return self._get("project_id")

    @property
    def period(self) -> str:
        """The month, `YYYY-MM`."""
        return self._get("period")

    @property
    def call_count(self) -> int | None:
        """How many calls connected."""
        return self._get("call_count")

    @property
    def api_minutes(self) -> float | None:
        """Minutes talked, to the second."""
        return self._get("api_minutes")

    @property
    def billed_minutes(self) -> int | None:
        """Minutes billed, begun minutes of each call counting whole."""
        return self._get("billed_minutes")

    @property
    def quota(self) -> UsageQuota | None:
        """The month's limits."""
        return as_model(self, "quota", UsageQuota)
