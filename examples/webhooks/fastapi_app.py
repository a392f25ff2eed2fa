"""Pamela's events and tool invocations in FastAPI.

Run it with `PAMELA_WEBHOOK_SECRET=... uvicorn fastapi_app:app`.
"""

import asyncio
import os

from fastapi import FastAPI

from pamela import ToolInvocation, ToolRegistry, WebhookEndpoint, WebhookEvent
from pamela.integrations.fastapi import webhook_router

tools = ToolRegistry("acme-orders")
endpoint = WebhookEndpoint(os.environ["PAMELA_WEBHOOK_SECRET"], tools=tools)


@tools.tool
async def check_order_status(order_id: str, invocation: ToolInvocation) -> dict[str, str]:
    """Look up an order by ID.

    Args:
        order_id: The number on the receipt.
    """
    await asyncio.sleep(0.01)  # a query, say
    print(f"tool {invocation.correlation_id} {order_id}", flush=True)
    return {"status": "shipped"}


@endpoint.on("call.*")
async def show(event: WebhookEvent) -> None:
    print(f"event {event.event} {event.call_id}", flush=True)


app = FastAPI()
app.include_router(webhook_router(endpoint, "/webhooks/pamela"))
