"""Checks and parses addresses of requests and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from ..errors import ValidationError
from .redaction import WrongType, hide

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


def address_parts(address: str) -> SplitResult | None:
    """Return the parts of an address, or None if its host or port is invalid, such as an empty or overlong label."""
    try:
        parts = urlsplit(address)
        labels = (parts.hostname or "").removesuffix(".").split(".")
        return parts if parts.port != 0 and all(0 < len(label) < 64 for label in labels) else None
    except ValueError:
        return None


def check_base_url(value: Any, example: str) -> str:
    """Return a base URL without a slash at its end.

    Args:
        value: The value from the caller.
        example: A valid address, for the message.

    Raises:
        ValidationError: The address is invalid. The message contains no user name and no password.
    """
    value = hide(value)
    problem = problem_of_base_url(
        value, example
    )  # in another function, so that the traceback does not contain the address
    if problem is not None:
        raise ValidationError(problem)
    scheme, separator, rest = value.partition(":")
    return f"{scheme.lower()}{separator}{rest.rstrip('/')}"


def problem_of_base_url(value: Any, example: str) -> str | None:
    """Return why an address is invalid, or None. The text contains no user name and no password."""
    if isinstance(value, WrongType):
        return f"base_url must be a str, not {value.name}."
    parts = address_parts(value)
    shown = f"base_url={without_credentials(value)!r}"
    no_address = f"{shown} is not an address. Example: {example!r}."
    is_plain = all(character.isprintable() and character != " " for character in value)
    if parts is None or parts.scheme not in {"http", "https"} or (parts.username is None and not is_plain):
        return no_address
    if parts.username is not None:
        return "base_url contains a user name. The API needs an API key instead: give api_key=."
    if "?" in value or "#" in value:  # also an empty one, behind which the path would be lost
        return f"{shown} has a query or a fragment. Give only the part before the path."
    # The part before an "@" in the path may be a password with a slash.
    return None if "@" not in value and is_url_of_httpx(value.rstrip("/")) else no_address


def is_url_of_httpx(address: str) -> bool:
    """Return whether httpx accepts an address. It refuses invalid international names, such as `xn--a`."""
    import httpx

    try:
        return bool(httpx.URL(address).host)
    except (httpx.InvalidURL, ValueError):
        return False


def without_credentials(address: str) -> str:
    """Return an address, even an invalid one, with a possible user name and password hidden.

    A password may contain any character, so everything before the last "@" is hidden.
    """
    before, at, after = address.rpartition("@")
    scheme, separator, _ = before.partition("://")
    return f"{scheme if separator else ''}{separator}***@{after}" if at else str(address)


def is_ip_address(host: str) -> bool:
    """Return whether a host is an IP address instead of a name."""
    return ip_address_of(host) is not None


def ip_address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an IP address, or None for a name."""
    from ipaddress import ip_address

    if not host[-1:].isdigit() and ":" not in host:
        return None
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    address = ip_address_of(host)
    return host.rstrip(".").lower() == "localhost" if address is None else address.is_loopback
