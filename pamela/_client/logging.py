"""The log of the package, under `pamela`: one line an attempt, with nothing in it that is secret."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._http.attempt import AttemptInfo

log = logging.getLogger("pamela")

_SECRETS = (
    r"(?P<key>\b[ps]k_(?:live|test)_)[\w-]+"
    r"|(?P<phone>(?:\+|%2B)[1-9])(?:(?:[ ().+-]|%[0-9A-F]{2})*[0-9]){3,14}"  # with what people write between the digits
)


def mask(text: str) -> str:
    """Hide API keys and phone numbers."""
    return re.sub(_SECRETS, lambda found: f"{found['key'] or found['phone']}***", text, flags=re.IGNORECASE)


def clean(text: str) -> str:
    """Return a text that cannot break a line of the log: without secrets, control characters escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in mask(text))


def is_logged() -> bool:
    """Whether attempts have a line each."""
    return log.isEnabledFor(logging.DEBUG)


def log_outcome(attempt: AttemptInfo) -> None:
    """Write the line of an attempt."""
    log.debug(
        "%s %s %s -> %s in %.0f ms (attempt %d, request %s)",
        clean(attempt.operation),
        attempt.method,
        clean(attempt.url),
        attempt.status_code if attempt.problem is None else clean(attempt.problem),
        attempt.elapsed * 1000,
        attempt.attempt,
        clean(attempt.request_id or "unnamed"),
    )


def configure() -> None:
    """Write the log to standard error when `PAMELA_LOG` asks for it: `debug`, `info`, `warning`."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PAMELA_LOG", "").upper())
    if level is None or log.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False  # or a program that has a handler at the root shows every line twice
    log.setLevel(level)
