"""Which secret webhooks are signed with: the sandbox's own, or the one of the environment or the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exit_codes import CommandError, ExitCode

if TYPE_CHECKING:
    from .settings import Settings

MISSING = (
    "There is no webhook secret. Set PAMELA_WEBHOOK_SECRET, keep it with `pamela login --webhook-secret`, or talk to the "
    "sandbox: --sandbox."
)


def find_webhook_secret(settings: Settings) -> str:
    """Return the webhook secret.

    Raises:
        CommandError: There is none.
        PamelaError: The sandbox cannot be asked.
    """
    if settings.sandbox:
        with settings.client() as client:
            project: Any = client.request("GET", "/sandbox/project")
        return str(project["webhook_secret"])
    secret = settings.webhook_secret()
    if not secret:
        raise CommandError(MISSING, ExitCode.AUTHENTICATION)
    return secret
