"""Pamela's events and tool invocations as a plain ASGI application.

Run it with `PAMELA_WEBHOOK_SECRET=... uvicorn asgi_app:application`.
"""

import os

from pamela import ToolInvocation, ToolRegistry, WebhookEndpoint, WebhookEvent
from pamela.integrations.asgi import asgi_app

tools = ToolRegistry("acme-orders")
endpoint = WebhookEndpoint(os.environ["PAMELA_WEBHOOK_SECRET"], tools=tools)


@tools.tool
async def check_order_status(order_id: str, invocation: ToolInvocation) -> dict[str, str]:
    """Look up an order by ID.

    Args:
        order_id: The number on the receipt.
    """
    print(f"tool {invocation.correlation_id} {order_id}", flush=True)
    return {"status": "shipped"}


@endpoint.on("call.*")
async def show(event: WebhookEvent) -> None:
    print(f"event {event.event} {event.call_id}", flush=True)


application = asgi_app(endpoint)
