"""Make and verify the signatures of webhooks. This module imports little, so that it loads fast."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from .._core.strict_json import canonical_json, parse_object

TYPE_CHECKING = False  # the same as in typing, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Payload = Mapping[str, Any] | str | bytes | bytearray | memoryview

SIGNATURE_HEADER = "X-Pamela-Signature"
_HEX_DIGITS = 64


def sign_webhook(payload: Payload, secret: str) -> str:
    """Return the signature of a payload, as Pamela makes it. Use it in tests.

    Args:
        payload: The payload. Text and bytes are signed unchanged. A mapping is signed in its canonical form: JSON with
            sorted keys, the separators ``,`` and ``:``, and every non-ASCII character escaped.
        secret: The webhook secret.

    Returns:
        The value of the ``X-Pamela-Signature`` header: the HMAC-SHA256 as 64 lower-case hexadecimal digits.

    Raises:
        ValueError: The secret is empty or contains a line break, or the payload cannot be written as JSON, because it
            contains NaN for example.
        TypeError: The payload is not a mapping, text or bytes.

    Example:
        >>> sign_webhook({"event": "call.queued"}, "whsec_example")[:8]
        '3dd44522'
    """
    (key,) = signing_keys(secret)
    return hmac.digest(key, _signed_bytes(payload), "sha256").hex()


def verify_webhook_signature(payload: Payload, signature: str | None, secret: str | Sequence[str]) -> bool:
    """Return whether a webhook was signed with your secret.

    Pass the raw body if you can. The signature of a body may be over its bytes or over the canonical form of its JSON
    object. The signature of a mapping must be over its canonical form. A JSON object with a duplicate key has no
    canonical form, because two parsers could read it differently.

    Args:
        payload: The raw body, or the object parsed from it.
        signature: The ``X-Pamela-Signature`` header. Upper case and surrounding spaces are accepted.
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.

    Returns:
        True if the signature is valid. False if it is wrong, malformed, empty or missing (None).

    Raises:
        ValueError: The secret is empty or contains a line break.

    Example:
        >>> body = b'{"event":"call.queued"}'
        >>> verify_webhook_signature(body, sign_webhook(body, "whsec_example"), "whsec_example")
        True
        >>> verify_webhook_signature(body, None, "whsec_example")
        False
    """
    # The fast path: most webhooks are signed over their bytes with the only secret.
    try:
        message = payload if isinstance(payload, bytes) else _signed_bytes(payload)
        if isinstance(secret, str) and secret and isinstance(signature, str):
            expected = hmac.digest(secret.encode(), message, "sha256").hex()
            if hmac.compare_digest(expected, signature):
                return True
    except (TypeError, ValueError):
        pass
    return _verify_any_form(payload, signature, signing_keys(secret))


def _verify_any_form(payload: Payload, signature: str | None, keys: Sequence[bytes]) -> bool:
    given = hex_signature(signature)
    if given is None:
        return False
    try:
        message = _signed_bytes(payload)
        if _is_signed(message, given, keys):
            return True
        if isinstance(payload, Mapping):
            return False
        return _is_signed(_canonical_bytes(parse_object(message)), given, keys)
    except (TypeError, ValueError):
        return False


def _is_signed(message: bytes, signature: str, keys: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(hmac.digest(key, message, "sha256").hex(), signature) for key in keys)


def _signed_bytes(payload: Payload) -> bytes:
    match payload:
        case dict():
            return _canonical_bytes(payload)
        case str():
            return payload.encode()
        case bytes() | bytearray() | memoryview():
            return bytes(payload)
        case Mapping():
            return _canonical_bytes(dict(payload))
    raise TypeError(f"A webhook payload is a mapping, text or bytes, not {type(payload).__name__}.")


def _canonical_bytes(payload: dict[str, Any]) -> bytes:
    try:
        return canonical_json(payload).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The webhook payload cannot be written as JSON: {error}. Sign plain JSON values.") from None


def hex_signature(signature: str | None) -> str | None:
    """Return a signature in the form of `sign_webhook`, or None if it is not 64 hexadecimal digits."""
    if not isinstance(signature, str) or not signature.isascii():
        return None
    text = signature.strip().lower()
    return text if len(text) == _HEX_DIGITS and set(text) <= set("0123456789abcdef") else None


_WRONG_TYPE = "A webhook secret is a str. Pass one, or several in a list."


def secret_list(secret: Any) -> list[str]:
    """Return one or several webhook secrets as a list.

    Raises:
        TypeError: The secret is not a str or a collection. The message does not contain it.
    """
    if isinstance(secret, str):
        return [secret]
    if secret is None:
        return []
    if isinstance(secret, Mapping | bytes | bytearray) or not hasattr(secret, "__iter__"):
        raise TypeError(_WRONG_TYPE)
    return list(secret)


def signing_keys(secret: str | Sequence[str]) -> list[bytes]:
    """Return the HMAC keys of one webhook secret or several.

    Raises:
        ValueError: The list is empty, or a secret is empty or contains a line break.
        TypeError: A secret is not a str.
    """
    secrets = secret_list(secret)
    if not secrets or not all(secrets):
        raise ValueError(
            "The webhook secret cannot be empty. Pass the one that your Pamela account shows for webhooks."
        )
    if not all(isinstance(each, str) for each in secrets):
        raise TypeError(_WRONG_TYPE)
    if any("\n" in each or "\r" in each for each in secrets):
        raise ValueError("The webhook secret contains a line break, perhaps from a file. Pass secret.strip().")
    # A secret from the environment may contain surrogates. Encoding them strictly would raise an error that shows it.
    return [each.encode("utf-8", "surrogatepass") for each in secrets]
