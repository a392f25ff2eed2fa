"""A response whose body is read as it arrives, and the exceptions at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._http.attempt import Failure
from .._http.redaction import hide_secrets
from ..errors import APIConnectionError, APITimeoutError, UnexpectedResponseError

if TYPE_CHECKING:
    from .._core.operation import Request
    from .._http.attempt import Response


class OpenResponse:
    """The response to a request that is streamed.

    Args:
        request: The request.
        response: The response. Its body is open, unless it was read completely.
        content: The body, if it was read completely.
        secrets: Texts that messages must not contain.
    """

    def __init__(
        self, request: Request[Any], response: Response, content: bytes | None, secrets: tuple[str, ...]
    ) -> None:
        self.request = request
        self.response = response
        self.content = content
        self.secrets = secrets
        self.size = 0

    def read(self) -> bytes | None:
        """Return the next bytes, None at the end.

        Raises:
            APIConnectionError: The response broke off, or no bytes arrived within the timeout.
        """
        return self._taken(self._rest() if self.response.body is None else self.response.body.read())

    async def read_async(self) -> bytes | None:
        """Return the next bytes, like `read`."""
        return self._taken(self._rest() if self.response.body is None else await self.response.body.read())

    def _rest(self) -> bytes | None:
        content, self.content = self.content, None
        return content or None

    def _taken(self, found: bytes | Failure | None) -> bytes | None:
        if not isinstance(found, Failure):
            self.size += len(found or b"")
            return found
        kind = APITimeoutError if found.timed_out else APIConnectionError
        operation = self.request.operation
        error = kind(
            f"The response to {operation.name} was interrupted after {self.size} bytes: {found.problem}.",
            status_code=self.response.status,
            request_id=self.response.headers.get("x-request-id"),
            ambiguous=not operation.idempotent,
        )
        hide_secrets(error, self.secrets)
        raise error from found.cause

    def unexpected(self, problem: str) -> UnexpectedResponseError:
        """Return the exception for an event with an unexpected form."""
        return UnexpectedResponseError(
            f"An event of {self.request.operation.name} is not what the API sends ({problem}).",
            status_code=self.response.status,
            request_id=self.response.headers.get("x-request-id"),
        )

    def close(self) -> None:
        """Close the response and its connection."""
        if self.response.body is not None:
            self.response.body.close()

    async def close_async(self) -> None:
        """Close the response and its connection."""
        if self.response.body is not None:
            await self.response.body.close()
