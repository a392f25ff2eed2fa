"""`pamela sandbox`: run the sandbox on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .help import Command

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(
    cls=Command,
    examples=(
        "pamela sandbox",
        "pamela sandbox --speed 10 --database sandbox.db",
        'pamela call +15551234567 "Order a pizza" --watch --sandbox',
    ),
)
@click.option("--host", metavar="ADDRESS", show_default="127.0.0.1", help="The address to listen on.")
@click.option("--port", type=int, metavar="PORT", show_default="8400", help="The port. 0 takes a free port.")
@click.option(
    "--database",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A file for all data. By default they are in memory.",
)
@click.option(
    "--speed",
    type=float,
    metavar="FACTOR",
    show_default="1",
    help="How many times faster than real time the calls are.",
)
@click.option(
    "--webhook-secret", metavar="SECRET", show_default="whsec_sandbox", help="The secret that signs webhooks."
)
@click.option(
    "--allowed-host",
    multiple=True,
    metavar="NAME",
    help="A host name that requests may use, besides localhost and --host. You can repeat the option.",
)
@click.option(
    "--webhook-hosts",
    metavar="NAMES",
    show_default="anywhere",
    help="Hosts that may receive webhooks: acme.test,*.dev.",
)
@click.option(
    "--keep-calls", type=int, metavar="N", show_default="25000", help="Maximum number of ended calls to keep."
)
@click.option("--log/--no-log", default=None, help="Print a line for each request and each delivery.")
@click.pass_context
def sandbox(context: click.Context, /, **options: Any) -> None:
    """Run the sandbox: a local Pamela on this machine.

    Its calls ring, talk, use your tools and end, but no real phone rings. The other commands use it with --sandbox.
    Ctrl-C stops it.
    """
    from pamela.sandbox.__main__ import main

    context.exit(main(list(_arguments(options))))


def _arguments(options: dict[str, Any]) -> Iterator[str]:
    log = options.pop("log")
    if log is not None:
        yield "--log" if log else "--no-log"
    for name, value in options.items():
        for each in value if isinstance(value, tuple) else (value,):
            if each is not None:
                yield from (f"--{name.replace('_', '-')}", str(each))
