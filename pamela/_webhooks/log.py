"""Escaped log records: text of a sender cannot imitate a line of the log or move the cursor."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping


def log_escaped(
    logger: logging.Logger,
    level: int,
    message: str,
    *args: Any,
    exc_info: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Log with the control characters of the arguments escaped.

    Each line of a traceback starts with a bar, so that it cannot look like a line of the log.
    """
    if not logger.isEnabledFor(level):
        return
    frame = sys._getframe(1)
    error = sys.exc_info() if exc_info else None
    shown = tuple(escape(each) if isinstance(each, str) else each for each in args)
    values = {name: escape(value) if isinstance(value, str) else value for name, value in (extra or {}).items()}
    code = frame.f_code
    record = logger.makeRecord(
        logger.name, level, code.co_filename, frame.f_lineno, message, shown, error, code.co_name, values
    )
    if error is not None:
        lines = "".join(traceback.format_exception(*error)).rstrip("\n").split("\n")
        record.exc_text = "\n".join(f"| {escape(line)}" for line in lines)  # Formatters use it if it is set.
    logger.handle(record)


def escape(text: str) -> str:
    """Return a text with line breaks and other non-printable characters escaped as in Python: ``\\n``, ``\\x1b``."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
