"""Mistakes that are easily made, for docs/troubleshooting.md: each is a few lines, and something says what is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A mistake in a program.

    Attributes:
        subject: What it is about; the page has a table for each.
        code: The lines, as the page shows them. `client`, `async_client`, `endpoint`, `call` and the public names are
            there; the code may await.
        setup: Lines that the page does not show.
        environment: Variables that are set.
    """

    subject: str
    code: str
    setup: str = ""
    environment: tuple[tuple[str, str], ...] = ()


SETTINGS, CALLS, LATER, ASYNC, HOOKS = "Settings", "Calls", "What comes later", "await", "Webhooks and tools"

MISTAKES = [
    Mistake(SETTINGS, "PamelaClient()"),
    Mistake(SETTINGS, 'PamelaClient("pk_live_example\\n")'),
    Mistake(SETTINGS, 'PamelaClient(apikey="pk_live_example")'),
    Mistake(SETTINGS, 'PamelaClient("sk_example").list_calls()', environment=(("PAMELA_BASE_URL", "{base_url}"),)),
    Mistake(SETTINGS, 'PamelaClient(key, "api.thisispamela.com")'),
    Mistake(SETTINGS, 'PamelaClient(key, base_url + "/api/b2b/v1").list_calls()'),
    Mistake(SETTINGS, 'PamelaClient(key, "http://127.0.0.1:1").list_calls()'),
    Mistake(SETTINGS, 'PamelaClient(key, timeout="5")'),
    Mistake(SETTINGS, "PamelaClient(key, max_retries=-1)"),
    Mistake(SETTINGS, "PamelaClient(key, http_client=httpx.AsyncClient())"),
    Mistake(
        SETTINGS,
        'PamelaClient(key, "https://api.thisispamela.com").list_calls()  # with PAMELA_FORBID_LIVE=1',
        environment=(("PAMELA_FORBID_LIVE", "1"),),
    ),
    Mistake(SETTINGS, "pickle.dumps(client)"),
    Mistake(
        SETTINGS,
        "client.list_calls()  # after client.close()",
        setup="client = PamelaClient(key, base_url); client.close()",
    ),
    Mistake(CALLS, 'client.create_call("+1 202 555 0100", "Order a pizza")'),
    Mistake(CALLS, 'client.create_call("(202) 555-0100", "Order a pizza", country="US")'),
    Mistake(CALLS, 'client.create_call(12025550100, "Order a pizza")'),
    Mistake(CALLS, 'client.create_call("+12025550100")'),
    Mistake(CALLS, 'client.create_call("+12025550100", " ")'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", speed=2)'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", country="USA")'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", max_duration_seconds="five")'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", webhooks={"webhok_url": url})'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", tools=[{"nmae": "eta"}])'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", tools={"name": "eta"})'),
    Mistake(
        CALLS,
        'client.create_call("+12025550100", "Order a pizza", tools=registry)',
        setup="registry = ToolRegistry()",
    ),
    Mistake(
        CALLS,
        'client.create_call("+12025550100", "Order a pizza", tools=[eta])',
        setup='eta = tool(name="eta", description="Look up.")(lambda: 1)',
    ),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", metadata={"at": date(2026, 3, 14)})'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", metadata={1: "a", "1": "b"})'),
    Mistake(CALLS, 'client.create_call("+12025550100", "Order a pizza", idempotency_key="")'),
    Mistake(
        CALLS,
        'client.create_call("+12025550100", "Another task", idempotency_key="order-1042")',
        setup='client.create_call("+12025550100", "Order a pizza", idempotency_key="order-1042")',
    ),
    Mistake(
        CALLS,
        'client.request("POST", "/api/b2b/v1/calls", json={"to": "+12025550100", "tsk": "Order"})  # to the sandbox',
    ),
    Mistake(LATER, "client.get_call(call)"),
    Mistake(LATER, 'client.get_call("")'),
    Mistake(LATER, 'client.get_call("call_unknown")'),
    Mistake(LATER, "client.cancel_call(call.id)  # a second time", setup="client.cancel_call(call.id)"),
    Mistake(LATER, "client.wait_for_call(call.id, timeout=0)"),
    Mistake(LATER, "client.wait_for_call(call.id, poll_interval=0)"),
    Mistake(LATER, "client.list_calls(limit=500)"),
    Mistake(LATER, 'client.list_calls(start_date="yesterday")'),
    Mistake(LATER, 'client.usage.get("January")'),
    Mistake(LATER, 'call.status = "completed"'),
    Mistake(ASYNC, "await async_client.get_call(async_client.create_call(to, task))"),
    Mistake(ASYNC, 'call = async_client.create_call(to, task); call["id"]'),
    Mistake(ASYNC, "page = await async_client.list_calls(); page.next_page()"),
    Mistake(ASYNC, "client.get_call(call.id)  # in a coroutine"),
    Mistake(HOOKS, 'WebhookEndpoint("")'),
    Mistake(HOOKS, 'WebhookEndpoint("whsec_example\\n")'),
    Mistake(HOOKS, "WebhookEndpoint(secret, tools=[eta])", setup="def eta(order_id): ..."),
    Mistake(HOOKS, '@endpoint.on("call.completed")\ndef show(): ...'),
    Mistake(HOOKS, '@endpoint.on("call.completed")\ndef show(event, call): ...'),
    Mistake(HOOKS, '@endpoint.on("call.complete")\ndef show(event): ...'),
    Mistake(HOOKS, "@endpoint.on\ndef show(event): ..."),
    Mistake(HOOKS, '@endpoint.on("call.completed", fetch=PamelaClient)\ndef show(event, call): ...'),
    Mistake(
        HOOKS,
        "# Pamela signs with another secret than the endpoint has, twenty times",
        setup='for _ in range(20): endpoint.handle("POST", {"X-Pamela-Signature": "0" * 64}, [b"{}"], path="/webhooks/orders")',
    ),
    Mistake(HOOKS, 'construct_event({"event": "call.queued"}, signature, secret)'),
    Mistake(HOOKS, 'construct_event(b"{}", None, secret)'),
    Mistake(HOOKS, 'parse_tool_webhook({"tool_name": "eta"})'),
    Mistake(HOOKS, "@tool\ndef eta(order_id): ..."),
    Mistake(HOOKS, "tools.add(eta)", setup="tools = ToolRegistry()\ndef eta(order_id): ..."),
    Mistake(HOOKS, "tools.deploy(async_client)", setup='tools = ToolRegistry("acme-orders")'),
    Mistake(HOOKS, 'SQLiteInvocationStore(":memory:")', setup="from pamela.tools import SQLiteInvocationStore"),
    Mistake(HOOKS, "import pamela.integrations.flask  # without Flask"),
]
