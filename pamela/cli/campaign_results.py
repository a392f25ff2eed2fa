"""The file of results of a running campaign: first written from the ledger, then extended with each result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from pamela.campaigns import Campaign, CampaignResult
    from pamela.campaigns.results import CsvWriter, JsonLinesWriter


class ResultFile:
    """Writes the results of a campaign to a file as they arrive; a Parquet file at the end.

    At the end the file has all results of the campaign, including those of other runners: if lines are missing, or
    another runner has replaced the file, it is written again from the ledger.

    Args:
        campaign: The campaign.
        path: The file. None writes nothing.

    Raises:
        CampaignError: The file cannot be written, or its suffix is not a known format.
    """

    def __init__(self, campaign: Campaign, path: Path | None) -> None:
        self._campaign = campaign
        self._path = path
        self._writer: CsvWriter | JsonLinesWriter | None = None
        self._lines = 0
        self._file: os.stat_result | None = None

    def __enter__(self) -> Self:
        from pamela.campaigns.results import CsvWriter, JsonLinesWriter

        if self._path is not None:
            # The file of an earlier run may lack its last lines, or be of another campaign.
            self._lines = self._campaign.write_results(self._path)
            appending: dict[str, type[CsvWriter] | type[JsonLinesWriter]] = {
                ".csv": CsvWriter,
                ".jsonl": JsonLinesWriter,
                ".ndjson": JsonLinesWriter,
            }
            kind = appending.get(self._path.suffix.lower())
            if kind is not None:
                self._writer = kind(self._path, append=True)
                self._file = self._path.stat()
        return self

    def write(self, result: CampaignResult) -> None:
        """Write a result."""
        if self._writer is not None:
            self._writer.write(result)
            self._lines += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, traceback)
        if self._path is not None and not self._is_whole(self._path):
            self._campaign.write_results(self._path)

    def _is_whole(self, path: Path) -> bool:
        if self._file is None or self._lines != self._campaign.progress().final:
            return False
        try:
            return os.path.samestat(self._file, path.stat())
        except OSError:
            return False
