"""`pamela demo`: show a call from beginning to end, without an account."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .exit_codes import CommandError, ExitCode
from .help import Command
from .listening import SIGNATURE_HEADER
from .output import Output
from .terminal import say
from .webhook_handlers import Acknowledging, Reply

if TYPE_CHECKING:
    from .webhook_handlers import Headers

SECRET = "whsec_demo"  # noqa: S105 - nothing is protected by it
TASK = "Check the order status of order 1042 and tell the customer when it will arrive"
TOOL = {
    "name": "check_order_status",
    "description": "Look up an order by ID",
    "input_schema": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    },
}
ORDERS = {"1042": {"status": "shipped", "eta_days": 2}}
INTERVAL = 0.1
LONGEST = 120.0


@click.command(cls=Command, examples=("pamela demo", "pamela demo --speed 20"))
@click.option(
    "--speed",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    metavar="FACTOR",
    help="How many times faster than real time the call is.",
)
@click.pass_context
def demo(context: click.Context, speed: float) -> None:
    """Show a call from beginning to end.

    A sandbox runs in this process during the call. It places the call, calls a tool over a signed webhook, and bills
    the call. No real phone rings, and you need no account.
    """
    context.exit(run(speed))


def run(speed: float) -> ExitCode:
    """Place the call, show it, and return the exit status."""
    try:
        import pamela.sandbox
        from pamela import PamelaClient

        sandbox_running = pamela.sandbox.run(speed=speed, webhook_secret=SECRET)
    except ModuleNotFoundError as error:
        raise CommandError(f"The demo needs {error.name}: pip install 'thisispamela[sandbox]'") from None
    from .watching import DOLLARS_A_MINUTE, follow
    from .webhook_server import serving_in_thread

    arrived: Counter[str] = Counter()
    with (
        sandbox_running as sandbox,
        serving_in_thread(Application(arrived)) as address,
        PamelaClient(sandbox.api_key, sandbox.base_url) as client,
    ):
        say(f"A sandbox on {sandbox.base_url}, and a web server for its webhooks on {address}", dim=True)
        say()
        call = client.create_call(
            to="+1234567890",
            task=TASK,
            agent_name="Pamela",
            caller_name="John from Acme",
            tools=[TOOL],
            webhooks={"webhook_url": address, "tool_webhook_url": address},
        )
        _, code = follow(client, call["id"], Output(), interval=INTERVAL, timeout=LONGEST)
        usage = client.usage.get()
    minutes = usage.get("billed_minutes") or 0
    say()
    came = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in arrived.items())
    say(f"Received by webhook: {came}.")
    say(f"Billed: {minutes} {'minute' if minutes == 1 else 'minutes'}, ${minutes * DOLLARS_A_MINUTE:.2f}.")
    say()
    say("Next:")
    command = typed_command()
    steps = {
        "sandbox": "keep a sandbox running",
        'call +15551234567 "Order a pizza" -w --sandbox': "call somebody there",
        "listen --sandbox": "watch webhooks arrive",
    }
    width = max(map(len, steps))
    for step, purpose in steps.items():
        say(f"  {command} {step:{width}}   {purpose}")
    return code


def typed_command() -> str:
    """Return the command that started this program, so that printed commands can be pasted."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return "python -m pamela"
    found = shutil.which("pamela")
    return "pamela" if found is not None and Path(found).samefile(program) else os.path.relpath(program)


class Application(Acknowledging):
    """Does what a user's web application would do: verifies webhooks, counts events, runs the tool."""

    def __init__(self, arrived: Counter[str]) -> None:
        self._arrived = arrived

    async def handle(self, headers: Headers, body: bytes, *, is_tool: bool) -> Reply:
        """Return the response to a webhook."""
        from pamela import verify_webhook_signature

        signature = next((value for name, value in headers if name.lower() == SIGNATURE_HEADER), None)
        if not verify_webhook_signature(body, signature, SECRET):
            return Reply.of_json(401, {"error": "Invalid signature"})
        webhook: dict[str, Any] = json.loads(body)
        if "event" in webhook:
            self._arrived[webhook["event"]] += 1
            return Reply.of_json(200, {"received": True})
        self._arrived[f"the tool {webhook['tool_name']}"] += 1
        result = ORDERS.get(webhook["arguments"].get("order_id"), {"status": "unknown"})
        return Reply.of_json(200, {"result": result, "correlation_id": webhook["correlation_id"]})
