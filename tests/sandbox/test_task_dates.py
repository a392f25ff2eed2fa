"""The days that tasks name, and what conversations make of them."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pamela.sandbox.call_plans import plan_call
from pamela.sandbox.fake_arguments import ArgumentMaker
from pamela.sandbox.languages import language_of
from pamela.sandbox.magic import Outcome
from pamela.sandbox.task_dates import NamedDate, find_date

FIFTH = date(2026, 12, 5)


@pytest.mark.parametrize(
    ("task", "words", "day"),
    [
        ("Move it to 2026-12-05, please", "2026-12-05", FIFTH),
        ("Move it to 5 December 2026", "5 December 2026", FIFTH),
        ("Move it to the 5th of December", "5th of December", None),
        ("Move it to Dec 5th, 2026, at noon", "Dec 5th, 2026", FIFTH),
        ("Verlege es auf den 5. Dezember 2026", "5. Dezember 2026", FIFTH),
        ("Aplázalo al 5 de diciembre de 2026", "5 de diciembre de 2026", FIFTH),
        ("Reporte au 1er mars", "1er mars", None),
        ("You may 6; call on may 5", "may 5", None),
        ("Move it to the 5th of may", "5th of may", None),
        ("Move it to 05/12/2026", "05/12/2026", None),
        ("Move it to 30 February 2026", "30 February 2026", None),
    ],
)
def test_a_date_is_found_as_it_is_written(task: str, words: str, day: date | None) -> None:
    assert find_date(task) == NamedDate(words, day)


@pytest.mark.parametrize(
    "task",
    [
        "Ask about order 1042 in May",
        "You may 5 times",
        "A party of 5 may come",
        "Version 3.5.1",
        "Call 2026-1042-7",
        "",
    ],
)
def test_what_is_no_date_is_not_found(task: str) -> None:
    assert find_date(task) is None


@settings(deadline=None)
@given(st.text("0123456789 ./-,. decmberth", max_size=60))
def test_any_text_can_be_looked_at(task: str) -> None:
    found = find_date(task)
    assert found is None or found.words in task


def lines_of(task: str, locale: str) -> str:
    plan = plan_call({"to": "+12025550123", "task": task, "locale": locale}, Outcome.ANSWERED, [], 300)
    return "\n".join(step["text"] for step in plan["steps"] if "text" in step)


@pytest.mark.parametrize(
    ("task", "locale", "said"),
    [
        ("Book a table on 5 December 2026", "en-US", "Do you have anything on 5 December 2026?"),
        ("Book a table for tomorrow", "en-US", "Do you have anything tomorrow?"),
        ("Book a table for Saturday", "en-US", "Saturday is possible"),
        ("Reserva una mesa para mañana", "es-ES", "¿Tienen algo libre mañana?"),
        ("Réserve une table le 5 décembre", "fr-FR", "Auriez-vous une possibilité le 5 décembre ?"),
        ("Reserviere einen Tisch für morgen", "de-DE", "Haben Sie morgen etwas frei?"),
    ],
)
def test_a_conversation_is_about_the_day_of_the_task(task: str, locale: str, said: str) -> None:
    assert said in lines_of(task, locale)


def test_a_conversation_is_not_about_a_day_that_the_task_excludes() -> None:
    for number in range(20):
        assert "Monday is possible" not in lines_of(f"Book table {number}, but not on Monday", "en-US")


@pytest.mark.parametrize(
    ("task", "locale", "left"),
    [
        ("Not on Monday, Tuesday or Wednesday", "en-US", "Thursday Friday"),
        ("On no day but not on Monday, on Tuesday, and Wednesday", "en-US", "Thursday Friday"),
        ("Not on Monday, Tuesday, Wednesday, Thursday or Friday", "en-US", "Saturday Sunday"),
        ("Not on Monday, Tuesday is fine", "en-US", "Tuesday"),
        ("Nicht am Montag, Dienstag oder Mittwoch", "de-DE", "Donnerstag Freitag"),
        ("Pas le lundi, mardi ou mercredi", "fr-FR", "jeudi vendredi"),
        ("No el lunes, martes o miércoles", "es-ES", "jueves viernes"),
    ],
)
def test_a_task_excludes_all_days_that_it_lists(task: str, locale: str, left: str) -> None:
    language = language_of(locale)
    for number in range(10):
        said = lines_of(f"Book table {number}. {task}", locale).replace(task, "")
        days = {day for day in (*language.days, *language.weekend) if re.search(rf"\b{day}\b", said, re.IGNORECASE)}
        assert days
        assert days <= set(left.split())


def test_a_tool_is_given_the_date_of_the_task() -> None:
    maker = ArgumentMaker({"to": "+12025550123", "task": "Move it to December 5, 2026"})
    schema = {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}, "required": ["day"]}
    assert maker.make(schema) == {"day": "2026-12-05"}
