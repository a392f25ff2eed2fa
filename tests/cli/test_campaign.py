"""`pamela campaign`: from the check of a file to the report, as somebody at a terminal does it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pamela import PamelaClient
from pamela.campaigns import Campaign
from pamela.cli.campaign_results import ResultFile

from ..sandbox.waiting import until
from ..servers import or_skip, postgresql_server
from .running import COMMAND, Cli

EXAMPLE = Path(__file__).parents[2] / "examples" / "campaign"
TASK = "Tell {name} that the order is here"


def write_people(path: Path, count: int) -> Path:
    lines = [f"{index},+1202{2_000_000 + index},Ann {index}" for index in range(count)]
    path.write_text("\n".join(["id,phone,name", *lines]) + "\n")
    return path


def run_arguments(*more: str) -> list[str]:
    common = [
        "--to",
        "phone",
        "--id",
        "id",
        "--task",
        TASK,
        "--ledger",
        "orders.db",
        "--rate",
        "100/s",
        "--poll-interval",
        "0.1s",
    ]
    return ["campaign", "run", "people.csv", *common, *more]


def test_check_run_status_results_report(cli: Cli, client: PamelaClient) -> None:
    write_people(cli.home / "people.csv", 12)
    checked = cli(*run_arguments("--dry-run", "--max-duration-seconds", "60", "--retry", "not_reached=2"))
    assert "12 rows: 12 to call" in checked.err
    assert "At most 36 minutes, $3.60" in checked.err
    assert list(client.iter_calls()) == []
    done = cli(*run_arguments("--out", "results.csv"))
    assert "12 of 12 finished (12 done)" in done.err
    assert len(list(client.iter_calls())) == 12
    with (cli.home / "results.csv").open(newline="") as file:
        assert {row["id"]: row["outcome"] for row in csv.DictReader(file)} == {str(n): "completed" for n in range(12)}
    status = cli("campaign", "status", "orders.db", "--json").json
    assert (status["state"], status["recipients"], status["completed"]) == ("finished", 12, 12)
    assert len(cli("campaign", "results", "orders.db", "--jsonl").jsonl) == 12
    assert "12 results" in cli("campaign", "results", "orders.db", "--out", "again.jsonl").err
    cli("campaign", "report", "orders.db", "--out", "report.html")
    assert "<svg" in (cli.home / "report.html").read_text()
    assert "12 of 12 finished" in cli("campaign", "run", "--ledger", "orders.db").err
    assert len(list(client.iter_calls())) == 12


def test_bad_rows_end_it_with_their_lines(cli: Cli, client: PamelaClient) -> None:
    (cli.home / "people.csv").write_text("id,phone,name\n1,+12022000001,Ann\n2,call me,Bob\n3,+12022000003,\n")
    refused = cli(*run_arguments(), code=1)
    assert "line 3: 'call me'" in refused.err
    assert "line 4: 'name' is empty" in refused.err
    assert "--skip-invalid" in refused.err
    assert list(client.iter_calls()) == []
    assert "1 of 1 finished" in cli(*run_arguments("--skip-invalid")).err


def test_a_check_leaves_no_campaign_behind(cli: Cli, client: PamelaClient) -> None:
    before = {each.name for each in cli.home.iterdir()}
    people = cli.home / "people.csv"
    people.write_text("id,phone,name\n1,+12022000001,Ann\n2,call me,Bob\n")
    checked = cli(*run_arguments("--dry-run", "--name", "first"), code=1)
    assert "line 3: 'call me'" in checked.err
    assert "1 invalid" in checked.err
    assert "2 rows: 1 to call" in cli(*run_arguments("--dry-run", "--skip-invalid")).err
    assert "There is no ledger orders.db" in cli("campaign", "run", "--ledger", "orders.db", code=4).err
    assert {each.name for each in cli.home.iterdir()} <= before | {"people.csv"}
    people.write_text("id,phone,name\n1,+12022000001,Ann\n2,+12022000002,Bob\n")
    assert "2 of 2 finished" in cli(*run_arguments("--name", "second")).err
    assert cli("campaign", "status", "orders.db", "--json").json["name"] == "second"
    assert "2 of 2 finished" in cli("campaign", "run", "--ledger", "orders.db").err


def test_two_runs_with_one_file_of_results(client: PamelaClient, tmp_path: Path) -> None:
    """Each puts a file of its own in the place of the other's; at the end all lines are there, each once."""
    out = tmp_path / "results.csv"
    settings: dict[str, Any] = {"rate": "50/s", "poll_interval": 0.1, "transcript_timeout": 1}
    rows = [{"id": str(number), "phone": f"+1202{2_000_000 + number}"} for number in range(60)]

    def run() -> None:
        with Campaign(client, "orders", ledger=tmp_path / "orders.db", **settings) as campaign:
            campaign.add_rows(rows, to="phone", id="id", task="Say hello")
            with ResultFile(campaign, out) as file:
                for result in campaign.run():
                    file.write(result)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with out.open(newline="") as file:
        assert Counter(row["id"] for row in csv.DictReader(file)) == Counter(row["id"] for row in rows)


def test_a_key_that_does_not_work_has_a_status_of_its_own(cli: Cli) -> None:
    write_people(cli.home / "people.csv", 3)
    refused = cli(*run_arguments("--yes"), code=3, env={"PAMELA_API_KEY": "pk_live_expired"})
    assert "The campaign stopped itself. The API refused the key" in refused.err


def test_the_status_says_whether_anybody_was_reached(cli: Cli) -> None:
    people = cli.home / "people.csv"
    people.write_text("id,phone,name\n1,+15005550001,Ann\n2,+15005550001,Bob\n")
    nobody = cli(*run_arguments("--any-number", "--same-number"), code=1)
    assert "2 of 2 finished (2 given up)" in nobody.err
    assert "Warning: Nobody was reached. `pamela campaign results` shows why." in nobody.err
    people.write_text("id,phone,name\n3,+12022000003,Cat\n")
    assert "3 of 3 finished" in cli(*run_arguments()).err
    # What the ledger says after an answer was lost for good.
    with sqlite3.connect(cli.home / "orders.db") as connection:
        connection.execute("UPDATE pamela_recipients SET state = 'set_aside' WHERE identity = '1'")
    connection.close()
    assert "calls that were set aside" in cli("campaign", "run", "--ledger", "orders.db", code=6).err


def test_nothing_is_dialled_for_real_without_yes(cli: Cli, tmp_path: Path) -> None:
    write_people(cli.home / "people.csv", 3)
    environment = {"PAMELA_BASE_URL": "", "PAMELA_API_KEY": "pk_live_nobody"}
    refused = cli(*run_arguments(), code=5, env=environment)
    assert "without confirmation" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hours", "9"], "--hours 9 has no end"),
        (["--hours", "9-20"], "'9' is not a time of day"),
        (["--retry", "no_answer=2"], "--retry no_answer=2"),
        (["--retry", "not_reached=1", "--retry-after", "soon"], "'soon' is not a duration"),
        (["--rate", "fast"], "'fast' is not a rate"),
        (["--per-prefix", "+44"], "--per-prefix +44 has no pace"),
        (["--days", "weekend"], "does not name days"),
        (["--decide", "shop.tools:number"], "must be a function"),
        (["--do-not-call", "no-such-file"], "Cannot read the do-not-call list"),
        (["--out", "results.xls"], "has an unknown ending"),
        (["--delimiter", ",,"], "',,' is not a delimiter"),
        (["--encoding", "klingon"], "Cannot read people.csv: unknown encoding"),
        (["--zone-fallback", "Europe/Pariss"], "Did you mean 'Europe/Paris'"),
        (["--max-minutes", "0"], "--max-minutes=0 is not a budget"),
        (["--in-flight", "0"], "--in-flight=0 is not a number of calls"),
        (["--breaker", "2"], "--breaker 2.0 is not a share"),
        (["--breaker", "nan"], "Invalid value for '--breaker': 'nan' is not a finite number"),
        (["--retry", "not_reached=101"], "--retry not_reached=101 is not a number of retries"),
        (["--retry", "not_reached=²"], "--retry not_reached=²: write OUTCOME=N"),
        (["--retry", "not_reached=1", "--retry-after", "busy=5m"], "--retry-after busy=5m: write OUTCOME=TIME"),
        (["--retry-after", "5m"], "--retry-after needs --retry"),
        (["--per-prefix", "44=5"], "--per-prefix 44=5 has no prefix"),
        (["--per-prefix", "+44=5,6"], "--per-prefix +44=5,6 has two numbers of calls"),
        (["--poll-interval", "0"], "'0' is not an interval"),
        (["--poll-interval", "500ms"], "'500ms' is not a duration"),
        (["--hours", "24:00-00:00"], "The hours begin and end at the same time"),
        (["--name", ""], "Invalid value for '--name': it is empty"),
        (["--days", ""], "Invalid value for '--days': it is empty"),
        (["--delimiter", ""], "Invalid value for '--delimiter': it is empty"),
        (["--sql", "SELECT 1", "--database", "sqlite:///x.db"], "FILE and --sql are both given"),
        (["--database", "sqlite:///x.db"], "--database needs --sql"),
        (["--webhook-url", "shop"], "--webhook-url='shop' is not a URL"),
        (["--task", "Tell {nam}"], "There is no column 'nam'"),
    ],
)
def test_options_that_are_wrong(cli: Cli, client: PamelaClient, arguments: list[str], message: str) -> None:
    write_people(cli.home / "people.csv", 3)
    assert message in cli(*run_arguments(*arguments), code=2).err
    assert list(client.iter_calls()) == []


def test_going_on_takes_no_settings(cli: Cli) -> None:
    refused = cli("campaign", "run", "--ledger", "orders.db", "--rate", "5/s", code=2)
    assert "--rate needs FILE" in refused.err
    assert "There is no ledger" in cli("campaign", "status", "nothing.db", code=4).err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_and_going_on(cli: Cli, client: PamelaClient, number: signal.Signals, status: int) -> None:
    write_people(cli.home / "people.csv", 60)
    with cli.started(*run_arguments("--in-flight", "2", "--out", "results.csv")) as process:
        while not list(client.iter_calls(limit=1)):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(30) == status
        assert process.stderr is not None
        assert "Run the command again" in process.stderr.read()
    assert "60 of 60 finished" in cli(*run_arguments("--out", "results.csv")).err
    assert len(list(client.iter_calls())) == 60
    with (cli.home / "results.csv").open(newline="") as file:
        assert len({row["id"] for row in csv.DictReader(file)}) == 60


@pytest.mark.slow
def test_pause_resume_and_stop(cli: Cli, client: PamelaClient) -> None:
    write_people(cli.home / "people.csv", 30)
    add = ("--to", "phone", "--id", "id", "--task", TASK, "--ledger", "orders.db", "--rate", "100/s")
    assert "30 rows: 30 to call" in cli("campaign", "add", "people.csv", *add).err
    assert "is paused" in cli("campaign", "pause", "orders.db").err
    assert cli("campaign", "status", "orders.db", "--json").json["state"] == "paused"
    assert "is stopped" in cli("campaign", "stop", "orders.db").err
    refused = cli(*run_arguments(), code=1)
    assert "was stopped. Continue it with `pamela campaign resume`" in refused.err
    cli("campaign", "resume", "orders.db")
    assert "30 of 30 finished" in cli(*run_arguments()).err


@pytest.mark.slow
def test_the_live_view(cli: Cli) -> None:
    write_people(cli.home / "people.csv", 40)
    terminal = cli.terminal(*run_arguments("--in-flight", "4"), width=100)
    terminal.child.expect("in flight")
    terminal.child.expect("40 of 40")
    terminal.child.expect("40 completed")
    terminal.child.wait()
    assert terminal.child.exitstatus == 0


@pytest.mark.slow
def test_a_disk_that_is_full_ends_clearly_and_loses_nothing(cli: Cli, client: PamelaClient) -> None:
    write_people(cli.home / "people.csv", 40)
    cli("campaign", "add", *run_arguments()[2:])
    # No file may grow beyond so many blocks of half a kilobyte; a ledger of 40 calls does.
    blocks = max(600, 4 * (cli.home / "orders.db").stat().st_size // 1024)
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *COMMAND, *run_arguments()]
    done = subprocess.run(
        limited, cwd=cli.home, env=cli.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done
    assert "The ledger orders.db failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "40 of 40 finished" in cli(*run_arguments()).err
    assert len(list(client.iter_calls())) == 40


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look like one" * 40, b""])
def test_a_ledger_that_is_none(cli: Cli, content: bytes) -> None:
    (cli.home / "orders.db").write_bytes(content)
    write_people(cli.home / "people.csv", 1)
    done = cli(*run_arguments("--dry-run"), code=1 if content else 0)
    assert not content or "Cannot open the ledger orders.db: file is not a database" in done.err


@pytest.mark.parametrize("tables", [0, 1])
def test_a_database_that_is_no_ledger_is_left_alone(cli: Cli, tables: int) -> None:
    path = cli.home / "shop.db"
    path.touch()
    if tables:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE orders (id)")
        connection.close()
    before = path.read_bytes()
    for command in (("status",), ("pause",), ("results",), ("run", "--ledger")):
        assert cli("campaign", *command, "shop.db", code=4).err == "Error: shop.db is not a ledger.\n"
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_worker_whose_database_is_restarted_tells_that_and_goes_on(cli: Cli, client: PamelaClient) -> None:
    write_people(cli.home / "people.csv", 40)
    with or_skip(postgresql_server()) as server:
        ledger = server.create_database("orders").replace("pamela@", "pamela:geheim@")
        add = run_arguments("--rate", "20/s", "--ledger", ledger)
        assert "40 to call" in cli("campaign", "add", *add[2:]).err
        command = [*COMMAND, "campaign", "worker", "--ledger", ledger, "--until-finished", "--yes"]
        with subprocess.Popen(
            command, cwd=cli.home, env=cli.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as worker:
            until(lambda: sum(1 for _ in client.iter_calls()) >= 5)
            server.kill()
            time.sleep(2)  # long enough to be noticed
            server.start()
            try:
                told = worker.communicate(timeout=120)[1]
            finally:
                worker.kill()  # nothing, where it has ended
        assert worker.returncode == 0, told
        assert "Traceback" not in told
        assert "Warning: The database cannot be reached: connection failed" in told
        resumed = cli("campaign", "resume", ledger).err
        assert "geheim" not in told + resumed
        assert "pamela campaign run --ledger postgresql" in resumed
    assert Counter(call.to for call in client.iter_calls()) == Counter(f"+1202{2_000_000 + n}" for n in range(40))


@pytest.mark.slow
def test_a_worker_ends_with_the_status_of_a_campaign_that_stopped_itself(cli: Cli, client: PamelaClient) -> None:
    write_people(cli.home / "people.csv", 3)
    with or_skip(postgresql_server()) as server:
        ledger = server.create_database("orders")
        cli("campaign", "add", *run_arguments("--ledger", ledger)[2:])
        work = ("campaign", "worker", "--ledger", ledger, "--until-finished", "--yes")
        refused = cli(*work, code=3, env={"PAMELA_API_KEY": "pk_live_expired"})
        assert "The campaign stopped itself. The API refused the key" in refused.err
        cli(*work)  # that it stopped before is no fault of this worker
        cli("campaign", "resume", ledger)
        cli(*work)
    assert len(list(client.iter_calls())) == 3


def test_a_ledger_of_a_newer_version(cli: Cli) -> None:
    write_people(cli.home / "people.csv", 1)
    cli("campaign", "add", *run_arguments()[2:])
    with sqlite3.connect(cli.home / "orders.db") as connection:
        connection.execute("UPDATE pamela_ledger SET version = 99")
    connection.close()
    assert "has version 99 of the tables" in cli("campaign", "status", "orders.db", code=1).err


def test_the_example(cli: Cli, client: PamelaClient) -> None:
    folder = cli.home / "example"
    shutil.copytree(EXAMPLE, folder)
    command = folder / "pamela"
    command.write_text(f'#!/bin/sh\nexec {COMMAND[0]} -m pamela "$@"\n')
    command.chmod(0o755)
    environment = {
        **cli.environment,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOURS": "00:00-24:00",
        "PAUSE": "0s",
        "POLL": "0.1s",
    }
    for expected in (8, 8):
        done = subprocess.run(
            ["sh", folder / "run.sh"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert "6 of 6 finished (5 done, 1 given up)" in done.stderr
        assert len(list(client.iter_calls())) == expected
    with (folder / "results.csv").open(newline="") as file:
        attempts = {row["id"]: (row["outcome"], row["attempts"]) for row in csv.DictReader(file)}
    assert attempts["5"] == ("not_reached", "3")
    assert attempts["4"] == ("completed", "1")
    assert json.loads(cli("campaign", "status", "example/orders.db", "--json").out)["name"] == "orders-2026-11"
