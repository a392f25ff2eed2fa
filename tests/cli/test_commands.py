"""The commands about tools, usage, the specification and requests of one's own, through pipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pamela
from pamela import PamelaClient

from .running import Cli
from .services import serving, silent


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"pamela {pamela.__version__}\n"


@pytest.mark.parametrize("missing", ["click", "platformdirs", "rich"])
def test_without_the_extra_it_says_what_to_install(cli: Cli, missing: str) -> None:
    (cli.home / "sitecustomize.py").write_text(f"import sys\n\nsys.modules[{missing!r}] = None\n")
    shown = cli.terminal("profiles" if missing != "rich" else "usage", env={"PYTHONPATH": str(cli.home)}).end(1)
    assert f"needs {missing}: pip install 'thisispamela[cli]'" in " ".join(shown.split())
    assert "Traceback" not in shown


def test_without_a_command_there_is_help(cli: Cli) -> None:
    done = cli(code=2)
    assert "Examples:" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cals",), "Did you mean calls or call?"),
        (("xyzzy",), "See pamela --help."),
        (("calls", "sow"), "Did you mean show?"),
        (("--bogus",), "--bogus"),
        (("calls", "show"), "CALL_ID"),
    ],
)
def test_a_wrong_command_line_is_explained(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    done = cli(*arguments, code=2)
    assert message in done.err
    assert done.err.startswith("Error: ")
    assert "\nUsage: pamela" in done.err
    assert "\nUsage: pamela" in cli.terminal(*arguments).end(2).replace("\r", "")
    assert done.out == ""


def test_tools_are_planned_deployed_listed_and_deleted(cli: Cli) -> None:
    registry = "shop.tools:registry"
    planned = [{"action": "register", "name": "check_order_status", "tool_id": None}]
    assert cli("tools", "plan", registry, "--json").json == planned
    assert cli("tools", "list").lines == ["id\tname\tactive\ttimeout_ms\tdescription"]
    refused = cli("tools", "deploy", registry, code=5)
    assert "+ register check_order_status" in refused.err
    assert cli("tools", "list", "--json").json == []
    dry = cli("tools", "deploy", registry, "--dry-run")
    assert dry.lines[0].startswith("POST ")
    assert cli("tools", "list", "--json").json == []
    assert cli("tools", "deploy", registry, "--yes", "--json").json == planned
    (tool,) = cli("tools", "list", "--json").json
    assert tool["name"] == "check_order_status"
    assert "Nothing to do" in cli("tools", "deploy", registry, "--yes").err
    assert cli("tools", "delete", "check_order_status", code=5).out == ""
    assert "DELETE" in cli("tools", "delete", tool["id"], "--dry-run").out
    assert cli("tools", "delete", "check_order_status", "--yes", "--json").json["tool_id"] == tool["id"]
    assert "check_order_status" in cli("tools", "delete", "check_order_status", "--yes", code=4).err


def test_a_deployment_asks_at_a_terminal(cli: Cli, client: PamelaClient) -> None:
    terminal = cli.terminal("tools", "deploy", "shop.tools:registry")
    terminal.expect("Change the account's tools? [y/N]")
    terminal.type("y\n")
    terminal.end()
    assert [tool.name for tool in client.list_tools()] == ["check_order_status"]


def test_of_tools_with_one_name_the_id_says_which(cli: Cli, client: PamelaClient) -> None:
    for _ in range(2):
        client.register_tool(name="twice", description="There are two.", input_schema={"type": "object"})
    done = cli("tools", "delete", "twice", "--yes", code=2)
    assert done.err.count("tool_") == 2


def test_a_tool_is_tried_here(cli: Cli) -> None:
    done = cli("tools", "invoke", "shop.tools:registry", "check_order_status", "--set", "order_id=x1042")
    assert done.json["result"] == {"status": "shipped", "eta_days": 2}
    assert "looking up x1042" in done.err
    done = cli(
        "tools", "invoke", "shop.tools:registry", "check_order_status", "--data", "-", stdin='{"order_id": "0"}', code=1
    )
    assert done.json["error"] == "There is no order 0."
    assert "check_order_status" in cli("tools", "invoke", "shop.tools:registry", "nope", code=1).err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop.tools", "not module:attribute"),
        ("shop.tools:nope", "named: registry."),
        ("shop.tools:number", "is a int. It must be a ToolRegistry"),
        ("nowhere.tools:registry", "no module 'nowhere.tools'"),
    ],
)
def test_a_registry_that_is_not_there_is_explained(cli: Cli, target: str, message: str) -> None:
    assert message in cli("tools", "plan", target, code=2).err


def test_a_module_that_fails_shows_its_own_traceback(cli: Cli) -> None:
    (cli.home / "broken.py").write_text("import nothing_of_the_kind\n")
    done = cli("tools", "plan", "broken:registry", code=1)
    assert "nothing_of_the_kind" in done.err
    assert "Error: Importing broken failed: ModuleNotFoundError." in done.err


def test_usage(cli: Cli, client: PamelaClient) -> None:
    client.wait_for_call(client.create_call(to="+1234567890", task="x").id, poll_interval=0.02)
    usage = cli("usage", "--json").json
    assert (usage["call_count"], usage["billed_minutes"]) == (1, 1)
    assert cli("usage", "2020-01", "--json").json["call_count"] == 0
    days = cli("usage", usage["period"], "--chart", "--jsonl").jsonl
    assert 28 <= len(days) <= 31
    assert sum(day["billed_minutes"] for day in days) == 1
    assert "█" in cli.terminal("usage", "--chart", height=60).end()
    for month in ("2026-13", "March"):
        cli("usage", month, code=2)
        cli("usage", month, "--chart", code=2)


def test_a_project_that_is_gone_is_not_found(cli: Cli) -> None:
    cli("usage", code=4, env={"PAMELA_API_KEY": "pk_live_unknown_project"})


def test_the_specification(cli: Cli) -> None:
    assert cli("spec").out.strip() == pamela.openapi_specification().strip()
    document = cli("spec", "--json").json
    assert document["openapi"] == "3.1.0"
    assert "call.completed" in document["webhooks"]


def test_a_request_of_ones_own(cli: Cli, client: PamelaClient, tmp_path: Path) -> None:
    page = cli("request", "GET", "calls", "--param", "limit=7").json
    assert page["limit"] == 7
    assert cli("request", "get", "/sandbox").json["name"] == "Pamela sandbox"
    body = tmp_path / "call.json"
    body.write_text(json.dumps({"to": "+15551234567", "task": "Order a pizza"}))
    placed = cli("request", "POST", "calls", "--data", f"@{body}", "--header", "Idempotency-Key: k1").json
    assert client.get_call(placed["id"]).task == "Order a pizza"
    again = cli(
        "request", "POST", "calls", "--data", "-", "--header", "Idempotency-Key: k1", stdin=body.read_text()
    ).json
    assert again["id"] == placed["id"]
    cli("request", "GET", f"calls/{placed['id']}x", code=4)
    assert cli("request", "DELETE", "tools/t1", "--dry-run").lines[0].startswith("DELETE http://127.0.0.1:")


@pytest.mark.parametrize(
    "arguments",
    [
        ("request", "FETCH", "calls"),
        ("request", "POST", "calls", "--data", "{"),
        ("request", "POST", "calls", "--data", "@missing.json"),
        ("request", "GET", "calls", "--param", "limit"),
        ("request", "GET", "calls", "--header", "Limit"),
    ],
)
def test_a_request_that_cannot_be_is_not_sent(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments, code=2).out == ""


def test_a_call_is_found_by_its_key(cli: Cli) -> None:
    cli("call", "+15551234567", "Order a pizza")  # with a key of the command's own
    placed = cli("call", "+15551234567", "Order a pizza", "--idempotency-key", "order-7", "--json").json
    found = cli("calls", "find", "--idempotency-key", "order-7", "--to", "+15551234567", "--json").json
    assert found["id"] == placed["id"]
    assert "order-8" in cli("calls", "find", "--idempotency-key", "order-8", code=4).err


def test_a_search_that_cannot_tell_ends_with_6(cli: Cli) -> None:
    # A service that shows no metadata, of a call that may be the one.
    call = {"id": "call_1", "status": "queued", "to": "+15551234567"}
    page = {"items": [call], "total": 1, "limit": 50, "offset": 0, "has_more": False, "next_offset": None}
    with serving(lambda method, path: (200, page if "calls?" in path else call)) as address:
        cli("calls", "find", "--idempotency-key", "k", "--base-url", address, code=6)


def test_the_doctor_finds_all_well(cli: Cli) -> None:
    done = cli("doctor", "--json", env={"PAMELA_WEBHOOK_SECRET": "whsec_example"})
    results = {row["check"]: row["result"] for row in done.json}
    assert {result for check, result in results.items() if check != "extras"} == {"ok"}
    assert {"versions", "key", "address", "clock", "access", "webhook secret", "profiles"} <= set(results)
    assert "nobody's phone rings" in done.out
    assert "whsec_example" not in done.out


@pytest.mark.parametrize(
    ("env", "code", "check", "says"),
    [
        ({"PAMELA_API_KEY": ""}, 3, "key", "pamela login"),
        ({"PAMELA_API_KEY": "pk_live_expired"}, 3, "access", "expired"),
        ({"PAMELA_API_KEY": "pk_live_past_grace"}, 5, "access", "grace"),
        ({"PAMELA_BASE_URL": "http://127.0.0.1:9"}, 1, "address", "pamela sandbox"),
        ({"PAMELA_BASE_URL": "nonsense"}, 2, "address", "nonsense"),
        ({"PAMELA_WEBHOOK_SECRET": " whsec "}, 1, "webhook secret", "starts or ends with a space"),
        ({"PAMELA_PROFILE": "nope"}, 2, "settings", "no profile 'nope'"),
    ],
)
def test_the_doctor_says_what_to_mend(cli: Cli, env: dict[str, str], code: int, check: str, says: str) -> None:
    rows = {row["check"]: row for row in cli("doctor", "--json", env=env, code=code).json}
    assert rows[check]["result"] == "failed"
    assert says in rows[check]["explanation"]


def test_the_doctor_sees_a_service_that_does_not_answer(cli: Cli) -> None:
    with silent() as address:
        shown = cli.terminal("doctor", env={"PAMELA_BASE_URL": address}).end(7)
    assert "✗ address" in shown
    assert "did not answer" in shown


def test_how_a_command_is_called_is_told_without_control_characters(cli: Cli) -> None:
    refused = cli("request", "GET", "http://acme.test/calls", code=2).err
    assert "PATH 'http://acme.test/calls' has an address in it" in refused
    assert "\nUsage: pamela request [OPTIONS] METHOD PATH\n" in refused


def test_the_sandbox_is_served(cli: Cli) -> None:
    with cli.started("sandbox", "--port", "0", "--speed", "7") as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        described = cli("request", "GET", "/sandbox", "--base-url", address).json
        assert described["speed"] == 7
        process.terminate()
        assert process.wait(30) == 0
    assert "The speed is 0.0" in cli("sandbox", "--speed", "0", code=2).err
