"""The command `python -m pamela.sandbox`."""

import argparse
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .server import SandboxServer


_SECRET_VARIABLE = "PAMELA_SANDBOX_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
_TOKEN_VARIABLE = "PAMELA_SANDBOX_PAGE_TOKEN"  # noqa: S105 - a variable's name
_OPEN_TO_ALL = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_WARNING = (
    "Warning: {host} is open to everyone who can reach this machine: they can read all calls and have it send webhooks."
    " Limit where to with --webhook-hosts, or listen at 127.0.0.1."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a sandbox until SIGTERM or SIGINT, and return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        from . import DatabaseError, SandboxOptions, serve
        from .options import DEFAULT_SECRET
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    given = vars(asked)
    secret, log = given.pop("webhook_secret"), given.pop("log")
    try:
        options = SandboxOptions(
            **given,
            webhook_secret=os.environ.get(_SECRET_VARIABLE, DEFAULT_SECRET) if secret is None else secret,
            page_token=os.environ.get(_TOKEN_VARIABLE) or None,
        )
        if asked.host in _OPEN_TO_ALL:
            print(_WARNING.format(host=asked.host), file=sys.stderr, flush=True)
        _allow_many_connections()
        # uvicorn's warnings about invalid HTTP and web sockets do not help the user.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        announce = _announce if log is False or not (log or sys.stdout.isatty()) else _announce_and_log
        serve(options, announce, _fast_event_loop())
    except (ValueError, DatabaseError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        address = f"{asked.host}:{asked.port}"
        remedy = "--port 0 takes a free port, --host an address of this machine."
        print(f"Cannot listen on {address}: {error.strerror}. {remedy}", file=sys.stderr)
        return 2
    except ExceptionGroup as faults:
        fault = _innermost(faults)
        if isinstance(fault, DatabaseError):
            print(f"The sandbox has stopped. {fault}", file=sys.stderr)
            return 2
        print(f"The sandbox has stopped because of an error of its own: {fault!r}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pamela.sandbox", description="A local Pamela, for development and tests."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (%(default)s)")
    parser.add_argument("--port", type=int, default=8400, help="the port, 0 for a free one (%(default)s)")
    parser.add_argument("--database", type=Path, metavar="FILE", help="where to keep everything (in memory)")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real calls (%(default)s)")
    parser.add_argument(
        "--webhook-secret",
        metavar="SECRET",
        help=f"what webhooks are signed with; better given as {_SECRET_VARIABLE} (whsec_sandbox)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        dest="allowed_hosts",
        metavar="NAME",
        help="a name under which to serve, beside localhost and --host; may be repeated",
    )
    parser.add_argument(
        "--webhook-hosts",
        type=lambda names: tuple(names.split(",")),
        metavar="NAMES",
        help="where webhooks may go: names or patterns such as *.test, separated by commas (anywhere)",
    )
    parser.add_argument(
        "--keep-calls",
        type=int,
        default=25_000,
        metavar="N",
        help="how many calls that are over to keep; the oldest are forgotten first (%(default)s)",
    )
    parser.add_argument(
        "--log",
        action=argparse.BooleanOptionalAction,
        help="print a line for each request and each delivery (in a terminal)",
    )
    return parser


def _allow_many_connections() -> None:
    """Raise the limit of open files to the system's maximum: each connection needs one."""
    try:
        import resource
    except ImportError:  # this system has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _fast_event_loop() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Return uvloop's event loop, with which a sandbox serves half as many calls again; None without uvloop."""
    try:
        import uvloop
    except ImportError:  # as on Windows
        return None
    return uvloop.new_event_loop


def _collect_seldom() -> None:
    """Exclude the existing objects from garbage collection, and collect less often.

    Every collection delays all requests, and a sandbox makes hardly any reference cycles.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _innermost(error: Exception) -> Exception:
    return _innermost(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _announce(server: "SandboxServer") -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    _collect_seldom()
    print(f"Pamela sandbox ready on {server.base_url}", flush=True)
    if server.options.host in _OPEN_TO_ALL:
        port = server.base_url.rpartition(":")[2]
        token = server.service.page_token.owner
        print(f"Its page, from beyond this machine or container: http://localhost:{port}/?token={token}", flush=True)


def _announce_and_log(server: "SandboxServer") -> None:
    from .console import Console

    _announce(server)
    Console(sys.stdout).follow(server.service)


if __name__ == "__main__":
    sys.exit(main())
