"""`pamela listen`: what comes is verified, forwarded byte for byte, in order, and nothing is lost."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pamela import PamelaClient, sign_webhook, verify_webhook_signature

from ..sandbox.process import Process
from ..sandbox.receiver import Received, Receiver, Reply, receiving
from ..sandbox.waiting import until
from .running import PATIENCE, Cli
from .services import nowhere, pretending_to_be_real

SECRET = "whsec_sandbox"
STATUSES = ("waiting", "pending", "sending", "delivered", "failed")
READY = re.compile(r"Ready.* (http://127\.0\.0\.1:\d+)/")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@dataclass
class Listening:
    """A running `pamela listen`."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._readers = [
            threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            for stream, kept in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, kept: list[str]) -> None:
        for line in stream:
            kept.append(line.rstrip("\n"))

    @property
    def url(self) -> str:
        """Where it listens, as soon as it does."""
        found: list[str] = []

        def ready() -> bool:
            found.extend(match[1] for line in list(self.err) if (match := READY.search(line)))
            assert self.process.poll() is None, self.err
            return bool(found)

        until(ready)
        return f"{found[0]}/"

    def says(self, text: str) -> None:
        """Wait until it has said something on stderr."""
        until(lambda: any(text in line for line in list(self.err)))

    def shown(self, text: str) -> None:
        """Wait until it has written something to stdout."""
        until(lambda: any(text in line for line in list(self.out)))

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it and wait for its end."""
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code


@contextmanager
def listening(cli: Cli, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Listening]:
    with cli.started("listen", *arguments, env=env) as process:
        running = Listening(process)
        yield running
        if process.poll() is None:
            process.kill()
        for reader in running._readers:
            reader.join(PATIENCE)


def project(client: PamelaClient) -> dict[str, Any]:
    settings: dict[str, Any] = client.request("GET", "/sandbox/project")
    return settings


def deliveries(client: PamelaClient, status: str) -> int:
    """Return how many deliveries have a status."""
    total: int = client.request("GET", "/sandbox/deliveries", params={"status": status})["total"]
    return total


def log(client: PamelaClient, call_id: str) -> list[dict[str, Any]]:
    """Return the deliveries of a call."""
    items: list[dict[str, Any]] = client.request(
        "GET", "/sandbox/deliveries", params={"call_id": call_id, "limit": 100}
    )["items"]
    return items


def finish(client: PamelaClient, **more: Any) -> str:
    """Place a call and wait for its end; return its id."""
    call = client.create_call(to="+1234567890", task=more.pop("task", "Order a pizza"), **more)
    return client.wait_for_call(call.id, poll_interval=0.02).id


def test_webhooks_are_shown_and_the_addresses_put_back(cli: Cli, client: PamelaClient) -> None:
    before = {"webhook_url": "http://127.0.0.1:9/before", "webhook_secret": SECRET}
    client.request("PUT", "/sandbox/project", json=before)
    set_before = project(client)
    with listening(cli) as running:
        url = running.url
        running_settings = project(client)
        assert running_settings["webhook_url"] == url
        assert running_settings["tool_webhook_url"] is None, "nobody is there to run tools"
        call_id = finish(client)
        running.shown("call.completed")
        assert running.stop() == 0
    assert project(client) == set_before
    events = [line.split("\t") for line in running.out]
    assert [event[1] for event in events if event[1] != "call.transcript_update"] == [
        "call.queued",
        "call.started",
        "call.completed",
    ]
    assert {event[2] for event in events} == {call_id}
    assert {event[3] for event in events} == {"200"}
    assert f"{len(events)} webhooks: {len(events)} succeeded" in running.err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_it_puts_back_also_when_it_is_terminated(cli: Cli, client: PamelaClient, how: signal.Signals) -> None:
    before = project(client)
    with listening(cli) as running:
        assert running.url
        assert running.stop(how) == 0
    assert project(client) == before


def test_what_comes_is_forwarded_byte_for_byte(cli: Cli, client: PamelaClient, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"said": "it"}, 500 if received.event == "call.started" else 200)
    with listening(cli, "--forward-to", f"{receiver.url}") as running:
        url = running.url
        body = '{"event": "call.queued",  "call_id": "call_ä", "unknown": [1.0, 1e2]}'.encode()
        headers = {"X-Pamela-Signature": sign_webhook(body, SECRET), "X-Other": "kept", "Content-Type": "text/plain"}
        response = httpx.post(url, content=body, headers=headers)
        (received,) = receiver.events
        assert received.body == body
        assert received.headers["X-Pamela-Signature"] == headers["X-Pamela-Signature"]
        assert received.headers["X-Other"] == "kept"
        assert received.headers["Content-Type"] == "text/plain"
        assert (response.status_code, response.json()) == (200, {"said": "it"})
        started = b'{"event": "call.started", "call_id": "call_1"}'
        response = httpx.post(url, content=started, headers={"X-Pamela-Signature": sign_webhook(started, SECRET)})
        assert response.status_code == 500
        running.stop()
    assert '{"said": "it"}' in running.out[0]
    assert "1 succeeded, 1 failed" in running.err[-1]


def test_a_tool_is_run_by_the_application_and_the_agent_learns_the_result(
    cli: Cli, client: PamelaClient, receiver: Receiver
) -> None:
    receiver.answer = lambda received: Reply.of(
        {"result": {"status": "shipped"}, "correlation_id": received.json["correlation_id"]}
        if received.path == "/tools"
        else {}
    )
    tool = {"name": "check_order_status", "description": "Look up an order.", "input_schema": {"type": "object"}}
    forward = ("--forward-to", receiver.url, "--forward-tools-to", receiver.tool_url)
    with listening(cli, *forward) as running:
        url = running.url
        assert project(client)["tool_webhook_url"] == url
        call = client.get_call(finish(client, task="Check the order status", tools=[tool]))
        running.shown("call.completed")
        running.stop()
    assert isinstance(call.transcript, list)
    assert any("shipped" in str(entry.text) for entry in call.transcript if entry.speaker == "tool")
    assert any("check_order_status(" in line for line in running.out)
    assert len(receiver.invocations) == 1


def test_an_endpoint_of_the_users_program_runs_here(cli: Cli, client: PamelaClient) -> None:
    definition = {
        "name": "check_order_status",
        "description": "Look up an order.",
        "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    }
    with listening(cli, "--exec", "shop.tools:endpoint", "--jsonl") as running:
        assert running.url
        finish(client, task="Check on order 1042", tools=[definition])
        running.shown("call.completed")
        running.stop()
    rows = [json.loads(line) for line in running.out]
    (tool,) = [row for row in rows if row["event"] == "tool.invocation"]
    assert tool["payload"]["arguments"] == {"order_id": "1042"}
    assert tool["answer"]["result"] == {"status": "shipped", "eta_days": 2}
    assert "handler call.completed" in running.err, "what a handler prints is no data"
    assert "looking up 1042" in running.err


def test_a_registry_runs_here_without_an_endpoint(cli: Cli, client: PamelaClient) -> None:
    with listening(cli, "--exec", "shop.tools:registry", "--events", "tool.invocation", "--jsonl") as running:
        url = running.url
        body = json.dumps(
            {"tool_name": "check_order_status", "arguments": {"order_id": "7"}, "call_id": "c", "correlation_id": "k"}
        ).encode()
        response = httpx.post(url, content=body, headers={"X-Pamela-Signature": sign_webhook(body, SECRET)})
        assert response.json() == {"result": {"status": "shipped", "eta_days": 2}, "correlation_id": "k"}
        running.stop()


def test_only_the_events_that_are_wanted_are_passed_on(cli: Cli, client: PamelaClient, receiver: Receiver) -> None:
    events = ("--events", "call.completed", "--events", "call.q*")
    with listening(cli, "--forward-to", receiver.url, *events, "--print-json") as running:
        assert running.url
        finish(client)
        running.shown("call.completed")
        assert project(client)["tool_webhook_url"] is None, "tools are not among them"
        running.stop()
    printed = [json.loads(line) for line in running.out]
    assert [event["event"] for event in printed] == ["call.queued", "call.completed"]
    assert receiver.names == ["call.queued", "call.completed"]
    assert [received.json for received in receiver.events] == printed
    assert "more passed over" in running.err[-1]
    assert not [line for line in running.err if "Warning" in line]


def test_a_pattern_that_fits_no_event_is_warned_of(cli: Cli) -> None:
    with listening(cli, "--events", "call.complete", "--events", "call.*") as running:
        assert running.url
        running.stop()
    (warning,) = [line for line in running.err if "Warning" in line]
    assert "--events call.complete matches no event" in warning
    assert "call.completed, call.failed, tool.invocation." in warning


def test_what_is_not_signed_goes_no_further(cli: Cli, client: PamelaClient, receiver: Receiver) -> None:
    body = b'{"event": "call.queued", "call_id": "call_1"}'
    headers = {"X-Pamela-Signature": sign_webhook(body, "whsec_other")}
    with listening(cli, "--forward-to", receiver.url, "--jsonl") as running:
        assert httpx.post(running.url, content=body, headers=headers).status_code == 401
        assert httpx.post(running.url, content=body).status_code == 401
        assert httpx.get(running.url).status_code == 405
        running.stop()
    assert receiver.received == []
    assert [json.loads(line)["refused"] for line in running.out] == ["wrong_signature", "missing_signature"]
    with listening(cli, "--forward-to", receiver.url, "--forward-unsigned") as running:
        assert httpx.post(running.url, content=body, headers=headers).status_code == 200
        running.stop()
    assert len(receiver.received) == 1


def test_an_application_that_is_not_there_is_shown(cli: Cli) -> None:
    with listening(cli, "--forward-to", nowhere(), "--jsonl") as running:
        body = b'{"event": "call.queued", "call_id": "call_1"}'
        signed = {"X-Pamela-Signature": sign_webhook(body, SECRET)}
        assert httpx.post(running.url, content=body, headers=signed).status_code == 502
        running.stop()
    assert json.loads(running.out[0])["problem"]


def test_a_body_without_an_end_is_refused(cli: Cli) -> None:
    with listening(cli) as running:
        assert httpx.post(running.url, content=b"x" * (11 * 1024 * 1024)).status_code == 413
        running.stop()


def test_columns_and_csv(cli: Cli, client: PamelaClient) -> None:
    with listening(cli, "--csv", "--columns", "event,status") as running:
        assert running.url
        finish(client)
        running.shown("call.completed")
        running.stop()
    assert running.out[:2] == ["event,status", "call.queued,200"]


def test_two_for_one_project_get_in_nobodys_way(cli: Cli, client: PamelaClient) -> None:
    before = project(client)
    with listening(cli) as running:
        url = running.url
        refused = cli("listen", code=5)
        assert "Another `pamela listen`" in refused.err
        assert project(client)["webhook_url"] == url
        running.stop()
    assert project(client) == before


def test_settings_changed_by_somebody_else_meanwhile_stay(cli: Cli, client: PamelaClient) -> None:
    with listening(cli) as running:
        assert running.url
        client.request("PUT", "/sandbox/project", json={"webhook_url": "http://127.0.0.1:9/other"})
        running.stop()
    assert project(client)["webhook_url"] == "http://127.0.0.1:9/other"


def test_killed_and_started_again_it_catches_up_and_puts_back(
    cli: Cli, client: PamelaClient, receiver: Receiver
) -> None:
    client.request("PUT", "/sandbox/project", json={"tool_webhook_url": "http://127.0.0.1:9/before"})
    before = project(client)
    forward = ("--forward-to", receiver.url)
    with listening(cli, *forward) as running:
        url = running.url
        first = finish(client)
        until(lambda: completed(receiver) == 1)
        running.stop(signal.SIGKILL)
    assert project(client)["webhook_url"] == url, "it could not put them back"
    meanwhile = [finish(client) for _ in range(3)]
    placed = sum(len(delivered) for delivered in (log(client, call_id) for call_id in meanwhile))
    until(lambda: deliveries(client, "failed") == placed)
    with listening(cli, *forward) as running:
        until(lambda: completed(receiver) == 4)
        running.says("Caught up with")
        later = finish(client)
        until(lambda: completed(receiver) == 5)
        assert running.stop() == 0
    assert project(client) == before
    by_call = defaultdict(list)
    for received in whole(receiver):
        by_call[received.json["call_id"]].append(received)
    assert set(by_call) == {first, *meanwhile, later}
    for events in by_call.values():
        assert events[0].event == "call.queued"
        assert events[-1].event == "call.completed"
        timestamps = [event.json["timestamp"] for event in events]
        assert timestamps == sorted(timestamps), "in order"
        assert all(verify_webhook_signature(event.body, event.signature, SECRET) for event in events)
    caught_up = int(re.findall(r"(\d+) caught up", running.err[-1])[0])
    # What was being answered at the moment of the kill comes again.
    assert caught_up - sum(len(by_call[call_id]) for call_id in meanwhile) in (0, 1)


def test_a_sandbox_that_goes_away_is_waited_for(cli: Cli, tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    with Process.start("--database", database, "--speed", "200") as process:
        port = process.base_url.rpartition(":")[2]
        with listening(cli, env={"PAMELA_BASE_URL": process.base_url}) as running:
            assert running.url
            process.stop()
            running.says("The sandbox is gone")
            # In memory this time: it has forgotten the address.
            with Process.start("--speed", "200", "--port", port) as again:
                running.says("It is set again")
                running.says("The sandbox is back")
                with PamelaClient(cli.environment["PAMELA_API_KEY"], again.base_url) as client:
                    finish(client)
                    running.shown("call.completed")
                    assert running.stop() == 0
                    assert project(client)["webhook_url"] is None


def test_it_ends_with_the_sandbox_where_that_is_asked_for(cli: Cli) -> None:
    with (
        Process.start() as process,
        listening(cli, "--exit-on-disconnect", env={"PAMELA_BASE_URL": process.base_url}) as running,
    ):
        assert running.url
        process.stop()
        assert running.process.wait(PATIENCE) == 1
    assert any("The sandbox is gone" in line for line in running.err)


def test_without_a_sandbox_it_listens_and_says_what_is_left_to_do(cli: Cli) -> None:
    with pretending_to_be_real() as (address, _):
        env = {"PAMELA_BASE_URL": address}
        assert "PAMELA_WEBHOOK_SECRET" in cli("listen", env=env, code=3).err
        assert "--exit-on-disconnect" in cli("listen", "--exit-on-disconnect", env=env, code=2).err
        with listening(cli, env={**env, "PAMELA_WEBHOOK_SECRET": "whsec_mine"}) as running:
            body = b'{"event": "call.queued", "call_id": "call_1"}'
            signed = {"X-Pamela-Signature": sign_webhook(body, "whsec_mine")}
            assert httpx.post(running.url, content=body, headers=signed).status_code == 200
            running.says("tunnel")
            running.stop()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--forward-to", "http://127.0.0.1:9/", "--exec", "shop.tools:endpoint"), 2, "Give one of them"),
        (("--forward-tools-to", "http://127.0.0.1:9/"), 2, "needs --forward-to"),
        (("--exec", "shop.tools:number"), 2, "WebhookEndpoint or ToolRegistry"),
        (("--host", "203.0.113.7"), 2, "Cannot listen on 203.0.113.7"),
        (("--port", "70000"), 2, "--port"),
    ],
)
def test_what_cannot_be_listened_with(cli: Cli, arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in cli("listen", *arguments, code=code).err


def test_on_a_terminal_a_webhook_is_a_line(cli: Cli, client: PamelaClient) -> None:
    terminal = cli.terminal("listen", width=60)
    terminal.expect("Ready.")
    finish(client)
    terminal.expect("call.completed")
    terminal.interrupt()
    shown = terminal.end()
    webhooks = [line for line in shown.splitlines() if re.match(r"\d\d:\d\d:\d\d", line)]
    assert webhooks
    assert max(map(len, webhooks)) <= 60


def test_a_reader_that_goes_away_ends_it(cli: Cli, client: PamelaClient) -> None:
    before = project(client)
    with cli.started("listen") as process:
        assert process.stderr is not None
        assert "Ready" in process.stderr.readline()
        assert process.stdout is not None
        process.stdout.close()
        client.create_call(to="+1234567890", task="x")
        assert process.wait(PATIENCE) == 141
        process.stdout = open(os.devnull)  # noqa: PTH123, SIM115 - for the helper that reads what is left
    assert project(client) == before


def post_all(url: str, calls: int, events: int, stop: threading.Event) -> None:
    """Send the events of many calls, those of each in order, some calls at a time; again until each is taken."""
    waiting: queue.Queue[int] = queue.Queue()
    for number in range(calls):
        waiting.put(number)

    def work() -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not stop.is_set():
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                for place in range(events):
                    event = {"event": "call.transcript_update", "call_id": f"call_{number}", "place": place}
                    body = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
                    signed = {"X-Pamela-Signature": sign_webhook(body, SECRET)}
                    assert client.post(url, content=body, headers=signed).status_code == 200

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.mark.slow
def test_of_ten_thousand_events_none_is_lost_and_each_call_keeps_its_order(cli: Cli) -> None:
    calls, events = 200, 50
    with receiving() as receiver, listening(cli, "--forward-to", receiver.url, "--print-json") as running:
        post_all(running.url, calls, events, threading.Event())
        running.stop()
        forwarded = [json.loads(received.body) for received in receiver.events]
    printed = [json.loads(line) for line in running.out]
    for seen in (forwarded, printed):
        assert len(seen) == calls * events
        by_call = defaultdict(list)
        for event in seen:
            by_call[event["call_id"]].append(event["place"])
        assert len(by_call) == calls
        assert all(places == list(range(events)) for places in by_call.values())
    assert f"{calls * events} webhooks: {calls * events} succeeded" in running.err[-1]


@pytest.mark.slow
def test_killed_in_the_middle_of_thousands_of_events_it_loses_none(cli: Cli, tmp_path: Path) -> None:
    # The sandbox has them all: what it tells in its log must have reached the application, in order for each call.
    with Process.start("--speed", "200") as sandbox, receiving() as receiver:
        env = {"PAMELA_BASE_URL": sandbox.base_url}
        forward = ("--forward-to", receiver.url)
        placed: set[str] = set()
        with PamelaClient(cli.environment["PAMELA_API_KEY"], sandbox.base_url) as client:

            def place(number: int) -> None:
                for _ in range(number):
                    placed.add(client.create_call(to="+1234567890", task="Order a pizza").id)

            with listening(cli, *forward, env=env) as running:
                assert running.url
                place(300)
                until(lambda: len(receiver.received) > 500)
                running.stop(signal.SIGKILL)
            place(100)
            with listening(cli, *forward, env=env) as running:
                place(400)
                until_patiently(
                    lambda: completed(receiver) >= len(placed),
                    lambda: (
                        completed(receiver),
                        len(receiver.received),
                        {status: deliveries(client, status) for status in STATUSES},
                        running.err[-5:],
                    ),
                )
                assert running.stop() == 0
            # A transcript that a newer one has overtaken is dropped by the sandbox, and never sent.
            sent = deliveries(client, "delivered") + deliveries(client, "failed")
        by_call = defaultdict(list)
        for received in whole(receiver):
            by_call[received.json["call_id"]].append(received.json)
        assert set(by_call) == placed
        repeated, arrived = Counter[str](), 0
        for call_id, seen in by_call.items():
            distinct = []
            for event in seen:
                if event in distinct:
                    repeated[call_id] += 1
                else:
                    distinct.append(event)
            arrived += len(distinct)
            timestamps = [event["timestamp"] for event in distinct]
            assert timestamps == sorted(timestamps)
            assert distinct[0]["event"] == "call.queued"
            assert distinct[-1]["event"] == "call.completed"
        assert arrived == sent
        # What was on its way at the moment of the kill may have come twice.
        assert sum(repeated.values()) <= 50


def whole(receiver: Receiver) -> list[Received]:
    """Return what arrived in one piece: a request breaks off when the one who forwards it is killed."""
    return [each for each in list(receiver.events) if len(each.body) == int(each.headers["Content-Length"])]


def completed(receiver: Receiver) -> int:
    return len({received.json["call_id"] for received in whole(receiver) if received.event == "call.completed"})


def until_patiently(condition: Callable[[], bool], explain: Callable[[], object]) -> None:
    """Wait as long as ten thousand deliveries may take on a machine that is busy."""
    for _ in range(9):
        try:
            until(condition)
        except AssertionError:
            continue
        return
    assert condition(), explain()
