"""A phone call from beginning to end: placed, followed, its tool answered in the middle, and billed.

Run it with `make demo`. It brings its own Pamela: the sandbox, on a free port of this machine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from flask import Flask, request
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from werkzeug.serving import make_server

import pamela.sandbox
from pamela import Call, PamelaClient, TranscriptEntry, Usage, verify_webhook_signature

SPEED = 5.0
"""A minute of the call takes 12 seconds."""

EVENTS_IN_SERIES = {"call.transcript_update"}
"""Events that are counted instead of listed."""

console = Console()
orders = {"1042": {"status": "shipped", "eta_days": 2}}


def make_app(webhook_secret: str, log: list[str]) -> Flask:
    """Make the web application that Pamela calls during the conversation."""
    app = Flask(__name__)

    @app.post("/webhooks/pamela/tools")
    def handle_tool_webhook() -> tuple[dict[str, object], int]:
        if not verify_webhook_signature(request.get_data(), request.headers.get("X-Pamela-Signature"), webhook_secret):
            return {"error": "Invalid signature"}, 401
        payload = request.get_json()
        if payload["tool_name"] != "check_order_status":
            return {"error": "Unknown tool"}, 400
        order_id = payload["arguments"].get("order_id")
        result = orders.get(order_id, {"status": "unknown"})
        log.append(f"check_order_status(order_id={order_id!r}) -> {result}")
        return {"result": result, "correlation_id": payload["correlation_id"]}, 200

    @app.post("/webhooks/pamela")
    def handle_event() -> tuple[str, int]:
        if not verify_webhook_signature(request.get_data(), request.headers.get("X-Pamela-Signature"), webhook_secret):
            return "", 401
        log.append(request.get_json()["event"])
        return "", 204

    return app


@contextmanager
def serve(app: Flask) -> Iterator[str]:
    """Serve the application on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def show_call(call: Call, log: list[str]) -> Group:
    """Draw the call as it stands, beside what arrived by webhook."""
    lines = Text()
    for entry in call.transcript if isinstance(call.transcript, list) else ():
        lines.append_text(show_entry(entry))
    title = f"{call.id}  {call.to}  [bold]{call.status}[/bold]"
    conversation = Panel(lines or Text("..."), title=title, title_align="left")
    arrived = [f"{line} ({len(list(same))} times)" if line in EVENTS_IN_SERIES else line for line, same in groupby(log)]
    webhooks = Panel("\n".join(arrived) or "...", title="arrived by webhook", title_align="left")
    return Group(conversation, webhooks, Text("") if call.status.is_final else Spinner("dots", text="the call goes on"))


def show_entry(entry: TranscriptEntry) -> Text:
    colours = {"agent": "cyan", "user": "green"}
    return Text.assemble((f"{entry.speaker:>6}  ", colours.get(entry.speaker or "", "magenta")), f"{entry.text}\n")


def show_bill(usage: Usage) -> Table:
    table = Table(title=f"Usage of {usage.period}", title_justify="left")
    for column in ("calls", "minutes talked", "minutes billed", "at $0.10 a minute"):
        table.add_column(column, justify="right")
    minutes = usage.billed_minutes or 0
    table.add_row(str(usage.call_count), f"{usage.api_minutes or 0:.2f}", str(minutes), f"${minutes * 0.10:.2f}")
    return table


def main() -> None:
    log: list[str] = []
    with pamela.sandbox.run(speed=SPEED) as sandbox, serve(make_app(sandbox.webhook_secret, log)) as address:
        console.print(f"Sandbox on {sandbox.base_url}, your application on {address}\n")
        with PamelaClient(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
            client.register_tool(
                name="check_order_status",
                description="Look up an order by ID",
                input_schema={
                    "type": "object",
                    "properties": {"order_id": {"type": "string"}},
                    "required": ["order_id"],
                },
                timeout_seconds=60,
            )
            call = client.create_call(
                to="+1234567890",
                task="Check the order status of order 1042 and tell the customer when it will arrive",
                locale="en-US",
                max_duration_seconds=299,
                voice="female",
                agent_name="Pamela",
                caller_name="John from Acme",
                webhooks={
                    "webhook_url": f"{address}/webhooks/pamela",
                    "tool_webhook_url": f"{address}/webhooks/pamela/tools",
                },
            )
            with Live(show_call(call, log), console=console, refresh_per_second=10) as live:
                for state in client.watch_call(call.id, timeout=50, poll_interval=0.1):
                    live.update(show_call(state, log))
            console.print(Panel(state.summary or "", title="summary", title_align="left"))
            console.print(show_bill(client.usage.get()))


if __name__ == "__main__":
    main()
