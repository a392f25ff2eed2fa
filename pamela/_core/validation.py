"""Validation of arguments before anything is sent, and the form in which they are sent.

The limits come from the specification. Enumerations and upper limits are left to the service, so that an old client works
with a newer service. An error names the argument, its value and what to do.
"""

from __future__ import annotations

import json
import math
import operator
import re
import sys
from datetime import UTC, date, datetime
from inspect import iscoroutine
from os import PathLike
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import quote

from ..errors import ValidationError
from .model import parse_iso

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

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
    """Return a string within the limits of the specification; an optional empty one means absent, so None."""
    if not required and (value is None or (value == "" and not min_length)):
        return None
    if not isinstance(value, str):
        raise _invalid(name, value, f"must be a str, not {type(value).__name__}", hint)
    if len(value) < min_length or (min_length and not value.strip()):
        raise _invalid(name, value, "must not be empty", hint)
    if pattern is not None:
        from .patterns import matches

        if not matches(pattern, value):
            raise _invalid(name, value, "is not valid", hint)
    _check_surrogates(name, value, hint)
    return str.__str__(value)  # for an enumeration, `str()` may return the member's name instead of its value


def validate_id(
    name: str,
    value: Any,
    *,
    required: bool = False,
    min_length: int = 0,
    pattern: str | None = None,
    hint: str = "",
) -> str | None:
    """Return an id as a string, from a str, an int or a UUID."""
    if _is_uuid(value) or (isinstance(value, int) and not isinstance(value, bool)):
        value = str(value)
    elif isinstance(value, dict) and isinstance(value.get("id"), str):
        raise ValidationError(f"{name} is a {type(value).__name__}, not an id. Give its id: {value['id']!r:.100}.")
    return validate_string(name, value, required=required, min_length=min_length, pattern=pattern, hint=hint)


def _is_uuid(value: Any) -> bool:
    # A program that has a UUID has imported uuid. For all others, importing it here would take 2 % of the time until the
    # first response.
    uuid = sys.modules.get("uuid")
    return uuid is not None and isinstance(value, getattr(uuid, "UUID", ()))


def validate_phone_number(
    name: str,
    value: Any,
    *,
    required: bool = False,
    min_length: int = 0,
    pattern: str | None = None,
    hint: str = "",
    country: Any = None,
    error_code: int | None = None,
) -> str | None:
    """Return a phone number in E.164 form. The error suggests the probable number.

    Args:
        country: The country of a number without a country code, as an ISO 3166-1 alpha-2 code.
        error_code: The service's code for an invalid number.
    """
    try:
        return validate_string(name, value, required=required, min_length=min_length, pattern=pattern, hint=hint)
    except ValidationError as error:
        from .phone_numbers import likely_number
        from .suggestions import shorten

        likely = likely_number(value, country) if isinstance(value, str) else None
        message = f"{name}={shorten(value)} is not in E.164 form. Did you mean {likely!r}?" if likely else str(error)
        raise ValidationError(message, error_code) from None


def _check_surrogates(name: str, value: str, hint: str = "") -> None:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _invalid(name, value, "has a lone surrogate, which cannot be sent", hint)


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
    absent: int | None = None,
) -> int | None:
    """Return an integer, not below the lower limit of the specification, from an int, 300.0 or "300".

    Args:
        absent: The integer that means absent, if any.
    """
    if value is None and not required:
        return None
    number = _as_integer(value)
    if number is None:
        raise _invalid(name, value, f"must be an int, not {type(value).__name__}", hint)
    if number == absent:
        return None
    _check_minimum(name, number, minimum, exclusive_minimum, hint)
    return number


def _as_integer(value: Any) -> int | None:
    """Return an integer in any form that the service accepts, or None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}(\.0+)?", text := value.strip()):
        return int(text.partition(".")[0])
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return operator.index(value) if hasattr(type(value), "__index__") else None


def validate_number(
    name: str,
    value: Any,
    *,
    required: bool = False,
    minimum: float | None = None,
    exclusive_minimum: float | None = None,
    hint: str = "",
) -> float | None:
    """Return a finite number, not below the lower limit of the specification."""
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
    """Return a date or time as ISO 8601 with an offset. Naive times and the midnight of dates are UTC. "" is None."""
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


def validate_object(
    name: str,
    value: Any,
    *,
    required: bool = False,
    known: Collection[str] | None = None,
    ignored: Collection[str] = (),
) -> Any:
    """Return a JSON object as a dict, from a mapping. An optional empty one means absent, so None.

    Args:
        known: The allowed keys, if the specification lists all of them.
        ignored: Keys that only the service sets, such as an id. They are omitted.
    """
    plain = validate_json(name, value)
    if plain is None and not required:
        return None
    if not isinstance(plain, dict):
        raise _invalid(name, value, f"must be a dict, not {type(value).__name__}", "")
    if not plain and not required:
        return None
    return plain if known is None else _check_keys(name, plain, known, ignored)


def validate_list(
    name: str,
    value: Any,
    *,
    required: bool = False,
    item: Callable[[str, Any], Any] | None = None,
    known: Collection[str] | None = None,
    ignored: Collection[str] = (),
) -> Any:
    """Return a JSON list, from a list or a tuple. An optional empty one means absent, so None.

    Args:
        item: Validates each item.
        known: The allowed keys of its objects, if the specification lists all of them.
        ignored: Keys that only the service sets, such as an id. They are omitted.
    """
    if item is not None and isinstance(value, list | tuple):
        value = [item(f"{name}[{index}]", each) for index, each in enumerate(value)]
    plain = validate_json(name, value)
    if plain is None and not required:
        return None
    if not isinstance(plain, list):
        raise _invalid(name, value, f"must be a list, not {type(value).__name__}", "")
    if not plain and not required:
        return None
    if known is None:
        return plain
    return [
        _check_keys(f"{name}[{index}]", item, known, ignored) if isinstance(item, dict) else item
        for index, item in enumerate(plain)
    ]


def _check_keys(name: str, value: dict[str, Any], known: Collection[str], ignored: Collection[str]) -> dict[str, Any]:
    for key in value:
        if key not in known and key not in ignored:
            from .suggestions import suggest

            raise ValidationError(f"{name} has the unknown key {key!r:.100}. {suggest(str(key), known)}")
    return {key: item for key, item in value.items() if key not in ignored}


def or_default(value: T | None, default: T) -> T:
    """Return a value, or its default if it is absent."""
    return default if value is None else value


def validate_json(name: str, value: Any, *, required: bool = False) -> Any:
    """Return a value that `json` can write: request classes as dicts, tuples as lists."""
    if required and value is None:
        raise _invalid(name, value, "is required", "")
    try:
        return _plain(name, value)
    except RecursionError:
        raise ValidationError(f"{name} is nested too deeply to be sent as JSON, or contains itself.") from None


def _refuse_equal_keys(name: str, mapping: Mapping[Any, Any]) -> None:
    """Raise ValidationError for two keys that are equal in JSON, such as 1 and "1"."""
    for key in mapping.keys():  # noqa: SIM118
        if isinstance(key, int | float | None):
            (text,) = json.loads(json.dumps({key: None}))
            if text in mapping.keys():  # noqa: SIM118
                raise ValidationError(
                    f"{name} has the keys {key!r} and {text!r}, which are the same key in JSON. Leave one out."
                )


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    if hasattr(value, "to_dict"):
        return _plain(name, value.to_dict())
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        mapping: Mapping[str, Any] = value
        _refuse_equal_keys(name, mapping)
        return {key: _plain(f"{name}.{key}", mapping[key]) for key in mapping.keys()}  # noqa: SIM118
    if isinstance(value, list | tuple):
        return [_plain(f"{name}[{index}]", item) for index, item in enumerate(value)]
    raise _invalid(name, value, f"cannot be sent as JSON: it is a {type(value).__name__}", _tool_remedy(name, value))


def _tool_remedy(name: str, value: Any) -> str:
    """Return the remedy for a value that is a function, a tool or a registry; "" for anything else."""
    if not name.startswith("tools"):
        return ""
    if hasattr(value, "definitions"):
        return "Write tools=registry.definitions()."
    if hasattr(value, "definition"):
        return "Write tools=[the_tool.definition()]."
    return "Make a tool of it with @tool, and write tools=[the_tool.definition()]." if callable(value) else ""


def read_file(
    name: str, value: bytes | PathLike[str] | BinaryIO | tuple[str, bytes] | Any, *, required: bool = False
) -> tuple[str, bytes] | None:
    """Return the name and the content of a file.

    Args:
        name: The argument.
        value: The content, a path, a file that is open in binary mode, or a pair of name and content.
        required: Whether the file is required.
    """
    if value is None and not required:
        return None
    if isinstance(value, bytes):
        return name, value
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], bytes):
        return value
    if isinstance(value, PathLike):
        path = Path(value)
        try:
            return path.name, path.read_bytes()
        except OSError as error:
            raise ValidationError(f"{name}={str(path)!r} cannot be read: {error.strerror}.") from None
    if hasattr(value, "read") and isinstance(content := value.read(), bytes):
        return PurePath(str(getattr(value, "name", name))).name, content
    problem = (
        f"must be bytes, a Path, a file open in binary mode or a pair of name and bytes, not {type(value).__name__}"
    )
    raise _invalid(name, value, problem, "")


def resolve_alias(name: str, value: T | None, synonym: str, other: Any, *, scale: int | None = None) -> T | Any:
    """Return the value of an argument with two names. If both have the same unit, the first takes precedence."""
    if other is None:
        return value
    if scale is None:
        return value or other
    if value is not None:
        message = f"{name}={value!r} and {synonym}={other!r} are two names of the same argument. Give only one."
        raise ValidationError(message)
    checked = validate_number(synonym, other, required=True)
    return round((checked or 0) * scale)


def format_path(template: str, values: Mapping[str, Any]) -> str:
    """Return a path with its arguments filled in and escaped, each as one segment."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", _segment(to_wire(name, value)))
    return template


def _segment(value: str) -> str:
    # URL resolution would remove a segment of dots: "calls/.." is not a call.
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
    """Return the text of a value in a path, a query or a header."""
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
    if iscoroutine(value):
        call = value.__qualname__
        return ValidationError(f"{name} is the coroutine {call}, which was not awaited. Write `await` before it.")
    from .suggestions import shorten

    return ValidationError(f"{name}={shorten(value)} {problem}. {hint}".rstrip())
