"""Calls: how they go, how they end, how they are found again."""

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from pamela.sandbox import Sandbox, languages

from .api import PREFIX, Api, body_of
from .waiting import until


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_call_begins_queued(api: Api) -> None:
    call = api.create(task="Schedule a meeting for next week", metadata={"ticket": "T-1042", "deep": {"er": [1, None]}})

    assert call["status"] == "queued"
    assert call["to"] == "+1234567890"
    assert call["task"] == "Schedule a meeting for next week"
    assert call["metadata"] == {"ticket": "T-1042", "deep": {"er": [1, None]}}
    for name in ("started_at", "ended_at", "duration_seconds", "billed_minutes", "transcript", "summary"):
        assert call[name] is None


def test_a_call_goes_through_its_statuses_and_talks_line_by_line(slow_api: Api) -> None:
    call = slow_api.create()
    statuses, lines = [call["status"]], [0]
    while call["status"] != "completed":
        call = slow_api.call(call["id"])
        if call["status"] != statuses[-1]:
            statuses.append(call["status"])
        if len(call["transcript"] or []) != lines[-1]:
            lines.append(len(call["transcript"]))

    assert statuses == ["queued", "ringing", "in_progress", "completed"]
    assert lines == sorted(lines)
    assert len(lines) > 4


def test_a_completed_call_has_all_that_is_known_of_it(api: Api) -> None:
    call = api.finish(task="Schedule a meeting for next week", agent_name="Iris", caller_name="John from Acme")

    assert call["created_at"] < call["started_at"] < call["ended_at"] <= call["updated_at"]
    assert 20 <= call["duration_seconds"] <= 60
    assert call["billed_minutes"] == math.ceil(call["duration_seconds"] / 60)
    assert {entry["speaker"] for entry in call["transcript"]} == {"agent", "user"}
    assert [entry["timestamp"] for entry in call["transcript"]] == sorted(e["timestamp"] for e in call["transcript"])
    said = " ".join(entry["text"] for entry in call["transcript"])
    assert "Iris" in said
    assert "John from Acme" in said
    assert "Schedule a meeting for next week" in said
    assert call["summary"].startswith("Schedule a meeting for next week: agreed on ")


def test_a_long_task_is_not_read_out_whole(api: Api) -> None:
    call = api.finish(task="Ask about the order. " * 1000)

    assert len(call["transcript"][2]["text"]) < 300
    assert "…" in call["summary"]


def test_the_same_request_makes_the_same_conversation(api: Api) -> None:
    first, second = (api.finish(task="Ask when the shop opens") for _ in range(2))

    def said(call: dict[str, Any]) -> list[str]:
        return [entry["text"] for entry in call["transcript"]]

    assert said(first) == said(second)
    assert first["summary"] == second["summary"]
    assert first["duration_seconds"] == second["duration_seconds"]


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en-US", languages.ENGLISH),
        ("es-MX", languages.SPANISH),
        ("fr_FR", languages.FRENCH),
        ("de", languages.GERMAN),
        ("tlh", languages.ENGLISH),
    ],
)
def test_a_call_is_held_in_the_language_of_its_locale(api: Api, locale: str, language: languages.Language) -> None:
    call = api.finish(locale=locale)

    assert call["transcript"][-1]["text"] == language.goodbye


def test_max_duration_ends_a_call(api: Api) -> None:
    call = api.finish(max_duration_seconds=7)

    assert call["status"] == "completed"
    assert call["duration_seconds"] == 7
    assert 0 < len(call["transcript"]) < 5
    assert "ended before" in call["summary"]


def test_a_call_may_be_allowed_hardly_any_time(api: Api) -> None:
    call = api.finish(max_duration_seconds=1)

    assert (call["status"], call["duration_seconds"], call["billed_minutes"]) == ("completed", 1, 1)


def test_a_long_talker_talks_until_the_time_is_up(api: Api) -> None:
    call = api.finish("+15005550004")

    assert (call["status"], call["duration_seconds"], call["billed_minutes"]) == ("completed", 299, 5)
    assert len(call["transcript"]) > 30


@pytest.mark.parametrize(
    ("number", "summary"), [("+15005550001", "Nobody answered."), ("+15005550002", "The line was busy.")]
)
def test_a_call_that_does_not_connect_fails_and_costs_nothing(api: Api, number: str, summary: str) -> None:
    call = api.finish(number)

    assert (call["status"], call["summary"]) == ("failed", summary)
    assert call["ended_at"] is not None
    for name in ("started_at", "duration_seconds", "billed_minutes", "transcript"):
        assert call[name] is None


def test_a_call_that_breaks_off_has_cost_what_it_lasted(api: Api) -> None:
    call = api.finish("+15005550003")

    assert (call["status"], call["billed_minutes"]) == ("failed", 1)
    assert call["duration_seconds"] > 0
    assert len(call["transcript"]) == 3
    assert "broke off" in call["summary"]


def test_a_late_transcript_comes_after_the_end(slow_api: Api) -> None:
    call = slow_api.create("+15005550005")
    # Something was said since the call connected.
    until(lambda: slow_api.call(call["id"])["updated_at"] > (slow_api.call(call["id"])["started_at"] or "9"))

    ended = body_of(slow_api.hang_up(call["id"]))
    assert ended["transcript"] is None

    until(lambda: slow_api.call(call["id"])["transcript"] is not None)
    late = slow_api.call(call["id"])
    assert late["updated_at"] > late["ended_at"]


LONG_TALKER = "+15005550004"


def test_a_queued_call_can_be_cancelled(real_time_api: Api) -> None:
    call = real_time_api.create()

    cancelled = body_of(real_time_api.cancel(call["id"]))

    assert (cancelled["id"], cancelled["status"], cancelled["success"]) == (call["id"], "cancelled", True)
    assert cancelled["message"] == "Call cancelled."
    after = real_time_api.call(call["id"])
    assert (after["status"], after["billed_minutes"]) == ("cancelled", None)
    assert after["ended_at"] is not None


def test_a_ringing_call_can_be_cancelled(slow_api: Api) -> None:
    call = slow_api.wait_for_status(slow_api.create("+15005550001")["id"], "ringing")

    assert slow_api.cancel(call["id"]).status_code == 200


def test_a_call_in_progress_is_hung_up_not_cancelled(api: Api) -> None:
    call = api.wait_for_status(api.create(LONG_TALKER, max_duration_seconds=3600)["id"], "in_progress")

    refused = api.cancel(call["id"])
    hung_up = body_of(api.hang_up(call["id"]))

    assert (refused.status_code, body_of(refused)["detail"]) == (
        409,
        f"Call {call['id']} is in_progress; hang it up instead.",
    )
    assert (hung_up["status"], hung_up["message"]) == ("completed", "Call ended.")
    assert 0 <= hung_up["duration_seconds"] < 3600
    assert hung_up["billed_minutes"] >= 1
    assert "ended before" in hung_up["summary"]


def test_a_queued_call_is_cancelled_not_hung_up(real_time_api: Api) -> None:
    call = real_time_api.create()

    refused = real_time_api.hang_up(call["id"])

    assert refused.status_code == 409
    assert "cancel it instead" in body_of(refused)["detail"]


@pytest.mark.parametrize("action", ["cancel", "hangup"])
def test_a_call_that_is_over_can_be_neither(api: Api, action: str) -> None:
    call = api.finish("+15005550002")

    response = api.post(f"{PREFIX}/calls/{call['id']}/{action}")

    assert response.status_code == 409
    assert body_of(response)["detail"].endswith("is failed; it can neither be cancelled nor hung up.")


@pytest.mark.parametrize("call_id", ["call_0", "a%2Fb", "%00", "%ff", "x" * 5000, "cancel", "'; DROP TABLE calls"])
@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("POST", "/cancel"), ("POST", "/hangup")])
def test_an_unknown_call_is_not_found(api: Api, call_id: str, method: str, rest: str) -> None:
    response = api.request(method, f"{PREFIX}/calls/{call_id}{rest}")

    assert response.status_code == 404
    assert body_of(response)["detail"]["error_code"] == 7003


def test_projects_do_not_see_each_other(sandbox: Sandbox, api: Api, api_key: str) -> None:
    call = api.create()

    with Api(sandbox, f"pk_test_{api_key}") as other:
        assert other.get(f"{PREFIX}/calls/{call['id']}").status_code == 404
        assert other.cancel(call["id"]).status_code == 404
        assert body_of(other.get(f"{PREFIX}/calls"))["total"] == 0


def listed(api: Api, **query: str | int) -> dict[str, Any]:
    return body_of(api.get(f"{PREFIX}/calls", params=query))


def test_calls_are_listed_newest_first_in_pages(api: Api) -> None:
    ids = [api.create(metadata={"n": n})["id"] for n in range(7)]

    pages = [body_of(api.get(f"{PREFIX}/calls", params={"limit": 3, "offset": offset})) for offset in (0, 3, 6, 9)]

    assert [item["id"] for page in pages for item in page["items"]] == ids[::-1]
    assert [item["metadata"]["n"] for item in pages[0]["items"]] == [6, 5, 4]
    assert [(page["has_more"], page["next_offset"]) for page in pages] == [
        (True, 3),
        (True, 6),
        (False, None),
        (False, None),
    ]
    assert {(page["total"], page["limit"]) for page in pages} == {(7, 3)}


def test_a_page_has_fifty_calls_unless_asked_otherwise(api: Api) -> None:
    for _ in range(51):
        api.create()

    page = body_of(api.get(f"{PREFIX}/calls"))

    assert (len(page["items"]), page["limit"], page["offset"], page["next_offset"]) == (50, 50, 0, 50)
    assert len(listed(api, limit=100)["items"]) == 51


def test_calls_are_found_by_status(api: Api) -> None:
    busy = api.finish("+15005550002")
    done = api.finish()

    assert [item["id"] for item in listed(api, status_filter="failed")["items"]] == [busy["id"]]
    assert [item["id"] for item in listed(api, status_filter="completed")["items"]] == [done["id"]]
    assert listed(api, status_filter="ringing")["items"] == []


def test_calls_are_found_by_when_they_were_created(api: Api) -> None:
    first, second = api.create(), api.create()
    tomorrow = (moment(first["created_at"]) + timedelta(days=1)).isoformat()

    def found(**query: str) -> list[str]:
        return [item["id"] for item in listed(api, **query)["items"]]

    assert found(start_date=second["created_at"]) == [second["id"]]
    assert found(end_date=second["created_at"]) == [first["id"]]
    assert found(start_date=first["created_at"].replace("Z", "+00:00")) == [second["id"], first["id"]]
    assert found(start_date=first["created_at"], end_date=tomorrow) == [second["id"], first["id"]]
    assert found(start_date=tomorrow) == []
    assert found(end_date="0001-01-01T00:00:00+23:59") == []


def test_usage_counts_what_connected(api: Api) -> None:
    month = f"{moment(api.create()['created_at']):%Y-%m}"
    done = [api.finish(), api.finish("+15005550003"), api.finish("+15005550004", max_duration_seconds=61)]
    api.finish("+15005550001")
    until(lambda: not listed(api, status_filter="in_progress")["items"])

    usage = body_of(api.get(f"{PREFIX}/usage"))

    assert usage["period"] == month
    assert usage["call_count"] == 4
    first = listed(api)["items"][-1]
    seconds = sum(call["duration_seconds"] for call in [*done, first])
    assert usage["api_minutes"] == pytest.approx(seconds / 60)
    assert usage["billed_minutes"] == sum(call["billed_minutes"] for call in [*done, first])
    assert usage["quota"] == {"partner_limit": None, "project_limit": None}
    assert usage["partner_id"].startswith("partner_")
    assert usage["project_id"].startswith("project_")
    assert body_of(api.get(f"{PREFIX}/usage", params={"period": month})) == usage


@pytest.mark.parametrize("period", ["0000-01", "9999-12", "2020-02"])
def test_usage_of_another_month_is_nothing(api: Api, period: str) -> None:
    api.finish()

    usage = body_of(api.get(f"{PREFIX}/usage", params={"period": period}))

    assert (usage["period"], usage["call_count"], usage["api_minutes"], usage["billed_minutes"]) == (period, 0, 0, 0)
