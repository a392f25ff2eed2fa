"""The exceptions of tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..errors import PamelaError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ToolError(Exception):
    """A tool raises it to tell the agent what is wrong, in words for the callee, such as "There is no order 1042."."""


class InvalidArgumentsError(ValueError):
    """The arguments of an invocation do not fit the schema. The message is safe to send to the agent."""


class DeploymentError(PamelaError):
    """A deployment failed before all changes were made. The made changes stay. The next `deploy` makes the rest.

    Attributes:
        done: The changes that were made, as lines of text.
        not_done: The changes that were not made, as lines of text.
    """

    done: Sequence[str] = ()
    not_done: Sequence[str] = ()

    @classmethod
    def of(cls, cause: PamelaError, done: Sequence[str], not_done: Sequence[str]) -> Self:
        """Return the error for a failed request.

        Args:
            cause: The error of the request.
            done: The changes that were made, as lines of text.
            not_done: The changes that were not made, as lines of text.
        """
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
