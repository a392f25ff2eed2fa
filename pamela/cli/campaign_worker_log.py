"""The log lines that `pamela campaign worker` prints: what a person can fix, without the engine's tracebacks."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from .terminal import warn

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_ENGINE = "procrastinate"
_OWN = "pamela.campaigns"
_CONNECTIONS = "psycopg.pool"
_REPEATED_AFTER = 30.0
"""Seconds after which a repeated message is printed again."""


class _Teller(logging.Handler):
    """Prints log records as warnings, the same text only from time to time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.name.startswith(_CONNECTIONS):
            # The engine logs each lost connection and each attempt to connect, over several lines.
            failed, _, why = text.partition(": ")
            if not failed.startswith("error connecting"):
                return
            text = f"The database cannot be reached: {why.splitlines()[0]}"
        elif record.exc_info and record.exc_info[1] is not None:
            text = f"{text} {record.exc_info[1]}"
        now = time.monotonic()
        if now - self._told.get(text, -_REPEATED_AFTER) >= _REPEATED_AFTER:
            self._told = {said: when for said, when in self._told.items() if now - when < _REPEATED_AFTER} | {text: now}
            warn(text)


def tell_log() -> None:
    """Print the log of campaigns and connections. The engine's own log repeats it with tracebacks."""
    teller = _Teller()
    for name in (_OWN, _CONNECTIONS):
        logger = logging.getLogger(name)
        logger.addHandler(teller)
        logger.propagate = False
    engine = logging.getLogger(_ENGINE)
    engine.addHandler(logging.NullHandler())
    engine.propagate = False


def ignore_errors_of_engine(loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore that the engine could not store the end of a job: the ledger has it, and a repeated job has no effect."""
    error = context.get("exception")
    if error is None or not type(error).__module__.startswith(_ENGINE):
        loop.default_exception_handler(context)
