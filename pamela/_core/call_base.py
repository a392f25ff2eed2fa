"""The base of the model `Call`: its outcome, and its conversion to a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model import Model

if TYPE_CHECKING:
    from .outcomes import CallOutcome


def _transcript_text(call: Any) -> str | None:
    lines = [": ".join(filter(None, (line.get("speaker"), line.get("text")))) for line in call.lines]
    return "\n".join(lines) or None


class ModelWithOutcome(Model):
    """The base of the model `Call`. It adds to the fields of the API."""

    __slots__ = ()

    @property
    def outcome(self) -> CallOutcome:
        """The outcome of the call, derived from its fields."""
        from .outcomes import outcome_of

        return outcome_of(self)

    def to_row(self) -> dict[str, Any]:
        """Return the call as a row of a table: a column for each field and one for the outcome.

        Returns:
            A dict. Dates are datetimes. The status and the outcome are text. The transcript is one text with a line for
            each entry. Absent values are None. Unknown fields come last, unchanged.

        Example:
            >>> from pamela import Call
            >>> row = Call({"id": "call_1", "status": "failed", "created_at": "2026-03-14T15:09:26Z"}).to_row()
            >>> row["outcome"], row["created_at"].year, row["summary"]
            ('not_reached', 2026, None)
        """
        row = {name: getattr(self, name) for name in self._fields}
        row["status"] = self.get("status")
        row["transcript"] = _transcript_text(self)
        row["outcome"] = self.outcome.value
        return row | {name: value for name, value in self.items() if name not in row}
