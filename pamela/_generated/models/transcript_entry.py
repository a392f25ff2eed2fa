# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..._core.model import Model, as_datetime

if TYPE_CHECKING:
    from datetime import datetime


class TranscriptEntry(Model):
    """One utterance of a call."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("speaker", "text", "timestamp")
    _required: ClassVar[tuple[str, ...]] = ()

    @property
    def speaker(self) -> str | None:
        """Who spoke, such as `agent` or `user`."""
        return self._get("speaker")

    @property
    def text(self) -> str | None:
        """What was said."""
        return self._get("text")

    @property
    def timestamp(self) -> datetime | None:
        """When it was said."""
        return as_datetime(self._get("timestamp"))
