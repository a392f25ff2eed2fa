"""What was probably meant: the nearest name for a misspelled one, the E.164 form of a phone number written otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .patterns import matches

if TYPE_CHECKING:
    from collections.abc import Iterable

E164 = r"^\+[1-9][0-9]{1,14}$"
MOST_NAMES = 12
LONGEST_VALUE = 200


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that says which of the known names a misspelled one is nearest to, or which there are."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    shown = ", ".join(names[:MOST_NAMES])
    return f"Known are {shown}{' and others' if len(names) > MOST_NAMES else ''}."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelled one is nearest to, None if none is near."""
    from difflib import get_close_matches

    plain = {_plain(each): each for each in known}
    found = get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    """Return a name without what writers of other languages put into it: `webhookUrl` is `webhook_url`."""
    return re.sub(r"[^a-z0-9.*]", "", name.lower())


def likely_number(text: str, country: object = None) -> str | None:
    """Return the E.164 form that a phone number in another form probably has, None if it is unclear.

    `phonenumbers` finds it where it is installed. Without it, only separators and a leading 00 are removed.

    Args:
        text: The number as it was written.
        country: Where a number is that has no country code, ISO 3166-1 alpha-2.
    """
    if len(text) > LONGEST_VALUE:
        return None
    region = country.upper() if isinstance(country, str) and country else None
    try:
        import phonenumbers
    except ImportError:
        return _without_separators(text)
    try:
        number = phonenumbers.parse(re.sub(r"^\s*00", "+", text), region)
    except phonenumbers.NumberParseException:
        return _with_plus(text)
    if not phonenumbers.is_possible_number(number) or number.extension:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _with_plus(text: str) -> str | None:
    """Return a number that lacks nothing but its plus, None if it is no number that is in use."""
    import phonenumbers

    digits = _without_separators(f"+{text}")
    if digits is None or not phonenumbers.is_valid_number(phonenumbers.parse(digits)):
        return None
    return digits


def _without_separators(text: str) -> str | None:
    digits = re.sub(r"^00", "+", re.sub(r"\(0\)|[\s().\-/\u2010-\u2015]", "", text))
    return digits if matches(E164, digits) else None


def shorten(value: object) -> str:
    """Return the repr of a value, cut where it is long."""
    shown = repr(value)
    return shown if len(shown) <= LONGEST_VALUE else f"{shown[:LONGEST_VALUE]}..."
