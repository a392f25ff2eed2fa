"""Finds a date in a task."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    "january januar janvier enero jan",
    "february februar février febrero feb",
    "march märz mars marzo mar",
    "april avril abril apr",
    "may mai mayo",
    "june juni juin junio jun",
    "july juli juillet julio jul",
    "august août agosto aug",
    "september septembre septiembre sept sep",
    "october oktober octobre octubre oct",
    "november novembre noviembre nov",
    "december dezember décembre diciembre dec",
)
_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_MONTH = rf"(?P<month>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?P<year>[0-9]{4})"
_DAY = "(?P<day>[0-9]{1,2})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_YEAR}-(?P<number>[0-9]{{2}})-(?P<day>[0-9]{{2}})\b",
        rf"\b{_DAY}(?:st|nd|rd|th|er|\.)? (?:of |de )?{_MONTH}(?:,? (?:del? )?{_YEAR}\b)?",
        rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?\b(?:,? {_YEAR}\b)?",
        # Which of the two is the month depends on the country.
        rf"\b[0-9]{{1,2}}[./][0-9]{{1,2}}[./](?:{_YEAR}|[0-9]{{2}})\b",
    )
)

_BARE_MAY = re.compile(r"[0-9]+ may|may [0-9]+")
"""In lower case, "may" is the month only with more of a date, or behind one of the words that follow."""
_BEFORE_DATE = re.compile(r"\b(?:on|by|until|till|before|after|from|since) $", re.IGNORECASE)
_LONGEST_WORD = 10


@dataclass(frozen=True)
class NamedDate:
    """A date in a text: its words, and the date if they contain the year and the month."""

    words: str
    date: date | None


def find_date(text: str) -> NamedDate | None:
    """Return the first date in a text, in the most exact form."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if not _is_verb(match):
                return NamedDate(match[0].rstrip("."), _date_of(match.groupdict()))
    return None


def _is_verb(match: re.Match[str]) -> bool:
    """Return whether what looks like a date has the verb in it, as in "a party of 5 may come"."""
    is_bare = _BARE_MAY.fullmatch(match[0]) is not None
    return is_bare and _BEFORE_DATE.search(match.string[max(0, match.start() - _LONGEST_WORD) : match.start()]) is None


def _date_of(parts: dict[str, str | None]) -> date | None:
    year, day, name = parts.get("year"), parts.get("day"), parts.get("month")
    month = parts.get("number") or _NUMBERS.get((name or "").lower())
    if year is None or day is None or month is None:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:  # such as 30 February
        return None
