"""The example applications, as real server processes, driven by the sandbox."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pamela import PamelaClient
from pamela._generated.events import EVENTS
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pamela.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples" / "webhooks"
NO_ANSWER = "+15005550001"
PATIENCE = 30.0

GUNICORN = ["gunicorn", "--bind", "127.0.0.1:{port}", "--log-level", "warning"]
UVICORN = ["uvicorn", "--port", "{port}", "--log-level", "warning"]
COMMANDS = {
    "flask": [*GUNICORN, "--workers", "2", "--threads", "4", "flask_app:app"],
    "fastapi": [*UVICORN, "fastapi_app:app"],
    "starlette": [*UVICORN, "starlette_app:app"],
    "django": ["python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"],
    "wsgi": [*GUNICORN, "--threads", "8", "wsgi_app:application"],
    "asgi": [*UVICORN, "asgi_app:application"],
}


class Application:
    """A running example: its address, and what it has printed."""

    def __init__(self, address: str, output: Path) -> None:
        self.address = f"{address}/webhooks/pamela"
        self.output = output

    def lines(self, kind: str) -> list[str]:
        """What it printed of events or tools, in order."""
        return [line.partition(" ")[2] for line in self.output.read_text().splitlines() if line.startswith(f"{kind} ")]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)


@contextmanager
def running(command: list[str], secret: str, directory: Path) -> Iterator[Application]:
    port = _free_port()
    program, *arguments = [part.format(port=port) for part in command]
    argv = [str(Path(sys.executable).with_name(program)), *arguments]
    environment = {**os.environ, "PAMELA_WEBHOOK_SECRET": secret, "INVOCATIONS": str(directory / "invocations.db")}
    output = directory / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv, cwd=EXAMPLES, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            until(lambda: process.poll() is not None or _accepts(port))
            assert process.poll() is None, output.read_text()
            yield Application(f"http://127.0.0.1:{port}", output)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)


def _free_port() -> int:
    # Below the range from which the system takes ports for connections, so that none is taken before the server is up.
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module", params=COMMANDS)
def application(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    with running(COMMANDS[request.param], sandbox.webhook_secret, tmp_path_factory.mktemp(request.param)) as started:
        yield started


def place_call(client: PamelaClient, application: Application, to: str = "+1234567890") -> str:
    webhooks = {"webhook_url": application.address, "tool_webhook_url": application.address}
    tool = {
        "name": "check_order_status",
        "description": "Look up an order by ID.",
        "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    }
    call = client.create_call(to=to, task="Tell the customer the status of order 1042", tools=[tool], webhooks=webhooks)
    return call.id


def deliveries(sandbox: Sandbox, api_key: str, call_id: str) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{sandbox.base_url}/sandbox/deliveries",
        params={"call_id": call_id, "limit": 100},
        headers={"Authorization": f"Bearer {api_key}"},
        trust_env=False,
    )
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


def wait_for_all_deliveries(sandbox: Sandbox, api_key: str, call_id: str) -> None:
    def are_over() -> bool:
        seen = deliveries(sandbox, api_key, call_id)
        return any(each["name"] in ("call.completed", "call.failed") for each in seen) and all(
            each["status"] in ("delivered", "failed", "dropped") for each in seen
        )

    until(are_over)


def test_all_events_and_tools_arrive_verified(
    application: Application, sandbox: Sandbox, client: PamelaClient, api_key: str
) -> None:
    answered, failed = place_call(client, application), place_call(client, application, NO_ANSWER)
    for call_id in (answered, failed):
        wait_for_all_deliveries(sandbox, api_key, call_id)
    # Two threads may print into one line.
    events = re.findall(r"(call\.[a-z_]+?) (call_[0-9a-f]+)", "\n".join(application.lines("event")))
    assert {event for event, call_id in events if call_id in (answered, failed)} == set(EVENTS)
    sent = [each for call_id in (answered, failed) for each in deliveries(sandbox, api_key, call_id)]
    assert {each["status"] for each in sent} == {"delivered"}
    (invocation,) = (json.loads(each["body"]) for each in sent if each["kind"] == "tool")
    ran = [line for line in application.lines("tool") if line.startswith(invocation["correlation_id"])]
    assert ran == [f"{invocation['correlation_id']} {invocation['arguments']['order_id']}"]
    assert "shipped" in str(client.get_call(answered)["transcript"])


def test_misbehaviour_runs_nothing_twice_and_lets_nothing_unsigned_in(
    application: Application, sandbox: Sandbox, client: PamelaClient, api_key: str
) -> None:
    httpx.put(
        f"{sandbox.base_url}/sandbox/misbehaviour",
        json={"duplicate": 0.7, "reorder": 0.3, "wrong_signature": 0.4, "delay_seconds": 1, "seed": 7},
        headers={"Authorization": f"Bearer {api_key}"},
        trust_env=False,
    ).raise_for_status()
    call_ids = [place_call(client, application) for _ in range(6)]
    for call_id in call_ids:
        wait_for_all_deliveries(sandbox, api_key, call_id)
    sent = [each for call_id in call_ids for each in deliveries(sandbox, api_key, call_id)]
    attempts = [(each, attempt) for each in sent for attempt in each["attempts"]]
    wrongly_signed = [attempt for each, attempt in attempts if not _is_signed(each, attempt, sandbox.webhook_secret)]
    assert wrongly_signed
    assert {attempt["response_status"] for attempt in wrongly_signed} == {401}
    assert any(attempt["duplicate"] for _, attempt in attempts)
    # Two threads may print into one line.
    runs = Counter(re.findall(r"tool (corr_[0-9a-f]+_\d+)", application.output.read_text()))
    believed = {
        json.loads(each["body"])["correlation_id"]
        for each, attempt in attempts
        if each["kind"] == "tool" and _is_signed(each, attempt, sandbox.webhook_secret)
    }
    assert believed
    assert {name: count for name, count in runs.items() if count > 1} == {}
    assert believed <= runs.keys()


def _is_signed(delivery: dict[str, Any], attempt: dict[str, Any], secret: str) -> bool:
    return bool(attempt["request_headers"][SIGNATURE_HEADER] == sign_webhook(delivery["body"], secret))
