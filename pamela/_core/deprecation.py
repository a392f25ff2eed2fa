"""Warnings of the use of what the specification says is deprecated."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


def warn_deprecated(what: str) -> None:
    """Warn, at the line of the program that uses it, that something is deprecated.

    Args:
        what: The name of the deprecated thing in a program.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{what} is deprecated in the API.", DeprecationWarning, stacklevel=level)
