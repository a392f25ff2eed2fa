"""Measure campaigns and write the tables in docs/guides/campaigns.md: `python benchmarks/campaigns.py`, a few minutes.

A service in memory stands in for Pamela; its calls last a second. Workers are measured with a PostgreSQL server of the
benchmark's own, where its programs are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import campaign_run
from sqlalchemy import text

from pamela import PamelaClient
from pamela.campaigns import Campaign

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.servers import PostgreSQLServer, ServerUnavailableError, postgresql_server  # noqa: E402

PAGE = HERE.parent / "docs" / "guides" / "campaigns.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
CALL_SECONDS = 1.0
IN_FLIGHT = 1000
TICKS = os.sysconf("SC_CLK_TCK")
HEADINGS = (
    "ledger",
    "run by",
    "recipients",
    "called",
    "calls placed a second",
    "processor time a call",
    "reads a second",
    "most memory",
)


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    few: int
    many: int
    called: int
    by_workers: int
    workers: tuple[int, ...]


WHOLE = Sizes(10_000, 100_000, 10_000, 3_000, (1, 2, 4))
QUICK = Sizes(300, 600, 300, 100, ())


@contextmanager
def service() -> Iterator[str]:
    command = [sys.executable, str(HERE / "campaign_server.py"), str(CALL_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def reads(base_url: str) -> int:
    """Return how many requests there were for lists and calls."""
    with urllib.request.urlopen(f"{base_url}/counts") as answer:
        counts = json.load(answer)
    found: int = counts["list"] + counts["get"]
    return found


def measure(recipients: int, called: int, kind: str) -> dict[str, float]:
    """Run a campaign in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, service() as base_url:
        ledger = Path(folder) / "orders.db"
        arguments = [str(ledger), base_url, str(recipients), str(called), str(IN_FLIGHT), kind]
        done = subprocess.run(
            [sys.executable, HERE / "campaign_run.py", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        figures: dict[str, float] = json.loads(done.stdout)
        return {**figures, "reads": reads(base_url), "ledger": ledger.stat().st_size if ledger.exists() else 0}


def measure_workers(server: PostgreSQLServer, workers: int, recipients: int) -> dict[str, float]:
    """Run a campaign with workers, each a process of its own."""
    address = server.create_database(f"workers_{workers}")
    command = [sys.executable, "-m", "pamela", "campaign", "worker", "--ledger", address, "--until-finished", "-y"]
    with (
        service() as base_url,
        PamelaClient(campaign_run.KEY, base_url) as client,
        Campaign(
            client, "benchmark", ledger=address, in_flight=IN_FLIGHT, **campaign_run.SETTINGS
        ) as campaign,
    ):  # fmt: skip
        campaign.add_rows(campaign_run.rows(recipients), **campaign_run.COLUMNS)
        before = database_figures(campaign, server)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PAMELA_BASE_URL": base_url, "PAMELA_API_KEY": campaign_run.KEY}
        processes = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(workers)]
        connections = 0
        while any(process.poll() is None for process in processes):
            connections = max(connections, count_connections(campaign))
            time.sleep(0.5)
        assert [process.returncode for process in processes] == [0] * workers
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert campaign.progress().final == recipients, campaign.progress()
        after = database_figures(campaign, server)
        return {
            **campaign_run.pace(campaign.ledger, campaign.info),
            **{name: after[name] - value for name, value in before.items()},
            "processor": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
            "memory": now.ru_maxrss / 1024,
            "reads": reads(base_url),
            "connections": connections / workers,
        }


def count_connections(campaign: Campaign) -> int:
    """Return how many connections to the database there are, beside those of this process."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    found: int = campaign.ledger.database.read(lambda connection: connection.execute(text(query)).scalar_one())
    return found


def database_figures(campaign: Campaign, server: PostgreSQLServer) -> dict[str, float]:
    """Return what the database has done so far: transactions, bytes of its log, processor time."""

    def work(connection: Any) -> dict[str, float]:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return {
            "transactions": connection.execute(text(commits)).scalar_one(),
            "log": float(connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one()),
        }

    return {**campaign.ledger.database.read(work), "database": processor_time(server)}


def processor_time(server: PostgreSQLServer) -> float:
    """Return the processor time of a server: its own, that of its children, and of those that have ended."""
    leader = server.pid
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == leader:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == leader:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def row(ledger: str, by: str, recipients: int, figures: dict[str, float]) -> str:
    duration = figures["placed"] / figures["pace"]
    cells = (
        ledger,
        by,
        f"{recipients:,}",
        f"{figures['placed']:,}",
        f"{figures['pace']:,.0f}",
        f"{figures['processor'] / figures['placed'] * 1000:.2f} ms",
        f"{figures['reads'] / duration:.1f}" if "reads" in figures else "",
        f"{figures['memory']:.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


def one_process(sizes: Sizes) -> Iterator[str]:
    """Measure one process on SQLite; give the rows of the table, then a sentence."""
    alone = measure(0, sizes.called, "client")
    del alone["reads"]
    yield row("none", "the client alone, 64 threads", sizes.called, alone)
    few = measure(sizes.few, sizes.called, "sync")
    yield row("SQLite", "one process, threads", sizes.few, few)
    many = measure(sizes.many, sizes.called, "sync")
    yield row("SQLite", "one process, threads", sizes.many, many)
    yield row("SQLite", "one process, asyncio", sizes.few, measure(sizes.few, sizes.called, "async"))
    engine = many["processor"] / many["placed"] - alone["processor"] / alone["placed"]
    yield (
        f"The engine's own share of a call, with {sizes.many:,} recipients, is {engine * 1000:.2f} ms of processor time: what "
        f"the process needs beyond the client alone. Rows are checked and added at {sizes.many / many['adding']:,.0f} a second. "
        f"The ledger takes {few['ledger'] / sizes.few / 1024:.1f} kB a recipient when all have been called."
    )


def many_workers(sizes: Sizes) -> Iterator[str]:
    """Measure workers on PostgreSQL; give the rows of the table, then a sentence."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgresql_server())
        except ServerUnavailableError as error:
            yield f"PostgreSQL was not measured: {error}."
            return
        for workers in sizes.workers:
            figures = measure_workers(server, workers, sizes.by_workers)
            yield row("PostgreSQL", f"{workers} worker{'s' * (workers > 1)}", sizes.by_workers, figures)
    calls = figures["placed"]
    yield (
        f"With {workers} workers PostgreSQL carried out {figures['transactions'] / calls:.1f} transactions a call, wrote "
        f"{figures['log'] / calls / 1024:.1f} kB of its log a call, and needed {figures['database'] / calls * 1000:.2f} ms of "
        "processor time a call. Each worker held "
        f"{figures['connections']:.0f} connections."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small runs on SQLite, which are printed and not written")
    quick = parser.parse_args().quick
    sizes = QUICK if quick else WHOLE
    load = os.getloadavg()[0]
    lines = [f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    sentences: list[str] = []
    parts = [one_process]
    if not quick:
        parts.append(many_workers)
    for part in parts:
        for line in part(sizes):
            (lines if line.startswith("|") else sentences).append(line)
            print(line, flush=True)
    sentences.append(
        f"At most {IN_FLIGHT:,} calls in flight, each of {CALL_SECONDS:g} s, looked at every second. All on "
        f"{os.cpu_count()} processors: the service, the database and the workers too. Load average when it began {load:.1f}, "
        f"when it ended {os.getloadavg()[0]:.1f}."
    )
    if not quick:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        told = "\n".join([*lines, "", *("- " + sentence for sentence in sentences)])
        PAGE.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
