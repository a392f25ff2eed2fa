"""Settings of a campaign: what is taken, and what is refused before anything is dialled."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pamela.campaigns import Breaker, CampaignError, Hours, Pace, Rate, Retry, write_results
from pamela.campaigns.campaign import read_do_not_call
from pamela.campaigns.checks import RowChecker, RowFormat
from pamela.campaigns.readers import Row, read_csv, read_file
from pamela.campaigns.settings import Settings, parse_duration, parse_rates


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90), ("15m", 900), ("15 min", 900), ("2 mins", 120), ("1.5 hours", 5400), ("2h", 7200), ("1d", 86_400),
        ("2 days", 172_800), ("7", 7), (0, 0), (0.5, 0.5), (timedelta(minutes=1), 60),
    ],
)  # fmt: skip
def test_durations(written: Any, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    # What 500ms means is no minutes.
    [
        "",
        "soon",
        "500ms",
        "1ds",
        "-1s",
        "²",
        "1e3",
        "99999999999d",
        math.nan,
        math.inf,
        -1,
        1e300,
        True,
        None,
        [],
        b"5s",
    ],
)
def test_what_is_no_duration(written: Any) -> None:
    with pytest.raises(CampaignError, match=r"is not a duration\. Write 90s, 15m, 2h or 1d"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("written", "rates"),
    [
        (None, ()), ((), ()), (5, (Rate(5, 1),)), (0.5, (Rate(0.5, 1),)), ("5", (Rate(5, 1),)), ("100/min", (Rate(100, 60),)),
        ("5/s,100/mins", (Rate(5, 1), Rate(100, 60))), ([Rate(1, 7)], (Rate(1, 7),)), ("1/day", (Rate(1, 86_400),)),
    ],
)  # fmt: skip
def test_rates(written: Any, rates: tuple[Rate, ...]) -> None:
    assert parse_rates(written) == rates


@pytest.mark.parametrize(
    "written",
    ["", "fast", "0", "-1/s", "5/ms", "5/", "5/s,", "²/s", 0, -1, math.nan, math.inf, True, [], [""], {}, b"5/s"],
)
def test_what_is_no_rate(written: Any) -> None:
    with pytest.raises(CampaignError, match=r"is not a rate\. Write 5/s, 100/min, or both"):
        parse_rates(written)


any_settings: Any = Settings
any_hours: Any = Hours
any_breaker: Any = Breaker
any_retry: Any = Retry


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rate(0, 1), r"Rate\(calls=0\) is not a number above 0"),
        (lambda: Rate(1, math.nan), r"Rate\(seconds=nan\) is not a number above 0"),
        (lambda: Rate(math.inf, 1), r"Rate\(calls=inf\) is not a number above 0"),
        (lambda: any_breaker(share=math.nan), r"Breaker\(share=nan\) is not a share"),
        (lambda: any_breaker(share=0), r"Breaker\(share=0\) is not a share"),
        (lambda: any_breaker(share=50), r"Breaker\(share=50\) is not a share. Give a number above 0, and 1 at most"),
        (lambda: any_breaker(share="0.5"), r"Breaker\(share='0\.5'\) is not a share"),
        (lambda: any_breaker(at_least=0), r"Breaker\(at_least=0\) is not a number of results"),
        (lambda: any_breaker(at_least=None), r"Breaker\(at_least=None\) is not a number"),
        (lambda: any_breaker(window=0), r"Breaker\(window=\.\.\.\) is no time at all"),
        (lambda: any_retry(not_reached=math.nan), r"is not a number of retries"),
        (lambda: Pace(in_flight=0), "in_flight=0 is not a number of calls"),
        (lambda: any_settings(max_minutes=math.nan), "max_minutes=nan is not a budget"),
        (lambda: any_settings(max_minutes=1.5), "max_minutes=1.5 is not a budget"),
        (lambda: any_settings(max_minutes="5"), "max_minutes='5' is not a budget"),
        (lambda: any_settings(max_minutes=0), "max_minutes=0 is not a budget"),
        (lambda: any_settings(poll_interval=0), "0 is not an interval, as it takes no time"),
        (lambda: any_settings(per_prefix=[]), r"per_prefix=\[\] is not a mapping"),
        (lambda: any_settings(per_prefix={5: Pace()}), "per_prefix has 5"),
        (lambda: any_settings(per_prefix={"+٤٤": Pace()}), r"per_prefix has '\+٤٤'"),
        (lambda: any_settings(zone_fallback=5), "zone_fallback=5 is not the name of a time zone"),
        (lambda: any_settings(zone_fallback=""), "There is no time zone ''"),
        (lambda: any_hours("24:00", "00:00"), "begin and end at the same time"),
        (lambda: any_hours("24:00", "24:00"), "begin and end at the same time"),
        (lambda: any_hours("٠٩:00", "20:00"), "is not a time of day"),
        (lambda: any_hours("09:00", "20:00", days=[]), r"\[\] does not name days of the week"),
        (lambda: any_hours("09:00", "20:00", days=5), "5 does not name days of the week"),
        (lambda: any_hours("09:00", "20:00", holidays=5), "holidays=5 must be dates"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        make()


def test_a_holiday_may_be_given_with_a_time() -> None:
    hours = Hours("09:00", "20:00", holidays=[datetime(2026, 12, 25, 12, tzinfo=UTC), date(2026, 12, 26), "2026-12-27"])
    opening = hours.next_opening(datetime(2026, 12, 25, tzinfo=UTC), ["UTC"])
    assert opening == datetime(2026, 12, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", ["", ",,", "a", "7", '"', "\n", 5])
def test_what_is_no_delimiter(tmp_path: Path, delimiter: Any) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,phone\n1,+12022000001\n")
    with pytest.raises(CampaignError, match="is not a delimiter"):
        list(read_csv(path, delimiter=delimiter))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("people.csv", "id,phone\n1,+12022000001\n".encode("utf-16-le"), "is UTF-16 without a byte order mark"),
        ("people.xlsx", b"PK", r"people\.xlsx is a spreadsheet\. Save it as CSV"),
        ("people.json", b'\n[\n{"id": 1}\n]\n', "is a JSON array. Write an object on each line"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CampaignError, match=message):
        list(read_file(path))


def test_lines_of_json_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"phone": "+12022000001", "phone": "+12022000002"}\n{"age": NaN}\n[1]\n{"id": 1}\n')
    assert [row.problem for row in read_file(path)] == [
        "is not JSON: the name 'phone' is there twice",
        "is not JSON: NaN is no number of JSON",
        "is not a JSON object",
        None,
    ]


def test_a_country_may_be_written_in_small_letters() -> None:
    assert read_do_not_call(["202 200 0001"], "us") == {"+12022000001": None}
    for region in ("UK", "", 5):
        with pytest.raises(CampaignError, match=r"region=.* is not a country\. Write US or GB"):
            read_do_not_call(["202 200 0001"], region)  # type: ignore[arg-type]
        with pytest.raises(CampaignError, match=r"region=.* is not a country\. Write US or GB"):
            RowFormat(to="phone", region=region, call={"task": "Greet"})  # type: ignore[arg-type]


def test_a_nul_is_no_text() -> None:
    checker = RowChecker(RowFormat(to="phone", id="id", call={"task": "Greet {name}"}), Settings())
    try:
        for values in ({"id": "a\0", "name": "Ann"}, {"id": "a", "name": "A\0nn"}):
            with pytest.raises(CampaignError, match="has a NUL character, which is no text"):
                checker.check(Row(1, {"phone": "+12022000001", **values}))
    finally:
        checker.close()


def test_settings_of_csv_files_are_for_csv_files(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text("{}\n")
    with pytest.raises(CampaignError, match=r"delimiter=';' is for CSV files, and .*people\.jsonl is none"):
        read_file(path, delimiter=";")
    with pytest.raises(CampaignError, match="encoding='utf-8' is for CSV files"):
        read_file(path, encoding="utf-8")
    csv = tmp_path / "people.csv"
    csv.write_text("id\n1\n")
    with pytest.raises(CampaignError, match="unknown encoding"):
        list(read_csv(csv, encoding=""))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_of_results_that_cannot_be_written_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "missing" / f"results.{ending}"
    with pytest.raises(CampaignError, match=f"Cannot write {path}: "):
        write_results(path, [])
