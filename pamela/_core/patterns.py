"""Patterns of the specification, which are regular expressions of ECMAScript, in Python's dialect."""

from __future__ import annotations

import re
from functools import cache

_PARTS = r"\\.|\[(?:\\.|[^\]\\])*\]|\$"


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern of the specification matches anywhere in a text."""
    return _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In ECMAScript `$` is the end of the text; in Python it also matches before a line end there.
    return re.compile(re.sub(_PARTS, lambda part: r"\Z" if part[0] == "$" else part[0], pattern, flags=re.DOTALL))
