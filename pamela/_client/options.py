"""The settings of a client and of a single call: checked when given, never changed afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from .._generated.server import DEFAULT_BASE_URL
from .._http.addresses import check_base_url
from ..errors import ValidationError

if TYPE_CHECKING:
    from .._http.attempt import AttemptInfo

Hook = Callable[["AttemptInfo"], Any]
HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FRAMING_HEADERS = frozenset({"Content-Length", "Transfer-Encoding"})

STEPS = ("connect", "read", "write", "pool")
LONGEST_DURATION = 1e9
"""Seconds, some 30 years: what sockets and event loops can take."""
UNSET: Any = object()
"""Stands for an option that was not given, where None means something."""


class HasTimeouts(Protocol):
    """Anything with four timeouts in seconds: `Timeout`, or `httpx.Timeout`."""

    @property
    def connect(self) -> float | None: ...
    @property
    def read(self) -> float | None: ...
    @property
    def write(self) -> float | None: ...
    @property
    def pool(self) -> float | None: ...


class Timeout(NamedTuple):
    """How long each step of an attempt may take, in seconds; None sets no limit.

    Args:
        connect: Until the connection is made, TLS included.
        read: Until the next bytes of the answer arrive.
        write: Until the next bytes of the request are taken.
        pool: Until a connection of the pool is free.
    """

    connect: float | None = 5.0
    read: float | None = 30.0
    write: float | None = 30.0
    pool: float | None = 30.0

    @classmethod
    def of(cls, value: float | HasTimeouts | None) -> Timeout:
        """Take a number of seconds for every step, an object with four timeouts, or None for no limit.

        Raises:
            ValidationError: A timeout is not a positive number of seconds.
        """
        if value is None or isinstance(value, int | float):
            value = cls(value, value, value, value)
        return cls(*(seconds(f"timeout.{step}", getattr(value, step, value)) for step in STEPS))


def seconds(name: str, value: Any, *, zero: bool = False) -> float | None:
    """Check a limit in seconds, as `duration` does; None means that there is none."""
    return None if value is None else duration(name, value, zero=zero, or_none=", or None for no limit")


def duration(name: str, value: Any, *, zero: bool = False, or_none: str = "") -> float:
    """Check a duration in seconds.

    Raises:
        ValidationError: It is not a number, not finite, negative, or zero where that makes no sense.
    """
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_DURATION
    if not fits or (value == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        raise ValidationError(f"{name}={value!r} is not a duration. Give seconds, {least}{or_none}.")
    return float(value)


class Options(NamedTuple):
    """What a client is set to."""

    api_key: str
    base_url: str
    timeout: Timeout
    deadline: float | None
    max_retries: int
    headers: Mapping[str, str]
    on_request: Hook | None
    on_response: Hook | None

    def __repr__(self) -> str:
        return f"Options(base_url={self.base_url!r})"  # neither the key nor headers, which may have secrets

    @classmethod
    def make(cls, api_key: str | None, base_url: str | None, **others: Any) -> Options:
        """Check the settings of a new client, with the environment for what was not given."""
        return cls(
            api_key=check_api_key(os.environ.get("PAMELA_API_KEY") if api_key is None else api_key),
            base_url=check_base_url(
                base_url or os.environ.get("PAMELA_BASE_URL") or DEFAULT_BASE_URL, example=DEFAULT_BASE_URL
            ),
            **checked(others),
        )

    def but(self, **changes: Any) -> Self:
        """Give the same settings with some changed; what is UNSET stays."""
        given = checked({name: value for name, value in changes.items() if value is not UNSET})
        if "headers" in given:
            given["headers"] = {**self.headers, **given["headers"]}
        return self._replace(**given)


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings that can be wrong."""
    return {name: _CHECKS[name](value) if name in _CHECKS else value for name, value in settings.items()}


def check_api_key(value: Any) -> str:
    """Refuse a key that no header can carry. The message never has the key itself."""
    if value is None or value == "":
        raise ValidationError("There is no API key. Give api_key= or set PAMELA_API_KEY.")
    if not isinstance(value, str):
        raise ValidationError(f"api_key must be a str, not {type(value).__name__}.")
    for position, character in enumerate(value):
        if not "!" <= character <= "~":
            raise ValidationError(
                f"api_key has U+{ord(character):04X} at position {position}, which a header cannot carry. "
                "Look for blanks, line ends and quotation marks around the key."
            )
    return value


def _check_max_retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValidationError(f"max_retries={value!r} is not a number of retries. Give 0 or more.")
    return value


def _check_hook(name: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise ValidationError(f"{name}={value!r} is not a function. Give one that takes an AttemptInfo.")
    return value


def check_headers(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValidationError(f"headers must be a mapping of str to str, not {type(value).__name__}.")
    for name, text in value.items():
        if not (isinstance(name, str) and isinstance(text, str) and re.fullmatch(HEADER_NAME, name)):
            raise ValidationError(f"headers has {name!r}, which is not the name of a header with a str.")
        if text != text.strip() or not all(" " <= each <= "~" or each == "\t" for each in text):
            raise ValidationError(
                f"headers[{name!r}] has characters that a header cannot carry there. "
                "Use printable ASCII without blanks at either end."
            )
        if name.title() in FRAMING_HEADERS:
            raise ValidationError(f"headers has {name!r}, which says how long the body is. Leave it to the client.")
    return with_usual_names(value)


def with_usual_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Write the names of headers as they usually are, so that one of the caller's takes the place of one of ours."""
    return {name.title(): text for name, text in headers.items()}


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "api_key": check_api_key,
    "timeout": Timeout.of,
    "deadline": lambda value: seconds("deadline", value),
    "max_retries": _check_max_retries,
    "headers": check_headers,
    "on_request": lambda value: _check_hook("on_request", value),
    "on_response": lambda value: _check_hook("on_response", value),
}
