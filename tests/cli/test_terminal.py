"""What is seen on a terminal, wide and narrow, in colour and without."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pamela import PamelaClient

from .running import Cli, plain

SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


@pytest.fixture
def ended(client: PamelaClient) -> str:
    """The id of a call that has completed."""
    call = client.create_call(to="+1234567890", task="Tell the customer that the order is on its way and will be there")
    return client.wait_for_call(call.id, poll_interval=0.02).id


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_a_call_is_drawn_as_it_is_spoken(cli: Cli) -> None:
    terminal = cli.terminal("call", "+15551234567", "Order a pizza", "--watch", "--interval", "0.05")
    shown = terminal.end()
    assert "+15551234567" in shown
    assert "agent" in shown
    assert "✓ completed" in shown
    assert "$0.10" in shown
    assert terminal.raw.rindex(SHOW_CURSOR) > terminal.raw.rindex(HIDE_CURSOR), "the cursor is there again"


def test_a_tool_is_drawn_with_its_arguments_and_its_response(cli: Cli) -> None:
    arguments = ("call", "+15551234567", "Check order 1042", "--tool", "shop.tools:registry", "--interval", "0.05")
    shown = cli.terminal(*arguments).end()
    assert 'check_order_status(order_id="1042")' in shown
    assert '→ {"status": "shipped", "eta_days": 2}' in shown


def test_a_call_that_reached_nobody_is_said_to(cli: Cli) -> None:
    shown = cli.terminal("call", "+15005550002", "Order a pizza", "--watch", "--interval", "0.05").end(1)
    assert "✗ failed  not reached" in shown


def test_the_call_is_seen_to_go_on(cli: Cli, slow_service: str) -> None:
    arguments = ("--watch", "--interval", "0.05", "--base-url", slow_service)
    terminal = cli.terminal("call", "+15551234567", "Order a pizza", *arguments)
    terminal.expect("queued")
    terminal.expect("Ctrl-C stops watching, not the call")
    terminal.interrupt()
    shown = terminal.end(130)
    assert "continues (it is queued)" in shown
    assert "pamela calls cancel call_" in shown
    assert terminal.raw.rindex(SHOW_CURSOR) > terminal.raw.rindex(HIDE_CURSOR), "the cursor is there again"


@pytest.mark.parametrize("width", [30, 50, 80, 120, 200])
def test_a_table_is_no_wider_than_the_terminal(cli: Cli, ended: str, width: int) -> None:
    shown = lines_of(cli.terminal("calls", "list", width=width).end())
    assert max(map(len, shown)) <= width
    assert any(ended in line for line in shown), "an id is there to be copied"
    head = next(line for line in shown if line.startswith("id"))
    assert ("task" in head) == (width >= 80)
    assert ("duration_seconds" in head) == (width >= 120)
    if width < 120:
        assert "too narrow" in " ".join(shown)


@pytest.mark.parametrize("width", [40, 60, 120])
def test_help_and_conversation_fit_the_terminal(cli: Cli, ended: str, width: int) -> None:
    examples = [line for line in cli("--help").lines if line.startswith("  pamela ")]
    help_lines = lines_of(cli.terminal("--help", width=width, height=200).end())
    assert [line for line in help_lines if len(line) > width and line not in examples] == []
    shown = lines_of(cli.terminal("calls", "show", ended, width=width, height=200).end())
    assert max(map(len, shown)) <= width


def test_an_error_breaks_between_words(cli: Cli) -> None:
    shown = cli.terminal("calls", "list", width=50, env={"PAMELA_API_KEY": ""}).end(3)
    lines = lines_of(shown)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 50
    assert " ".join(lines) == cli("calls", "list", code=3, env={"PAMELA_API_KEY": ""}).err.strip()


def test_colours_are_left_out_where_they_are_not_wanted(cli: Cli, ended: str) -> None:
    for arguments, code in ((("calls", "list"), 0), (("calls", "show", ended), 0), (("calls", "show", "x"), 4)):
        coloured = cli.terminal(*arguments)
        coloured.end(code)
        assert COLOUR.search(coloured.raw)
        bare = cli.terminal(*arguments, env={"NO_COLOR": "1"})
        bare.end(code)
        assert not COLOUR.search(bare.raw)
        piped = cli(*arguments, code=code)
        assert "\x1b" not in piped.out + piped.err


def test_a_dumb_terminal_gets_no_control_sequences(cli: Cli) -> None:
    arguments = ("call", "+15551234567", "Order a pizza", "--watch", "--interval", "0.05")
    terminal = cli.terminal(*arguments, env={"TERM": "dumb"})
    assert "completed" in terminal.end()
    assert "\x1b" not in terminal.raw


def test_no_calls_are_said_to_be_none(cli: Cli) -> None:
    assert "There are none." in cli.terminal("calls", "list").end()


def test_a_record_is_a_field_a_line(cli: Cli, ended: str) -> None:
    shown = cli.terminal("calls", "show", ended).end()
    assert re.search(r"^status +completed", shown, re.MULTILINE)
    assert re.search(r"^agent +Hello", shown, re.MULTILINE), "what was said is there, too"


def test_the_demo_shows_a_call_from_beginning_to_end(cli: Cli) -> None:
    shown = cli.terminal("demo", "--speed", "100").end()
    assert 'check_order_status(order_id="1042")' in shown
    assert "Received by webhook" in plain(shown)
    assert "Billed: 1 minute, $0.10." in shown
    assert "Next:" in shown


def test_the_demo_needs_no_terminal_and_no_settings(cli: Cli) -> None:
    done = cli("demo", "--speed", "100", env={"PAMELA_API_KEY": "", "PAMELA_BASE_URL": "http://127.0.0.1:9"})
    assert any(line.split("\t")[1] == "tool" for line in done.lines)
    assert "call.completed" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["spec"], ["calls", "--help"]])
def test_a_full_disk_behind_the_output_is_told(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pamela", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be written: No space left on device.\n"
