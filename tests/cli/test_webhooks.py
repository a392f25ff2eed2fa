"""`pamela trigger` sends what a receiver takes or refuses; `pamela verify` says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pamela import construct_event, sign_webhook

from ..sandbox.process import Process
from ..sandbox.receiver import Receiver, Reply, receiving
from .running import Cli
from .services import nowhere, silent

SECRET = "whsec_example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def signing(cli: Cli) -> Cli:
    """The command with a webhook secret."""
    cli.environment["PAMELA_WEBHOOK_SECRET"] = SECRET
    return cli


EVENTS = ("call.queued", "call.started", "call.transcript_update", "call.completed", "call.failed")


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_sent_that_a_receiver_believes(signing: Cli, receiver: Receiver, event: str) -> None:
    done = signing("trigger", event, "--to", receiver.url)
    (received,) = receiver.events
    assert construct_event(received.body, received.signature, SECRET).event == event
    assert done.out == "{}\n"
    assert "200 OK" in done.err


def test_a_tool_is_invoked(signing: Cli, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply.of({"result": 7, "correlation_id": received.json["correlation_id"]})
    arguments = ("trigger", "tool.invocation", "--to", receiver.tool_url, "--set", "arguments.order_id=x7", "--json")
    first, second = signing(*arguments).json, signing(*arguments).json
    assert [each.json["arguments"] for each in receiver.invocations] == [{"order_id": "x7"}] * 2
    assert first["status"] == 200
    assert first["response"]["result"] == 7
    assert first["response"]["correlation_id"] != second["response"]["correlation_id"], "each is another invocation"


def test_what_is_sent_can_be_changed_and_is_checked(signing: Cli, receiver: Receiver, tmp_path: Path) -> None:
    to = ("--to", receiver.url)
    signing("trigger", "call.completed", *to, "--set", "call_id=call_7", "--set", "transcript.1.text=Grüße")
    assert receiver.events[0].json["call_id"] == "call_7"
    assert receiver.events[0].json["transcript"][1]["text"] == "Grüße"
    file = tmp_path / "event.json"
    file.write_text('{"event": "call.failed", "call_id": "call_8"}')
    signing("trigger", "call.failed", *to, "--data", f"@{file}")
    assert receiver.events[1].json == {"event": "call.failed", "call_id": "call_8"}
    wrong = ("trigger", "call.failed", *to, "--set", "status=7", "--set", "timestamp=1")
    refused = signing(*wrong, code=2)
    assert "status: 7 is not" in refused.err
    assert len(receiver.events) == 2
    signing(*wrong, "--no-check")
    assert receiver.events[2].json["status"] == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("call.complete",), "Possible events: call.completed"),
        (("call.failed", "--set", "status"), "not NAME=VALUE"),
        (("call.failed", "--set", "status.code=1"), "no such place"),
        (("call.completed", "--set", "transcript.7.text=x"), "no such place"),
        (("call.failed", "--data", "[]"), "a JSON object"),
        (("call.failed", "--data", "{"), "not JSON"),
    ],
)
def test_what_cannot_be_sent_is_explained(signing: Cli, arguments: tuple[str, ...], message: str) -> None:
    assert message in signing("trigger", *arguments, "--to", "http://127.0.0.1:9/", code=2).err


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/"])
def test_what_is_no_address_is_refused(signing: Cli, address: str) -> None:
    assert "is not a URL" in signing("trigger", "call.failed", "--to", address, code=2).err
    assert "is not a URL" in signing("listen", "--forward-to", address, code=2).err


@pytest.mark.parametrize(("status", "code"), [(204, 0), (401, 5), (404, 5), (500, 1), (302, 1)])
def test_the_exit_status_is_that_of_the_response(signing: Cli, receiver: Receiver, status: int, code: int) -> None:
    receiver.answer = lambda received: Reply(status, b"" if status == 204 else b'"said"')
    done = signing("trigger", "call.failed", "--to", receiver.url, code=code)
    assert str(status) in done.err


def test_a_receiver_that_is_slow_or_not_there(signing: Cli) -> None:
    assert "cannot be reached" in signing("trigger", "call.failed", "--to", nowhere(), code=1).err
    with silent() as address:
        signing("trigger", "call.failed", "--to", address, "--timeout", "0.3", code=7)


def test_a_forgery_is_signed_with_another_secret(signing: Cli, receiver: Receiver) -> None:
    signing("trigger", "call.failed", "--to", receiver.url, "--forged")
    (received,) = receiver.events
    assert received.signature != sign_webhook(received.body, SECRET)


def test_a_dry_run_sends_nothing(signing: Cli, receiver: Receiver) -> None:
    done = signing("trigger", "call.failed", "--to", receiver.url, "--dry-run")
    assert done.lines[0] == f"POST {receiver.url}"
    assert receiver.received == []


def test_without_a_secret_nothing_is_signed(cli: Cli) -> None:
    env = {"PAMELA_BASE_URL": ""}
    assert "PAMELA_WEBHOOK_SECRET" in cli("trigger", "call.failed", "--to", "http://127.0.0.1:9/", code=3, env=env).err


def test_a_sandbox_is_asked_what_it_signs_with(cli: Cli, receiver: Receiver) -> None:
    cli("trigger", "call.failed", "--to", receiver.url)
    (received,) = receiver.events
    assert received.signature == sign_webhook(received.body, "whsec_sandbox")
    cli("verify", "--signature", received.signature, stdin=received.body)


def test_a_sandbox_with_a_secret_of_its_own(cli: Cli, receiver: Receiver) -> None:
    with Process.start("--webhook-secret", "whsec_own") as process:
        env = {"PAMELA_BASE_URL": process.base_url}
        done = cli("trigger", "call.failed", "--to", receiver.url, env=env, code=3)
        assert "PAMELA_WEBHOOK_SECRET" in done.err
        env["PAMELA_SANDBOX_WEBHOOK_SECRET"] = "whsec_own"
        cli("trigger", "call.failed", "--to", receiver.url, env=env)
    (received,) = receiver.events
    assert received.signature == sign_webhook(received.body, "whsec_own")


BODY = b'{"event": "call.queued", "call_id": "call_1"}'


def steps(done_json: list[dict[str, str]]) -> dict[str, str]:
    return {row["step"]: row["result"] for row in done_json}


def test_a_webhook_that_is_signed_is_found_to_be(signing: Cli, tmp_path: Path) -> None:
    signature = sign_webhook(BODY, SECRET)
    done = signing("verify", "--signature", signature, "--json", stdin=BODY)
    assert set(steps(done.json).values()) == {"ok"}
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    assert "✓ timestamp" in signing.terminal("verify", str(file), "--signature", signature).end()


OLD = json.dumps({"event": "call.queued", "call_id": "call_1", "timestamp": "2026-01-01T00:00:00Z"}).encode()


@pytest.mark.parametrize(
    ("body", "signature", "step", "says"),
    [
        (BODY, "", "signature", "no signature"),
        (BODY, "abc", "form", "64 hexadecimal digits"),
        (BODY, f"sha256={sign_webhook(BODY, SECRET)}", "form", "Leave out 'sha256='"),
        (BODY, sign_webhook(BODY, "whsec_other"), "secret", "secret"),
        (BODY[:-1] + b" }\n", sign_webhook(BODY[:-1] + b" }", SECRET), "secret", "line end"),
        (b"[]", sign_webhook(b"[]", SECRET), "body", "JSON object"),
        (OLD, sign_webhook(OLD, SECRET), "timestamp", "300 s"),
        (b'{"timestamp": 7}', sign_webhook(b'{"timestamp": 7}', SECRET), "timestamp", "7"),
    ],
)
def test_the_step_that_fails_is_named(signing: Cli, body: bytes, signature: str, step: str, says: str) -> None:
    # The canonical form is accepted too, so a changed line end shows only where the body is not canonical.
    done = signing("verify", "--signature", signature, "--json", stdin=body, code=1)
    (failed,) = [row for row in done.json if row["result"] == "failed"]
    assert failed["step"] == step
    assert says in failed["explanation"]


def test_an_old_webhook_is_accepted_on_request(signing: Cli) -> None:
    signature = sign_webhook(OLD, SECRET)
    signing("verify", "--signature", signature, "--any-age", stdin=OLD)
    signing("verify", "--signature", signature, "--tolerance", "1e12", stdin=OLD)


def test_a_body_that_is_not_there(signing: Cli) -> None:
    assert "Cannot read" in signing("verify", "missing.json", "--signature", "x", code=2).err
