"""`pamela call` and `pamela calls`, through pipes."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess

import pytest

from pamela import PamelaClient

from .running import COMMAND, PATIENCE, Cli
from .services import nowhere, pretending_to_be_real, serving, silent


@pytest.fixture
def ended(client: PamelaClient) -> str:
    """The id of a call that has completed."""
    call = client.create_call(to="+1234567890", task="Grüße übermitteln", metadata={"ticket": "T-1042"})
    return client.wait_for_call(call.id, poll_interval=0.02).id


def test_a_call_is_placed(cli: Cli, client: PamelaClient) -> None:
    done = cli("call", "+15551234567", "Order a pizza", "--voice", "female", "--metadata", "table=4", "--json")
    placed = done.json
    assert placed["status"] == "queued"
    call = client.get_call(placed["id"])
    assert (call.to, call.task, call["metadata"]["table"]) == ("+15551234567", "Order a pizza", 4)


def test_a_call_is_written_a_field_a_line(cli: Cli) -> None:
    fields = dict(line.split("\t", 1) for line in cli("call", "+15551234567", "Order a pizza").lines)
    assert fields["status"] == "queued"
    assert fields["to"] == "+15551234567"
    assert fields["ended_at"] == ""


def test_the_same_idempotency_key_places_one_call(cli: Cli) -> None:
    arguments = ("call", "+15551234567", "Order a pizza", "--idempotency-key", "order-1042", "--json")
    assert cli(*arguments).json["id"] == cli(*arguments).json["id"]


def test_a_call_is_watched_to_its_end(cli: Cli) -> None:
    done = cli("call", "+15551234567", "Order a pizza", "--watch", "--interval", "0.05")
    kinds = [line.split("\t")[1] for line in done.lines]
    assert kinds[0] == kinds[-1] == "status"
    assert {"agent", "user"} <= set(kinds)
    assert done.lines[-1].split("\t")[2].startswith("completed 1 min $0.10 Order a pizza")


def test_a_watched_call_that_fails_ends_the_command_with_1(cli: Cli) -> None:
    done = cli("call", "+15005550002", "Order a pizza", "-w", "--interval", "0.05", "--jsonl", code=1)
    assert done.jsonl[-1]["text"] == "failed"


def test_a_watched_call_can_be_written_when_it_has_ended(cli: Cli) -> None:
    call = cli("call", "+15551234567", "Order a pizza", "--watch", "--interval", "0.05", "--json").json
    assert call["status"] == "completed"
    assert call["transcript"]


def test_the_agent_uses_tools_that_run_here(cli: Cli) -> None:
    arguments = ("call", "+15551234567", "Check order 1042", "--tool", "shop.tools:registry", "--interval", "0.05")
    done = cli(*arguments, "--jsonl")
    (used,) = [line for line in done.jsonl if line["kind"] == "tool"]
    assert used["tool"] == "check_order_status"
    assert used["arguments"] == {"order_id": "1042"}
    assert used["response"] == {"status": "shipped", "eta_days": 2}
    assert "looking up 1042" in done.err, "what the tool prints is no data"


def test_watching_gives_up_in_time_and_the_call_goes_on(cli: Cli, slow_service: str, api_key: str) -> None:
    arguments = ("--base-url", slow_service, "--interval", "0.05")
    placed = cli("call", "+15551234567", "Order a pizza", "--json", "--base-url", slow_service).json
    done = cli("calls", "watch", placed["id"], "--timeout", "0.2", *arguments, code=7)
    assert "continues" in done.err
    assert cli("calls", "cancel", placed["id"], "--base-url", slow_service, "--json").json["status"] == "cancelled"


def test_a_dry_run_prints_the_request_and_sends_nothing(cli: Cli, client: PamelaClient) -> None:
    done = cli("call", "+15551234567", "Order a pizza", "--country", "US", "--dry-run")
    head, _, body = done.out.partition("\n\n")
    assert head.splitlines()[0] == f"POST {client.base_url}/api/b2b/v1/calls"
    assert "Authorization: Bearer ..." in head
    assert client.api_key not in done.out + done.err
    assert json.loads(body)["country"] == "US"
    assert client.list_calls().total == 0


def test_a_number_that_cannot_be_is_refused_before_anything_is_sent(cli: Cli) -> None:
    done = cli("call", "0123", "Order a pizza", code=2)
    assert "TO='0123' is not valid" in done.err


def test_nothing_is_dialled_for_real_without_somebody_who_says_so(cli: Cli) -> None:
    with pretending_to_be_real() as (address, asked):
        done = cli("call", "+15551234567", "Order a pizza", "--base-url", address, code=5)
        assert "+15551234567 is not dialled" in done.err
        assert "--yes" in done.err
        cli("request", "POST", "calls", "--data", '{"to": "+15551234567", "task": "x"}', "--base-url", address, code=5)
        assert not [each for each in asked if each.startswith("POST")]
        cli("call", "+15551234567", "Order a pizza", "--base-url", address, "--yes")
        assert [each for each in asked if each.startswith("POST")]


def test_whether_it_dials_for_real_is_asked_at_a_terminal(cli: Cli) -> None:
    with pretending_to_be_real() as (address, asked):
        refused = cli.terminal("call", "+15551234567", "Order a pizza", "--base-url", address)
        refused.expect("Dial +15551234567 for real? [y/N]")
        refused.type("n\n")
        refused.end(5)
        assert not [each for each in asked if each.startswith("POST")]
        agreed = cli.terminal("call", "+15551234567", "Order a pizza", "--base-url", address)
        agreed.expect("[y/N]")
        agreed.type("y\n")
        assert "call_real" in agreed.end()


def test_a_call_of_which_nobody_knows_ends_with_6_and_says_how_to_find_it(cli: Cli) -> None:
    with serving(lambda method, path: None if method == "POST" else (404, {"detail": "Not Found"})) as address:
        done = cli("call", "+15551234567", "Order a pizza", "--yes", "--base-url", address, code=6)
    assert "pamela calls find --idempotency-key pamela-cli-" in done.err
    assert "may have carried it out" in done.err


def test_a_service_that_does_not_answer_times_out(cli: Cli) -> None:
    with silent() as address:
        done = cli("calls", "list", "--base-url", address, "--deadline", "0.5", code=7)
    assert done.out == ""


def test_a_service_that_is_not_there_is_said_to_be(cli: Cli) -> None:
    address = nowhere()
    done = cli("calls", "list", "--base-url", address, code=1)
    assert done.err.startswith("Error: ")
    assert address in done.err or "connect" in done.err.lower()
    assert "Traceback" not in done.err


def test_calls_are_listed_as_lines(cli: Cli, ended: str) -> None:
    head, line = cli("calls", "list").lines
    assert head.split("\t") == ["id", "status", "to", "task", "created_at", "duration_seconds"]
    assert line.split("\t")[:4] == [ended, "completed", "+1234567890", "Grüße übermitteln"]


def test_calls_are_listed_as_json_jsonl_and_csv(cli: Cli, ended: str) -> None:
    (call,) = cli("calls", "list", "--json").json
    assert cli("calls", "list", "--jsonl").jsonl == [call]
    (row,) = csv.DictReader(io.StringIO(cli("calls", "list", "--csv").out))
    assert row["id"] == call["id"] == ended
    assert row["task"] == "Grüße übermitteln"


def test_columns_are_those_of_the_api_in_every_format(cli: Cli, ended: str) -> None:
    chosen = ("--columns", "id,metadata.ticket,status")
    assert cli("calls", "list", *chosen).lines == ["id\tmetadata.ticket\tstatus", f"{ended}\tT-1042\tcompleted"]
    assert cli("calls", "list", *chosen, "--csv").lines == ["id,metadata.ticket,status", f"{ended},T-1042,completed"]
    expected = {"id": ended, "metadata.ticket": "T-1042", "status": "completed"}
    assert cli("calls", "list", *chosen, "--json").json == [expected]
    assert cli("calls", "show", ended, *chosen, "--jsonl").jsonl == [expected]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--columns", "idd"), "no field 'idd'"),
        (("--columns", "id,,to"), "between two commas"),
        (("--json", "--csv"), "--json and --csv are different formats"),
        (("--limit", "0"), "--limit"),
        (("--since", "yesterday"), "'yesterday' is no moment"),
        (("--bogus",), "--bogus"),
    ],
)
def test_a_wrong_option_ends_with_2(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    done = cli("calls", "list", *arguments, code=2)
    assert message in done.err
    assert done.out == ""


def test_calls_are_filtered(cli: Cli, client: PamelaClient, ended: str) -> None:
    busy = client.wait_for_call(client.create_call(to="+15005550002", task="x").id, poll_interval=0.02).id
    assert cli("calls", "list", "--status", "failed", "--columns", "id").lines[1:] == [busy]
    assert cli("calls", "list", "--since", "1h", "--columns", "id").lines[1:] == [busy, ended]
    assert cli("calls", "list", "--until", "2020-01-01", "--columns", "id").lines[1:] == []


def test_more_calls_than_a_page_has_are_listed_with_all(cli: Cli, client: PamelaClient) -> None:
    for number in range(103):
        client.create_call(to="+1234567890", task=f"Call {number}")
    assert len(cli("calls", "list", "--jsonl").lines) == 30
    assert len(cli("calls", "list", "--jsonl", "--limit", "101").lines) == 101
    assert len(cli("calls", "list", "--jsonl", "--all").lines) == 103


def test_a_call_is_shown(cli: Cli, ended: str) -> None:
    assert cli("calls", "show", ended, "--json").json["id"] == ended
    done = cli("calls", "show", "call_unknown", code=4)
    assert "call_unknown" in done.err
    assert "Request req_" in done.err


def test_calls_that_have_ended_are_not_ended_again(cli: Cli, ended: str) -> None:
    for action in ("cancel", "hangup"):
        done = cli("calls", action, ended, code=5)
        assert done.err.startswith("Error: ")


def test_a_dry_run_of_ending_a_call_says_what_would_be_sent(cli: Cli, client: PamelaClient, ended: str) -> None:
    done = cli("calls", "hangup", ended, "--dry-run")
    assert done.lines[0] == f"POST {client.base_url}/api/b2b/v1/calls/{ended}/hangup"


@pytest.mark.parametrize(
    ("key", "code"),
    [("pk_live_expired", 3), ("wrong", 3), ("", 3), ("pk_live_past_grace", 5), ("pk_live_over_quota", 5)],
)
def test_a_key_that_does_not_work_is_told_by_the_exit_status(cli: Cli, key: str, code: int) -> None:
    done = cli("call", "+15551234567", "Order a pizza", code=code, env={"PAMELA_API_KEY": key})
    assert done.out == ""
    assert not key or key not in done.err


@pytest.mark.parametrize("arguments", [("calls", "list", "--jsonl"), ("calls", "list"), ("--help",), ("spec",)])
def test_a_closed_pipe_is_left_in_peace(cli: Cli, client: PamelaClient, arguments: tuple[str, ...]) -> None:
    for _ in range(3):
        client.create_call(to="+1234567890", task="x" * 5000)
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=cli.environment
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(PATIENCE) == 141


def test_ctrl_c_says_that_the_call_goes_on(cli: Cli, slow_service: str) -> None:
    with cli.started(
        "call", "+15551234567", "Order a pizza", "--watch", "--interval", "0.05", "--base-url", slow_service
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split("\t")[2] == "queued\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "continues (it is queued)" in err
    assert "pamela calls watch call_" in err
    assert "pamela calls cancel call_" in err


def test_other_locales_read_and_write_utf_8(cli: Cli) -> None:
    for locale in ("C", "POSIX", "en_US.ISO-8859-1"):
        env = {"LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        arguments = ("call", "+15551234567", "Grüße an 田中さん", "--columns", "task", "--json")
        with cli.started(*arguments, env=env) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        assert json.loads(out) == {"task": "Grüße an 田中さん"}
        assert "田中さん" in out
