"""`pamela call`: place a call, and watch it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from .calls import interval_option, timeout_option, watch_to_its_end, write_call
from .completing import complete_voices
from .dialling import confirm_dialling, is_sandbox
from .dry_run import dry_run_option, show_requests
from .exit_codes import CommandError, ExitCode
from .help import Command
from .json_values import read_pairs
from .objects import load_registry
from .output import Output, output_options, prints_to_stderr
from .settings import Settings, connection_options
from .terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pamela import Call, PamelaClient, ToolRegistry


@click.command(
    cls=Command,
    examples=(
        'pamela call +15551234567 "Ask whether they are open on Sunday"',
        'pamela call +15551234567 "Order a pizza" --watch --max-duration-seconds 120',
        'pamela call +15551234567 "Ask for order 1042" --tool shop.tools:registry --sandbox',
        'pamela call +15551234567 "Remind them" --idempotency-key order-1042 --yes --json',
    ),
)
@click.argument("to", metavar="TO")
@click.argument("task", metavar="TASK")
@click.option("-w", "--watch", is_flag=True, help="Watch the call until it has ended.")
@click.option("-y", "--yes", is_flag=True, help="Dial without asking.")
@dry_run_option
@interval_option
@timeout_option
@click.option(
    "--tool",
    "registry",
    metavar="MODULE:REGISTRY",
    help="Let the agent use the tools of your ToolRegistry, and watch the call. With a sandbox, they run in this process.",
)
@click.option("--instructions", metavar="TEXT", help="More instructions for the agent.")
@click.option("--country", metavar="CODE", help="The country of the number, ISO 3166-1 alpha-2: US.")
@click.option("--locale", metavar="LOCALE", help="The language of the call: en-US.")
@click.option("--max-duration-seconds", type=int, metavar="SECONDS", help="End the call after this time.")
@click.option("--voice", metavar="VOICE", shell_complete=complete_voices, help="The voice of the agent: female.")
@click.option("--agent-name", metavar="NAME", help="The name with which the agent introduces itself.")
@click.option("--caller-name", metavar="NAME", help="The person or company on whose behalf the agent calls.")
@click.option(
    "--metadata",
    multiple=True,
    metavar="KEY=VALUE",
    callback=read_pairs,
    help="A value of your own, stored with the call. You can repeat the option.",
)
@click.option("--end-user-id", metavar="ID", help="The id of your user for whom the call is placed.")
@click.option("--webhook-url", metavar="URL", help="Address for the events of this call.")
@click.option("--tool-webhook-url", metavar="URL", help="Address for the tool invocations of this call.")
@click.option(
    "--idempotency-key", metavar="KEY", help="Place the call only once, even if you run the command several times."
)
@output_options
@connection_options
@click.pass_context
def call(
    context: click.Context,
    /,
    settings: Settings,
    output: Output,
    to: str,
    task: str,
    registry: str | None,
    watch: bool,
    yes: bool,
    dry_run: bool,
    interval: float,
    timeout: float | None,
    metadata: list[tuple[str, Any]],
    idempotency_key: str | None,
    webhook_url: str | None,
    tool_webhook_url: str | None,
    **arguments: Any,
) -> None:
    """Place a call.

    TO is the number in E.164 form. TASK is what the agent should achieve. The command asks before a real phone rings.
    Without a terminal it calls only with --yes.
    """
    wanted = {
        **arguments,
        "to": to,
        "task": task,
        "metadata": dict(metadata),
        "webhooks": given({"webhook_url": webhook_url, "tool_webhook_url": tool_webhook_url}),
        # With an idempotency key, the client retries a request whose response was lost.
        "idempotency_key": idempotency_key or new_key(),
    }
    tools = None if registry is None else load_registry(registry)
    if tools is not None:
        wanted["tools"] = tools.definitions()
    if dry_run:
        show_requests(settings, lambda client: client.create_call(**given(wanted)))
        return
    with settings.client() as client:
        confirm_dialling(client, [to], yes=yes)
        with running_tools(settings, client, tools, tool_webhook_url) as address:
            if address is not None:
                wanted["webhooks"]["tool_webhook_url"] = address
            placed = place(client, given(wanted))
            if not watch and tools is None:
                write_call(placed, output)
                return
            context.exit(watch_to_its_end(client, placed["id"], output, interval, timeout))


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are not None."""
    return {name: value for name, value in arguments.items() if value not in (None, {}, [])}


@contextmanager
def running_tools(
    settings: Settings, client: PamelaClient, tools: ToolRegistry | None, url: str | None
) -> Iterator[str | None]:
    """Run tools in this process for a call of a sandbox, and yield their address; None if they run elsewhere.

    Raises:
        PamelaError: The request to the sandbox failed.
    """
    if tools is None or url is not None:
        yield None
        return
    if not is_sandbox(client):
        say("The tools run where the project's tool webhook address leads; --tool-webhook-url names another.", dim=True)
        yield None
        return
    from pamela import WebhookEndpoint

    from .webhook_handlers import Executing
    from .webhook_secret import ask_sandbox
    from .webhook_server import serving_in_thread

    secret = ask_sandbox(settings)
    with prints_to_stderr(), serving_in_thread(Executing(WebhookEndpoint(secret, tools=tools))) as address:
        yield address


def new_key() -> str:
    """Return a unique idempotency key.

    It has only decimal digits: a look-up takes hexadecimal ones for the hash of another key, and finds nothing out.
    """
    import secrets

    return f"pamela-cli-{secrets.randbelow(10**18):018}"


def place(client: PamelaClient, wanted: dict[str, Any]) -> Call:
    """Place a call. If it is unknown whether the call was placed, print how to find it.

    Raises:
        PamelaError: The call was not placed, or that is unknown.
        CommandError: The request was interrupted.
    """
    from pamela import PamelaError

    key = wanted["idempotency_key"]
    find = f"pamela calls find --idempotency-key {key} --to {wanted['to']}"
    try:
        return client.create_call(**wanted)
    except PamelaError as error:
        if error.ambiguous:
            say(f"To find out whether the call was placed: {find}")
        raise
    except KeyboardInterrupt:
        say()
        raise CommandError(
            f"It is still unknown whether the call was placed. Find out with: {find}", ExitCode.AMBIGUOUS
        ) from None
