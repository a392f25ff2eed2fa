"""Pamela's events and tool invocations in Starlette.

Run it with `PAMELA_WEBHOOK_SECRET=... uvicorn starlette_app:app`.
"""

import os

from starlette.applications import Starlette

from pamela import ToolInvocation, ToolRegistry, WebhookEndpoint, WebhookEvent
from pamela.integrations.starlette import webhook_route

tools = ToolRegistry("acme-orders")
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
async def show(event: WebhookEvent) -> None:
    print(f"event {event.event} {event.call_id}", flush=True)


app = Starlette(routes=[webhook_route(endpoint, "/webhooks/pamela")])
