"""The exceptions of tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..errors import PamelaError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ToolError(Exception):
    """Raised by a tool to tell the agent what is wrong, in words that it can say: "There is no order 1042."."""


class InvalidArgumentsError(ValueError):
    """The arguments of an invocation do not fit; the message may be told to the agent."""


class DeploymentError(PamelaError):
    """Not all changes of a deployment were made. What was done remains; the next `deploy` does the rest.

    Attributes:
        done: The changes that were made, as the plan words them.
        not_done: Those that were not.
    """

    done: Sequence[str] = ()
    not_done: Sequence[str] = ()

    @classmethod
    def of(cls, cause: PamelaError, done: Sequence[str], not_done: Sequence[str]) -> Self:
        """Return the error for a request that failed."""
        lists = f"Done: {', '.join(done) or 'nothing'}. Not done: {', '.join(not_done)}. Deploy again for the rest."
        error = cls(
            f"{cause} {lists}",
            cause.error_code,
            cause.details,
            cause.status_code,
            request_id=cause.request_id,
            retry_after=cause.retry_after,
            ambiguous=cause.ambiguous,
        )
        error.done, error.not_done = tuple(done), tuple(not_done)
        return error
