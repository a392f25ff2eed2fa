"""`pamela login`, `logout` and `profiles`: keys that are kept, by name."""

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
@click.option("--webhook-secret", "with_secret", is_flag=True, help="Ask for the webhook secret, too.")
@click.option("--no-check", is_flag=True, help="Keep the key without trying it.")
@connection_options
def login(settings: Settings, with_secret: bool, no_check: bool) -> None:
    """Keep an API key for later.

    The key is asked for, or read from stdin with --api-key-stdin; it is never an argument, where others could read it.
    It is kept in the keyring of the system where there is one, else in a file that only you can read. The environment
    variable PAMELA_API_KEY goes before the profile `default`, and --profile before both.
    """
    name = settings.profile or os.environ.get("PAMELA_PROFILE") or store.DEFAULT_PROFILE
    if settings.sandbox:
        base_url: str | None = SANDBOX_ADDRESS
        key = SANDBOX_KEY
    else:
        base_url = settings.base_url or os.environ.get("PAMELA_BASE_URL")
        key = sys.stdin.readline().strip() if settings.api_key_stdin else _ask("API key")
    if not key:
        raise CommandError("There is no API key. Nothing was kept.", ExitCode.USAGE)
    secret = _ask("Webhook secret") if with_secret else None
    if not no_check:
        _check(key, base_url)
    kept = store.write(name, store.Profile(base_url, key, secret))
    say(f"Logged in as {name!r}. The key is kept in {kept}.")


def _ask(what: str) -> str:
    if not is_interactive():
        message = f"Nobody is there to be asked for the {what}. Pipe the key in: --api-key-stdin."
        raise CommandError(message, ExitCode.USAGE)
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer.strip()


def _check(key: str, base_url: str | None) -> None:
    from pamela import PamelaClient

    with PamelaClient(key, base_url) as client:
        client.usage.get()


@click.command(cls=Command, examples=("pamela logout", "pamela logout --profile staging"))
@click.option(
    "--profile", cls=Option, section=SECTION, metavar="NAME", default=store.DEFAULT_PROFILE, help="Which one to forget."
)
def logout(profile: str) -> None:
    """Forget an API key."""
    if not store.delete(profile):
        raise CommandError(f"There is no profile {profile!r}.", ExitCode.NOT_FOUND)
    say(f"The profile {profile!r} is forgotten.")


@click.command(cls=Command, examples=("pamela profiles", "pamela profiles --json"))
@output_options
def profiles(output: Output) -> None:
    """List the API keys that are kept.

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
