# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import ClassVar

from ..._core.model import Model


class UsageQuota(Model):
    """The limits of a month, in minutes."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("partner_limit", "project_limit")
    _required: ClassVar[tuple[str, ...]] = ()

    @property
    def partner_limit(self) -> int | None:
        """Limit of the account, in minutes. Null means unlimited."""
        return self._get("partner_limit")

    @property
    def project_limit(self) -> int | None:
        """Limit of the project, in minutes. Null means unlimited."""
        return self._get("project_limit")
