"""Confirmation before a real phone rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terminal import confirm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pamela import PamelaClient

SANDBOX_NAME = "Pamela sandbox"
PRODUCTION_HOST = "api.thisispamela.com"
_MOST_NUMBERS_SHOWN = 3


def confirm_dialling(client: PamelaClient, numbers: Sequence[str], *, yes: bool) -> None:
    """Ask before real phones ring. A sandbox needs no confirmation.

    Args:
        client: The client that would place the calls.
        numbers: The numbers that would be dialled.
        yes: Whether `--yes` was given.

    Raises:
        CommandError: The answer is no, or nobody can be asked.
        PamelaError: The service cannot be reached.
    """
    if yes or is_sandbox(client):
        return
    shown = ", ".join(numbers[:_MOST_NUMBERS_SHOWN])
    if len(numbers) > _MOST_NUMBERS_SHOWN:
        shown += f" and {len(numbers) - _MOST_NUMBERS_SHOWN} more"
    confirm(f"Dial {shown} for real?", yes=yes, otherwise=f"{shown} is not dialled")


def is_sandbox(client: PamelaClient) -> bool:
    """Return whether a client talks to a sandbox.

    Raises:
        APIConnectionError: The service cannot be reached.
    """
    from pamela import APIConnectionError, PamelaError

    if not may_be_sandbox(client.base_url):
        return False
    try:
        return is_sandbox_description(client.request("GET", "/sandbox"))
    except APIConnectionError:
        raise
    except PamelaError:
        return False


def may_be_sandbox(base_url: str) -> bool:
    """Return whether an address may be that of a sandbox."""
    return PRODUCTION_HOST not in base_url


def is_sandbox_description(described: object) -> bool:
    """Return whether a response to `GET /sandbox` is that of a sandbox."""
    return isinstance(described, dict) and described.get("name") == SANDBOX_NAME
