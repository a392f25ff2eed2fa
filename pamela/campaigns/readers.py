"""Reads rows: CSV in any usual dialect and encoding, JSON lines, Parquet, SQL, iterables. Only a batch is in memory."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from .errors import CampaignError, needs_extra

DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""The line with the delimiter that Excel writes and reads before the line of names."""
_SAMPLE = 1 << 16
_MOST_IN_FIELD = 1 << 20
_BATCH = 2000
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


@attrs.frozen
class Row:
    """A row of the input.

    Args:
        line: The line in the file, or the number of the row. The first is 1.
        values: The values by column.
        problem: The error in the row, or None.
    """

    line: int
    values: Mapping[str, Any]
    problem: str | None = None


def read_file(path: str | Path, *, encoding: str | None = None, delimiter: str | None = None) -> Iterator[Row]:
    """Read a file. The ending of its name gives the format: .csv, .tsv and .txt; .jsonl and .ndjson; .parquet."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending in _SPREADSHEETS:
        raise CampaignError(f"{path} is a spreadsheet. Save it as CSV.")
    if ending in _OTHER_FORMATS:
        for name, value in (("encoding", encoding), ("delimiter", delimiter)):
            if value is not None:
                raise CampaignError(f"{name}={value!r} is for CSV files, and {path} is none.")
        return _OTHER_FORMATS[ending](path)
    return read_csv(path, encoding=encoding, delimiter="\t" if ending == ".tsv" and delimiter is None else delimiter)


def read_csv(path: str | Path, *, encoding: str | None = None, delimiter: str | None = None) -> Iterator[Row]:
    """Read a CSV file with a line of column names.

    Args:
        path: The file.
        encoding: The encoding. None detects it: by a byte order mark, else UTF-8, else Windows-1252.
        delimiter: The character between values. None detects it from the line of names, or a line `sep=;` before it.

    Raises:
        CampaignError: The file cannot be read.
    """
    path = Path(path)
    try:
        encoding = detect_encoding(path) if encoding is None else encoding
        with path.open(encoding=encoding, newline="") as file:
            yield from _parse_csv(path, file, delimiter)
    except (OSError, LookupError) as error:
        raise _unreadable(path, error) from None
    except UnicodeError as error:
        raise CampaignError(f"{path} is not in the encoding {encoding}: {error}. Name it with encoding=.") from None


def _parse_csv(path: Path, file: Any, delimiter: str | None) -> Iterator[Row]:
    begin, above, first = 0, 0, file.readline(_SAMPLE)
    while first and (not first.strip() or _SEPARATOR_LINE.fullmatch(first)):
        if said := _SEPARATOR_LINE.fullmatch(first):
            delimiter = said[1] if delimiter is None else delimiter
        begin, above, first = file.tell(), above + 1, file.readline(_SAMPLE)
    file.seek(begin)
    delimiter = _detect_delimiter(first) if delimiter is None else delimiter
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\r\n':
        raise CampaignError(f"{delimiter!r} is not a delimiter. Give one character: a comma, a semicolon, a tab.")
    previous = csv.field_size_limit(_MOST_IN_FIELD)
    try:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        header = _header(path, reader)
        while True:
            line = above + reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, {}, _not_csv(error, line, above + reader.line_num))
                continue
            if not any(value.strip() for value in values):
                continue
            problem = None
            if len(values) != len(header):
                problem = f"has {len(values)} values where the first line has {len(header)} names"
            yield Row(line, dict(zip(header, values, strict=False)), problem)
    finally:
        csv.field_size_limit(previous)


def _not_csv(error: csv.Error, first: int, last: int) -> str:
    """Return the error message for a row. An unclosed quote joins all lines until the next quote."""
    swallowed = f"; lines {first:,} to {last:,} are read as one row" if last > first else ""
    if "unexpected end of data" in str(error):
        return f"has a quote that is not closed before the end of the file{swallowed}"
    return f"is not valid CSV: {error}{swallowed}"


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() for name in next(reader)]
    except StopIteration:
        raise CampaignError(f"{path} is empty. Its first line must name the columns.") from None
    except csv.Error as error:
        raise CampaignError(f"{path}, line 1: {error}.") from None
    twice = [name for number, name in enumerate(names) if name and name in names[:number]]
    if twice:
        raise CampaignError(f"{path} names the column {twice[0]!r} twice.")
    if "\0" in "".join(names):
        raise CampaignError(f"{path} is UTF-16 without a byte order mark, or no text. Name it with encoding=.")
    return names


def _detect_delimiter(line: str) -> str:
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda delimiter: (outside.count(delimiter), -DELIMITERS.index(delimiter)))


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file, after reading it once in blocks.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            block = file.read(_SAMPLE)
            for mark, name in (
                (codecs.BOM_UTF8, "utf-8-sig"),
                (codecs.BOM_UTF32_LE, "utf-32"),
                (codecs.BOM_UTF32_BE, "utf-32"),
                (codecs.BOM_UTF16_LE, "utf-16"),
                (codecs.BOM_UTF16_BE, "utf-16"),
            ):
                if block.startswith(mark):
                    return name
            decoder = codecs.getincrementaldecoder("utf-8")()
            while block:
                decoder.decode(block)
                block = file.read(_SAMPLE)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def read_json_lines(path: str | Path) -> Iterator[Row]:
    """Read a file with a JSON object on each line.

    Raises:
        CampaignError: The file cannot be read.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            is_first = True
            for line, text in enumerate(file, 1):
                if not text.strip():
                    continue
                if is_first and text.lstrip().startswith("["):
                    raise CampaignError(f"{path} is a JSON array. Write an object on each line, as `jq -c '.[]'` does.")
                is_first = False
                yield _parse_json(line, text)
    except OSError as error:
        raise _unreadable(path, error) from None


def _parse_json(line: int, text: str) -> Row:
    try:
        values = json.loads(text, object_pairs_hook=_object_of, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Row(line, {}, f"is not JSON: {error}")
    if not isinstance(values, dict):
        return Row(line, {}, "is not a JSON object")
    return Row(line, values, "is not UTF-8" if "\ufffd" in text else None)


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def read_parquet(path: str | Path) -> Iterator[Row]:
    """Read a Parquet file. It needs `pip install 'thisispamela[campaigns-parquet]'`.

    Raises:
        CampaignError: The file cannot be read.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise needs_extra("pyarrow", "campaigns-parquet") from None
    path = Path(path)
    try:
        with parquet.ParquetFile(path) as file:
            line = 0
            for batch in file.iter_batches(_BATCH):
                for values in batch.to_pylist():
                    line += 1
                    yield Row(line, values)
    except (OSError, pyarrow.ArrowException) as error:
        raise _unreadable(path, error) from None


def read_sql(address: str, query: str) -> Iterator[Row]:
    """Read the rows of an SQL query.

    Args:
        address: The address in SQLAlchemy's form, such as `postgresql+psycopg://user:password@host/name`.
        query: The query.

    Raises:
        CampaignError: The query failed.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(address, hide_parameters=True)
    except (SQLAlchemyError, ImportError) as error:
        raise CampaignError(f"The database cannot be opened: {type(error).__name__}.") from None
    try:
        with engine.connect().execution_options(yield_per=_BATCH) as connection:
            for line, row in enumerate(connection.execute(text(query)).mappings(), 1):
                yield Row(line, dict(row))
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise CampaignError(f"The query failed: {' '.join(str(cause).split())}") from None
    finally:
        engine.dispose()


_OTHER_FORMATS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".parquet": read_parquet,
    ".pq": read_parquet,
}


def read_rows(rows: Iterable[Any]) -> Iterator[Row]:
    """Read mappings of column to value."""
    for line, values in enumerate(rows, 1):
        if isinstance(values, Mapping):
            yield Row(line, values)
        else:
            yield Row(line, {}, f"is a {type(values).__name__}, not a mapping of columns to values")


def _unreadable(path: Path, error: Exception) -> CampaignError:
    return CampaignError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.")
