"""Talking to the person at the terminal: everything goes to stderr, so that stdout has data and nothing else."""

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
    """Return False where `NO_COLOR` says so, None to let the stream decide."""
    return False if os.environ.get("NO_COLOR") else None


def styled(text: str, **style: Any) -> str:
    """Return a text in a style for stderr; `click.echo` takes the style away where it is no terminal."""
    return text if colours_wanted() is False else click.style(text, **style)


def printable(text: str) -> str:
    """Return a text whose control characters are written out: what is said in a call must not direct the terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in text)


def say(text: str = "", *, dim: bool = False) -> None:
    """Tell something that is no data."""
    text = wrapped(printable(text))
    click.echo(styled(text, dim=True) if dim and text else text, err=True)


def warn(text: str) -> None:
    """Tell of something that may be wrong."""
    _tell("Warning:", "yellow", text)


def complain(text: str) -> None:
    """Tell what went wrong."""
    _tell("Error:", "red", text)


def _tell(label: str, colour: str, text: str) -> None:
    told = wrapped(f"{label} {printable(text)}").removeprefix(label)
    click.echo(f"{styled(label, fg=colour, bold=True)}{told}", err=True)


def wrapped(text: str) -> str:
    """Return a text broken between words where the terminal would break it within one."""
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
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool, otherwise: str) -> None:
    """Go on only if somebody says so.

    Args:
        question: What is about to happen, as a question.
        yes: Whether `--yes` was given: then nobody is asked.
        otherwise: What is refused where nobody can be asked.

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
    """Return a rich console for one of the two streams."""
    from rich.console import Console
    from rich.segment import Segment

    from .output import stdout

    class PrintableConsole(Console):
        """A console on which no text of a call moves the cursor, changes colours or hides what stands beside it."""

        def render(self, *args: Any, **kwargs: Any) -> Iterator[Segment]:
            for segment in super().render(*args, **kwargs):
                yield segment if segment.control else Segment(printable(segment.text), segment.style)

    return PrintableConsole(
        file=sys.stderr if stderr else stdout(), highlight=False, emoji=False, soft_wrap=False, markup=False
    )
