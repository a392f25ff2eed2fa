"""Generates a history of calls, so that lists, pages and usage have data."""

import json
import random
from collections.abc import Iterator
from typing import Any

from .call_plans import Plan, plan_call
from .call_record import CallRecord
from .clock import Moment
from .magic import Outcome

_DAY: Moment = 86_400_000_000
_OUTCOMES = {
    Outcome.ANSWERED: 78,
    Outcome.NO_ANSWER: 10,
    Outcome.BUSY: 6,
    Outcome.BROKEN_OFF: 3,
    None: 3,
}
"""The percentage of calls with each outcome. None means cancelled."""

_HOURS = (9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
_HOUR_WEIGHTS = (6, 10, 12, 7, 6, 10, 12, 11, 8, 4)
_DAY_WEIGHTS = (10, 11, 11, 10, 9, 3, 1)
_TASKS = (
    "Schedule a meeting for next week",
    "Confirm the appointment on {day}",
    "Ask when the shop opens on {day}",
    "Reschedule the delivery of order {number} to {day}",
    "Check the status of order {number}",
    "Reserve a table for {people} at 19:30 on {day}",
    "Remind the customer of invoice {number}",
    "Ask whether the part for order {number} has arrived",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_NAMES = ("John from Acme", "Maria from Globex", "Dr. Chen's office", "The Harbour Hotel", "")


def make_history(
    project_id: str, first_number: int, now: Moment, days: int, calls: int, seed: int, max_seconds: int
) -> Iterator[CallRecord]:
    """Yield ended calls, oldest first.

    Args:
        project_id: The project of the calls.
        first_number: The number of the first call in the project.
        now: The end of the history.
        days: The number of days before `now` that the history covers.
        calls: The number of calls.
        seed: The same seed gives the same calls, except for ids and dates.
        max_seconds: Maximum length of a conversation, in seconds.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    moments = sorted(_moment(chance, now, days) for _ in range(calls))
    for number, moment in enumerate(moments, first_number):
        yield _call(chance, project_id, number, moment, max_seconds)


def _moment(chance: random.Random, now: Moment, days: int) -> Moment:
    """Return a likely moment for a call, usually in working hours."""
    today = now - now % _DAY
    while True:
        day = today - chance.randrange(days) * _DAY
        weekday = (day // _DAY + 3) % 7  # 1 January 1970 was a Thursday
        if chance.random() * max(_DAY_WEIGHTS) > _DAY_WEIGHTS[weekday] and days >= 7:
            continue
        (hour,) = chance.choices(_HOURS, _HOUR_WEIGHTS)
        moment = day + hour * 3_600_000_000 + chance.randrange(3_600_000_000)
        if moment < now - 3_600_000_000:
            return moment
        if days == 1:
            return now - 3_600_000_000 - chance.randrange(_DAY // 2)


def _call(chance: random.Random, project_id: str, number: int, moment: Moment, max_seconds: int) -> CallRecord:
    task = chance.choice(_TASKS).format(
        day=chance.choice(_DAYS), number=chance.randrange(1000, 9999), people=chance.randrange(2, 9)
    )
    request: dict[str, Any] = {"to": f"+1555{chance.randrange(10**7):07}", "task": task}
    if caller := chance.choice(_NAMES):
        request["caller_name"] = caller
    (outcome,) = chance.choices([*_OUTCOMES], [*_OUTCOMES.values()])
    plan = plan_call(request, outcome or Outcome.ANSWERED, [], max_seconds)
    call = CallRecord(
        f"call_{chance.getrandbits(24):06x}{random.SystemRandom().getrandbits(40):010x}",
        project_id,
        number,
        json.dumps(request),
        "",
        moment,
        moment,
    )
    if outcome is None:
        call.end("cancelled", None, moment + chance.randrange(500_000, 4_000_000))
    else:
        _carry_out(call, plan, chance.uniform(0.8, 1.3))
    # The call has ended, so it needs no plan.
    call.plan_json = json.dumps({"steps": [], "cut_short": "", "late_transcript": False})
    return call


def _carry_out(call: CallRecord, plan: Plan, pace: float) -> None:
    """Carry out the whole plan of a call, with its durations multiplied by `pace`."""
    moment = call.created_at
    for step in plan["steps"]:
        seconds = step["after"] * pace
        moment += round(seconds * 1_000_000)
        if call.started_at is not None:
            call.talked += seconds
        match step["do"]:
            case "ring":
                call.status = "ringing"
                call.ringing_at = moment
            case "connect":
                call.connect(moment)
            case "say":
                call.say(step["speaker"], step["text"], moment)
            case "complete":
                call.end("completed", step["text"], moment)
            case "fail":
                call.end("failed", step["text"], moment)
