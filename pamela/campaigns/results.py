"""The results of recipients: as objects, CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import attrs

from .. import Call, CallOutcome
from .errors import CampaignError, needs_extra
from .records import from_micros
from .states import RecipientState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from types import TracebackType

COLUMNS = (
    "id",
    "to",
    "line",
    "state",
    "outcome",
    "attempts",
    "detail",
    "call_id",
    "status",
    "started_at",
    "ended_at",
    "duration_seconds",
    "billed_minutes",
    "summary",
)
_NUMBERS = {"line": int, "attempts": int, "billed_minutes": int, "duration_seconds": float}


@attrs.frozen
class CampaignResult:
    """The result of a recipient.

    Attributes:
        id: The recipient's id in the campaign.
        to: The number, in E.164 form.
        line: The line of the recipient's row in the input.
        state: `done`, `given_up`, `set_aside` (it is unknown whether a call was placed) or `do_not_call`.
        outcome: The outcome of the last call, or None if there was no call.
        attempts: Number of attempted calls.
        detail: Why the recipient was given up or set aside, or None.
        call: The last call, ended, or None if there was no call.
        ended_at: When the campaign saw the end of the call.
    """

    id: str
    to: str
    line: int
    state: RecipientState
    outcome: CallOutcome | None
    attempts: int
    detail: str | None
    call: Call | None
    ended_at: datetime | None

    @classmethod
    def from_row(cls, row: Any) -> CampaignResult:
        """Return the result from a row of the ledger.

        Args:
            row: A row of `Ledger.results`.
        """
        return cls(
            id=row.identity,
            to=row.number,
            line=row.line,
            state=RecipientState(row.state),
            outcome=None if row.outcome is None else CallOutcome(row.outcome),
            attempts=row.attempts,
            detail=row.detail or None,
            call=None if row.call is None else Call(json.loads(row.call)),
            ended_at=None if row.ended_at is None else from_micros(row.ended_at),
        )

    def to_row(self) -> dict[str, Any]:
        """Return the result as a flat row, as in a CSV file."""
        call: Mapping[str, Any] = self.call or {}
        return {
            "id": self.id,
            "to": self.to,
            "line": self.line,
            "state": str(self.state),
            "outcome": None if self.outcome is None else str(self.outcome),
            "attempts": self.attempts,
            "detail": self.detail,
            "call_id": call.get("id"),
            **{name: call.get(name) for name in COLUMNS[COLUMNS.index("status") :]},
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the result with the whole call, as in a JSON lines file."""
        row = {name: value for name, value in self.to_row().items() if name in COLUMNS[: COLUMNS.index("call_id")]}
        return {**row, "call": self.call}


class ResultWriter(Protocol):
    """Writes results to a file one by one."""

    def write(self, result: CampaignResult) -> None:
        """Write a result."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def check_ending(path: Path) -> Callable[[Path], ResultWriter]:
    """Return the class of the writer for a file, by the ending of its name: .csv, .jsonl or .parquet.

    Raises:
        CampaignError: The ending is unknown.
    """
    match path.suffix.lower():
        case ".csv":
            return CsvWriter
        case ".jsonl" | ".ndjson":
            return JsonLinesWriter
        case ".parquet" | ".pq":
            return ParquetWriter
    raise CampaignError(f"{path} has an unknown ending. Use .csv, .jsonl or .parquet.")


def write_results(path: str | Path, results: Iterable[CampaignResult]) -> int:
    """Write results to a file. An existing file is replaced when the new one is complete.

    Args:
        path: The file. Its name ends with `.csv`, `.jsonl` or `.parquet`.
        results: The results.

    Returns:
        The number of results.

    Raises:
        CampaignError: The file cannot be written, or the ending of its name is unknown.
    """
    path = Path(path)
    # Two programs can write the same file at the same time.
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    count = 0
    try:
        with check_ending(path)(partial) as writer:
            for count, result in enumerate(results, 1):  # noqa: B007
                writer.write(result)
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    except CampaignError as error:
        raise CampaignError(str(error).replace(str(partial), str(path), 1)) from None
    finally:
        partial.unlink(missing_ok=True)
    return count


class _TextWriter:
    """The common part of the writers of text. Each result is written immediately."""

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self._path = path
        try:
            self._file = path.open("a" if append else "w", encoding="utf-8", newline="")
        except OSError as error:
            raise _unwritable(path, error) from None

    def _flush(self) -> None:
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise _unwritable(self._path, failure) from None


class CsvWriter(_TextWriter):
    """Writes CSV with a line of column names."""

    def __init__(self, path: Path, *, append: bool = False) -> None:
        super().__init__(path, append=append)
        self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
        if not append:
            self._write(self._writer.writeheader)

    def write(self, result: CampaignResult) -> None:
        row = {name: _harmless(value) for name, value in result.to_row().items()}
        self._write(lambda: self._writer.writerow(row))

    def _write(self, write: Any) -> None:
        try:
            write()
            self._flush()
        except OSError as error:
            raise _unwritable(self._path, error) from None


class JsonLinesWriter(_TextWriter):
    """Writes JSON lines: one object per line, with the whole call."""

    def write(self, result: CampaignResult) -> None:
        try:
            self._file.write(json.dumps(result.to_dict(), ensure_ascii=False) + "\n")
            self._flush()
        except OSError as error:
            raise _unwritable(self._path, error) from None


class ParquetWriter:
    """Writes Parquet in groups of rows. The file is readable when the writer is closed."""

    _GROUP = 10_000

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise needs_extra("pyarrow", "campaigns-parquet") from None
        self._pyarrow = pyarrow
        types = {int: pyarrow.int64(), float: pyarrow.float64()}
        self._schema = pyarrow.schema(
            [(name, types[_NUMBERS[name]] if name in _NUMBERS else pyarrow.string()) for name in COLUMNS]
        )
        self._path = path
        self._rows: list[dict[str, Any]] = []
        try:
            self._writer = parquet.ParquetWriter(path, self._schema)
        except OSError as error:
            raise _unwritable(path, error) from None

    def write(self, result: CampaignResult) -> None:
        self._rows.append({name: _typed(name, value) for name, value in result.to_row().items()})
        if len(self._rows) >= self._GROUP:
            self._write_group()

    def _write_group(self) -> None:
        try:
            self._writer.write_table(self._pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        except OSError as error:
            raise _unwritable(self._path, error) from None
        self._rows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._rows:
            self._write_group()
        self._writer.close()


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _NUMBERS[name](value) if name in _NUMBERS else str(value)
    except (TypeError, ValueError):
        return None


def _harmless(value: Any) -> Any:
    """Return a value that a spreadsheet does not read as a formula. The files contain text of callees."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdigit()


def _unwritable(path: Path, error: OSError) -> CampaignError:
    return CampaignError(
        f"Cannot write {path}: {error.strerror or error}. The ledger has all results; write them elsewhere with "
        "write_results() or `pamela campaign results`."
    )
