"""When callees may be called: hours, days and holidays, on clocks that jump, in zones of all kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pamela.campaigns import CampaignError, Hours
from pamela.campaigns.numbers import parse_number, to_e164, zones_of

NY, LA, CHICAGO, KATHMANDU, KOLKATA = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Chicago",
    "Asia/Kathmandu",
    "Asia/Kolkata",
)
ADELAIDE, LORD_HOWE, AUCKLAND, KIRITIMATI, SAMOA = (
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zones", "moment", "opening"),
    [
        # Plain days. 25 November 2026 is a Wednesday.
        (Hours("09:00", "20:00"), [NY], "2026-11-25 13:59:59", "2026-11-25 14:00:00"),
        (Hours("09:00", "20:00"), [NY], "2026-11-25 14:00:00", "2026-11-25 14:00:00"),
        (Hours("09:00", "20:00"), [NY], "2026-11-26 00:59:59", "2026-11-26 00:59:59"),
        (Hours("09:00", "20:00"), [NY], "2026-11-26 01:00:00", "2026-11-26 14:00:00"),
        (Hours("00:00", "24:00"), [NY], "2026-11-25 05:00:00", "2026-11-25 05:00:00"),
        # Zones of half and quarter hours.
        (Hours("09:00", "20:00"), [KOLKATA], "2026-11-25 00:00:00", "2026-11-25 03:30:00"),
        (Hours("09:00", "20:00"), [KATHMANDU], "2026-11-25 00:00:00", "2026-11-25 03:15:00"),
        (Hours("09:00", "20:00"), [ADELAIDE], "2026-11-24 20:00:00", "2026-11-24 22:30:00"),
        # The two ends of the day line.
        (Hours("09:00", "20:00"), [KIRITIMATI], "2026-11-25 18:00:00", "2026-11-25 19:00:00"),
        (Hours("09:00", "20:00"), [SAMOA], "2026-11-25 18:00:00", "2026-11-25 20:00:00"),
        # Days of the week are the callee's: Saturday has begun in Auckland when it is Friday in UTC.
        (Hours("09:00", "20:00", days="mon-fri"), [AUCKLAND], "2026-11-27 21:00:00", "2026-11-29 20:00:00"),
        (Hours("09:00", "20:00", days="mon-sat"), [NY], "2026-11-29 15:00:00", "2026-11-30 14:00:00"),
        (Hours("09:00", "20:00", days="sun"), [NY], "2026-11-25 15:00:00", "2026-11-29 14:00:00"),
        # Holidays are the callee's too.
        (Hours("09:00", "20:00", holidays=["2026-11-26"]), [NY], "2026-11-26 15:00:00", "2026-11-27 14:00:00"),
        (Hours("09:00", "20:00", holidays=[date(2026, 11, 26)]), [NY], "2026-11-26 00:30:00", "2026-11-26 00:30:00"),
        (
            Hours("09:00", "20:00", days="mon-fri", holidays=["2026-12-25", "2026-12-28"]),
            [NY],
            "2026-12-25 15:00:00",
            "2026-12-29 14:00:00",
        ),
        # Over midnight: the hours belong to the day on which they began.
        (Hours("22:00", "02:00"), [NY], "2026-11-25 06:59:59", "2026-11-25 06:59:59"),
        (Hours("22:00", "02:00"), [NY], "2026-11-25 07:00:00", "2026-11-26 03:00:00"),
        (Hours("22:00", "02:00", days="fri"), [NY], "2026-11-28 06:00:00", "2026-11-28 06:00:00"),
        (Hours("22:00", "02:00", days="sat"), [NY], "2026-11-28 06:00:00", "2026-11-29 03:00:00"),
        (Hours("22:00", "02:00", holidays=["2026-11-27"]), [NY], "2026-11-28 06:00:00", "2026-11-29 03:00:00"),
        # Clocks go forward in New York on 8 March 2026: 9 o'clock comes an hour earlier in UTC.
        (Hours("09:00", "20:00"), [NY], "2026-03-07 13:30:00", "2026-03-07 14:00:00"),
        (Hours("09:00", "20:00"), [NY], "2026-03-08 12:30:00", "2026-03-08 13:00:00"),
        # 02:30 does not exist on that day; the hours begin when the clocks jump, from 02:00 to 03:00.
        (Hours("02:30", "05:00"), [NY], "2026-03-08 06:00:00", "2026-03-08 07:00:00"),
        (Hours("01:00", "02:30"), [NY], "2026-03-08 06:59:59", "2026-03-08 06:59:59"),
        (Hours("01:00", "02:30"), [NY], "2026-03-08 07:00:00", "2026-03-09 05:00:00"),
        # Hours that lie within the jump do not come at all on that day.
        (Hours("02:10", "02:50"), [NY], "2026-03-08 06:00:00", "2026-03-09 06:10:00"),
        # Clocks go back on 1 November 2026: 01:30 comes twice. Both readings of the clock must be within the hours.
        (Hours("01:30", "05:00"), [NY], "2026-11-01 05:30:00", "2026-11-01 06:30:00"),
        (Hours("00:30", "01:30"), [NY], "2026-11-01 05:29:59", "2026-11-01 05:29:59"),
        (Hours("00:30", "01:30"), [NY], "2026-11-01 05:30:00", "2026-11-02 05:30:00"),
        (Hours("09:00", "20:00"), [NY], "2026-11-01 13:30:00", "2026-11-01 14:00:00"),
        # Lord Howe's clocks jump by half an hour, on 4 October 2026 at 02:00.
        (Hours("02:10", "05:00"), [LORD_HOWE], "2026-10-03 15:00:00", "2026-10-03 15:30:00"),
        # Several zones: what they have in common.
        (Hours("09:00", "20:00"), [NY, CHICAGO], "2026-11-25 14:00:00", "2026-11-25 15:00:00"),
        (Hours("09:00", "20:00"), [NY, CHICAGO], "2026-11-26 00:30:00", "2026-11-26 00:30:00"),
        (Hours("09:00", "20:00"), [NY, CHICAGO], "2026-11-26 01:30:00", "2026-11-26 15:00:00"),
        (Hours("09:00", "20:00"), [NY, LA], "2026-11-25 14:00:00", "2026-11-25 17:00:00"),
        (Hours("09:00", "12:00"), [NY, LA], "2026-11-25 14:00:00", None),
        (Hours("09:00", "20:00"), [KIRITIMATI, SAMOA], "2026-11-25 14:00:00", "2026-11-25 20:00:00"),
        # A day is a working day for both: Friday evening in Samoa is Saturday in Kiritimati.
        (Hours("09:00", "20:00", days="sat"), [KIRITIMATI, SAMOA], "2026-11-25 14:00:00", None),
        # Never.
        (Hours("09:00", "20:00", holidays=[date(2026, 11, 25) + timedelta(n) for n in range(400)]), [NY],
         "2026-11-25 14:00:00", None),
    ],
)  # fmt: skip
def test_next_opening(hours: Hours, zones: list[str], moment: str, opening: str | None) -> None:
    found = hours.next_opening(utc(moment), zones)
    assert found == (None if opening is None else utc(opening))
    assert hours.is_open(utc(moment), zones) is (found == utc(moment))


ZONES = st.lists(
    st.sampled_from([NY, LA, KOLKATA, ADELAIDE, LORD_HOWE, "Europe/London", "UTC"]), min_size=1, max_size=2
)
TIMES = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda each: each.replace(tzinfo=UTC))


@settings(deadline=None, max_examples=200)
@given(TIMES, TIMES, ZONES, MOMENTS)
def test_clocks_of_callees_show_a_time_within_the_hours(
    start: str, end: str, zones: list[str], moment: datetime
) -> None:
    if start == end:
        return
    found = Hours(start, end).next_opening(moment, zones)
    if found is None:
        return
    assert found >= moment
    for zone in zones:
        shown = found.astimezone(ZoneInfo(zone)).strftime("%H:%M")
        assert start <= shown < end if start < end else shown >= start or shown < end


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "9", "end": "20:00"}, "'9' is not a time of day"),
        ({"start": "09:00", "end": "24:01"}, "'24:01' is not a time of day"),
        ({"start": "09:60", "end": "20:00"}, "'09:60' is not a time of day"),
        ({"start": "09:00", "end": "09:00"}, "begin and end at the same time"),
        ({"start": "09:00", "end": "20:00", "days": "mon-xyz"}, "does not name days"),
        ({"start": "09:00", "end": "20:00", "days": ""}, "does not name days"),
        ({"start": "09:00", "end": "20:00", "holidays": ["26.11.2026"]}, "is not a date"),
        ({"start": "09:00", "end": "20:00", "holidays": "no-such-file"}, "Cannot read the holidays"),
    ],
)
def test_what_is_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        Hours(**arguments)


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(CampaignError, match="Did you mean 'America/New_York'"):
        Hours("09:00", "20:00").next_opening(utc("2026-11-25 14:00"), ["America/NewYork"])


def test_holidays_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "holidays.txt"
    file.write_text("# 2026\n2026-11-26 Thanksgiving\n2026-12-25; Christmas\n\n2026-12-28  # observed\n")
    assert Hours("09:00", "20:00", holidays=file).holidays == {
        date(2026, 11, 26),
        date(2026, 12, 25),
        date(2026, 12, 28),
    }
    file.write_text("2026-11-26\nChristmas\n")
    with pytest.raises(CampaignError, match=r"line 2: 'Christmas' is not a date"):
        Hours("09:00", "20:00", holidays=file)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12025550100", {NY}),
        # An area code in two zones, whatever the tables say of its ranges.
        ("+14237551234", {NY, CHICAGO}),
        ("+14232021234", {NY, CHICAGO}),
        ("+442079460001", {"Europe/London"}),
        ("+919812345678", {"Asia/Calcutta"}),
    ],
)
def test_zones_of_numbers(number: str, zones: set[str]) -> None:
    assert set(zones_of(parse_number(number))) == zones


def test_a_number_without_a_place_has_all_zones_of_its_country() -> None:
    toll_free = zones_of(parse_number("+18005551212"))
    assert len(toll_free) > 30
    opening = Hours("09:00", "20:00").next_opening(utc("2026-11-25 14:00"), toll_free)
    assert opening is not None
    for zone in toll_free:
        assert 9 <= opening.astimezone(ZoneInfo(zone)).hour < 20


@pytest.mark.parametrize(
    ("text", "region", "meant"),
    [
        ("+12025550100", None, "+12025550100"),
        ("+1 (202) 555-0100", None, "+12025550100"),
        ("202-555-0100", "US", "+12025550100"),
        ("020 7946 0001", "GB", "+442079460001"),
        ("+44 20 7946 0001", "US", "+442079460001"),
        ("00442079460001", "GB", "+442079460001"),
        ("\u202a+12025550100\u202c", None, "+12025550100"),
    ],
)
def test_numbers(text: str, region: str | None, meant: str) -> None:
    assert to_e164(parse_number(text, region)) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2025550100", "has no country code"),
        ("+1202555", "too short"),
        ("+120255501000000", "too long"),
        ("call me", "is not a phone number|has no country code"),
        ("+10005550100", "not a number that is in use"),
        ("+12025550100 ext. 5", "has an extension"),
        ("+999123456789", "is not a phone number|no country code"),
        ("1.2025550100e10", "phone number|country code"),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_number(text)
