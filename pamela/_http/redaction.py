"""Keeps API keys, passwords and phone numbers out of messages and of the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .attempt import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx

    from ..errors import PamelaError
    from .attempt import Attempt
    from .proxies import Proxy

HIDDEN = "***"
LONGEST_TEXT = 300
SHORTEST_KEY = 6
JOINERS = "\u200c\u200d"
"""Parts of letters and symbols in several languages, which Unicode does not count as printable."""
_KEYS_AND_NUMBERS = (
    r"(?P<key>\b[ps]k_(?:live|test)_)[\w-]+"
    r"|(?P<phone>(?:\+|%2B)[1-9])(?:(?:[ ().+-]|%[0-9A-F]{2})*[0-9]){3,14}"  # with separators between the digits
)


class SecretStr(str):
    """A text whose repr hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class WrongType:
    """Replaces a value that should be text. It stores the type of the value, not the value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


def hide(value: Any) -> Any:
    """Return a key or an address that is hidden when the variables of a traceback are printed.

    A value that is not text becomes a `WrongType`. None and UNSET stay unchanged.
    """
    if isinstance(value, str):
        return value if isinstance(value, SecretStr) else SecretStr(value)
    return value if value is None or type(value) in (object, WrongType) else WrongType(type(value).__name__)


def hide_headers(value: Any) -> Any:
    """Return headers with hidden values, or a `WrongType`, like `hide`."""
    if isinstance(value, Mapping):
        return {name if isinstance(name, str) else hide(name): hide(text) for name, text in value.items()}
    return hide(value)


def redact(text: str, attempt: Attempt, proxy: Proxy | None = None) -> str:
    """Return text from a server or another library without secrets and control characters, in limited length."""
    for secret in sorted(secrets_of(attempt, proxy), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = re.sub(r"(?<=://)[^/\s]*@", f"{HIDDEN}@", text)
    text = " ".join(printable(text).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def secrets_of(attempt: Attempt, proxy: Proxy | None) -> Iterator[str]:
    """Return the secrets of an attempt, in each form in which they are sent."""
    if key := key_of(attempt):
        yield key
    if proxy is not None:
        yield from proxy.secrets()


def key_of(attempt: Attempt) -> str:
    """Return the API key of an attempt; empty if it is so short that it could be an ordinary word."""
    key = attempt.headers.get("Authorization", "").removeprefix("Bearer ")
    return key if len(key) >= SHORTEST_KEY else ""


def redacted_response(
    received: httpx.Response, content: bytes, attempt: Attempt, proxy: Proxy | None = None
) -> Response:
    """Return a response without secrets that the server or proxy repeats, so that messages cannot contain them.

    The body of a success is unchanged.
    """
    headers = received.headers
    secrets = tuple(secret for secret in secrets_of(attempt, proxy) if len(secret) >= SHORTEST_KEY)
    for secret in map(str.encode, secrets):
        if any(secret in value for _, value in headers.raw):
            headers = type(headers)([(name, value.replace(secret, HIDDEN.encode())) for name, value in headers.raw])
        if received.status_code >= 300:
            content = content.replace(secret, HIDDEN.encode())
    return Response(received.status_code, headers, content, secrets)


def mask(text: str) -> str:
    """Hide API keys and phone numbers."""
    return re.sub(_KEYS_AND_NUMBERS, lambda found: f"{found['key'] or found['phone']}***", text, flags=re.IGNORECASE)


def clean(text: str) -> str:
    """Return a text for a line of the log, without secrets and in printable form."""
    return printable(mask(text))


def printable(text: str) -> str:
    """Return a text as one line that a terminal can show: line ends become spaces, other control characters are escaped."""
    if text.isprintable():
        return text
    return "".join(_printable(each) for each in text)


def _printable(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def hide_secrets(error: PamelaError, secrets: Iterable[str]) -> None:
    """Replace secrets in the message, the details and the other texts of an exception."""
    for secret in secrets:
        if len(secret) < SHORTEST_KEY:
            continue  # too short: it could be an ordinary word
        error.message = _without(error.message, secret)
        error.args = (error.message,)
        error.details = _without(error.details, secret)
        error.error_code = _without(error.error_code, secret)
        error.request_id = _without(error.request_id, secret)
    error.message = printable(error.message)
    error.args = (error.message,)
    if error.request_id is not None:
        error.request_id = printable(error.request_id)
    code: Any = error.error_code
    if isinstance(code, str):
        error.error_code = printable(code)  # type: ignore[assignment]


def _without(value: Any, key: str) -> Any:
    match value:
        case str():
            return value.replace(str(key), HIDDEN).replace(quote(key, safe=""), HIDDEN).replace("\0", "")
        case dict():
            return {_without(name, key): _without(item, key) for name, item in value.items()}
        case list():
            return [_without(item, key) for item in value]
        case _:
            return value
