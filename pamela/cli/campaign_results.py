"""The file of results beside a campaign that runs: whole from the ledger at first, then longer with each result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from pamela.campaigns import Campaign, CampaignResult
    from pamela.campaigns.results import ResultWriter


class ResultFile:
    """Writes the results of a campaign to a file as they come; with a Parquet file, at the end.

    Args:
        campaign: The campaign.
        path: The file; None for none.

    Raises:
        CampaignError: The file cannot be written.
    """

    def __init__(self, campaign: Campaign, path: Path | None) -> None:
        self._campaign = campaign
        self._path = path
        self._writer: ResultWriter | None = None

    def __enter__(self) -> Self:
        from pamela.campaigns.results import CsvWriter, JsonLinesWriter

        if self._path is not None:
            # What an earlier run wrote may be short of its last lines, or the file may be another's.
            self._campaign.write_results(self._path)
            appending: dict[str, type[CsvWriter] | type[JsonLinesWriter]] = {
                ".csv": CsvWriter,
                ".jsonl": JsonLinesWriter,
                ".ndjson": JsonLinesWriter,
            }
            kind = appending.get(self._path.suffix.lower())
            if kind is not None:
                self._writer = kind(self._path, append=True)
        return self

    def write(self, result: CampaignResult) -> None:
        """Write a result."""
        if self._writer is not None:
            self._writer.write(result)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, traceback)
        elif self._path is not None:
            self._campaign.write_results(self._path)
