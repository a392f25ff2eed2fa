"""`pamela doctor`: check everything that a call or a webhook needs, and print what to fix."""

from __future__ import annotations

import importlib.util
import os
import platform
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .exit_codes import CommandError, ExitCode, code_of
from .help import Command
from .output import Output, output_options
from .settings import Settings, connection_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS = ("check", "result", "explanation")
OK, WARNING, FAILED = "ok", "warning", "failed"

CLOCK_TOLERANCE = 300
"""Seconds that a clock may be wrong. Beyond that, receivers refuse webhooks as too old."""

CLOCK_DOUBT = 30
REACHED_BY = "/api/b2b/v1/usage"
PATIENCE = 10.0
KEY_PREFIXES = ("pk_live_", "pk_test_")
EXTRAS = {"tools": "pydantic", "sandbox": "uvicorn", "campaigns": "phonenumbers"}
"""Optional extras, each with a package that it installs."""


class Finding(NamedTuple):
    """The result of a check.

    Attributes:
        check: The name of the check.
        result: `ok`, `warning` or `failed`.
        explanation: The finding and the remedy.
        code: The exit status if the check failed.
    """

    check: str
    result: str
    explanation: str
    code: ExitCode = ExitCode.FAILURE


@click.command(cls=Command, examples=("pamela doctor", "pamela doctor --sandbox", "pamela doctor --json"))
@output_options
@connection_options
@click.pass_context
def doctor(context: click.Context, settings: Settings, output: Output) -> None:
    """Find out why something does not work.

    The command checks the versions, the key, the address, the clock, the webhook secret and the installed extras, and
    says what to fix. Warnings do not change the exit status.
    """
    findings = list(examine(settings))
    rows: list[Mapping[str, Any]] = [
        {"check": each.check, "result": each.result, "explanation": each.explanation} for each in findings
    ]
    if output.is_table and output.columns is None:
        from .findings import print_findings

        print_findings(rows)
    else:
        output.rows(rows, COLUMNS)
    context.exit(next((each.code for each in findings if each.result == FAILED), ExitCode.OK))


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each check."""
    yield _versions()
    yield from _extras()
    yield _profiles()
    try:
        connection = settings.connection
    except CommandError as error:
        yield Finding("settings", FAILED, error.message, error.code)
        return
    if not connection.api_key:
        message = "There is none. Run pamela login, set PAMELA_API_KEY, or use --sandbox."
        yield Finding("key", FAILED, message, ExitCode.AUTHENTICATION)
    elif not connection.api_key.startswith(KEY_PREFIXES):
        message = f"The key of {connection.key_source} does not begin with {' or '.join(KEY_PREFIXES)}."
        yield Finding("key", WARNING, message)
    else:
        yield Finding("key", OK, f"from {connection.key_source}")
    yield from _service(settings)
    yield _webhook_secret(settings)


def _versions() -> Finding:
    import httpx

    from pamela import __version__

    versions = f"thisispamela {__version__}, Python {platform.python_version()}, httpx {httpx.__version__}"
    return Finding("versions", OK, f"{versions}, {platform.system()}")


def _extras() -> Iterator[Finding]:
    missing = [extra for extra, package in EXTRAS.items() if importlib.util.find_spec(package) is None]
    if not missing:
        yield Finding("extras", OK, f"{', '.join(EXTRAS)} are installed")
    for extra in missing:
        yield Finding("extras", WARNING, f"Without {extra} if you need it: pip install 'thisispamela[{extra}]'")


def _profiles() -> Finding:
    from . import profiles

    path = profiles.path()
    try:
        names = ", ".join(profiles.read_all()) or "none"
    except CommandError as error:
        return Finding("profiles", FAILED, error.message)
    if not profiles.is_private():
        return Finding("profiles", FAILED, f"Others can read {path}. Fix it: chmod 600 {path}")
    where = "the keyring of the system" if profiles.system_keyring() is not None else "a file"
    return Finding("profiles", OK, f"{names}; new keys are kept in {where}")


def _service(settings: Settings) -> Iterator[Finding]:
    import httpx

    from pamela import PamelaClient, PamelaError

    connection = settings.connection
    try:
        # Any key is good enough to check the address.
        client = PamelaClient("pk_live_doctor", connection.base_url, max_retries=0, deadline=PATIENCE)
    except PamelaError as error:
        yield Finding("address", FAILED, str(error), ExitCode.USAGE)
        return
    with client:
        base_url = client.base_url
    began = time.perf_counter()
    try:
        response = httpx.get(base_url + REACHED_BY, timeout=PATIENCE)
    except httpx.TimeoutException:
        message = f"{base_url} did not answer within {PATIENCE:g} s (from {connection.address_source})."
        yield Finding("address", FAILED, message, ExitCode.TIMED_OUT)
        return
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        yield Finding("address", FAILED, _unreachable(base_url, connection.address_source, error))
        return
    took = (time.perf_counter() - began) * 1000
    yield Finding("address", OK, f"{base_url} answered in {took:.0f} ms (from {connection.address_source})")
    yield _clock(response.headers.get("date"))
    if connection.api_key:
        yield from _key_is_accepted(settings)


def _unreachable(base_url: str, source: str, error: Exception) -> str:
    remedy = (
        "Start it: pamela sandbox."
        if "127.0.0.1" in base_url or "localhost" in base_url
        else "Is it right, and is this machine online?"
    )
    proxies = [name for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY") if os.environ.get(name)]
    through = f" There is a proxy in {', '.join(proxies)}." if proxies else ""
    return f"{base_url} (from {source}) cannot be reached: {error}. {remedy}{through}"


def _clock(date: str | None) -> Finding:
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding("clock", WARNING, "The service did not tell the time, so the clock was not checked.")
    off = (datetime.now(UTC) - there).total_seconds()
    if abs(off) < CLOCK_DOUBT:
        return Finding("clock", OK, "right to within seconds")
    direction = "ahead" if off > 0 else "behind"
    message = f"This machine's clock is {abs(off):.0f} s {direction} of the service's. Set it by NTP."
    if abs(off) < CLOCK_TOLERANCE:
        return Finding("clock", WARNING, message)
    return Finding("clock", FAILED, f"{message} Webhooks are refused as too old.")


def _key_is_accepted(settings: Settings) -> Iterator[Finding]:
    from pamela import PamelaError

    from .dialling import is_sandbox

    try:
        with settings.client(max_retries=0, deadline=PATIENCE) as client:
            usage = client.usage.get()
            where = "the sandbox: nobody's phone rings" if is_sandbox(client) else "calls are real"
    except PamelaError as error:
        yield Finding("access", FAILED, f"{error} (the key is from {settings.connection.key_source})", code_of(error))
        return
    project = usage.get("project_id") or usage.get("partner_id") or "the account"
    yield Finding("access", OK, f"{project}; {where}")


def _webhook_secret(settings: Settings) -> Finding:
    if settings.sandbox:
        return Finding("webhook secret", OK, "that of the sandbox")
    try:
        secret = settings.webhook_secret()
    except CommandError as error:
        return Finding("webhook secret", FAILED, error.message, error.code)
    if not secret:
        message = "There is none. To receive webhooks, set PAMELA_WEBHOOK_SECRET or run pamela login --webhook-secret."
        return Finding("webhook secret", WARNING, message)
    if secret != secret.strip():
        message = (
            "It starts or ends with a space, so no signature matches. Remove the space from PAMELA_WEBHOOK_SECRET."
        )
        return Finding("webhook secret", FAILED, message)
    return Finding("webhook secret", OK, "there is one")
