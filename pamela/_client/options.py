"""The settings of a client. They are checked when they are made, and never change."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._generated.server import DEFAULT_BASE_URL
from .._http.addresses import check_base_url
from .._http.redaction import SecretStr, WrongType, hide, hide_headers
from ..errors import ValidationError

if TYPE_CHECKING:
    from typing import Protocol

    from .._http.attempt import AttemptInfo

    class TimeoutLike(Protocol):
        """Anything with four timeouts in seconds: `Timeout`, or `httpx.Timeout`."""

        @property
        def connect(self) -> float | None: ...
        @property
        def read(self) -> float | None: ...
        @property
        def write(self) -> float | None: ...
        @property
        def pool(self) -> float | None: ...


Hook = Callable[["AttemptInfo"], Any]
HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FRAMING_HEADERS = frozenset({"Content-Length", "Transfer-Encoding"})

STEPS = ("connect", "read", "write", "pool")
LONGEST_DURATION = 1e9
"""Seconds (about 30 years). Sockets and event loops accept no longer time."""
UNSET: Any = object()
"""The default of an option for which None has a meaning."""


class Timeout(NamedTuple):
    """How long each step of an attempt may take, in seconds. None sets no limit.

    Args:
        connect: Time until the connection is made, including TLS.
        read: Time until the next bytes of the response arrive.
        write: Time until the next bytes of the request are sent.
        pool: Time until a connection of the pool is free.
    """

    connect: float | None = 5.0
    read: float | None = 30.0
    write: float | None = 30.0
    pool: float | None = 30.0

    @classmethod
    def of(cls, value: float | TimeoutLike | None) -> Timeout:
        """Return a `Timeout` for a value that the client accepts as `timeout`.

        Args:
            value: Seconds for every step, an object with the four timeouts in seconds, or None for no limit.

        Returns:
            The four timeouts.

        Raises:
            ValidationError: A timeout is not a positive number of seconds.
        """
        if value is None or isinstance(value, int | float):
            value = cls(value, value, value, value)
        return cls(*(seconds(f"timeout.{step}", getattr(value, step, value)) for step in STEPS))


def seconds(name: str, value: Any, *, zero: bool = False) -> float | None:
    """Check a limit in seconds, as `duration` does. None means no limit."""
    return None if value is None else duration(name, value, zero=zero, or_none=", or None for no limit")


def duration(name: str, value: Any, *, zero: bool = False, or_none: str = "") -> float:
    """Check a duration in seconds.

    Raises:
        ValidationError: The value is not a finite number, is negative, or is 0 although `zero` is false.
    """
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_DURATION
    if not fits or (value == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        raise ValidationError(f"{name}={value!r} is not a duration. Give seconds, {least}{or_none}.")
    return float(value)


class Options:
    """The settings of a client. `create` and `replace` make them and check every setting."""

    __slots__ = (
        "api_key",
        "base_url",
        "deadline",
        "headers",
        "max_retries",
        "on_request",
        "on_response",
        "timeout",
    )

    def __init__(
        self,
        *,
        api_key: SecretStr,
        base_url: str,
        timeout: Timeout,
        deadline: float | None,
        max_retries: int,
        headers: Mapping[str, str],
        on_request: Hook | None,
        on_response: Hook | None,
    ) -> None:
        self.api_key = api_key
        self.base_url = base_url
        self.timeout = timeout
        self.deadline = deadline
        self.max_retries = max_retries
        self.headers = headers
        self.on_request = on_request
        self.on_response = on_response

    def __repr__(self) -> str:
        return f"Options(base_url={self.base_url!r})"  # without the key and the headers, which may contain secrets

    @classmethod
    def create(
        cls,
        api_key: str | None,
        base_url: str | None,
        *,
        timeout: float | TimeoutLike | None,
        deadline: float | None,
        max_retries: int,
        headers: Mapping[str, str] | None,
        on_request: Hook | None,
        on_response: Hook | None,
    ) -> Options:
        """Return the settings of a new client. The environment variables are the defaults.

        Raises:
            ValidationError: The API key is missing, or a setting is invalid.
        """
        return cls(
            api_key=check_api_key(hide(os.environ.get("PAMELA_API_KEY")) if api_key is None else api_key),
            base_url=check_base_url(
                hide(base_url or os.environ.get("PAMELA_BASE_URL") or DEFAULT_BASE_URL), example=DEFAULT_BASE_URL
            ),
            timeout=Timeout.of(timeout),
            deadline=seconds("deadline", deadline),
            max_retries=_check_max_retries(max_retries),
            headers=check_headers(headers),
            on_request=_check_hook("on_request", on_request),
            on_response=_check_hook("on_response", on_response),
        )

    def replace(
        self,
        *,
        api_key: str = UNSET,
        timeout: float | TimeoutLike | None = UNSET,
        deadline: float | None = UNSET,
        max_retries: int = UNSET,
        headers: Mapping[str, str] = UNSET,
        on_request: Hook | None = UNSET,
        on_response: Hook | None = UNSET,
    ) -> Options:
        """Return a copy with some settings changed. UNSET keeps a setting; `headers` are added to the present ones.

        Raises:
            ValidationError: A setting is invalid.
        """
        return Options(
            api_key=self.api_key if api_key is UNSET else check_api_key(api_key),
            base_url=self.base_url,
            timeout=self.timeout if timeout is UNSET else Timeout.of(timeout),
            deadline=self.deadline if deadline is UNSET else seconds("deadline", deadline),
            max_retries=self.max_retries if max_retries is UNSET else _check_max_retries(max_retries),
            headers=self.headers if headers is UNSET else {**self.headers, **check_headers(headers)},
            on_request=self.on_request if on_request is UNSET else _check_hook("on_request", on_request),
            on_response=self.on_response if on_response is UNSET else _check_hook("on_response", on_response),
        )


def check_api_key(value: Any) -> SecretStr:
    """Refuse a key that a header cannot contain. The message does not contain the key."""
    if value is None or value == "":
        raise ValidationError("There is no API key. Give api_key= or set PAMELA_API_KEY.")
    value = hide(value)
    if isinstance(value, WrongType):
        raise ValidationError(f"api_key must be a str, not {value.name}.")
    key: SecretStr = value
    for position, character in enumerate(key):
        if not "!" <= character <= "~":
            raise ValidationError(
                f"api_key has U+{ord(character):04X} at position {position}, which a header cannot contain. "
                "Look for spaces, line breaks and quotation marks around the key."
            )
    return key


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
    value = hide_headers(value)
    if not isinstance(value, Mapping):
        raise ValidationError(f"headers must be a mapping of str to str, not {getattr(value, 'name', 'str')}.")
    for name, text in value.items():
        if not (isinstance(name, str) and isinstance(text, str) and re.fullmatch(HEADER_NAME, name)):
            raise ValidationError(f"headers has {name!r}, which is not a valid header name with a str as its value.")
        if text != text.strip() or not all(" " <= each <= "~" or each == "\t" for each in text):
            raise ValidationError(
                f"headers[{name!r}] has characters that a header cannot contain. "
                "Use printable ASCII without spaces at either end."
            )
        if name.title() in FRAMING_HEADERS:
            raise ValidationError(f"headers has {name!r}, which is the length of the body. The client sets it.")
    return canonicalize_header_names(value)


def canonicalize_header_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with names in their usual form, so that a header of the caller replaces the package's own."""
    return {name.title(): text for name, text in headers.items()}
