"""Messages to the person at the terminal. They go to stderr, so that stdout has only data."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from .exit_codes import CommandError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

STATUS_COLOURS = {
    "queued": "yellow",
    "ringing": "yellow",
    "in_progress": "cyan",
    "completed": "green",
    "failed": "red",
    "cancelled": "dim",
}


def colours_wanted() -> bool | None:
    """Return False if `NO_COLOR` is set, otherwise None: the stream decides."""
    return False if os.environ.get("NO_COLOR") else None


def styled(text: str, **style: Any) -> str:
    """Return a styled text for stderr. `click.echo` removes the style without a terminal."""
    return text if colours_wanted() is False else click.style(text, **style)


def printable(text: str) -> str:
    """Return a text with escaped control characters, so that the text of a call cannot control the terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in text)


def say(text: str = "", *, dim: bool = False) -> None:
    """Print a message."""
    text = wrapped(printable(text))
    click.echo(styled(text, dim=True) if dim and text else text, err=True)


def warn(text: str) -> None:
    """Print a warning."""
    _tell("Warning:", "yellow", text)


def complain(text: str) -> None:
    """Print an error."""
    _tell("Error:", "red", text)


def _tell(label: str, colour: str, text: str) -> None:
    told = wrapped(f"{label} {printable(text)}").removeprefix(label)
    click.echo(f"{styled(label, fg=colour, bold=True)}{told}", err=True)


def wrapped(text: str) -> str:
    """Return a text with line breaks between words, at the width of the terminal."""
    if not sys.stderr.isatty():
        return text
    import textwrap
    from shutil import get_terminal_size

    width = max(get_terminal_size().columns, 20)
    return "\n".join(
        line if len(line) <= width else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def is_interactive() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, otherwise: str) -> None:
    """Ask the user for confirmation.

    Args:
        question: The question.
        yes: Whether `--yes` was given, which skips the question.
        otherwise: The beginning of the error message if nobody can be asked.

    Raises:
        CommandError: The answer is no, or nobody can be asked.
    """
    if yes:
        return
    if not is_interactive():
        raise CommandError(f"{otherwise} without confirmation. Give --yes to confirm.", ExitCode.REFUSED)
    if not click.confirm(question, err=True):
        raise CommandError("Nothing was done.", ExitCode.REFUSED)


def console(*, stderr: bool = False) -> Console:
    """Return a rich console for stdout or stderr."""
    from rich.console import Console
    from rich.segment import Segment

    from .output import stdout

    class PrintableConsole(Console):
        """A console that escapes control characters, so that the text of a call cannot move the cursor or hide text."""

        def render(self, *args: Any, **kwargs: Any) -> Iterator[Segment]:
            for segment in super().render(*args, **kwargs):
                yield segment if segment.control else Segment(printable(segment.text), segment.style)

    return PrintableConsole(
        file=sys.stderr if stderr else stdout(), highlight=False, emoji=False, soft_wrap=False, markup=False
    )
