"""Histories of calls that are made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox, SandboxError

from .api import PREFIX, Api, body_of
from .waiting import until


def all_calls(sandbox: Sandbox, key: str) -> list[dict[str, Any]]:
    return sandbox.project(key).calls()


def test_a_month_of_calls_is_made_up(sandbox: Sandbox, api: Api, api_key: str) -> None:
    sandbox.project(api_key).seed(days=30, calls=500, seed=7)

    calls = all_calls(sandbox, api_key)
    assert len(calls) == 500
    created = [datetime.fromisoformat(call["created_at"]) for call in calls]
    assert created == sorted(created)
    assert datetime.now(UTC) - timedelta(days=31) < created[0] < created[-1] < datetime.now(UTC)
    by_status = {status: sum(call["status"] == status for call in calls) for status in ("completed", "failed")}
    assert by_status["completed"] > by_status["failed"] > 20
    for call in calls:
        assert call["ended_at"] is not None
        assert (call["duration_seconds"] is None) == (call["started_at"] is None)
    months = {call["started_at"][:7] for call in calls if call["started_at"]}
    usages = [body_of(api.get(f"{PREFIX}/usage", params={"period": month})) for month in sorted(months)]
    assert sum(usage["call_count"] for usage in usages) == sum(call["started_at"] is not None for call in calls)
    assert sum(usage["billed_minutes"] for usage in usages) == sum(call["billed_minutes"] or 0 for call in calls)


def test_the_same_seed_makes_the_same_history(sandbox: Sandbox, api_key: str) -> None:
    def history(key: str, seed: int) -> list[Any]:
        sandbox.project(key).seed(days=10, calls=50, seed=seed)
        return [(call["to"], call["task"], call["status"]) for call in all_calls(sandbox, key)]

    assert history(f"{api_key}_a", 1) == history(f"{api_key}_b", 1) != history(f"{api_key}_c", 2)


def test_one_day_is_enough(sandbox: Sandbox, api_key: str) -> None:
    sandbox.project(api_key).seed(days=1, calls=20)

    assert len(all_calls(sandbox, api_key)) == 20


def test_no_more_is_made_up_than_is_kept() -> None:
    with pamela.sandbox.run(keep_calls=10) as sandbox, pytest.raises(SandboxError, match="--keep-calls"):
        sandbox.seed(calls=11)


def test_the_oldest_calls_are_forgotten() -> None:
    with pamela.sandbox.run(speed=1000, keep_calls=5) as sandbox, Api(sandbox, sandbox.api_key) as api:
        ids = [api.finish("+15005550002")["id"] for _ in range(12)]
        until(lambda: body_of(api.get(f"{PREFIX}/calls"))["total"] == 5)
        kept = [call["id"] for call in sandbox.calls()]

    assert kept == ids[-5:]
