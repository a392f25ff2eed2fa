"""docs/reference/cli.md is written from the commands; `UPDATE_DOCS=1` writes the page. Help and page begin with what works."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pamela import PamelaClient
from pamela.cli.app import COMMANDS, cli
from pamela.cli.exit_codes import ExitCode
from pamela.cli.help import OWN_OPTIONS, Command, Group

from .running import plain

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
BEGIN = "<!-- commands -->"
END = "<!-- /commands -->"
SHARED_SECTIONS = ("Output", "Connection")
CODES_BEGIN = "<!-- exit codes -->"
CODES_END = "<!-- /exit codes -->"


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command that does something, with its name."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="pamela")
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from leaves(found, (*path, name))
    else:
        yield path, command


LEAVES = dict(leaves(cli))


def context_of(path: tuple[str, ...], command: click.Command) -> click.Context:
    parent = click.Context(cli, info_name="pamela")
    for name in path[:-1]:
        parent = click.Context(cli, info_name=name, parent=parent)
    return click.Context(command, info_name=path[-1], parent=parent)


def described(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    context = context_of(path, command)
    yield f"### `pamela {' '.join(path)}`\n"
    for paragraph in (command.help or "").split("\n\n"):
        yield f"{' '.join(paragraph.split())}\n"
    yield "```bash"
    yield from getattr(command, "examples", ())
    yield "```\n"
    yield f"`{plain(command.get_usage(context)).removeprefix('Usage: ').replace(chr(10), ' ')}`\n".replace(
        "        ", ""
    )
    records: list[tuple[str, str]] = []
    shared: list[str] = []
    for parameter in command.get_params(context):
        section = getattr(parameter, "section", OWN_OPTIONS)
        record = parameter.get_help_record(context)
        if record is None or not isinstance(parameter, click.Option) or "--help" in record[0]:
            continue
        if section not in SHARED_SECTIONS:
            records.append(record)
        elif section not in shared:
            shared.append(section)
    if records:
        yield "| option | what it does |\n|---|---|"
        for name, text in records:
            yield f"| `{name.replace('|', chr(92) + '|')}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |"
        yield ""
    if shared:
        links = " and ".join(f"[{section.lower()} options](#{section.lower()}-options)" for section in shared)
        yield f"And the {links}.\n"


def section_of(name: str) -> Iterator[str]:
    parameters: dict[str, str] = {}
    for path, command in LEAVES.items():
        for parameter in command.get_params(context_of(path, command)):
            record = parameter.get_help_record(context_of(path, command))
            if getattr(parameter, "section", None) == name and record is not None:
                parameters.setdefault(record[0], record[1])
    yield f"### {name} options\n"
    yield "| option | what it does |\n|---|---|"
    for option, text in parameters.items():
        yield f"| `{option}` | {text} |"
    yield ""


def commands() -> str:
    lines = [*section_of("Output"), *section_of("Connection")]
    for path, command in LEAVES.items():
        lines += described(path, command)
    return "\n".join(lines).rstrip() + "\n"


def codes() -> str:
    rows = [f"| {int(code)} | {code.explanation} |" for code in ExitCode]
    return "\n".join(["| status | what it says |", "|---|---|", *rows]) + "\n"


def replaced(page: str, begin: str, end: str, text: str) -> str:
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}{end}{rest.partition(end)[2]}"


def test_the_page_is_that_of_the_commands() -> None:
    page = PAGE.read_text()
    wanted = replaced(replaced(page, BEGIN, END, commands()), CODES_BEGIN, CODES_END, codes())
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(wanted)
        page = wanted
    assert page == wanted, "run it with UPDATE_DOCS=1"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_beginning_of_its_help(name: str) -> None:
    command = cli.load(name)
    assert COMMANDS[name].summary == " ".join((command.help or "").split("\n\n")[0].split())


def all_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from all_commands(found)


@pytest.mark.parametrize("command", list(all_commands(cli)), ids=lambda each: each.name)
def test_help_begins_with_examples(command: Any) -> None:
    assert isinstance(command, Command | Group)
    assert command.examples
    text = plain(command.get_help(command.context_class(command, info_name=command.name)))
    assert 0 < text.index("Examples:") < text.index("Usage:")


EXAMPLES = [example for command in all_commands(cli) for example in command.examples]  # type: ignore[attr-defined]


@pytest.mark.parametrize("example", sorted(set(EXAMPLES)))
def test_an_example_is_a_command_line_that_can_be(example: str) -> None:
    words = list(shlex.shlex(example, posix=True, punctuation_chars="|&<>"))
    lexer = shlex.shlex(example, posix=True, punctuation_chars="|&<>;")
    lexer.whitespace_split = True
    words = list(lexer)
    start = words.index("pamela")
    end = next((place for place, word in enumerate(words) if place > start and set(word) <= set("|&<>;")), len(words))
    arguments = words[start + 1 : end]
    command: click.Command = cli
    context = click.Context(cli, info_name="pamela")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, example
        command = found
    if not isinstance(command, click.Group):
        command.make_context(command.name, list(arguments))


def option_names(command: click.Command) -> set[str]:
    return {str(parameter.name) for parameter in command.params}


def test_a_call_has_all_options_that_the_client_has() -> None:
    there = option_names(LEAVES["call",]) | {"tools", "webhooks"}
    missing = set(inspect.signature(PamelaClient.create_call).parameters) - there - {"self"}
    assert not missing


def test_the_sandbox_has_all_options_that_python_m_pamela_sandbox_has() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pamela.sandbox", "--help"], capture_output=True, text=True, check=True, env=os.environ
    )
    options = set(re.findall(r"--[a-z][a-z-]*", done.stdout)) - {"--help"}
    assert {
        option for parameter in LEAVES["sandbox",].params for option in (*parameter.opts, *parameter.secondary_opts)
    } == options
