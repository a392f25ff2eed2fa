"""Pamela's events and tool invocations in Flask.

Run it with `PAMELA_WEBHOOK_SECRET=... gunicorn --workers 2 flask_app:app`.
"""

import os

from flask import Flask

from pamela import ToolInvocation, ToolRegistry, WebhookEndpoint, WebhookEvent
from pamela.integrations.flask import webhook_blueprint
from pamela.tools import SQLiteInvocationStore

# Both workers use the same store, so that each invocation runs only once.
tools = ToolRegistry("acme-orders", store=SQLiteInvocationStore(os.environ.get("INVOCATIONS", "invocations.db")))
endpoint = WebhookEndpoint(os.environ["PAMELA_WEBHOOK_SECRET"], tools=tools)


@tools.tool
def check_order_status(order_id: str, invocation: ToolInvocation) -> dict[str, str]:
    """Look up an order by ID.

    Args:
        order_id: The number on the receipt.
    """
    print(f"tool {invocation.correlation_id} {order_id}", flush=True)
    return {"status": "shipped"}


@endpoint.on("call.*")
def show(event: WebhookEvent) -> None:
    print(f"event {event.event} {event.call_id}", flush=True)


app = Flask(__name__)
app.register_blueprint(webhook_blueprint(endpoint, "/webhooks/pamela"))
