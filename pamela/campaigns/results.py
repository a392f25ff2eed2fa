"""What became of the recipients: as objects, CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import json
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
    """What became of a recipient.

    Attributes:
        id: What names the recipient in the campaign.
        to: The number.
        line: The line of its row.
        state: `done`, `given_up`, `set_aside` (whether a call was placed could not be found out) or `do_not_call`.
        outcome: The outcome of the last call; None if there was none.
        attempts: How many calls were tried.
        detail: Why it was given up or set aside, if there is more to say.
        call: The last call as it ended; None if there was none.
        ended_at: When the campaign learned of its end.
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
        """Return the result of a row of the ledger."""
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
        """Return the result as a flat row: what stands in a CSV file."""
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
        """Return the result with the whole call: what stands in a JSON lines file."""
        row = {name: value for name, value in self.to_row().items() if name in COLUMNS[: COLUMNS.index("call_id")]}
        return {**row, "call": self.call}


class ResultWriter(Protocol):
    """Writes results to a file as they come."""

    def write(self, result: CampaignResult) -> None:
        """Write a result."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def check_ending(path: Path) -> Callable[[Path], ResultWriter]:
    """Return what makes a writer for a file, by the ending of its name: .csv, .jsonl or .parquet.

    Raises:
        CampaignError: The ending says nothing about the format.
    """
    match path.suffix.lower():
        case ".csv":
            return CsvWriter
        case ".jsonl" | ".ndjson":
            return JsonLinesWriter
        case ".parquet" | ".pq":
            return ParquetWriter
    raise CampaignError(f"{path} has an ending that says nothing about its format. Name it .csv, .jsonl or .parquet.")


def write_results(path: str | Path, results: Iterable[CampaignResult]) -> int:
    """Write results to a file, which takes the place of an older one when it is whole.

    Returns:
        How many there are.

    Raises:
        CampaignError: It cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    count = 0
    try:
        with check_ending(path)(partial) as writer:
            for count, result in enumerate(results, 1):  # noqa: B007
                writer.write(result)
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        partial.unlink(missing_ok=True)
    return count


class _TextWriter:
    """What the writers of text have in common. What is written is in the file at once."""

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
    """Writes a JSON object a line, with the whole call in it."""

    def write(self, result: CampaignResult) -> None:
        try:
            self._file.write(json.dumps(result.to_dict(), ensure_ascii=False) + "\n")
            self._flush()
        except OSError as error:
            raise _unwritable(self._path, error) from None


class ParquetWriter:
    """Writes Parquet, in groups of rows. The file can be read when the writer is closed."""

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
    """Return a value that no spreadsheet takes for a formula: what a callee said ends up in these files."""
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
