"""What `pamela campaign worker` tells of its log: a line for what a person can mend, and no traceback of its engine."""

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
"""Seconds after which what is said again and again is told once more."""


class _Teller(logging.Handler):
    """Tells records as warnings, each text once in a while."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.name.startswith(_CONNECTIONS):
            # A record of each connection that is lost, and of each attempt to connect, over several lines.
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
    """Tell what is logged about campaigns and connections; the engine's own log repeats it with tracebacks."""
    teller = _Teller()
    for name in (_OWN, _CONNECTIONS):
        logger = logging.getLogger(name)
        logger.addHandler(teller)
        logger.propagate = False
    engine = logging.getLogger(_ENGINE)
    engine.addHandler(logging.NullHandler())
    engine.propagate = False


def ignore_errors_of_engine(loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out that the engine could not note the end of a job; the ledger has it, and a job done twice does no harm."""
    error = context.get("exception")
    if error is None or not type(error).__module__.startswith(_ENGINE):
        loop.default_exception_handler(context)
