"""The example program runs, again and again, and calls everybody once."""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path

import pytest

from pamela import PamelaClient

from .conftest import calls_of

PROGRAM = Path(__file__).parents[2] / "examples" / "campaign" / "orders.py"


@pytest.mark.slow
def test_orders(
    client: PamelaClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAMELA_API_KEY", client.api_key)
    monkeypatch.setenv("PAMELA_BASE_URL", client.base_url)
    monkeypatch.chdir(tmp_path)
    program = runpy.run_path(str(PROGRAM), run_name="example")
    for _ in range(2):
        program["main"]("orders.db", hours=None, pause=timedelta(0))
    printed = capsys.readouterr().out
    assert "6 to call, at most $9.00" in printed
    assert "5 not_reached 3 Nobody answered." in printed
    assert "0 to call" in printed
    assert len(calls_of(client)) == 8
    assert (tmp_path / "results.csv").exists()
    assert (tmp_path / "report.html").exists()
