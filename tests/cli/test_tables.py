"""How wide the columns of a table are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pamela.cli.tables import LONGEST_WHOLE, NARROWEST, cell, duration, fitting


def test_texts_give_way_before_columns_do() -> None:
    full = {"id": 21, "status": 9, "task": 200, "created_at": 19}
    assert fitting(full, 80) == {"id": 21, "status": 9, "task": 25, "created_at": 19}
    assert fitting(full, 300) == full
    assert fitting(full, 40) == {"id": 21, "status": 9}
    assert fitting(full, 10) == {"id": 21}


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 300), min_size=1),
    st.integers(1, 400),
)
def test_a_table_fits_and_shows_no_number_in_part(full: dict[str, int], width: int) -> None:
    widths = fitting(full, width)
    assert next(iter(widths)) == next(iter(full))
    total = sum(widths.values()) + 2 * (len(widths) - 1)
    assert total <= width or len(widths) == 1
    for name, size in widths.items():
        assert size <= full[name]
        assert size == full[name] or (full[name] > LONGEST_WHOLE and size >= NARROWEST)


def test_values_are_written_for_people() -> None:
    assert [duration(seconds) for seconds in (0, 59.6, 61, 3661)] == ["0:00", "1:00", "1:01", "1:01:01"]
    assert cell("active", True).plain == "yes"
    assert cell("task", " two\nlines ").plain == "two lines"
    assert cell("metadata", {"ä": 1}).plain == '{"ä": 1}'
    assert cell("created_at", "no moment").plain == "no moment"
    assert cell("x", None).plain == ""
