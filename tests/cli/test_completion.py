"""Completion as the shells ask for it, ids of calls and names of tools included."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pamela import PamelaClient

from .running import PATIENCE, Cli
from .services import nowhere, silent

COMPLETED = {"pamela call": {"call", "calls"}, "pamela calls ca": {"cancel"}, "pamela calls list --sta": {"--status"}}


def complete(cli: Cli, line: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a shell would offer for a line, with its help, as zsh asks for it."""
    words = line.split(" ")
    asked = {"_PAMELA_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    lines = cli(env={**asked, **(env or {})}).lines
    return dict(zip(lines[1::3], lines[2::3], strict=True))


@pytest.mark.parametrize("line", COMPLETED)
def test_commands_and_options(cli: Cli, line: str) -> None:
    assert set(complete(cli, line)) == COMPLETED[line]


def test_commands_come_with_what_they_do(cli: Cli) -> None:
    assert complete(cli, "pamela lis")["listen"] == "Receive webhooks on this machine."


def test_values_of_the_api(cli: Cli) -> None:
    assert set(complete(cli, "pamela calls list --status c")) == {"completed", "cancelled"}
    assert set(complete(cli, "pamela call --voice ")) == {"male", "female", "auto"}
    assert set(complete(cli, "pamela trigger call.c")) == {"call.completed"}
    assert set(complete(cli, "pamela completion z")) == {"zsh"}


def test_ids_of_calls_and_names_of_tools(cli: Cli, client: PamelaClient) -> None:
    call = client.create_call(to="+1234567890", task="Order a pizza")
    client.register_tool(name="check_order", description="Look it up.", input_schema={"type": "object"})
    for command in ("show", "watch", "cancel", "hangup"):
        offered = complete(cli, f"pamela calls {command} call_")
        assert "Order a pizza" in offered[call.id]
    assert complete(cli, "pamela tools delete ch") == {"check_order": "Look it up."}


def test_profiles(cli: Cli) -> None:
    cli("login", "--profile", "staging", "--api-key-stdin", "--no-check", stdin="pk_live_x")
    assert set(complete(cli, "pamela calls list --profile ")) == {"staging"}


def test_a_service_that_does_not_help_offers_nothing(cli: Cli) -> None:
    assert complete(cli, "pamela calls show ", {"PAMELA_BASE_URL": nowhere()}) == {}
    assert complete(cli, "pamela calls show ", {"PAMELA_API_KEY": ""}) == {}
    with silent() as address:
        assert complete(cli, "pamela calls show ", {"PAMELA_BASE_URL": address}) == {}


def installed(cli: Cli) -> dict[str, str]:
    """Put the command on the path, as an installation does; return the environment for it."""
    folder = cli.home / "bin"
    folder.mkdir()
    command = folder / "pamela"
    command.write_text(f"#!{sys.executable}\nfrom pamela.cli import main\n\nmain()\n")
    command.chmod(0o755)
    return {**cli.environment, "PATH": f"{folder}:{cli.environment['PATH']}"}


BASH = """
source ./completion
COMP_WORDS=(pamela calls show call_); COMP_CWORD=3
_pamela_completion pamela
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = """
source ./completion
complete --do-complete 'pamela calls show call_'
"""
# zsh completes at a prompt only, so what it calls is put in the place of its builtins.
ZSH = """
autoload -Uz compinit && compinit -u -d ./dump
compdef() { :; }
source ./completion
_describe() { print -l -- ${(P)4} ${(P)3}; }
compadd() { print -l -- "$@"; }
words=(pamela calls show call_); CURRENT=4
_pamela_completion
"""


@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_the_script_of_a_shell_completes_in_it(cli: Cli, client: PamelaClient, shell: str, script: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    call = client.create_call(to="+1234567890", task="Order a pizza")
    Path(cli.home / "completion").write_text(cli("completion", shell).out)
    done = subprocess.run(
        [program, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=cli.home,
        env=installed(cli),
        check=False,
    )
    assert call.id in done.stdout, done
