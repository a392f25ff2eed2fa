"""`pamela request`: send your own request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .dialling import confirm_dialling
from .dry_run import dry_run_option, show_requests
from .help import Command
from .json_values import read_data
from .output import write_line
from .settings import Settings, connection_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pamela import PamelaClient

API_PREFIX = "/api/b2b/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@click.command(
    cls=Command,
    examples=(
        "pamela request GET calls --param limit=5 --param status_filter=failed",
        "pamela request GET /api/b2b/v1/usage | jq .billed_minutes",
        "pamela request POST tools --data @tool.json --dry-run",
        "pamela request PUT /sandbox/project --data '{}' --sandbox",
    ),
)
@click.argument("method", type=click.Choice(METHODS, case_sensitive=False), metavar="METHOD")
@click.argument("path", metavar="PATH")
@click.option("-d", "--data", metavar="JSON", help="The body: JSON, @FILE, or - for stdin.")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="A query parameter. You can repeat the option.")
@click.option("--header", multiple=True, metavar="NAME:VALUE", help="A header. You can repeat the option.")
@click.option("-y", "--yes", is_flag=True, help="Send it without asking, even if it places a call.")
@dry_run_option
@connection_options
def request(
    settings: Settings,
    method: str,
    path: str,
    data: str | None,
    param: Sequence[str],
    header: Sequence[str],
    yes: bool,
    dry_run: bool,
) -> None:
    """Send your own request, and print the JSON of the response.

    PATH is the path after the address. Without a slash at its beginning, it is below /api/b2b/v1/. Retries, time limits
    and exit statuses are those of the other commands.
    """
    if "://" in path:
        raise click.UsageError(f"PATH {path!r} has an address in it. Give that with --base-url, and the path here.")
    address = path if path.startswith("/") else API_PREFIX + path
    body = read_data(data)
    params: dict[str, list[str]] = {}
    for name, value in _pairs("--param", "=", param):
        params.setdefault(name, []).append(value)
    headers = dict(_pairs("--header", ":", header))

    def send(client: PamelaClient) -> Any:
        return client.request(method, address, params=params or None, json=body, headers=headers or None)

    if dry_run:
        show_requests(settings, send)
        return
    with settings.client() as client:
        if method == "POST" and address.rstrip("/").endswith("/calls"):
            number = body.get("to") if isinstance(body, dict) else None
            confirm_dialling(client, [str(number)], yes=yes)
        response = send(client)
    if response is not None:
        write_line(json.dumps(response, indent=2, ensure_ascii=False))


def _pairs(option: str, separator: str, values: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for each in values:
        name, found, value = each.partition(separator)
        if not name.strip() or not found:
            raise click.UsageError(f"{option} {each!r} is not NAME{separator}VALUE.")
        pairs.append((name.strip(), value.strip()))
    return pairs
