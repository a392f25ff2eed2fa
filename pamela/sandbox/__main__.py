"""The command `python -m pamela.sandbox`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import SandboxServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a sandbox until SIGTERM or SIGINT, and returns the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        from . import DatabaseError, SandboxOptions, serve
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        serve(SandboxOptions(**vars(asked)), _announce)
    except (ValueError, DatabaseError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        address = f"{asked.host}:{asked.port}"
        print(f"Cannot listen on {address}: {error.strerror}. --port 0 takes a free port.", file=sys.stderr)
        return 2
    except ExceptionGroup as faults:
        print(f"The sandbox has stopped for a fault of its own: {_innermost(faults)!r}", file=sys.stderr)
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
        default="whsec_sandbox",
        metavar="SECRET",
        help="what webhooks are signed with (%(default)s)",
    )
    return parser


def _innermost(error: Exception) -> Exception:
    return _innermost(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _announce(server: "SandboxServer") -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    print(f"Pamela sandbox ready on {server.base_url}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
