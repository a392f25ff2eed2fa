"""What the sandbox keeps of a call, whichever of it is in the database already: nothing is lost, nothing comes of what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela.sandbox.call_plans import Plan
from pamela.sandbox.calls import Calls, Selection
from pamela.sandbox.changes import Changes
from pamela.sandbox.clock import SettableClock
from pamela.sandbox.store import Store

PLAN = Plan(steps=[], cut_short="", late_transcript=False)
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "updated_at": st.integers(1, 9),
    "due": st.integers(1, 9) | st.none(),
    "step": st.integers(0, 9),
    "talked": st.integers(0, 9),
    "status": st.sampled_from(["queued", "in_progress", "completed"]),
}
change = st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: CHANGES[name] for name in names})
)


class FailedError(Exception):
    """Ends a transaction."""


@pytest.mark.parametrize("is_lasting", [False, True])
@given(turns=st.lists(st.tuples(change, st.sampled_from(["kept", "failed", "kept and put back"])), max_size=8))
def test_a_call_is_as_it_was_saved_last(
    tmp_path_factory: pytest.TempPathFactory, is_lasting: bool, turns: list[tuple[dict[str, Any], str]]
) -> None:
    path: Path | None = tmp_path_factory.mktemp("sandbox") / "sandbox.db" if is_lasting else None
    store = Store(path)
    try:
        calls = Calls(store, SettableClock(1), Changes())
        call = calls.new("project", 1, {"to": "+1234567890", "task": "Order a pizza"}, PLAN)
        call.due = 5
        with store.transaction():
            calls.add(call)
        expected = {name: getattr(call, name) for name in CHANGES}
        for changed, end in turns:
            try:
                with store.transaction():
                    current = calls.get(call.id)
                    assert current is not None
                    for name, value in changed.items():
                        setattr(current, name, value)
                    calls.save(current)
                    if end == "failed":
                        raise FailedError
            except FailedError:
                pass
            else:
                expected |= changed
            if end == "kept and put back":
                with store.transaction():
                    calls.put_back(1)
                expected["due"] = None if expected["due"] is None else expected["due"] - 1
            found = calls.get(call.id)
            [listed], _ = calls.page("project", Selection(), 10, 0)
            for each in (found, listed):
                assert {name: getattr(each, name) for name in CHANGES} == expected
    finally:
        store.close()
