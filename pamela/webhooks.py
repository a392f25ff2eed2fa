"""Sign and verify webhooks, and serve single functions as tool webhooks. This module needs no HTTP library.

`pamela.events` has the verified events. `pamela.endpoint` and `pamela.integrations` receive whole requests.
"""

from __future__ import annotations

from ._webhooks.signatures import SIGNATURE_HEADER, sign_webhook, verify_webhook_signature

TYPE_CHECKING = False  # the same as in typing, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from ._webhooks.tool_handler import create_tool_handler, parse_tool_webhook

__all__ = [
    "SIGNATURE_HEADER",
    "create_tool_handler",
    "parse_tool_webhook",
    "sign_webhook",
    "verify_webhook_signature",
]


def __getattr__(name: str) -> Any:
    # These two load more than `verify_webhook_signature` may take.
    if name not in ("create_tool_handler", "parse_tool_webhook"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._webhooks import tool_handler

    return getattr(tool_handler, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
