"""The lines that a sandbox prints: one for each request to the API and each delivery."""

import contextlib
from typing import TextIO

from . import clock
from .deliveries import DeliveryResult
from .request_log import API_PREFIX, LoggedRequest
from .service import Service

_RESET, _DIM, _GREEN, _YELLOW, _RED = "\x1b[0m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"
_LONGEST_ERROR = 120
_TIME_OF_DAY = slice(11, 19)


class Console:
    """Prints to a stream, in colours if it is a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._has_colors = out.isatty()
        try:
            "←→".encode(out.encoding or "ascii")
            self._arrows = "←", "→"
        except UnicodeEncodeError:
            self._arrows = "<-", "->"

    def follow(self, service: Service) -> None:
        """Print a line for each request and each delivery from now on."""
        service.requests.on_request = self.print_request
        service.deliveries.on_attempt = self.print_attempt

    def print_request(self, request: LoggedRequest) -> None:
        query = f"?{request.query}" if request.query else ""
        what = f"{request.method} {request.path.removeprefix(API_PREFIX.rstrip('/'))}{query}"
        self._print(self._arrows[0], request.at, what, request.status, request.duration_ms, request.error)

    def print_attempt(self, name: str, url: str, result: DeliveryResult) -> None:
        self._print(self._arrows[1], result.at, f"{name} {url}", result.status, result.duration_ms, result.error)

    def _print(
        self, arrow: str, at: clock.Moment, what: str, status: int | None, duration_ms: float, error: str | None
    ) -> None:
        shown = self._paint(str(status or "---"), _color_of(status))
        time = self._dim(clock.to_text(at)[_TIME_OF_DAY])
        line = f"{time} {arrow} {shown} {_clean(what)} {self._dim(f'{duration_ms:.0f} ms')}"
        if error:
            line += f" {_clean(error)[:_LONGEST_ERROR]}"
        # The reader of the pipe may be gone; the sandbox must continue.
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self._out, flush=True)

    def _dim(self, text: str) -> str:
        return self._paint(text, _DIM)

    def _paint(self, text: str, color: str) -> str:
        return f"{color}{_clean(text)}{_RESET}" if self._has_colors else _clean(text)


def _color_of(status: int | None) -> str:
    if status is None or status >= 500:
        return _RED
    return _YELLOW if status >= 400 else _GREEN


def _clean(text: str) -> str:
    """Return a text without control characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
