"""Ordinary programs for version 1, which run on both versions, and what differs where something does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CALL = {"id": "call_1", "status": "queued", "created_at": "2026-03-14T15:09:26Z", "transcript": [{"text": "Hello"}]}
PAGE = {"items": [CALL], "total": 1, "limit": 50, "offset": 0, "has_more": False, "next_offset": None}
TOOL = {"id": "tool_1", "name": "eta", "description": "When", "active": True, "input_schema": {"type": "object"}}

JSON = "application/json"
CREATE = 'result = client.create_call("+1234567890", "Order a pizza")'


@dataclass(frozen=True)
class Program:
    """A program: its lines set `result`. `client` is there already.

    Attributes:
        title: What it does, for the table.
        code: Its lines.
        answers: Status, content type and body of the server's answers, the last one for ever; None: the usual ones.
        difference: What differs now, and what to write instead; None: nothing does.
        where: `server`, `sandbox`, or `nowhere`, where nothing listens.
    """

    title: str
    code: str
    answers: list[tuple[int, str, Any]] | None = None
    difference: str | None = None
    where: str = "server"
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, body: Any) -> list[tuple[int, str, Any]]:
    return [(status, JSON, body)]


def create(arguments: str) -> str:
    return f'result = client.create_call("+1234567890", "Order a pizza", {arguments})'


PROGRAMS = [
    Program(
        "All arguments of `create_call`, by place",
        create(
            '"US", "en-US", "Be brief.", 60, "female", "Pamela", "John", {"a": [1]}, '
            '[{"name": "t", "description": "d", "input_schema": {}}], {"webhook_url": "http://127.0.0.1:9/"}, "tenant"'
        ),
    ),
    Program(
        "Empty values mean absent",
        create(
            'country="", locale="", instructions="", voice="", agent_name="", caller_name="", metadata={}, tools=[], '
            'webhooks={}, end_user_id=""'
        ),
    ),
    Program("`max_duration_seconds=300.0`", create("max_duration_seconds=300.0")),
    Program(
        '`max_duration_seconds="300"`',
        create('max_duration_seconds="300"'),
        difference="It is sent as the number 300. Nothing to write.",
    ),
    Program(
        "`end_user_id=42`",
        create("end_user_id=42"),
        difference='It is sent as the text "42", which the API asks for. Nothing to write.',
    ),
    Program(
        "A voice and a status that nobody knows",
        'client.create_call("+1234567890", "t", voice="new"); result = client.list_calls("new")',
    ),
    Program(
        "Ids as a UUID and as a number", "import uuid\nclient.get_call(42); result = client.get_call(uuid.UUID(int=7))"
    ),
    Program("Every action on a call", 'client.cancel_call("call_1"); result = client.hangup_call("call_1")'),
    Program("`list_calls(limit=0)`, dates empty", 'result = client.list_calls(None, None, 0, None, "", "")'),
    Program(
        "`list_calls(offset=0)`",
        "result = client.list_calls(offset=0)",
        difference="It is sent; the API takes 0 as absent. Nothing to write.",
    ),
    Program('`list_calls(limit="50", offset=10)`', 'result = client.list_calls(limit="50", offset=10)'),
    Program("`status` and `status_filter` both", 'result = client.list_calls("queued", "failed")'),
    Program("`status` with an empty `status_filter`", 'result = client.list_calls(status="queued", status_filter="")'),
    Program(
        "`start_date` without a time",
        'result = client.list_calls(start_date="2026-03-01")',
        difference="It is sent as that day's start in UTC, as the API reads it. Nothing to write.",
    ),
    Program('`usage.get()` and `usage.get("")`', 'client.usage.get(); result = client.usage.get("")'),
    Program("`get_usage` of a month", 'result = client.get_usage("2026-03")'),
    Program("`register_tool` with its defaults", 'result = client.register_tool("eta", "When", {"type": "object"})'),
    Program("`register_tool` by place", 'result = client.register_tool("eta", "When", {}, {"type": "object"}, 5000)'),
    Program("`list_tools` from a list", "result = client.list_tools()", [(200, JSON, [TOOL])]),
    Program("`list_tools` from an object", "result = client.list_tools()", [(200, JSON, {"tools": [TOOL]})]),
    Program("`delete_tool`", 'result = client.delete_tool("tool_1")'),
    Program(
        "`delete_tool` answered 204",
        'result = client.delete_tool("tool_1")',
        [(204, "", b"")],
        difference="It returns what was deleted; version 1 raised an exception of requests. Nothing to write.",
    ),
    Program(
        "`ToolDefinition(...)` is a dict",
        "import json\nfrom pamela import ToolDefinition\n"
        'tool = ToolDefinition(name="eta", description="When", input_schema={})\n'
        'result = [json.dumps(tool), tool.get("timeout_ms"), isinstance(tool, dict)]\n'
        'client.create_call("+1234567890", "t", tools=[tool])',
    ),
    Program(
        "Tools of `list_tools` for one call",
        'result = client.create_call("+1234567890", "t", tools=client.list_tools())',
        [(200, JSON, [TOOL]), (201, JSON, CALL)],
        difference="Ids and dates of the tools are left out, which are not part of a definition. Nothing to write.",
    ),
    Program(
        "A misspelled key in `webhooks`",
        create('webhooks={"webhok_url": "http://127.0.0.1:9/"}'),
        difference="`ValidationError` names the key that is meant. Version 1 sent it, and no event came. Spell it right.",
    ),
    Program(
        "Every name of version 1",
        "import pamela\nfrom pamela import *\nfrom pamela.types import (JSONObject, JSONPrimitive, JSONValue, CallResponse, "
        "CallStatusResponse, CallListResponse, ToolDefinition, ToolRegistration, ToolDeleteResponse, UsageQuota, "
        "UsageResponse, ToolWebhookParsed, WebhookDelivery)\n"
        "result = [Pamela is PamelaClient, callable(WebhookDelivery), issubclass(CallError, pamela.exceptions.PamelaError), "
        "pamela.client.PamelaClient is PamelaClient, pamela.webhooks.parse_tool_webhook is parse_tool_webhook, "
        'WebhookDelivery(id="d")["id"], CallResponse(id="c")["id"], pamela.types.WebhookDelivery is WebhookDelivery]',
    ),
    Program(
        "Attributes of the client",
        "from pamela import UsageClient\nbefore = client.api_key\nclient.api_key = before\n"
        "result = [client.api_key == before, client.base_api_url == client.base_url + '/api/b2b/v1', "
        "client.usage is client.usage, isinstance(client.usage, UsageClient)]\nclient.get_usage()",
    ),
    Program(
        "Replacing `client.usage.get` in a test",
        "from unittest import mock\n"
        'with mock.patch.object(client.usage, "get", return_value={"call_count": 3}):\n    result = client.usage.get()',
    ),
    Program(
        "Another key for an existing client",
        'client.api_key = client.api_key + "2"\nresult = client.list_tools()',
        [(200, JSON, [])],
        difference="The new key counts; version 1 went on with the old one. Nothing to write.",
    ),
    Program(
        "`client.session`",
        'client.session.headers["X-Team"] = "voice"\nresult = client.get_call("call_1")',
        difference='`PamelaClient(headers={"X-Team": "voice"})`; proxies and certificates by `http_client=httpx.Client(...)`.',
    ),
    Program(
        "What is done with a call",
        'import copy, json, pickle\ncall = client.get_call("call_1")\n'
        'result = [call["id"], call.get("x"), json.loads(json.dumps(call)), {**call}, dict(call), list(call), len(call), '
        "pickle.loads(pickle.dumps(call)), copy.deepcopy(call), isinstance(call, dict), call == dict(call), str(call)]",
    ),
    Program("`yaml.safe_dump(call)`", 'import yaml\nresult = yaml.safe_dump(client.get_call("call_1"))'),
    Program(
        "The items of a page",
        'page = client.list_calls()\nresult = [[c["id"] for c in page["items"]], {**page}]',
    ),
    Program(
        "`len(page)`",
        "result = len(client.list_calls())",
        difference="It counts the calls of the page. `len(page.keys())`.",
    ),
    Program(
        "`for key in page`",
        'result = sorted(str(each) if isinstance(each, str) else "call" for each in client.list_calls())',
        difference="Iterating a page goes through its calls. `for key in page.keys()`.",
    ),
    Program(
        "401", 'result = client.get_call("call_1")', error(401, {"detail": {"error_code": 1002, "message": "No."}})
    ),
    Program("403", "result = client.list_tools()", error(403, {"detail": {"error": {"code": 7008, "message": "No."}}})),
    Program(
        "429 with details",
        CREATE,
        error(429, {"detail": {"error_code": 6001, "message": "Slow.", "details": {"retry_after": 70}}}),
    ),
    Program(
        "404 of a call",
        'result = client.get_call("call_1")',
        error(404, {"detail": {"error_code": 7003, "message": "No."}}),
    ),
    Program(
        "404 of something else", 'result = client.delete_tool("t")', error(404, {"error_code": 7001, "message": "No."})
    ),
    Program("409 of a call", 'result = client.cancel_call("c")', error(409, {"detail": "Already over."})),
    Program(
        "422 with a code", CREATE, error(422, {"detail": {"error_code": 2001, "message": "No.", "details": {"a": 1}}})
    ),
    Program(
        "An `error_code` that is a text", CREATE, error(400, {"detail": {"error_code": "E_LIMIT", "message": "No."}})
    ),
    Program("A negative `error_code`", CREATE, error(400, {"error_code": -1, "message": "No."})),
    Program("A list as `details`", CREATE, error(400, {"detail": {"message": "No.", "details": [1, {"a": 2}]}})),
    Program(
        "An `error_code` of digits in a text",
        CREATE,
        error(400, {"detail": {"error_code": "2001", "message": "No."}}),
        difference="`error.error_code` is the number 2001. Compare with the number, or with `ErrorCode`.",
    ),
    Program(
        "422 as FastAPI has it",
        CREATE,
        error(422, {"detail": [{"loc": ["body", "to"], "msg": "is wrong", "type": "t"}]}),
        difference='`error.message` is a text, and the list is `error.details["errors"]`.',
    ),
    Program(
        "An error that is a proxy's page",
        CREATE,
        [(404, "text/html", b"<html>Not here</html>")],
        difference="`str(error)` says what was answered. For programs: `error.status_code`.",
    ),
    Program(
        "500 when a call is placed",
        CREATE,
        error(500, {"detail": {"message": "Sorry."}}),
    ),
    Program(
        "500 again and again when one is read",
        'result = client.get_call("call_1")',
        error(500, {"detail": {"message": "Sorry."}}),
        difference="`CallError` (`CallServerError`) with the answer; version 1 raised `requests.exceptions.RetryError`. "
        "`except PamelaError`.",
    ),
    Program(
        "Nothing listens",
        'result = client.get_call("call_1")',
        where="nowhere",
        difference="`APIConnectionError`, a `PamelaError`; version 1 raised `requests.exceptions.ConnectionError`. "
        "`except PamelaError`.",
    ),
    Program(
        "200 that is no JSON",
        'result = client.get_call("call_1")',
        [(200, "text/html", b"<html>")],
        difference="`UnexpectedResponseError`, a `PamelaError`; version 1 raised an exception of requests. "
        "`except PamelaError`.",
    ),
    Program(
        "A redirect",
        'result = client.get_call("call_1")',
        [(307, "", b""), (200, JSON, CALL)],
        headers={"Location": "/elsewhere"},
        difference="`UnexpectedResponseError` says where it leads; redirects are not followed, a call could be placed twice. "
        "Set `base_url` to where the API is.",
    ),
    Program(
        "A number that is not in E.164 form",
        'result = client.create_call("+1 202 555 0100", "t")',
        where="sandbox",
        difference="`ValidationError` with the same `error_code`, 2002, before anything is sent, so that "
        "`status_code` is None; it names the number that is meant.",
    ),
    Program(
        "An empty id",
        'result = client.get_call("")',
        difference="`ValidationError`; version 1 fetched the list of calls. `client.list_calls()`.",
    ),
    Program(
        "A client without a key",
        'from pamela import PamelaClient\nresult = repr(type(PamelaClient("", client.base_url)))',
        difference="`ValidationError` when it is made. `PamelaClient(api_key)`, or set `PAMELA_API_KEY`.",
    ),
    Program(
        "Pickling a client",
        "import pickle\nresult = len(pickle.dumps(client)) > 0",
        difference="`TypeError`: it has an API key in it. `PamelaClient(api_key)` in each process.",
    ),
    Program(
        "`parse_tool_webhook`",
        "from pamela import parse_tool_webhook\n"
        'given = {"tool_name": "eta", "arguments": {"a": 1}, "call_id": "c", "correlation_id": "k", "partner_id": "p"}\n'
        'result = [parse_tool_webhook(given), parse_tool_webhook({**given, "arguments": None}), '
        'parse_tool_webhook({**given, "arguments": [1], "call_id": 5})]',
    ),
    Program(
        "`parse_tool_webhook` of too little",
        'from pamela import parse_tool_webhook\nresult = parse_tool_webhook({"call_id": "c"})',
    ),
    Program(
        "`verify_webhook_signature`",
        "import hashlib, hmac, json\nfrom pamela import verify_webhook_signature as verify\n"
        'payload = {"b": "ü", "a": 1}\nbody = json.dumps(payload, sort_keys=True, separators=(",", ":"))\n'
        'good = hmac.new(b"whsec_example", body.encode(), hashlib.sha256).hexdigest()\n'
        'result = [verify(payload, good, "whsec_example"), verify(body, good, "whsec_example"), '
        'verify(payload, "0" * 64, "whsec_example"), verify(payload, "", "whsec_example"), '
        'verify(payload, None, "whsec_example"), verify(payload, good, "whsec_other")]',
    ),
    Program(
        "An empty webhook secret",
        "from pamela import create_tool_handler, verify_webhook_signature\nresult = []\n"
        'for act in (lambda: verify_webhook_signature({}, "0" * 64, ""), lambda: create_tool_handler("")):\n'
        "    try:\n        act()\n    except ValueError as error:\n"
        '        result.append("secret cannot be empty" in str(error))',
    ),
    Program(
        "An empty secret and no signature",
        'from pamela import verify_webhook_signature\nresult = verify_webhook_signature({}, None, "")',
        difference="`ValueError`: an empty secret is a mistake of the program, not of the sender. Set the secret.",
    ),
    Program(
        "`create_tool_handler` by hand",
        "import asyncio, hashlib, hmac, json\nfrom types import SimpleNamespace\nfrom pamela import create_tool_handler\n"
        'payload = {"tool_name": "eta", "arguments": {}, "call_id": "c", "correlation_id": "k"}\n'
        'body = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()\n'
        'good = hmac.new(b"whsec_example", body, hashlib.sha256).hexdigest()\n'
        '@create_tool_handler("whsec_example")\nasync def eta(payload):\n'
        '    return {"result": payload["tool_name"], "correlation_id": payload["correlation_id"]}\n'
        "def request(signature):\n"
        '    return SimpleNamespace(headers={"X-Pamela-Signature": signature}, json=lambda: payload)\n'
        'result = [asyncio.run(eta(request(good))), asyncio.run(eta(request("0" * 64)))]',
    ),
    Program(
        "A call from beginning to end",
        'call = client.create_call(to="+1234567890", task="Order a pizza", metadata={"a": 1})\n'
        'seen = client.get_call(call["id"])\nlisted = client.list_calls(limit=5)\n'
        'ended = client.cancel_call(call["id"])\n'
        'result = [call["status"], seen["metadata"], listed["total"], listed["items"][0]["id"] == call["id"], '
        'ended["status"], sorted(call), sorted(seen)]',
        where="sandbox",
    ),
    Program(
        "A call that has ended is ended again",
        "from pamela import CallError\n"
        'call = client.create_call("+1234567890", "t")\nclient.cancel_call(call["id"])\n'
        'try:\n    client.cancel_call(call["id"])\nexcept CallError as error:\n'
        '    result = [error.status_code, error.error_code, error.details, str(error).replace(call["id"], "ID")]',
        where="sandbox",
    ),
    Program("An unknown call", 'result = client.get_call("call_unknown")', where="sandbox"),
    Program("An unknown tool", 'result = client.delete_tool("tool_unknown")', where="sandbox"),
    Program("A country without numbers", create('country="AQ"'), where="sandbox"),
    Program("A number that is not in use", 'result = client.create_call("+15005550011", "t")', where="sandbox"),
    Program(
        "Tools and usage",
        'made = client.register_tool("eta", "When", {"type": "object"})\ntools = client.list_tools()\n'
        'gone = client.delete_tool(tools[0]["id"])\nusage = client.usage.get()\n'
        'result = [made["success"], tools[0]["timeout_ms"], tools[0]["output_schema"], gone["success"], usage["call_count"]]',
        where="sandbox",
    ),
]
