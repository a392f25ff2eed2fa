"""The product's guide, as its readers paste it: every snippet runs, with only the key and the address replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela import PamelaError, sign_webhook
from pamela.sandbox import Sandbox
from scripts import guide

Names = dict[str, Any]


@pytest.fixture
def names(still_sandbox: Sandbox, api_key: str) -> Iterator[Names]:
    """The names that the guide's reader has after the section on setup."""
    names: Names = {}
    exec(guide.SETUP.format(api_key=api_key, base_url=still_sandbox.base_url), names)
    yield names
    names["client"].close()


def test_calls(names: Names) -> None:
    exec(guide.CALLS, names)
    assert names["call"]["status"] == "queued"
    assert names["status"]["id"] == names["call"]["id"]
    assert names["calls"]["items"] == []


def test_cancel(names: Names) -> None:
    exec(guide.CALLS + guide.CANCEL, names)
    assert names["client"].get_call(names["call"]["id"])["status"] == "cancelled"


def test_hang_up(api_key: str) -> None:
    with pamela.sandbox.run(speed=20) as sandbox:
        names: Names = {}
        exec(guide.SETUP.format(api_key=api_key, base_url=sandbox.base_url) + guide.CALLS, names)
        client, call_id = names["client"], names["call"]["id"]
        next(call for call in client.watch_call(call_id, poll_interval=0.01) if call["status"] == "in_progress")
        exec(guide.HANG_UP, names)
        assert client.get_call(call_id)["status"] == "completed"
        client.close()


def test_cancel_and_then_hang_up_as_the_guide_has_it(names: Names) -> None:
    """The guide shows both actions one after the other; a call can be ended once, and the error says so."""
    exec(guide.CALLS + guide.CANCEL, names)
    with pytest.raises(PamelaError) as caught:
        exec(guide.HANG_UP, names)
    assert caught.value.status_code == 409


def test_tools(names: Names) -> None:
    exec(guide.TOOLS, names)
    assert names["tools"][0]["timeout_ms"] == 60_000


def test_usage(names: Names) -> None:
    exec(guide.USAGE, names)
    assert names["jan_usage"]["period"] == "2024-01"
    assert names["usage"]["call_count"] == 0


@pytest.mark.parametrize("kind", [dict, str, bytes])
def test_verification(kind: type) -> None:
    payload: Any = {"event": "call.completed", "call_id": "call_ü"}
    signature = sign_webhook(payload, "whsec_example")
    if kind is not dict:
        payload = json.dumps(payload) if kind is str else json.dumps(payload).encode()
    names: Names = {"payload": payload, "signature": signature, "webhook_secret": "whsec_example"}
    exec(guide.VERIFY, names)
    assert names["is_valid"] is True
    exec(guide.VERIFY, {**names, "signature": "0" * 64})


def test_flask() -> None:
    names: Names = {
        "__name__": "guide",
        "WEBHOOK_SECRET": "whsec_example",
        "check_order_status": lambda order_id: {"status": order_id},
    }
    exec(guide.FLASK, names)
    payload = {"tool_name": "check_order_status", "arguments": {"order_id": "1042"}, "call_id": "c"}
    payload["correlation_id"] = "corr_1"
    with httpx.Client(transport=httpx.WSGITransport(names["app"]), base_url="http://acme.test") as http:

        def post(body: Any, signature: str) -> httpx.Response:
            return http.post("/webhooks/pamela/tools", json=body, headers={"X-Pamela-Signature": signature})

        answer = post(payload, sign_webhook(payload, "whsec_example"))
        assert answer.json() == {"result": {"status": "1042"}, "correlation_id": "corr_1"}
        assert post(payload, "0" * 64).status_code == 401
        other = {**payload, "tool_name": "other"}
        assert post(other, sign_webhook(other, "whsec_example")).status_code == 400


def test_errors(names: Names) -> None:
    exec(guide.ERRORS, names)
    assert len(list(names["client"].iter_calls())) == 1


def test_the_whole_guide_in_a_fresh_interpreter(sandbox: Sandbox) -> None:
    script = (
        guide.SETUP.format(api_key=sandbox.api_key, base_url=sandbox.base_url)
        + guide.CALLS
        + guide.TOOLS
        + guide.USAGE
        + guide.ERRORS
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAMELA_")}
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, env=environment, timeout=60)
