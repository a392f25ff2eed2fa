"""The report: one file without scripts or anything from elsewhere, whatever the campaign is called and has seen."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela.campaigns import CampaignError, Retry
from pamela.campaigns.report import _LEFT, _LETTER, _WIDE, _WIDTH, _labels, _merge, _round_up

from .conftest import MakeCampaign, rows


class Balanced(HTMLParser):
    """Fails where a tag is not closed."""

    VOID = frozenset({"meta", "rect", "line", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen[tag] += 1
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_report(make_campaign: MakeCampaign, tmp_path: Path) -> None:
    campaign = make_campaign("<script>alert('x')</script> & co", retry=Retry(not_reached=1, after=0))
    people = [*rows(10), {"id": "nobody", "phone": "+15005550001"}, {"id": "bad", "phone": "+15005550011"}]
    campaign.add_rows(people, to="phone", id="id", task="Say hello")
    campaign.write_report(tmp_path / "before.html")
    assert (tmp_path / "before.html").read_text().count("Nothing yet.") == 7
    list(campaign.run())
    campaign.write_report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.seen["svg"] == 7
    assert parser.seen["script"] == 0
    assert not re.search(r"https?://|src=|@import|url\(", page)
    for text in ("attempt 2: 1 not reached", "10 completed", "1 refused", ">12<", "$1.00"):
        assert text in page, text
    with pytest.raises(CampaignError, match="Cannot write"):
        campaign.write_report(tmp_path / "no-such-folder" / "report.html")


@pytest.mark.parametrize(
    ("span", "unit"),
    [
        (timedelta(0), timedelta(minutes=1)),
        (timedelta(minutes=59), timedelta(minutes=1)),
        (timedelta(minutes=61), timedelta(minutes=2)),
        (timedelta(hours=9), timedelta(minutes=10)),
        (timedelta(days=3), timedelta(hours=2)),
        (timedelta(days=900), timedelta(days=7)),
    ],
)
def test_a_plot_has_room_for_any_time(span: timedelta, unit: timedelta) -> None:
    first = datetime(2026, 11, 25, 9, 7, tzinfo=UTC)
    groups, per = _merge({first: Counter(a=1), first + span: Counter(a=2)})
    assert per == unit
    assert sum(counts["a"] for _, counts in groups) == (3 if span else 2)


@given(st.lists(st.text("0123456789 :", min_size=1, max_size=12), min_size=1, max_size=80), st.booleans())
def test_labels_neither_overlap_nor_are_cut_off(labels: list[str], wide: bool) -> None:
    width = _WIDE if wide else _WIDTH
    step = (width - _LEFT) / len(labels)
    found = _labels([(_LEFT + (index + 0.5) * step, label) for index, label in enumerate(labels)], width)
    centres = [float(each.split('"')[1]) for each in found]
    room = max(map(len, labels)) * _LETTER
    assert found
    assert all(room / 2 - 1 <= centre <= width - room / 2 + 1 for centre in centres)
    assert all(later - earlier >= room for earlier, later in pairwise(centres))


@pytest.mark.parametrize(("value", "end"), [(1, 1), (3, 4), (7, 8), (9, 10), (41, 60), (0.3, 0.4), (99_999, 100_000)])
def test_axes_end_at_good_numbers(value: float, end: float) -> None:
    assert _round_up(value) == pytest.approx(end)
