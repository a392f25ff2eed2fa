"""The E.164 form of a phone number that is written otherwise."""

from __future__ import annotations

import re

from .patterns import matches

E164 = r"^\+[1-9][0-9]{1,14}$"
LONGEST_NUMBER = 200


def likely_number(text: str, country: object = None) -> str | None:
    """Return the E.164 form that a phone number in another form probably has, None if it is unclear.

    `phonenumbers` finds it where it is installed. Without it, only separators and a leading 00 are removed.

    Args:
        text: The number as it was written.
        country: Where a number is that has no country code, ISO 3166-1 alpha-2.
    """
    if len(text) > LONGEST_NUMBER:
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
    try:
        is_in_use = digits is not None and phonenumbers.is_valid_number(phonenumbers.parse(digits))
    except phonenumbers.NumberParseException:  # for example because it is too short
        return None
    return digits if is_in_use else None


def _without_separators(text: str) -> str | None:
    digits = re.sub(r"^00", "+", re.sub(r"\(0\)|[\s().\-/\u2010-\u2015]", "", text))
    return digits if matches(E164, digits) else None
