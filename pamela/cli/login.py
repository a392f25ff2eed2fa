"""`pamela login`, `logout` and `profiles`: stored keys, by name."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from . import profiles as store
from .exit_codes import CommandError, ExitCode
from .help import Command, Option
from .output import Output, output_options
from .settings import SANDBOX_ADDRESS, SANDBOX_KEY, SECTION, Settings, connection_options
from .terminal import is_interactive, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROFILE_COLUMNS = ("name", "base_url", "key", "webhook_secret", "kept_in")


@click.command(
    cls=Command,
    examples=(
        "pamela login",
        "pamela login --profile staging --base-url https://staging.acme.example",
        "pass show pamela | pamela login --api-key-stdin",
        "pamela login --webhook-secret",
    ),
)
@click.option("--webhook-secret", "with_secret", is_flag=True, help="Also ask for the webhook secret.")
@click.option("--no-check", is_flag=True, help="Store the key without testing it.")
@connection_options
def login(settings: Settings, with_secret: bool, no_check: bool) -> None:
    """Store an API key.

    The command asks for the key, or reads it from stdin with --api-key-stdin. The key is never an argument, because
    other users of the machine can read arguments. It is stored in the system's keyring, or else in a file that only you
    can read. PAMELA_API_KEY takes precedence over the profile `default`, and --profile over both.
    """
    name = settings.profile or os.environ.get("PAMELA_PROFILE") or store.DEFAULT_PROFILE
    if settings.sandbox:
        base_url: str | None = SANDBOX_ADDRESS
        key = SANDBOX_KEY
    else:
        base_url = settings.base_url or os.environ.get("PAMELA_BASE_URL")
        key = sys.stdin.readline().strip() if settings.api_key_stdin else _ask("API key")
    if not key:
        raise CommandError("There is no API key. Nothing was stored.", ExitCode.USAGE)
    secret = _ask("Webhook secret") if with_secret else None
    if not no_check:
        _check(key, base_url)
    kept = store.write(name, store.Profile(base_url, key, secret))
    say(f"Logged in as {name!r}. The key is stored in {kept}.")


def _ask(what: str) -> str:
    if not is_interactive():
        message = f"There is no terminal to ask for the {what}. Pipe the key in: --api-key-stdin."
        raise CommandError(message, ExitCode.USAGE)
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer.strip()


def _check(key: str, base_url: str | None) -> None:
    from pamela import PamelaClient

    with PamelaClient(key, base_url) as client:
        client.usage.get()


@click.command(cls=Command, examples=("pamela logout", "pamela logout --profile staging"))
@click.option(
    "--profile",
    cls=Option,
    section=SECTION,
    metavar="NAME",
    default=store.DEFAULT_PROFILE,
    help="The profile to delete.",
)
def logout(profile: str) -> None:
    """Delete a stored API key."""
    if not store.delete(profile):
        raise CommandError(f"There is no profile {profile!r}.", ExitCode.NOT_FOUND)
    say(f"The profile {profile!r} was deleted.")


@click.command(cls=Command, examples=("pamela profiles", "pamela profiles --json"))
@output_options
def profiles(output: Output) -> None:
    """List the profiles with stored API keys.

    The keys themselves are not shown.
    """
    output.rows(_described(), PROFILE_COLUMNS)


def _described() -> Iterator[Mapping[str, object]]:
    for name, profile in store.read_all().items():
        yield {
            "name": name,
            "base_url": profile.base_url,
            "key": True if profile.keyring or profile.api_key else None,
            "webhook_secret": True if profile.webhook_secret else None,
            "kept_in": "keyring" if profile.keyring else "file",
        }
