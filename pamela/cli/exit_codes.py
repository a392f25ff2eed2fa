"""The exit statuses of `pamela`, and the status for each exception."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pamela import PamelaError


class ExitCode(IntEnum):
    """The exit status, with its meaning."""

    explanation: str

    def __new__(cls, number: int, explanation: str) -> ExitCode:
        member = int.__new__(cls, number)
        member._value_ = number
        member.explanation = explanation
        return member

    OK = 0, "success"
    FAILURE = (
        1,
        "failure: the service cannot be reached, a call did not complete, a campaign reached nobody, or a check failed",
    )
    USAGE = 2, "the command line or one of its values is invalid; nothing was sent"
    AUTHENTICATION = 3, "the API key is missing, invalid or expired"
    NOT_FOUND = 4, "the call, tool or address does not exist"
    REFUSED = 5, "the service refused, or you answered no; nothing was done"
    AMBIGUOUS = 6, "the response was lost; the service may have carried out the request"
    TIMED_OUT = 7, "the time limit was exceeded; a call continues"
    HUNG_UP = 129, "the terminal was closed (SIGHUP)"
    INTERRUPTED = 130, "Ctrl-C"
    CLOSED_PIPE = 141, "the program that read the output ended first, as `head` does"
    TERMINATED = 143, "SIGTERM"


class CommandError(click.ClickException):
    """An error that ends the command with a message and an exit status.

    Args:
        message: The error and the remedy.
        code: The exit status.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILURE) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: Any = None) -> None:
        """Write the message to stderr."""
        from .terminal import complain

        complain(self.message)


def code_of(error: PamelaError) -> ExitCode:
    """Return the exit status for an exception of the client."""
    from pamela.errors import (
        APITimeoutError,
        AuthenticationError,
        CallLookupError,
        ValidationError,
        WaitTimeoutError,
    )

    if error.ambiguous or isinstance(error, CallLookupError):
        return ExitCode.AMBIGUOUS
    if isinstance(error, APITimeoutError | WaitTimeoutError):
        return ExitCode.TIMED_OUT
    if isinstance(error, AuthenticationError):
        return ExitCode.AUTHENTICATION
    if isinstance(error, ValidationError) and error.status_code is None:
        return ExitCode.USAGE
    if error.status_code == 404:
        return ExitCode.NOT_FOUND
    if error.status_code is not None and 400 <= error.status_code < 500:
        return ExitCode.REFUSED
    return ExitCode.FAILURE
