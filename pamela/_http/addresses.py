"""The form of addresses: which ones a request or a connection can go to."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import ValidationError


def address_parts(address: str) -> SplitResult | None:
    """Return the parts of an address, or None when its host or port is invalid: an empty or overlong label, say."""
    try:
        parts = urlsplit(address)
        labels = (parts.hostname or "").removesuffix(".").split(".")
        return parts if parts.port != 0 and all(0 < len(label) < 64 for label in labels) else None
    except ValueError:
        return None


def check_base_url(value: Any, example: str) -> str:
    """Return a base URL without a slash at its end.

    Args:
        value: What the caller gave.
        example: A valid address, for the message.

    Raises:
        ValidationError: No request can go there.
    """
    if not isinstance(value, str):
        raise ValidationError(f"base_url must be a str, not {type(value).__name__}.")
    parts = address_parts(value)
    is_plain = all(character.isprintable() and character != " " for character in value)
    # Where there is a user name, the message must not show the address, which may have a password in it.
    if parts is None or parts.scheme not in {"http", "https"} or (parts.username is None and not is_plain):
        raise ValidationError(f"base_url={value!r} is not an address. Example: {example!r}.")
    if parts.username is not None:
        raise ValidationError("base_url has a user name in it. The API takes a key: give api_key=.")
    if parts.query or parts.fragment:
        raise ValidationError(f"base_url={value!r} has a query or a fragment. Give what stands before the path.")
    return parts.scheme + value[len(parts.scheme) :].rstrip("/")
