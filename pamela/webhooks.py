"""Signing and verifying webhooks, and reading and answering tool webhooks, without an HTTP library behind it.

Reading verified events is in `events`, receiving whole requests in `endpoint` and `integrations`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from ._core.strict_json import canonical_json, parse_object

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Payload = Mapping[str, Any] | str | bytes | bytearray | memoryview

SIGNATURE_HEADER = "X-Pamela-Signature"
_HEX_DIGITS = 64


def sign_webhook(payload: Payload, secret: str) -> str:
    """Sign a payload as Pamela does, for tests and for whatever plays Pamela's part.

    Args:
        payload: Text and bytes are signed as they are; a mapping in its canonical form: keys sorted, separators ``,``
            and ``:``, characters beyond ASCII escaped (published behaviour).
        secret: The webhook secret.

    Returns:
        The value of the ``X-Pamela-Signature`` header, a lower-case hexadecimal HMAC-SHA256.

    Raises:
        ValueError: The secret is empty, or the payload has no JSON form (it contains NaN, say).
        TypeError: The payload is no mapping, text or bytes.

    Example:
        >>> sign_webhook({"event": "call.queued"}, "whsec_example")[:8]
        '3dd44522'
    """
    (key,) = signing_keys(secret)
    return hmac.digest(key, _signed_bytes(payload), "sha256").hex()


def verify_webhook_signature(payload: Payload, signature: str | None, secret: str | Sequence[str]) -> bool:
    """Tell whether a webhook was signed with your secret.

    Hand over the raw body where you can get it. A body counts as signed when the signature is over its bytes or over
    the canonical form of the JSON object in it; a mapping when the signature is over its canonical form (guide,
    published behaviour). A body in which an object has a key twice has no canonical form (our decision): two readers
    could understand it differently.

    Args:
        payload: The body as it came, or the object parsed from it.
        signature: The ``X-Pamela-Signature`` header. Upper case and surrounding blanks do no harm.
        secret: The webhook secret, or several of them while one replaces another.

    Returns:
        True when it was signed; False when the signature is wrong, malformed, empty or missing (None).

    Raises:
        ValueError: The secret is empty.

    Example:
        >>> body = b'{"event":"call.queued"}'
        >>> verify_webhook_signature(body, sign_webhook(body, "whsec_example"), "whsec_example")
        True
        >>> verify_webhook_signature(body, None, "whsec_example")
        False
    """
    # The usual webhook passes here and costs little more than its HMAC.
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
        raise ValueError(f"The webhook payload has no JSON form: {error}. Sign plain JSON values.") from None


def hex_signature(signature: str | None) -> str | None:
    """Give a signature as `sign_webhook` writes it, or None when it cannot be one."""
    if not isinstance(signature, str) or not signature.isascii():
        return None
    text = signature.strip().lower()
    return text if len(text) == _HEX_DIGITS and set(text) <= set("0123456789abcdef") else None


def signing_keys(secret: str | Sequence[str]) -> list[bytes]:
    """Give the HMAC keys of one webhook secret or several; ValueError when there is none or one is empty."""
    secrets = [secret] if isinstance(secret, str) else list(secret or ())
    if not secrets or not all(secrets):
        raise ValueError("The webhook secret is empty. Pass the one that your Pamela account shows for webhooks.")
    if not all(isinstance(each, str) for each in secrets):
        raise TypeError("A webhook secret is a str. Pass one, or several in a list.")
    # A secret from the environment may hold what is not UTF-8, and the error about it would show the secret.
    return [each.encode("utf-8", "surrogatepass") for each in secrets]


def parse_tool_webhook(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a tool invocation, verified before, as a plain dict.

    Args:
        payload: The object that was posted.

    Returns:
        ``tool_name``, ``arguments``, ``call_id``, ``correlation_id``, ``call_session_id``, ``partner_id`` and
        ``project_id``, of which the last three are None when absent (published behaviour).

    Raises:
        ValueError: One of the first four is missing.

    Example:
        >>> payload = {"tool_name": "eta", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
        >>> parse_tool_webhook(payload)["project_id"] is None
        True
    """
    from ._generated.models import ToolInvocation

    missing = [name for name in ToolInvocation._required if name not in payload]
    if missing:
        raise ValueError(f"Missing required fields: {', '.join(missing)}")
    return {name: payload.get(name) for name in ToolInvocation._fields}


def create_tool_handler(secret: str | Sequence[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a web handler of a function that answers tool invocations: in Flask, FastAPI, Starlette and Django.

    The function receives the verified payload, a dict, and returns the tool's result. It may be async where the
    framework takes async handlers. Parameters after the payload get what the framework gives to handlers, such as
    variables of the path, and one named ``request`` gets its request. The answer is
    ``{"result": ..., "correlation_id": ...}``; what already has a ``result`` or an ``error`` is answered as it is. A
    request that is not signed is answered 401 and never reaches the function. For several tools at one address,
    argument checks, timeouts and repeated invocations see `pamela.tools.ToolRegistry`.

    Args:
        secret: The webhook secret, or several of them while one replaces another.

    Returns:
        A decorator.

    Raises:
        ValueError: The secret is empty.

    Example:
        >>> @create_tool_handler("whsec_example")
        ... def check_order_status(payload):
        ...     return {"status": "shipped", "order": payload["arguments"]["order_id"]}
    """
    from .integrations.tool_handler import tool_handler

    return tool_handler(secret)
