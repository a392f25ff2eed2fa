"""The address and the key of a command: from options, the environment or a profile, in this order."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .exit_codes import CommandError, ExitCode
from .help import Option

if TYPE_CHECKING:
    from collections.abc import Callable

    from pamela import AsyncPamelaClient, PamelaClient

    from .profiles import Profile

F = TypeVar("F", bound="Callable[..., Any]")

SANDBOX_ADDRESS = "http://127.0.0.1:8400"
SANDBOX_KEY = "pk_live_sandbox"
SECTION = "Connection"


@dataclass(frozen=True)
class Connection:
    """The address and the key of requests.

    Attributes:
        base_url: The address. None means production.
        api_key: The key, or None.
        key_source: A description of the key's origin.
        address_source: A description of the address's origin.
    """

    base_url: str | None
    api_key: str | None = field(repr=False)
    key_source: str
    address_source: str


class Settings:
    """The values of the connection options. Each option sets the attribute of its name."""

    profile: str | None = None
    base_url: str | None = None
    sandbox: bool = False
    api_key_stdin: bool = False
    deadline: float | None = None

    @cached_property
    def connection(self) -> Connection:
        """The address and the key.

        Raises:
            CommandError: The profile cannot be read.
        """
        if self.profile or os.environ.get("PAMELA_PROFILE"):
            # A misspelt profile is an error, even if the environment has everything.
            _ = self.stored
        base_url, address_source = self._address()
        api_key, key_source = self._key()
        return Connection(base_url, api_key, key_source, address_source)

    @cached_property
    def stored(self) -> Profile | None:
        """The profile, or None if it is the default one and does not exist."""
        from . import profiles

        name = self.profile or os.environ.get("PAMELA_PROFILE")
        profile = profiles.read(name or profiles.DEFAULT_PROFILE)
        if name and profile is None:
            known = ", ".join(profiles.read_all()) or "none"
            message = f"There is no profile {name!r}; there is {known}. Make one: pamela login --profile {name}"
            raise CommandError(message, ExitCode.USAGE)
        return profile

    def webhook_secret(self) -> str | None:
        """Return the webhook secret of the environment or of the profile, or None."""
        if self.profile and self.stored and self.stored.webhook_secret:
            return self.stored.webhook_secret
        return os.environ.get("PAMELA_WEBHOOK_SECRET") or (self.stored.webhook_secret if self.stored else None)

    def client(self, **options: Any) -> PamelaClient:
        """Return a client with these options of `PamelaClient`.

        Raises:
            CommandError: No key is set.
            ValidationError: A setting is invalid.
        """
        from pamela import PamelaClient

        return PamelaClient(self._api_key(), self.connection.base_url, **{**self._client_options(), **options})

    def async_client(self, **options: Any) -> AsyncPamelaClient:
        """Return an async client, like `client`."""
        from pamela import AsyncPamelaClient

        return AsyncPamelaClient(self._api_key(), self.connection.base_url, **{**self._client_options(), **options})

    def _api_key(self) -> str:
        if not self.connection.api_key:
            raise CommandError(
                "There is no API key. Run `pamela login`, set PAMELA_API_KEY, pipe it in with --api-key-stdin, or "
                "try the sandbox: pamela sandbox, then --sandbox.",
                ExitCode.AUTHENTICATION,
            )
        return self.connection.api_key

    def _client_options(self) -> dict[str, Any]:
        return {} if self.deadline is None else {"deadline": self.deadline}

    def _address(self) -> tuple[str | None, str]:
        if self.base_url:
            return self.base_url, "--base-url"
        if self.sandbox:
            # PAMELA_BASE_URL may be the address of the service.
            local = os.environ.get("PAMELA_BASE_URL", "")
            return (local, "PAMELA_BASE_URL") if is_of_this_machine(local) else (SANDBOX_ADDRESS, "--sandbox")
        if self.profile and self.stored and self.stored.base_url:
            return self.stored.base_url, f"the profile {self.profile}"
        if address := os.environ.get("PAMELA_BASE_URL"):
            return address, "PAMELA_BASE_URL"
        if self.stored and self.stored.base_url:
            return self.stored.base_url, "the profile"
        return None, "the default"

    def _key(self) -> tuple[str | None, str]:
        if self.api_key_stdin:
            return sys.stdin.readline().strip(), "--api-key-stdin"
        if self.sandbox:
            # A key in the environment may be a real one, so it is not sent to the sandbox.
            return SANDBOX_KEY, "--sandbox"
        if self.profile and self.stored and self.stored.api_key:
            return self.stored.api_key, f"the profile {self.profile}"
        if key := os.environ.get("PAMELA_API_KEY"):
            return key, "PAMELA_API_KEY"
        if self.stored and self.stored.api_key:
            return self.stored.api_key, "the profile"
        return None, "nowhere"


def is_of_this_machine(address: str) -> bool:
    """Return whether an address is on this machine."""
    from urllib.parse import urlsplit

    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value not in (None, False):
        setattr(context.ensure_object(Settings), str(parameter.name), value)


def _complete_profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from . import profiles

    try:
        return [name for name in profiles.read_all() if name.startswith(incomplete)]
    except CommandError:
        return []


def connection_options(function: F) -> F:
    """Add the connection options to a command, and pass it the `Settings` as its first argument."""
    decorated: Any = click.make_pass_decorator(Settings, ensure=True)(function)
    for decorate in (
        click.option(
            "--deadline",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            show_default="120",
            help="Maximum duration of an operation with all its attempts.",
            **_common,
        ),
        click.option("--api-key-stdin", is_flag=True, help="Read the API key from stdin.", **_common),
        click.option(
            "--base-url", metavar="URL", help="The address of the API, instead of PAMELA_BASE_URL.", **_common
        ),
        click.option(
            "--profile",
            metavar="NAME",
            shell_complete=_complete_profiles,
            help="Use the profile that `pamela login --profile NAME` stored, instead of PAMELA_PROFILE.",
            **_common,
        ),
        click.option(
            "--sandbox",
            is_flag=True,
            help=f"Use the sandbox on {SANDBOX_ADDRESS}, or at --base-url or PAMELA_BASE_URL.",
            **_common,
        ),
    ):
        decorated = decorate(decorated)
    result: F = decorated
    return result


_common: dict[str, Any] = {"cls": Option, "section": SECTION, "expose_value": False, "callback": _keep}
