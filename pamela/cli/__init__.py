"""The command `pamela`. Needs `pip install 'thisispamela[cli]'`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

EXTRA = ("click", "rich", "platformdirs")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code.

    Args:
        arguments: The arguments after `pamela`. None means those of this process.

    Raises:
        SystemExit: Always; the codes are those of `pamela.cli.exit_codes`.
    """
    # After `>&-` there is no stream. A command that worked must not fail because nobody reads its output.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    use_utf8()
    try:
        from .app import run

        code = run([as_utf8(each) for each in (sys.argv[1:] if arguments is None else arguments)])
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        print(f"The command line needs {missing}: pip install 'thisispamela[cli]'", file=sys.stderr)
        code = 1
    sys.exit(code)


def use_utf8() -> None:
    """Read and write UTF-8 in any locale, because names and transcripts are in all languages."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def as_utf8(argument: str) -> str:
    """Return an argument decoded as UTF-8, or by the locale if it is not UTF-8."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument
