"""`pamela listen`: receive webhooks on this machine."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

import click

from .exit_codes import CommandError, ExitCode
from .help import Command
from .output import Output, output_options, prints_to_stderr
from .settings import Settings, connection_options
from .terminal import say, warn

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from pamela import AsyncPamelaClient

    from .listening import Listener
    from .sandbox_session import SandboxSession
    from .webhook_handlers import Handler

PATIENCE = 10.0
"""Time limit of a request to the sandbox, in seconds."""


@click.command(
    cls=Command,
    examples=(
        "pamela listen --sandbox",
        "pamela listen --sandbox --forward-to http://127.0.0.1:5000/webhooks/pamela",
        "pamela listen --sandbox --exec shop.webhooks:endpoint",
        "pamela listen --sandbox --events 'call.completed' --print-json | jq .transcript",
        "pamela listen --port 8401",
    ),
)
@click.option("--forward-to", metavar="URL", help="Forward each webhook unchanged to this address.")
@click.option("--forward-tools-to", metavar="URL", help="Forward tool invocations to this address instead.")
@click.option(
    "--exec",
    "target",
    metavar="MODULE:ENDPOINT",
    help="Pass each webhook to your WebhookEndpoint or ToolRegistry, without a web server.",
)
@click.option(
    "--events",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only these webhooks: call.completed, 'call.*', tool.invocation. You can repeat the option.",
)
@click.option("--print-json", is_flag=True, help="Print the body of each webhook as a line of JSON.")
@click.option("--exit-on-disconnect", is_flag=True, help="End with status 1 when the sandbox stops.")
@click.option("--forward-unsigned", is_flag=True, help="Also forward webhooks without a valid signature.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", show_default="any free port", help="The port.")
@output_options
@connection_options
def listen(
    settings: Settings,
    output: Output,
    forward_to: str | None,
    forward_tools_to: str | None,
    target: str | None,
    patterns: Sequence[str],
    print_json: bool,
    exit_on_disconnect: bool,
    forward_unsigned: bool,
    host: str,
    port: int | None,
) -> None:
    """Receive webhooks on this machine.

    The command shows each event and tool invocation, with your application's response and its duration. With a sandbox,
    it sets the webhook addresses of your project while it runs, and restores them at the end. If it was killed, the
    next run restores them and catches up with missed webhooks. For the real service, open a tunnel to this machine,
    give its address to your project, and set PAMELA_WEBHOOK_SECRET.
    """
    from .extras import needs

    with needs("cli", "Listening"):
        from .listening import Listener
        from .webhook_screens import screen_for

    warn_of_unknown_events(patterns)
    handler = chosen_handler(settings, forward_to, forward_tools_to, target)
    listener = Listener([], handler, screen_for(output, print_json=print_json), patterns, forward_unsigned)
    with prints_to_stderr():
        try:
            work = _listen(settings, listener, host, port, exit_on_disconnect=exit_on_disconnect)
            asyncio.run(until_stopped(work, listener.unread))
        finally:
            from .listening import summary

            if listener.ready.is_set():
                say(summary(listener.counts))


def warn_of_unknown_events(patterns: Sequence[str]) -> None:
    """Warn of patterns that match no known event: it may be a new event, or a typo."""
    from pamela.types import EventName

    from .listening import TOOL_INVOCATION
    from .webhook_handlers import matches

    known = (*get_args(EventName), TOOL_INVOCATION)
    for pattern in patterns:
        if not any(matches(name, [pattern]) for name in known):
            warn(f"--events {pattern} matches no event of this version. Its events are {', '.join(known)}.")


def chosen_handler(
    settings: Settings, forward_to: str | None, forward_tools_to: str | None, target: str | None
) -> Handler:
    """Return the handler that the options choose.

    Raises:
        CommandError: Options contradict each other, or the endpoint cannot be imported.
    """
    from .trigger import signed_request
    from .webhook_handlers import Acknowledging, Executing, Forwarding

    if target is not None:
        if forward_to or forward_tools_to:
            raise CommandError("--exec and --forward-to both handle the webhooks. Give one of them.", ExitCode.USAGE)
        return Executing(load_endpoint(settings, target))
    if forward_to is None:
        if forward_tools_to:
            raise CommandError("--forward-tools-to needs --forward-to for the events.", ExitCode.USAGE)
        return Acknowledging()
    for url in (forward_to, forward_tools_to or forward_to):
        signed_request(url, {}, "whsec_not_sent")  # raises an error for an invalid address
    return Forwarding(forward_to, forward_tools_to or forward_to)


def load_endpoint(settings: Settings, target: str) -> Any:
    """Import an endpoint, or create one for a tool registry."""
    from pamela import ToolRegistry, WebhookEndpoint

    from .objects import load
    from .webhook_secret import find_webhook_secret

    found: Any = load(target, WebhookEndpoint, ToolRegistry)
    if isinstance(found, ToolRegistry):
        return WebhookEndpoint(find_webhook_secret(settings), tools=found, tolerance=None)
    return found


async def _listen(
    settings: Settings, listener: Listener, host: str, port: int | None, *, exit_on_disconnect: bool
) -> None:
    async with settings.async_client(max_retries=0, deadline=PATIENCE) as client, listener.handler:
        if await is_sandbox(client):
            await _listen_to_sandbox(settings, client, listener, host, port, exit_on_disconnect=exit_on_disconnect)
        elif exit_on_disconnect:
            raise CommandError("--exit-on-disconnect needs a sandbox: the service keeps no connection.", ExitCode.USAGE)
        else:
            await _listen_to_service(settings, listener, host, port)


async def is_sandbox(client: AsyncPamelaClient) -> bool:
    """Return whether a client talks to a sandbox."""
    from .dialling import is_sandbox_description, may_be_sandbox

    if not may_be_sandbox(client.base_url):
        return False
    from pamela import APIConnectionError, PamelaError

    try:
        return is_sandbox_description(await client.request("GET", "/sandbox"))
    except APIConnectionError:
        raise
    except PamelaError:
        return False


async def _listen_to_sandbox(
    settings: Settings,
    client: AsyncPamelaClient,
    listener: Listener,
    host: str,
    port: int | None,
    *,
    exit_on_disconnect: bool,
) -> None:
    from .sandbox_session import SandboxSession, held
    from .webhook_server import address_of, serving

    async with held(client.base_url, client) as file:
        session = SandboxSession(client, file, listener, settings, with_tools=wants_tools(listener))
        listener_socket = await session.bind(host, port)
        async with serving(listener_socket, listener.receive):
            await session.begin(listener_socket)
            try:
                say(f"Ready. {client.base_url} sends its webhooks to {address_of(listener_socket)}/")
                await session.catch_up()
                await session.watch(exit_on_disconnect=exit_on_disconnect)
            finally:
                await _put_back(session)


def wants_tools(listener: Listener) -> bool:
    """Return whether this listener wants tool invocations: its handler runs tools, and no filter excludes them."""
    from .listening import TOOL_INVOCATION
    from .webhook_handlers import matches

    return listener.handler.answers_tools and matches(TOOL_INVOCATION, listener.patterns)


async def _put_back(session: SandboxSession) -> None:
    from pamela import PamelaError

    try:
        await session.end()
    except PamelaError as error:
        warn(f"The project's addresses were not restored: {error} Run pamela listen again to restore them.")


async def _listen_to_service(settings: Settings, listener: Listener, host: str, port: int | None) -> None:
    from .webhook_secret import find_webhook_secret
    from .webhook_server import address_of, bind, serving

    if settings.sandbox:
        raise CommandError("The program on the sandbox's port is not a sandbox.")
    listener.secrets.append(find_webhook_secret(settings))
    listener_socket = bind(host, port or 0)
    async with serving(listener_socket, listener.receive):
        listener.ready.set()
        say(
            f"Ready on {address_of(listener_socket)}/ Open a tunnel to it, and give the tunnel's address to your project or call."
        )
        await asyncio.Event().wait()


async def until_stopped(work: Coroutine[Any, Any, object], unread: asyncio.Event) -> None:
    """Run `work` until it ends. Ctrl-C, SIGTERM, SIGHUP or a closed output cancels it.

    Raises:
        BrokenPipeError: The output was closed.
        Exception: The work raised it.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    for number in numbers:
        # Windows has no signal handlers here; Ctrl-C cancels anyway.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    working = asyncio.ensure_future(work)
    tasks = (working, asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(unread.wait()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if unread.is_set():
        raise BrokenPipeError
