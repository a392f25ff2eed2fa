"""Finds the webhook secret: in the environment, the profile or the sandbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .dialling import is_sandbox, may_be_sandbox
from .exit_codes import CommandError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pamela import AsyncPamelaClient

    from .settings import Settings

SANDBOX_SECRET = "whsec_sandbox"  # noqa: S105 - nothing is protected by it
MISSING = (
    "There is no webhook secret. Set PAMELA_WEBHOOK_SECRET, keep it with `pamela login --webhook-secret`, or talk to the "
    "sandbox: --sandbox."
)
UNKNOWN = (
    "The sandbox has its own webhook secret, which it does not reveal. Give it in PAMELA_WEBHOOK_SECRET, or run it with the "
    f"usual one, {SANDBOX_SECRET}."
)
_PROBE = "{}"


def find_webhook_secret(settings: Settings) -> str:
    """Return the webhook secret; with `--sandbox`, the one of the sandbox.

    Raises:
        CommandError: No secret is set.
        PamelaError: A request to the sandbox failed.
    """
    if settings.sandbox:
        return ask_sandbox(settings)
    if secret := settings.webhook_secret():
        return secret
    connection = settings.connection
    if connection.api_key and connection.base_url and may_be_sandbox(connection.base_url):
        with settings.client() as client:
            if is_sandbox(client):
                return ask_sandbox(settings)
    raise CommandError(MISSING, ExitCode.AUTHENTICATION)


def ask_sandbox(settings: Settings) -> str:
    """Return the webhook secret of a sandbox for the project of the key.

    Raises:
        CommandError: The secret is unknown.
        PamelaError: A request to the sandbox failed.
    """
    with settings.client() as client:
        for secret in candidates(settings, client.request("GET", "/sandbox/project")):
            if is_right(client.request("POST", "/sandbox/verify", json=probe(secret))):
                return secret
    raise CommandError(UNKNOWN, ExitCode.AUTHENTICATION)


async def ask_sandbox_async(settings: Settings, client: AsyncPamelaClient, project: Mapping[str, Any]) -> str:
    """Like `ask_sandbox`."""
    for secret in candidates(settings, project):
        if is_right(await client.request("POST", "/sandbox/verify", json=probe(secret))):
            return secret
    raise CommandError(UNKNOWN, ExitCode.AUTHENTICATION)


def candidates(settings: Settings, project: Mapping[str, Any]) -> list[str]:
    """Return possible secrets of a sandbox: the project's own, or those that sandboxes usually start with."""
    if project.get("webhook_secret"):
        return [project["webhook_secret"]]
    known = (settings.webhook_secret(), os.environ.get("PAMELA_SANDBOX_WEBHOOK_SECRET"), SANDBOX_SECRET)
    return [secret for secret in dict.fromkeys(known) if secret]


def probe(secret: str) -> dict[str, str]:
    """Return a request body that asks whether a sandbox uses a secret, without the secret itself."""
    from pamela import sign_webhook

    return {"body": _PROBE, "signature": sign_webhook(_PROBE, secret)}


def is_right(answer: Any) -> bool:
    """Return whether the sandbox's response confirms the secret."""
    return bool(answer.get("valid"))
