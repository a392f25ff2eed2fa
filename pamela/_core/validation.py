"""Checks of arguments: what cannot be right is refused before anything is sent, with the value and the remedy.

The limits come from the contract. Only what no service could accept is refused: enumerations and upper limits are left
to the service, so that an old client works with a newer one.
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
    from collections.abc import Mapping

T = TypeVar("T")


def text(
    name: str,
    value: Any,
    *,
    required: bool = False,
    min_length: int = 0,
    pattern: str | None = None,
    hint: str = "",
) -> str | None:
    """Check a text against the contract's limits. An optional one that is empty says nothing and is not sent."""
    if not required and (value is None or (value == "" and not min_length and pattern is None)):
        return None
    if not isinstance(value, str):
        raise _wrong(name, value, f"must be a str, not {type(value).__name__}", hint)
    if len(value) < min_length or (min_length and not value.strip()):
        raise _wrong(name, value, "must not be empty", hint)
    if pattern is not None and not matches(pattern, value):
        raise _wrong(name, value, "is not valid", hint)
    _check_surrogates(name, value, hint)
    return str.__str__(value)  # the value, also of an enumeration whose `str()` gives the name of a member


def _check_surrogates(name: str, value: str, hint: str = "") -> None:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(name, value, "has half a surrogate pair, which cannot be sent", hint)


def boolean(name: str, value: Any, *, required: bool = False) -> bool | None:
    """Check a truth value."""
    if value is None and not required:
        return None
    if not isinstance(value, bool):
        raise _wrong(name, value, f"must be a bool, not {type(value).__name__}", "")
    return value


def integer(
    name: str,
    value: Any,
    *,
    required: bool = False,
    minimum: float | None = None,
    exclusive_minimum: float | None = None,
    hint: str = "",
) -> int | None:
    """Check a whole number against the contract's lower limit."""
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, value, f"must be an int, not {type(value).__name__}", hint)
    _check_minimum(name, value, minimum, exclusive_minimum, hint)
    return value


def number(
    name: str,
    value: Any,
    *,
    required: bool = False,
    minimum: float | None = None,
    exclusive_minimum: float | None = None,
    hint: str = "",
) -> float | None:
    """Check a number against the contract's lower limit."""
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise _wrong(name, value, "must be a finite number", hint)
    _check_minimum(name, value, minimum, exclusive_minimum, hint)
    return value


def _check_minimum(name: str, value: float, minimum: float | None, exclusive_minimum: float | None, hint: str) -> None:
    if minimum is not None and value < minimum:
        raise _wrong(name, value, f"must be at least {minimum}", hint)
    if exclusive_minimum is not None and value <= exclusive_minimum:
        raise _wrong(name, value, f"must be more than {exclusive_minimum}", hint)


def moment(name: str, value: datetime | date | str | None, *, required: bool = False) -> str | None:
    """Give a date or time as ISO 8601 with an offset; a naive one means UTC, a date its start in UTC, "" nothing."""
    if not required and (value is None or value == ""):
        return None
    if isinstance(value, str):
        try:
            value = parse_iso(value)
        except ValueError:
            raise _wrong(name, value, "is not ISO 8601", "Example: '2026-03-14T15:09:26Z'.") from None
    elif not isinstance(value, date):
        raise _wrong(name, value, f"must be a datetime, a date or ISO 8601 text, not {type(value).__name__}", "")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.isoformat()


def day(name: str, value: datetime | date | str | None, *, required: bool = False) -> str | None:
    """Give a date as ISO 8601."""
    sent = moment(name, value, required=required)
    return None if sent is None else sent[:10]


def json_object(name: str, value: Any, *, required: bool = False) -> Any:
    """Check a JSON object: a mapping, or a request class."""
    plain = json_value(name, value)
    if not isinstance(plain, dict) and (required or plain is not None):
        raise _wrong(name, value, f"must be a dict, not {type(value).__name__}", "")
    return plain


def json_list(name: str, value: Any, *, required: bool = False) -> Any:
    """Check a JSON list: a list or a tuple."""
    plain = json_value(name, value)
    if not isinstance(plain, list) and (required or plain is not None):
        raise _wrong(name, value, f"must be a list, not {type(value).__name__}", "")
    return plain


def json_value(name: str, value: Any, *, required: bool = False) -> Any:
    """Give a value as what `json` can write: request classes as dicts, tuples as lists."""
    if required and value is None:
        raise _wrong(name, value, "is required", "")
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
    raise _wrong(name, value, f"cannot be sent as JSON: it is a {type(value).__name__}", "")


def one_of(name: str, value: T | None, synonym: str, other: Any, *, scale: int | None = None) -> T | Any:
    """Give the one of two spellings of an argument that was used, in the unit of the first."""
    if other is None:
        return value
    if value is not None and (scale is not None or value != other):
        message = f"{name}={value!r} and {synonym}={other!r} are two spellings of one argument. Give one of them."
        raise ValidationError(message)
    if scale is None:
        return other
    checked = number(synonym, other, required=True)
    return round((checked or 0) * scale)


def path(template: str, values: Mapping[str, Any]) -> str:
    """Fill a path, with everything escaped that could change its meaning."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", _segment(written(name, value)))
    return template


def _segment(value: str) -> str:
    # A segment of dots would be resolved on the way: "calls/.." is not a call.
    return value.replace(".", "%2E") if value in {".", ".."} else quote(value, safe="")


def query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write the names and values of a query. A list repeats its name, and what is None is not sent."""
    pairs = []
    for key, value in values.items():
        name = written("params", key)
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        pairs += [(name, written(name, item)) for item in items]
    return pairs


def written(name: str, value: Any) -> str:
    """Write a value as it is outside of JSON: in a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        _check_surrogates(name, value)
        return str.__str__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    raise _wrong(name, value, f"must be a text, a finite number or a bool, not {type(value).__name__}", "")


def _wrong(name: str, value: object, problem: str, hint: str) -> ValidationError:
    shown = repr(value)
    if len(shown) > 200:
        shown = f"{shown[:200]}..."
    return ValidationError(f"{name}={shown} {problem}. {hint}".rstrip())
