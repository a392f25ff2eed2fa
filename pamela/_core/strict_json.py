"""The JSON of signed webhooks: one canonical form for writing, and a strict parser."""

from __future__ import annotations

import json

TYPE_CHECKING = False  # the same as in typing, without importing typing
if TYPE_CHECKING:
    from typing import Any

canonical_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode
"""Write a value with sorted keys, no blanks and only ASCII; ValueError for NaN and Infinity."""


class ExactFloat(float):
    """A JSON number with more digits than a float can store, and its original text."""

    __slots__ = ("text",)
    if TYPE_CHECKING:
        text: str

    def __new__(cls, text: str) -> ExactFloat:
        """Return the number of a text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object that all parsers read in the same way.

    Raises:
        ValueError: The body is not UTF-8, not JSON (NaN is not), nested too deep, not an object, or one of its objects
            has a key twice.
    """
    try:
        parsed = _parse(body.decode())
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    return parsed


def _with_unique_keys(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise ValueError("an object has a key twice")
    return result


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_EXACT_LENGTH = 16
"""A number of this length, without an exponent, has at most 15 digits, which every float can store."""


def _parse_float(text: str) -> float:
    if len(text) <= _EXACT_LENGTH and "e" not in text and "E" not in text:
        return float(text)
    from decimal import Decimal

    number = float(text)
    return number if Decimal(text) == Decimal(repr(number)) else ExactFloat(text)


_parse = json.JSONDecoder(object_pairs_hook=_with_unique_keys, parse_constant=_refuse, parse_float=_parse_float).decode
