"""Phone numbers from files: their E.164 form and their time zones."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .errors import CampaignError, needs_extra

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

UNKNOWN_ZONE = "Etc/Unknown"
NORTH_AMERICA = 1
_AREA_CODE_DIGITS = 3
_LETTER_AFTER_DIGIT = re.compile(r"\d.*[^\W\d_]", re.DOTALL)


def check_region(region: str | None) -> None:
    """Raise CampaignError if a region is not a known country."""
    try:
        import phonenumbers
    except ImportError:
        raise needs_extra("phonenumbers") from None
    if region is not None and (not isinstance(region, str) or region.upper() not in phonenumbers.SUPPORTED_REGIONS):
        raise CampaignError(f"region={region!r} is not a country. Write US or GB.")


def parse_number(text: str, region: str | None = None, *, assigned: bool = True) -> PhoneNumber:
    """Parse the phone number in a text.

    Args:
        text: The number, in international form with a plus, or in the national form of `region`.
        region: A country, as an ISO 3166-1 alpha-2 code.
        assigned: Whether to refuse numbers in ranges that are not in use.

    Raises:
        CampaignError: The text is not a phone number that can be called.
    """
    try:
        import phonenumbers
    except ImportError:
        raise needs_extra("phonenumbers") from None
    try:
        number = phonenumbers.parse(text, region and region.upper())
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and region is None:
            raise CampaignError(
                f"{text!r} has no country code. Write the number with +, or name the country with region= (--region)."
            ) from None
        raise CampaignError(f"{text!r} is not a phone number.") from None
    if number.extension:
        raise CampaignError(f"{text!r} has an extension, which cannot be dialled. Leave it out.")
    if _LETTER_AFTER_DIGIT.search(text):
        # The library reads letters as phone keys, so the letter O instead of a zero would become a six.
        raise CampaignError(f"{text!r} has letters. Write the number in digits.")
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        names = {
            phonenumbers.ValidationResult.TOO_SHORT: "is too short to be a phone number",
            phonenumbers.ValidationResult.TOO_LONG: "is too long to be a phone number",
            phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
        }
        raise CampaignError(f"{text!r} {names.get(reason, 'is not a phone number')}.")
    if assigned and not phonenumbers.is_valid_number(number):
        raise CampaignError(f"{text!r} is not a number that is in use in its country.")
    return number


def to_e164(number: PhoneNumber) -> str:
    """Return the number in E.164 form."""
    import phonenumbers

    text: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text


def zones_of(number: PhoneNumber) -> tuple[str, ...]:
    """Return the IANA names of all time zones to which the number may belong. The list may be empty.

    For North America, it has the zones of the whole area code: the tables assign longer prefixes to single zones, and
    some of these are wrong.
    """
    from phonenumbers import timezone

    zones = set(timezone.time_zones_for_number(number))
    if number.country_code == NORTH_AMERICA:
        zones |= _zones_of_area(str(number.national_number)[:_AREA_CODE_DIGITS])
    return tuple(sorted(zones - {UNKNOWN_ZONE}))


@lru_cache(maxsize=1024)
def _zones_of_area(area_code: str) -> frozenset[str]:
    from phonenumbers.tzdata import TIMEZONE_DATA

    prefix = f"{NORTH_AMERICA}{area_code}"
    return frozenset(zone for range_, zones in TIMEZONE_DATA.items() if range_.startswith(prefix) for zone in zones)
