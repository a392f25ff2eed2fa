"""The root of the command line: the list of commands, and the handling of errors."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager
from shutil import get_terminal_size
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

import click

from pamela._version import __version__

from .exit_codes import CommandError, ExitCode, code_of
from .help import Entry, Group
from .settings import Settings, connection_options
from .terminal import colours_wanted, complain, say
from .words import in_words_of_the_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDEST_HELP = 100
CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The errors of a full or missing disk behind `> file`."""

COMMANDS = {
    # One line for each command: its name, the section of the help, its module, and a summary.
    "call": Entry("Calls", "call:call", "Place a call."),
    "calls": Entry("Calls", "calls:calls", "List, show, watch and end calls."),
    "campaign": Entry("Calls", "campaign:campaign", "Call all recipients of a list, each of them once."),
    "usage": Entry("Calls", "usage:usage", "Show the usage of a month."),
    "tools": Entry("Tools and webhooks", "tools:tools", "List, deploy, delete and try tools."),
    "listen": Entry("Tools and webhooks", "listen:listen", "Receive webhooks on this machine."),
    "trigger": Entry("Tools and webhooks", "trigger:trigger", "Send a signed webhook to an address."),
    "verify": Entry(
        "Tools and webhooks", "verify:verify", "Check the signature of a webhook, and show which step fails."
    ),
    "sandbox": Entry("Without an account", "sandbox:sandbox", "Run the sandbox: a local Pamela on this machine."),
    "demo": Entry("Without an account", "demo:demo", "Show a call from beginning to end."),
    "login": Entry("Account", "login:login", "Store an API key."),
    "logout": Entry("Account", "login:logout", "Delete a stored API key."),
    "profiles": Entry("Account", "login:profiles", "List the profiles with stored API keys."),
    "doctor": Entry("Account", "doctor:doctor", "Find out why something does not work."),
    "spec": Entry("The API", "spec:spec", "Print the specification of the API."),
    "request": Entry("The API", "request:request", "Send your own request, and print the JSON of the response."),
    "completion": Entry("This command", "completion:completion", "Print the completion script of a shell."),
}


@click.group(
    cls=Group,
    entries=COMMANDS,
    examples=(
        'pamela call +15551234567 "Ask whether they are open on Sunday" --watch',
        "pamela calls list --status in_progress",
        "pamela listen --forward-to http://127.0.0.1:5000/webhooks/pamela",
        "pamela demo",
    ),
    no_args_is_help=True,
)
@click.version_option(__version__, "--version", "-V", prog_name="pamela", message="%(prog)s %(version)s")
@connection_options
def cli(settings: Settings) -> None:
    """Phone calls with an AI agent, from the command line."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return the exit status. Errors are printed."""
    with ending_as_by_ctrl_c() as received:
        status = _run(arguments)
    return 128 + received[0] if received and status == ExitCode.INTERRUPTED else status


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP end a command like Ctrl-C, so that it finishes open work and restores the terminal.

    Returns:
        The signals that arrived.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # An ignored signal stays ignored: with `nohup`, the command continues without its terminal.
    is_main = current_thread() is main_thread()  # only the main thread can handle signals
    taken = [number for number in numbers if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield received
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _run(arguments: Sequence[str]) -> int:
    stdout = sys.stdout
    try:
        result = cli.main(
            list(arguments),
            prog_name="pamela",
            standalone_mode=False,
            obj=Settings(),
            color=colours_wanted(),
            terminal_width=min(get_terminal_size().columns, WIDEST_HELP),
            complete_var="_PAMELA_COMPLETE",
        )
        sys.stdout.flush()
    except CommandError as error:
        error.show()
        return error.code
    except click.ClickException as error:
        show_error(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return leave_closed_pipe()
    except OSError as error:
        if error.errno not in CANNOT_BE_WRITTEN:
            raise
        leave_closed_pipe()
        complain(f"The output cannot be written: {error.strerror}.")
        return ExitCode.FAILURE
    except SystemExit as error:
        # When the pipe is closed, click replaces stdout and exits.
        return leave_closed_pipe() if sys.stdout is not stdout else _status(error.code)
    except Exception as error:
        from pamela import PamelaError

        if not isinstance(error, PamelaError):
            raise
        show_error_of_client(error)
        return code_of(error)
    return _status(result)


def _status(code: Any) -> int:
    return code if isinstance(code, int) else ExitCode.OK if code is None else ExitCode.FAILURE


def show_error(error: click.ClickException) -> None:
    """Print an error of the command line, and the usage of the command."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True, color=colours_wanted())
        return
    complain(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        say(f"{click.unstyle(context.get_usage())}\n`{context.command_path} --help` says more.", dim=True)


def show_error_of_client(error: Any) -> None:
    """Print the message of a client's exception, and a remedy."""
    complain(in_words_of_the_command_line(error))
    if error.ambiguous:
        say("The service may have carried it out. Check before you repeat it.")
    if error.retry_after:
        say(f"The service asks to wait {error.retry_after:g} s.", dim=True)
    if error.request_id:
        say(f"Request {error.request_id}", dim=True)


def leave_closed_pipe() -> int:
    """Keep Python from failing at exit when it flushes output that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.CLOSED_PIPE
