"""Measure campaigns and write the table in docs/guides/campaigns.md: `python benchmarks/campaigns.py`, ten minutes or more.

A service in memory stands in for Pamela; its calls last two seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "guides" / "campaigns.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
CALL_SECONDS = 2.0
IN_FLIGHT = 1000


@contextmanager
def service() -> Iterator[str]:
    command = [sys.executable, HERE / "campaign_server.py", str(CALL_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def measure(count: int, kind: str) -> dict[str, Any]:
    """Run a campaign of so many recipients, 1,000 calls in flight, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, service() as base_url:
        ledger = Path(folder) / "orders.db"
        arguments = [str(ledger), base_url, str(count), str(IN_FLIGHT), kind]
        done = subprocess.run(
            [sys.executable, HERE / "campaign_run.py", *arguments], capture_output=True, text=True, check=True
        )
        figures: dict[str, Any] = json.loads(done.stdout)
        with urllib.request.urlopen(f"{base_url}/counts") as answer:
            figures["counts"] = json.load(answer)
        figures["ledger"] = ledger.stat().st_size / 2**20
        return figures


def row(count: int, kind: str, figures: dict[str, Any]) -> str:
    counts = figures["counts"]
    reads = (counts["list"] + counts["get"]) / max(1.0, figures["running"])
    return (
        f"| {count:,} | {kind} | {count / figures['adding']:,.0f} | {count / figures['running']:,.0f} "
        f"| {figures['processor'] / count * 1000:.2f} ms | {reads:.1f} | {figures['memory']:.0f} MB "
        f"| {figures['ledger'] * 1024 / count:.1f} kB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000], help="how many recipients")
    parser.add_argument("--quick", action="store_true", help="small runs, which are printed and not written")
    arguments = parser.parse_args()
    quick = arguments.quick
    counts = [500] if quick else arguments.counts
    load = os.getloadavg()[0]
    lines = [
        "| recipients | client | rows checked/s | calls/s, placed and followed | processor time a call | reads/s | memory | ledger a recipient |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for count, kind in [(counts[0], "async"), *((count, "sync") for count in counts)]:
        lines.append(row(count, kind, measure(count, kind)))
        print(lines[-1], flush=True)
    lines += [
        "",
        f"SQLite, {IN_FLIGHT:,} calls in flight, polled every second; {os.cpu_count()} processors, shared with the service. "
        f"Load average when it began {load:.1f}, when it ended {os.getloadavg()[0]:.1f}.",
    ]
    if not quick:
        text = PAGE.read_text()
        before, _, rest = text.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
