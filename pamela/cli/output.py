"""Data on stdout: a table for people, tab-separated lines for pipes, JSON, JSON lines and CSV for programs.

In all formats, the columns have the names of the API's fields.
"""

from __future__ import annotations

import functools
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

import click

from .exit_codes import CommandError, ExitCode
from .help import Option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

F = TypeVar("F", bound="Callable[..., Any]")
Format = Literal["json", "jsonl", "csv"]

SECTION = "Output"


@dataclass(frozen=True)
class Output:
    """Writes the data of a command.

    Args:
        format: The format. None means a table on a terminal, and tab-separated lines otherwise.
        columns: The fields to write, in this order. None means the command's choice.
    """

    format: Format | None = None
    columns: tuple[str, ...] | None = None

    @property
    def is_table(self) -> bool:
        """Whether the output is a table."""
        return self.format is None and stdout().isatty()

    def rows(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], known: Iterable[str] = ()) -> None:
        """Write rows, each immediately if the format allows it.

        Args:
            rows: The rows, as the API returns them.
            columns: The fields to show without `--columns`.
            known: Fields that may exist in addition to those of the rows.

        Raises:
            CommandError: `--columns` names an unknown field.
        """
        chosen = self._chosen(columns, known)
        if self.is_table:
            from .tables import print_table

            print_table(list(rows), chosen)
        elif self.format == "json":
            write_line(json.dumps([self._part(row) for row in rows], indent=2, ensure_ascii=False))
        elif self.format == "jsonl":
            for row in rows:
                write_line(json.dumps(self._part(row), ensure_ascii=False))
        else:
            self._write_lines(rows, chosen)

    def record(self, row: Mapping[str, Any], columns: Sequence[str], known: Iterable[str] = ()) -> None:
        """Write one object. Arguments and exceptions are those of `rows`."""
        chosen = self._chosen(columns, known)
        if self.is_table:
            from .tables import print_record

            print_record(row, chosen)
        elif self.format == "json":
            write_line(json.dumps(self._part(row), indent=2, ensure_ascii=False))
        elif self.format is None:
            for name in chosen:
                write_line(f"{name}\t{' '.join(as_text(value_at(row, name)).split())}")
        else:
            self.rows([row], columns, known)

    def _chosen(self, columns: Sequence[str], known: Iterable[str]) -> Sequence[str]:
        if self.columns is None:
            return columns
        fields = dict.fromkeys(chain(columns, known))
        for name in self.columns:
            if name.partition(".")[0] not in fields:
                message = f"--columns: there is no field {name!r}. There are {', '.join(fields)}."
                raise CommandError(message, ExitCode.USAGE)
        return self.columns

    def _part(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return row if self.columns is None else {name: value_at(row, name) for name in self.columns}

    def _write_lines(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
        rows = iter(rows)
        # Nothing is written before the first response.
        rows = chain(list(islice(rows, 1)), rows)
        lines: Iterator[list[str]] = ([as_text(value_at(row, name)) for name in columns] for row in rows)
        if self.format == "csv":
            import csv

            writer = csv.writer(stdout(), lineterminator="\n")
            for line in chain([list(columns)], lines):
                writer.writerow(line)
                stdout().flush()
        else:
            for line in chain([list(columns)], lines):
                write_line("\t".join(" ".join(each.split()) for each in line))


_stdout: TextIO | None = None


def stdout() -> TextIO:
    """Return the stream for data: the real stdout, also during `prints_to_stderr`."""
    return _stdout or sys.stdout


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send the prints of the user's functions in the block to stderr, so that stdout has only data."""
    global _stdout
    before = _stdout
    _stdout = stdout()
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        if before is None:
            sys.stdout = _stdout
        _stdout = before


def write_line(text: str) -> None:
    """Write a line to stdout and flush it, so that the reader of a pipe gets it immediately."""
    stream = stdout()
    stream.write(f"{text}\n")
    stream.flush()


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """Return a field, or a field within it such as `quota.partner_limit`; None if it is absent."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def as_text(value: Any) -> str:
    """Return a JSON value as text for a cell: text unchanged, null as empty, other values as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fields_of(model: type) -> list[str]:
    """Return the names of all fields of a class of the API."""
    return [name for name, member in vars(model).items() if isinstance(member, property)]


def _read_columns(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(","))
    if not all(names):
        raise click.BadParameter("a name between two commas is missing. Example: id,status,to")
    return names


def output_options(function: F) -> F:
    """Add the options for the output format to a command, and pass it the `Output` as `output`."""

    @functools.wraps(function)
    def with_output(*args: Any, columns: tuple[str, ...] | None, **kwargs: Any) -> Any:
        asked = [name for name in ("json", "jsonl", "csv") if kwargs.pop(f"as_{name}")]
        if len(asked) > 1:
            formats = " and ".join(f"--{name}" for name in asked)
            raise CommandError(f"{formats} are different formats. Give one of them.", ExitCode.USAGE)
        chosen: Any = asked[0] if asked else None
        return function(*args, output=Output(chosen, columns), **kwargs)

    decorated: Any = with_output
    common: dict[str, Any] = {"cls": Option, "section": SECTION}
    for decorate in (
        click.option(
            "--columns",
            metavar="NAMES",
            callback=_read_columns,
            help="The fields to write, separated by commas, in this order.",
            **common,
        ),
        click.option("--csv", "as_csv", is_flag=True, help="Write CSV with a line of column names.", **common),
        click.option("--jsonl", "as_jsonl", is_flag=True, help="Write a JSON object on each line.", **common),
        click.option("--json", "as_json", is_flag=True, help="Write JSON.", **common),
    ):
        decorated = decorate(decorated)
    result: F = decorated
    return result
