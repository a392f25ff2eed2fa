"""JSON on the command line: `--data`, from text, a file or stdin, and `--set a.b=c`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .exit_codes import CommandError, ExitCode


def read_data(given: str | None) -> Any:
    """Return what `--data` names: JSON as it stands, `@FILE`, or `-` for stdin; None where it was not given.

    Raises:
        CommandError: The file cannot be read, or it is no JSON.
    """
    if given is None:
        return None
    text, where = given, "--data"
    if given == "-":
        text, where = sys.stdin.read(), "stdin"
    elif given.startswith("@"):
        text, where = read_file(Path(given[1:])).decode("utf-8", "replace"), given[1:]
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"{where} is not JSON: {error}.", ExitCode.USAGE) from None


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.", ExitCode.USAGE) from None


def json_or_text(text: str) -> Any:
    """Return the JSON value that a text is, or the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Set a value within nested objects: `put(event, "transcript.0.text", "Hello")`.

    Raises:
        CommandError: The path leads through something that is no object and no list.
    """
    *parents, last = path.split(".")
    node: Any = target
    for name in parents:
        node = _child(node, name, path)
    if isinstance(node, dict):
        node[last] = value
    elif isinstance(node, list) and last.isdecimal() and int(last) <= len(node):
        node[int(last) : int(last) + 1] = [value]
    else:
        raise _no_such_place(path)


def _child(node: Any, name: str, path: str) -> Any:
    if isinstance(node, dict):
        return node.setdefault(name, {})
    if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
        return node[int(name)]
    raise _no_such_place(path)


def _no_such_place(path: str) -> CommandError:
    return CommandError(
        f"--set {path}: there is no such place. Objects are entered by name, lists by number.", ExitCode.USAGE
    )


def read_pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Read `NAME=VALUE`, each value as JSON or, where it is none, as text; a callback of click."""
    pairs = []
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not all(name.split(".")):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE.")
        pairs.append((name, json_or_text(value)))
    return pairs
