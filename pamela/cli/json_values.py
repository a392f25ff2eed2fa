"""JSON on the command line: `--data`, from text, a file or stdin, and `--set a.b=c`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .exit_codes import CommandError, ExitCode


def read_data(given: str | None) -> Any:
    """Return the value of `--data`: JSON, `@FILE`, or `-` for stdin; None if it is absent.

    Raises:
        CommandError: The file cannot be read, or the text is not JSON.
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
        CommandError: The file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.", ExitCode.USAGE) from None


def json_or_text(text: str) -> Any:
    """Return a text parsed as JSON, or unchanged if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Set a value in nested objects, for example `put(event, "transcript.0.text", "Hello")`.

    Raises:
        CommandError: A part of the path is not in an object or a list.
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
    """Parse `NAME=VALUE`, each value as JSON or else as text. This is a callback for click."""
    pairs = []
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not all(name.split(".")):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE.")
        pairs.append((name, json_or_text(value)))
    return pairs
