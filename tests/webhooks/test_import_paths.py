"""The public import paths of webhooks, those of version 2.0 among them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import pamela.events

NAMES = {
    "pamela": "WebhookEndpoint WebhookEvent WebhookVerificationError construct_event create_tool_handler "
    "parse_tool_webhook sign_webhook verify_webhook_signature VerificationFailure VerificationFailureReason UnknownEvent",
    "pamela.webhooks": "SIGNATURE_HEADER create_tool_handler parse_tool_webhook sign_webhook verify_webhook_signature",
    "pamela.events": "UnknownEvent VerificationFailure VerificationFailureReason WebhookEvent WebhookVerificationError "
    "as_event construct_event verified_payload",
    "pamela.endpoint": "WebhookEndpoint",
    "pamela.integrations.asgi": "asgi_app",
    "pamela.integrations.django": "async_webhook_view verified_event webhook_view",
    "pamela.integrations.fastapi": "verified_event webhook_router",
    "pamela.integrations.flask": "verified_event webhook_blueprint webhook_view",
    "pamela.integrations.starlette": "webhook_route",
    "pamela.integrations.wsgi": "wsgi_app",
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in NAMES for name in NAMES[module].split()])
def test_names_can_be_imported(module: str, name: str) -> None:
    assert getattr(import_module(module), name) is not None


def test_the_old_name_of_a_reason_is_the_new_one() -> None:
    assert pamela.events.VerificationFailure is pamela.events.VerificationFailureReason


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'pamela.webhooks' has no attribute 'verify'"):
        import_module("pamela.webhooks").verify  # noqa: B018


def test_verifying_a_signature_loads_next_to_nothing() -> None:
    code = "import hmac, hashlib, json, sys; before = set(sys.modules); from pamela import verify_webhook_signature; "
    code += "print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if not name.startswith("pamela")} <= {"__future__", "collections.abc"}
    assert [name for name in loaded if name.startswith("pamela")] == [
        "pamela",
        "pamela._core",
        "pamela._core.strict_json",
        "pamela._version",
        "pamela._webhooks",
        "pamela._webhooks.signatures",
        "pamela.webhooks",
    ]
