"""Suggests the E.164 form of a phone number."""

from __future__ import annotations

import re

from .patterns import matches

E164 = r"^\+[1-9][0-9]{1,14}$"
LONGEST_NUMBER = 200


def likely_number(text: str, country: object = None) -> str | None:
    """Return the probable E.164 form of a phone number, None if it is unclear.

    It uses `phonenumbers` if that is installed. Otherwise it only removes separators and a leading 00.

    Args:
        text: The number.
        country: The country of a number without a country code, as an ISO 3166-1 alpha-2 code.
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
    """Return a number with the missing plus added, None if the result is not a number in use."""
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
