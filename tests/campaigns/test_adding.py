"""Adding recipients: files of all kinds, checks with line numbers, nothing added that is not wholly right."""

from __future__ import annotations

import csv
import json
import re
import resource
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pamela import PamelaClient
from pamela.campaigns import CampaignError, Hours, InvalidRowsError, Retry
from pamela.campaigns.checks import estimate_end
from pamela.campaigns.prices import cost
from pamela.campaigns.readers import read_csv, read_file
from pamela.campaigns.settings import Settings
from pamela.campaigns.templates import columns_of, fill

from .conftest import MakeCampaign, calls_of, numbers, rows

TASK = "Tell {name} that the order is here"
HEADER = ["id", "phone", "name"]
PEOPLE = [["1", "+12022000001", "Zoë"], ["2", "+12022000002", 'Jo "Jo" Doe, Jr.'], ["3", "+12022000003", "Ann"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_in_the_usual_dialects(tmp_path: Path, delimiter: str, encoding: str, line_end: str) -> None:
    path = tmp_path / "people.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        writer.writerows([HEADER, *PEOPLE])
    found = list(read_csv(path))
    assert [dict(row.values) for row in found] == [dict(zip(HEADER, person, strict=True)) for person in PEOPLE]
    assert [row.line for row in found] == [2, 3, 4]
    assert {row.problem for row in found} == {None}


def test_lines_of_csv_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('id,note\n1,"two\nlines"\n\n2,x\n3\n4,x,y\n')
    assert [(row.line, row.values.get("id"), row.problem) for row in read_csv(path)] == [
        (2, "1", None),
        (5, "2", None),
        (6, "3", "has 1 values where the first line has 2 names"),
        (7, "4", "has 3 values where the first line has 2 names"),
    ]


@pytest.mark.parametrize("above", ["sep=;\r\n", "\ufeffsep=;\r\n", "\n\r\n", "\nsep=;\n\n"])
def test_what_may_stand_above_the_line_of_names(tmp_path: Path, above: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{above}a;b,c\n1;2\n3\n", encoding="utf-8", newline="")
    line = above.count("\n") + 2
    assert [
        (row.line, row.values, row.problem) for row in read_csv(path, delimiter=None if "sep" in above else ";")
    ] == [
        (line, {"a": "1", "b,c": "2"}, None),
        (line + 1, {"a": "3"}, "has 1 values where the first line has 2 names"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (
            'id,name\n1,Ann\n2,"Bob\n3,Cy\n4,Di\n',
            3,
            "a quote that is not closed before the end of the file; lines 3 to 5",
        ),
        ('id,name\n1,Ann\n2,"Bob\n3,"Cy"\n4,Di\n', 3, "is not valid CSV: .*; lines 3 to 4 are read as one row"),
        ('id,name\n1,Ann\n2,"Bob', 3, "not closed before the end of the file"),
        ('id,name\n1,Ann\n2,"Bob"by\n', 3, "is not valid CSV"),
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_row_in_silence(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    first, bad, *_ = read_csv(path)
    assert (first.values, first.problem) == ({"id": "1", "name": "Ann"}, None)
    assert bad.line == line
    assert re.search(problem, str(bad.problem))


@given(st.integers(0, 10**9))
def test_a_cost_is_whole_cents(minutes: int) -> None:
    assert f"{cost(minutes):.4f}" == f"{minutes // 10}.{minutes % 10}000"


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.sampled_from([",", ";", "\t", "|"]))
def test_any_cells_come_back(tmp_path: Path, cells: list[tuple[str, str]], delimiter: str) -> None:
    path = tmp_path / "cells.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["first", "second"], *cells])
    expected = [{"first": one, "second": two} for one, two in cells if one.strip() or two.strip()]
    assert [dict(row.values) for row in read_csv(path)] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"sep=;\n", "is empty"),
        (b"id,phone,id\n", "names the column 'id' twice"),
    ],
)
def test_csv_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(CampaignError, match=message):
        list(read_csv(path))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        with pytest.raises(CampaignError, match=r"Cannot read .*a\..*No such file"):
            list(read_file(tmp_path / name))
    (tmp_path / "b.parquet").write_text("no parquet")
    with pytest.raises(CampaignError, match="Cannot read"):
        list(read_file(tmp_path / "b.parquet"))
    (tmp_path / "b.csv").write_text("id\n1\n")
    with pytest.raises(CampaignError, match="Cannot read"):
        list(read_csv(tmp_path / "b.csv", encoding="no-such-encoding"))
    (tmp_path / "c.csv").write_bytes(b"id\n\xff\n")
    with pytest.raises(CampaignError, match="not in the encoding utf-8"):
        list(read_csv(tmp_path / "c.csv", encoding="utf-8"))


def test_json_lines(make_campaign: MakeCampaign, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"phone": "+12022000001", "name": "Zoë"}\n\n[1]\n{"phone": \n')
    with pytest.raises(InvalidRowsError) as caught:
        make_campaign().add_json_lines(path, to="phone", task=TASK)
    assert [(problem.line, problem.message[:20]) for problem in caught.value.problems] == [
        (3, "is not a JSON object"),
        (4, "is not JSON: Expecti"),
    ]
    report = make_campaign().add_json_lines(path, to="phone", task=TASK, skip_invalid=True)
    assert (report.rows, report.added, report.invalid) == (3, 1, 2)


def test_parquet_and_sql(make_campaign: MakeCampaign, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    people = rows(10)
    parquet.write_table(pyarrow.Table.from_pylist(people[:5]), tmp_path / "people.parquet")
    campaign = make_campaign()
    assert campaign.add_parquet(tmp_path / "people.parquet", to="phone", id="id", task=TASK).added == 5
    connection = sqlite3.connect(tmp_path / "people.sqlite")
    connection.execute("CREATE TABLE people (id, phone, name)")
    connection.executemany("INSERT INTO people VALUES (:id, :phone, :name)", people)
    connection.commit()
    connection.close()
    address = f"sqlite:///{tmp_path / 'people.sqlite'}"
    report = campaign.add_sql(address, "SELECT * FROM people ORDER BY id", to="phone", id="id", task=TASK)
    assert (report.rows, report.added, report.known) == (10, 5, 5)
    with pytest.raises(CampaignError, match=r"query failed: no such table"):
        campaign.add_sql(address, "SELECT * FROM nobody", to="phone", task=TASK)


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"id": "a", "phone": "", "name": "Ann"}, "'phone' is empty"),
    ({"id": "b", "phone": "call me", "name": "Ann"}, "'call me'"),
    ({"id": "c", "phone": "+1202555", "name": "Ann"}, "too short"),
    ({"id": "", "phone": "+12022000003", "name": "Ann"}, "'id' is empty"),
    ({"id": "d", "phone": "+12022000004", "name": " "}, "'name' is empty, and the call needs it"),
    ({"id": "e", "phone": "+12022000005", "name": None}, "'name' is empty, and the call needs it"),
    ({"id": "f", "phone": "+12022000006", "name": "Ann", "tz": "America/NewYork"}, "Did you mean 'America/New_York'"),
    ({"id": "h", "phone": "+1 202 2OO 1OOO", "name": "Ann"}, "'+1 202 2OO 1OOO' has letters. Write"),
    ({"id": "i", "phone": "+1 800 FLOWERS", "name": "Ann"}, "has letters"),
    ({"id": "ok", "phone": "+12022000008", "name": "Ann"}, "'ok' is on line 1 already"),
    ({"id": "g", "phone": "+1 202 200 0000", "name": "Ann"}, "is on line 1 already: the same person twice"),
]


def test_every_bad_row_is_named_with_its_line(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    good = {"id": "ok", "phone": "+12022000000", "name": "Ann", "tz": "America/New_York"}
    people = [good, *({"tz": "", **row} for row, _ in BAD_ROWS)]
    campaign = make_campaign(hours=Hours("09:00", "20:00"))
    seen: list[str] = []
    with pytest.raises(InvalidRowsError, match="11 rows are invalid, so nothing was added") as caught:
        campaign.add_rows(
            people, to="phone", id="id", timezone="tz", task=TASK, on_problem=lambda each: seen.append(str(each))
        )
    by_line = {problem.line: problem.message for problem in caught.value.problems}
    assert sorted(by_line) == list(range(2, 13))
    for line, (_, message) in enumerate(BAD_ROWS, 2):
        assert message in by_line[line]
    assert len(seen) == caught.value.count == 11
    assert campaign.progress().total == 0
    assert calls_of(client) == []
    report = campaign.add_rows(people, to="phone", id="id", timezone="tz", task=TASK, skip_invalid=True)
    assert (report.rows, report.added, report.invalid) == (12, 1, 11)


def test_twice_across_batches_and_across_files(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign()
    people = [*rows(2500), {"id": "again", "phone": numbers(1)[0], "name": "Ann"}]
    with pytest.raises(InvalidRowsError, match=r"line 2,501: \+12022000000 is on line 1 already"):
        campaign.add_rows(people, to="phone", id="id", task=TASK)
    campaign.add_rows(rows(10), to="phone", id="id", task=TASK)
    with pytest.raises(InvalidRowsError, match=r"is in the campaign already, as 'r0'"):
        campaign.add_rows([people[-1]], to="phone", id="id", task=TASK)
    with pytest.raises(InvalidRowsError, match=r"'r0' is in the campaign already, with another call"):
        campaign.add_rows(rows(1), to="phone", id="id", task="Say something else to {name}")
    report = campaign.add_rows([people[-1]], to="phone", id="id", task=TASK, same_number=True)
    assert report.added == 1


def test_a_dry_run_adds_nothing(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(retry=Retry(not_reached=2), in_flight=10)
    people = [*rows(20), {"id": "bad", "phone": "1", "name": "x"}]
    call = {"max_duration_seconds": 90}
    report = campaign.add_rows(people, to="phone", id="id", task=TASK, dry_run=True, call=call)
    assert (report.rows, report.added, report.invalid) == (21, 20, 1)
    assert (report.max_minutes, report.max_cost) == (120, 12.0)
    assert report.done_by is not None
    assert campaign.progress().total == 0


def test_a_check_leaves_the_ledger_as_it_is(make_campaign: MakeCampaign, client: PamelaClient, ledger: Path) -> None:
    """Neither a check nor rows that are refused make a campaign, or change one."""
    unmade = make_campaign("unmade", check_only=True)
    assert unmade.add_rows(rows(3), to="phone", id="id", task=TASK).added == 3
    unmade.close()
    assert list(ledger.parent.iterdir()) == []
    campaign = make_campaign()
    with pytest.raises(InvalidRowsError):
        campaign.add_rows([*rows(2), {"id": "bad", "phone": "1", "name": "x"}], to="phone", id="id", task=TASK)
    checked = make_campaign("another", check_only=True)
    assert checked.add_do_not_call(numbers(1)) == 1
    report = checked.add_rows(rows(3), to="phone", id="id", task=TASK)
    assert (report.added, report.do_not_call) == (3, 1)
    assert campaign.ledger.campaigns() == []
    assert list(campaign.run()) == []
    with pytest.raises(CampaignError, match="is draft; there is nothing to resume"):
        campaign.resume()
    assert campaign.add_rows(rows(3), to="phone", id="id", task=TASK).added == 3
    assert [each.name for each in campaign.ledger.campaigns()] == ["orders"]
    checked = make_campaign(in_flight=1, max_minutes=5, check_only=True)
    report = checked.add_rows(rows(4), to="phone", id="id", task=TASK)
    assert (report.added, report.known, report.max_minutes) == (1, 3, 5)
    with pytest.raises(CampaignError, match="check_only=True, and places no calls"):
        list(checked.run())
    assert campaign.info.settings.max_minutes is None
    assert len(list(campaign.run())) == 3
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(3))


def test_the_estimate_is_of_what_is_still_to_be_called(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(retry=Retry(not_reached=1), in_flight=10)
    campaign.add_do_not_call(numbers(1))
    call = {"max_duration_seconds": 120}

    def minutes(count: int, **options: Any) -> int:
        return campaign.add_rows(rows(count), to="phone", id="id", task=TASK, call=call, **options).max_minutes

    assert minutes(4, dry_run=True) == 3 * 2 * 2
    assert minutes(4) == 3 * 2 * 2
    # Those who wait still count, though they were added before.
    assert minutes(5) == 4 * 2 * 2
    list(campaign.run())
    report = campaign.add_rows(rows(5), to="phone", id="id", task=TASK, call=call)
    assert (report.known, report.added, report.max_minutes, report.max_cost) == (5, 0, 0, 0)
    assert minutes(6, dry_run=True) == 2 * 2
    checked = make_campaign(max_minutes=6, retry=Retry(not_reached=1), check_only=True)
    checked.add_do_not_call(numbers(7)[6:])
    report = checked.add_rows(rows(7), to="phone", id="id", task=TASK, call=call)
    billed = campaign.info.minutes_billed
    assert (report.added, report.do_not_call, report.max_minutes) == (2, 1, 6 - billed)
    assert billed == 4


def test_the_do_not_call_list(make_campaign: MakeCampaign, client: PamelaClient, tmp_path: Path) -> None:
    path = tmp_path / "stop.txt"
    path.write_text("# asked us to\n+1 202-200-0001, by letter\n202 200 0002\n\n")
    campaign = make_campaign()
    assert campaign.add_do_not_call(path, region="US") == 2
    report = campaign.add_rows(rows(5), to="phone", id="id", task=TASK)
    assert (report.added, report.do_not_call) == (5, 2)
    assert campaign.add_do_not_call(["+12022000003", "+12022000001"]) == 1
    list(campaign.run())
    assert {call.to for call in calls_of(client)} == {numbers(5)[0], numbers(5)[4]}
    assert campaign.progress().recipients == {"done": 2, "do_not_call": 3}
    for line in ("+12022000001, +12022000002", '"+12022000001","by letter","202-200-0002"'):
        path.write_text(f"{line}\n")
        with pytest.raises(
            CampaignError, match=r"stop.txt, line 1: '.*0002' is a second number. Write one number a line"
        ):
            campaign.add_do_not_call(path, region="US")
    path.write_text("+12022000001, 2026-11-25\n+12022000002,2026-11-25 10:00,12 times\n")
    assert campaign.add_do_not_call(path, region="DE") == 0
    path.write_text("+12022000001\nMr Smith\n")
    with pytest.raises(CampaignError, match=r"stop.txt, line 2: 'Mr Smith'"):
        campaign.add_do_not_call(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "telephone"}, "There is no column 'telephone'. The columns are 'id', 'phone', 'name'"),
        ({"task": "Tell {nam}"}, "There is no column 'nam'"),
        ({"task": "Tell {name"}, "is not a template"),
        ({"task": "Tell {name.first}"}, "Write only the name of a column"),
        ({"task": "Tell {name!r}"}, "Write only the name of a column"),
        ({"task": "Tell {name:>10}"}, "Write only the name of a column"),
        ({"task": "Tell {}"}, "Write only the name of a column"),
        ({"task": ""}, "There is no task"),
        ({"call": {"voic": "female"}}, "A call has no 'voic'. Did you mean 'voice'"),
        ({"call": {"to": "+12025550100"}}, "A call has no 'to'"),
        ({"call": {"voice": 7}}, "voice"),
        ({"call": {"max_duration_seconds": 0}}, "max_duration_seconds"),
        ({"call": {"metadata": {"x": object()}}}, "JSON"),
        ({"call": {"webhooks": {"webhook_url": "ftp://x"}}}, "webhooks.webhook_url='ftp://x' is not a URL"),
        ({"call": {"webhooks": {"tool_webhook_url": "example.com/{name}"}}}, "webhooks.tool_webhook_url="),
        ({"region": "XX"}, "is not a country"),
    ],
)
def test_options_that_are_wrong(make_campaign: MakeCampaign, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CampaignError, match=message.replace(".", r"\.").replace("{", r"\{")):
        make_campaign().add_rows(rows(1), **({"to": "phone", "id": "id", "task": TASK} | options))


def test_an_argument_with_a_typo(make_campaign: MakeCampaign) -> None:
    options: dict[str, Any] = {"to": "phone", "task": TASK, "skip_invalids": True}
    with pytest.raises(TypeError, match="skip_invalids"):
        make_campaign().add_rows(rows(1), **options)


def test_arguments_of_the_call_are_templates_and_checked(make_campaign: MakeCampaign, client: PamelaClient) -> None:
    people = [
        {"phone": "+12022000001", "who": "Acme", "place": "us", "order": 1042},
        {"phone": "+12022000002", "who": "Acme", "place": "USA", "order": 1043},
    ]
    call = {"caller_name": "{who}", "country": "{place}", "metadata": {"order": "{order}", "list": ["{who}"]}}
    campaign = make_campaign()
    with pytest.raises(InvalidRowsError, match=r"line 2: country='USA'"):
        campaign.add_rows(people, to="phone", task="Say {{hello}} to {who}", call=call)
    campaign.add_rows(people[:1], to="phone", task="Say {{hello}} to {who}", call=call)
    list(campaign.run())
    (placed,) = calls_of(client)
    assert placed.task == "Say {hello} to Acme"
    assert placed.metadata is not None
    assert placed.metadata["order"] == "1042"
    assert placed.metadata["list"] == ["Acme"]


@given(st.dictionaries(st.text("abc", min_size=1), st.text()), st.text())
def test_templates(values: dict[str, str], literal: str) -> None:
    quoted = literal.replace("{", "{{").replace("}", "}}")
    template = quoted + "".join(f"{{{name}}}" for name in values)
    assert columns_of(template) == set(values)
    assert fill(template, values) == literal + "".join(values.values())


NEW_YORK, LONDON = ("America/New_York",), ("Europe/London",)
NOON = datetime(2026, 11, 25, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("groups", "pace", "end"),
    [
        ([], {}, NOON),
        ([(NEW_YORK, 3600)], {"rate": "1/s", "in_flight": 100_000}, NOON + timedelta(hours=1)),
        ([(NEW_YORK, 3600)], {"rate": None, "in_flight": 60}, NOON + timedelta(hours=1)),
        ([(LONDON, 60)], {"rate": "1/s", "in_flight": 1000}, NOON + timedelta(minutes=1)),
        # London is open for three more hours, and does the rest next morning.
        (
            [(LONDON, 4 * 3600)],
            {"rate": "1/s", "in_flight": 100_000, "hours": Hours("09:00", "20:00")},
            datetime(2026, 11, 26, 10, tzinfo=UTC),
        ),
        ([(NEW_YORK, 1)], {"hours": Hours("09:00", "10:00", days="mon", holidays=["2026-11-30"])}, "a week later"),
    ],
)
def test_when_it_will_be_done(groups: Any, pace: dict[str, Any], end: Any) -> None:
    found = estimate_end(groups, Settings(**pace), NOON, call_seconds=60.0)
    assert found is not None
    expected = datetime(2026, 12, 7, 14, tzinfo=UTC) if end == "a week later" else end
    assert abs(found - expected) < timedelta(minutes=16)


def test_what_was_staged_by_a_process_that_died_is_forgotten(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign()

    def people() -> Any:
        yield from rows(4000)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        campaign.add_rows(people(), to="phone", id="id", task=TASK)
    assert campaign.progress().total == 0
    assert campaign.add_rows(rows(10), to="phone", id="id", task=TASK).added == 10


def test_results_in_all_formats(make_campaign: MakeCampaign, tmp_path: Path) -> None:
    campaign = make_campaign()
    campaign.add_rows([*rows(3), {"id": "=1+1", "phone": "+15005550011", "name": "x"}], to="phone", id="id", task=TASK)
    list(campaign.run())
    for name in ("results.csv", "results.jsonl", "results.parquet"):
        assert campaign.write_results(tmp_path / name) == 4
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["id"] for row in table] == ["r0", "r1", "r2", "'=1+1"]
    assert [row["outcome"] for row in table] == ["completed"] * 3 + [""]
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert lines[0]["call"]["transcript"]
    assert lines[3]["call"] is None
    from pyarrow import parquet

    assert parquet.read_table(tmp_path / "results.parquet").column("id").to_pylist() == ["r0", "r1", "r2", "=1+1"]
    with pytest.raises(CampaignError, match="has an unknown ending"):
        campaign.write_results(tmp_path / "results.xls")
    with pytest.raises(CampaignError, match="The ledger has all results"):
        campaign.write_results(tmp_path / "no-such-folder" / "results.csv")


@pytest.mark.parametrize("name", ["results.csv", "results.jsonl"])
def test_results_on_a_disk_that_is_full(make_campaign: MakeCampaign, tmp_path: Path, name: str) -> None:
    campaign = make_campaign()
    campaign.add_rows(rows(20), to="phone", id="id", task=TASK)
    list(campaign.run())
    (tmp_path / name).write_text("what was here before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(CampaignError, match=r"Cannot write .*results.*The ledger has all results"):
            campaign.write_results(tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / name).read_text() == "what was here before"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
