"""Reads JSON from outside, and refuses values that would cause errors later."""

import json
import math
import re
from typing import Any

_DEEPEST = 100
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(data: bytes) -> Any:
    """Return a JSON value that can be stored and serialized again.

    Raises:
        ValueError: It is not JSON in UTF-8, or has a number that JSON cannot write (NaN, 1e999), half of a surrogate
            pair, or more than 100 levels.
    """
    try:
        value = json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_read_float)
        if data.count(b"[") + data.count(b"{") > _DEEPEST and _is_deeper(value, _DEEPEST):
            raise ValueError(f"it has more than {_DEEPEST} levels")
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(f"it has more than {_DEEPEST} levels") from None
    return value


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return False
        level = [each for one in containers for each in (one.values() if isinstance(one, dict) else one)]
    return True
