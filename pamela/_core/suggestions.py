"""Suggestions for misspelled names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NAMES = 12
LONGEST_VALUE = 200


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name nearest to a misspelled one, or with all known names."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    shown = ", ".join(names[:MOST_NAMES])
    return f"Known are {shown}{' and others' if len(names) > MOST_NAMES else ''}."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to a misspelled one, or None."""
    from difflib import get_close_matches

    plain = {_plain(each): each for each in known}
    found = get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    """Return a name without the conventions of other languages: `webhookUrl` becomes `webhook_url`."""
    return re.sub(r"[^a-z0-9.*]", "", name.lower())


def shorten(value: object) -> str:
    """Return the repr of a value, cut off if it is long."""
    try:
        shown = repr(value)
    except (
        ValueError,
        RecursionError,
    ):  # for example a number with thousands of digits, or a list that contains itself
        shown = f"<{type(value).__name__}>"
    return shown if len(shown) <= LONGEST_VALUE else f"{shown[:LONGEST_VALUE]}..."
