"""Validation of arguments before anything is sent, and the form in which they are sent.

The limits come from the specification. Enumerations and upper limits are left to the service, so that an old client works
with a newer service. An error names the argument, its value and what to do.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ..errors import ValidationError
from .model import parse_iso
from .patterns import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


def validate_string(
    name: str,
    value: Any,
    *,
    required: bool = False,
    min_length: int = 0,
    pattern: str | None = None,
    hint: str = "",
) -> str | None:
    """Return a string within the limits of the specification; an optional empty one is not sent, so None."""
    if not required and (value is None or (value == "" and not min_length and pattern is None)):
        return None
    if not isinstance(value, str):
        raise _invalid(name, value, f"must be a str, not {type(value).__name__}", hint)
    if len(value) < min_length or (min_length and not value.strip()):
        raise _invalid(name, value, "must not be empty", hint)
    if pattern is not None and not matches(pattern, value):
        raise _invalid(name, value, "is not valid", hint)
    _check_surrogates(name, value, hint)
    return str.__str__(value)  # the value, also of an enumeration whose `str()` gives the name of a member


def _check_surrogates(name: str, value: str, hint: str = "") -> None:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _invalid(name, value, "has half a surrogate pair, which cannot be sent", hint)


def validate_boolean(name: str, value: Any, *, required: bool = False) -> bool | None:
    """Return a bool."""
    if value is None and not required:
        return None
    if not isinstance(value, bool):
        raise _invalid(name, value, f"must be a bool, not {type(value).__name__}", "")
    return value


def validate_integer(
    name: str,
    value: Any,
    *,
    required: bool = False,
    minimum: float | None = None,
    exclusive_minimum: float | None = None,
    hint: str = "",
) -> int | None:
    """Return an integer that is not below the lower limit of the specification."""
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(name, value, f"must be an int, not {type(value).__name__}", hint)
    _check_minimum(name, value, minimum, exclusive_minimum, hint)
    return value


def validate_number(
    name: str,
    value: Any,
    *,
    required: bool = False,
    minimum: float | None = None,
    exclusive_minimum: float | None = None,
    hint: str = "",
) -> float | None:
    """Return a finite number that is not below the lower limit of the specification."""
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise _invalid(name, value, "must be a finite number", hint)
    _check_minimum(name, value, minimum, exclusive_minimum, hint)
    return value


def _check_minimum(name: str, value: float, minimum: float | None, exclusive_minimum: float | None, hint: str) -> None:
    if minimum is not None and value < minimum:
        raise _invalid(name, value, f"must be at least {minimum}", hint)
    if exclusive_minimum is not None and value <= exclusive_minimum:
        raise _invalid(name, value, f"must be more than {exclusive_minimum}", hint)


def format_datetime(name: str, value: datetime | date | str | None, *, required: bool = False) -> str | None:
    """Return a date or time as ISO 8601 with an offset. A naive time is in UTC, a date is its start in UTC, "" is None."""
    if not required and (value is None or value == ""):
        return None
    if isinstance(value, str):
        try:
            value = parse_iso(value)
        except ValueError:
            raise _invalid(name, value, "is not ISO 8601", "Example: '2026-03-14T15:09:26Z'.") from None
    elif not isinstance(value, date):
        raise _invalid(name, value, f"must be a datetime, a date or ISO 8601 text, not {type(value).__name__}", "")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.isoformat()


def format_date(name: str, value: datetime | date | str | None, *, required: bool = False) -> str | None:
    """Return a date as ISO 8601."""
    sent = format_datetime(name, value, required=required)
    return None if sent is None else sent[:10]


def validate_object(name: str, value: Any, *, required: bool = False) -> Any:
    """Return a JSON object as a dict, from a mapping or a request class."""
    plain = validate_json(name, value)
    if not isinstance(plain, dict) and (required or plain is not None):
        raise _invalid(name, value, f"must be a dict, not {type(value).__name__}", "")
    return plain


def validate_list(
    name: str, value: Any, *, required: bool = False, item: Callable[[str, Any], Any] | None = None
) -> Any:
    """Return a JSON list, from a list or a tuple, each item validated by `item` if that is given."""
    if item is not None and isinstance(value, list | tuple):
        value = [item(f"{name}[{index}]", each) for index, each in enumerate(value)]
    plain = validate_json(name, value)
    if not isinstance(plain, list) and (required or plain is not None):
        raise _invalid(name, value, f"must be a list, not {type(value).__name__}", "")
    return plain


def validate_json(name: str, value: Any, *, required: bool = False) -> Any:
    """Return a value as `json` can write it: request classes as dicts, tuples as lists."""
    if required and value is None:
        raise _invalid(name, value, "is required", "")
    try:
        return _plain(name, value)
    except RecursionError:
        raise ValidationError(f"{name} is nested too deeply to be sent as JSON, or contains itself.") from None


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    if hasattr(value, "to_dict"):
        return _plain(name, value.to_dict())
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        mapping: Mapping[str, Any] = value
        return {key: _plain(f"{name}.{key}", mapping[key]) for key in mapping.keys()}  # noqa: SIM118
    if isinstance(value, list | tuple):
        return [_plain(f"{name}[{index}]", item) for index, item in enumerate(value)]
    raise _invalid(name, value, f"cannot be sent as JSON: it is a {type(value).__name__}", "")


def resolve_alias(name: str, value: T | None, synonym: str, other: Any, *, scale: int | None = None) -> T | Any:
    """Return the value of an argument that has two names, in the unit of the first."""
    if other is None:
        return value
    if value is not None and (scale is not None or value != other):
        message = f"{name}={value!r} and {synonym}={other!r} are two names of one argument. Give one of them."
        raise ValidationError(message)
    if scale is None:
        return other
    checked = validate_number(synonym, other, required=True)
    return round((checked or 0) * scale)


def format_path(template: str, values: Mapping[str, Any]) -> str:
    """Return a path with its arguments filled in and escaped, each as one segment."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", _segment(to_wire(name, value)))
    return template


def _segment(value: str) -> str:
    # A segment of dots would be resolved on the way: "calls/.." is not a call.
    return value.replace(".", "%2E") if value in {".", ".."} else quote(value, safe="")


def format_query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of a query. A list repeats its name, and None is not sent."""
    pairs = []
    for key, value in values.items():
        name = to_wire("params", key)
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        pairs += [(name, to_wire(name, item)) for item in items]
    return pairs


def to_wire(name: str, value: Any) -> str:
    """Return a value as it is sent outside of JSON: in a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        _check_surrogates(name, value)
        return str.__str__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    raise _invalid(name, value, f"must be a text, a finite number or a bool, not {type(value).__name__}", "")


def _invalid(name: str, value: object, problem: str, hint: str) -> ValidationError:
    shown = repr(value)
    if len(shown) > 200:
        shown = f"{shown[:200]}..."
    return ValidationError(f"{name}={shown} {problem}. {hint}".rstrip())
