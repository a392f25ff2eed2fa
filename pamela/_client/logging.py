"""The log of the package, under `pamela`: one line per attempt, without secrets."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from .._http.redaction import clean

if TYPE_CHECKING:
    from .._http.attempt import AttemptInfo

log = logging.getLogger("pamela")


def is_logged() -> bool:
    """Return whether attempts are logged."""
    return log.isEnabledFor(logging.DEBUG)


def log_outcome(attempt: AttemptInfo) -> None:
    """Log an attempt."""
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
    log.propagate = False  # Otherwise a program with a handler at the root logs each line twice.
    log.setLevel(level)
