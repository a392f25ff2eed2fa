"""`pamela trigger`: send a signed event or tool invocation to a receiver, and show its response."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from .exit_codes import CommandError, ExitCode
from .help import Command
from .json_values import put, read_data, read_pairs
from .output import Output, output_options, write_line
from .settings import Settings, connection_options
from .terminal import say
from .webhook_secret import find_webhook_secret

if TYPE_CHECKING:
    import httpx

SIGNATURE_HEADER = "X-Pamela-Signature"
TOOL_INVOCATION = "tool.invocation"
COLUMNS = ("webhook", "to", "status", "duration_ms", "response")


def complete_webhooks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the webhooks."""
    from .specification import load, webhook_names

    return [name for name in webhook_names(load()) if name.startswith(incomplete)]


@click.command(
    cls=Command,
    examples=(
        "pamela trigger call.completed --to http://127.0.0.1:5000/webhooks/pamela --sandbox",
        "pamela trigger call.failed --to http://127.0.0.1:5000/hook --set call_id=call_1042",
        "pamela trigger tool.invocation --to http://127.0.0.1:5000/tools --set arguments.order_id=A-7",
        "pamela trigger call.completed --to http://127.0.0.1:5000/hook --data @event.json",
        "pamela trigger call.completed --to http://127.0.0.1:5000/hook --forged",
    ),
)
@click.argument("webhook", metavar="EVENT", shell_complete=complete_webhooks)
@click.option("--to", "url", required=True, metavar="URL", help="The address to send to.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_pairs,
    help="A field, as JSON or text. `transcript.0.text=Hello` sets a nested field. You can repeat the option.",
)
@click.option(
    "-d", "--data", metavar="JSON", help="The whole body instead of the example: JSON, @FILE, or - for stdin."
)
@click.option("--forged", is_flag=True, help="Sign it with a wrong secret. A receiver must refuse it.")
@click.option("--no-check", is_flag=True, help="Send it even if it does not match the specification.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, max=86_400, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Maximum time to wait for the response.",
)
@click.option("--dry-run", is_flag=True, help="Print the webhook instead of sending it.")
@output_options
@connection_options
@click.pass_context
def trigger(
    context: click.Context,
    settings: Settings,
    output: Output,
    webhook: str,
    url: str,
    assignments: list[tuple[str, Any]],
    data: str | None,
    forged: bool,
    no_check: bool,
    timeout: float,
    dry_run: bool,
) -> None:
    """Send a signed webhook to an address.

    EVENT is the name of an event, or tool.invocation. The command sends the specification's example with the current
    time and your changes. It checks the body against the specification, and signs it as Pamela does. The exit
    status is 0 for a 2xx response, 5 for 4xx, and 1 for any other.
    """
    body = made_body(webhook, read_data(data), assignments, checked=not no_check)
    secret = find_webhook_secret(settings)
    request = signed_request(url, body, f"whsec_forged_{secrets.token_hex(4)}" if forged else secret)
    if dry_run:
        from .dry_run import print_request

        print_request(request)
        return
    response, duration_ms = _send(request, timeout)
    reason = HTTPStatus(response.status_code).phrase if response.status_code in set(HTTPStatus) else ""
    say(f"{webhook} → {url}: {response.status_code} {reason} in {duration_ms:.0f} ms")
    _write(output, webhook, url, response, duration_ms)
    context.exit(_code(response.status_code))


def made_body(webhook: str, data: Any, assignments: list[tuple[str, Any]], *, checked: bool) -> dict[str, Any]:
    """Return the body of a webhook: the given one or the specification's example, with the changes.

    Raises:
        CommandError: The webhook is unknown, or the body does not match the specification.
    """
    from .specification import example_of, issues_of, load, webhook_names

    document = load()
    if webhook not in webhook_names(document):
        from difflib import get_close_matches

        names = get_close_matches(webhook, webhook_names(document), 1) or webhook_names(document)
        raise CommandError(f"There is no event {webhook!r}. Possible events: {', '.join(names)}.", ExitCode.USAGE)
    body: Any = _fresh(example_of(document, webhook)) if data is None else data
    if not isinstance(body, dict):
        raise CommandError("A webhook is a JSON object.", ExitCode.USAGE)
    for path, value in assignments:
        put(body, path, value)
    if checked and (issues := issues_of(document, webhook, body)):
        lines = "\n".join(f"  {issue}" for issue in issues)
        message = f"This is not a {webhook} of the specification. --no-check sends it anyway.\n{lines}"
        raise CommandError(message, ExitCode.USAGE)
    return body


def _fresh(example: dict[str, Any]) -> dict[str, Any]:
    # A receiver refuses old webhooks, and answers a known invocation from its store without running the tool.
    if "timestamp" in example:
        example["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if "correlation_id" in example:
        example["correlation_id"] = f"corr_{secrets.token_hex(8)}"
    return example


def signed_request(url: str, body: dict[str, Any], secret: str) -> httpx.Request:
    """Return the signed request for a webhook, as Pamela would send it.

    Raises:
        CommandError: The address is invalid.
    """
    import httpx

    from pamela import __version__, sign_webhook

    content = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"pamela-cli/{__version__}",
        SIGNATURE_HEADER: sign_webhook(content, secret),
    }
    try:
        request = httpx.Request("POST", url, content=content, headers=headers)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise _no_address(url) from None
    if request.url.scheme not in ("http", "https") or not request.url.host:
        raise _no_address(url)
    return request


def _no_address(url: str) -> CommandError:
    return CommandError(f"{url!r} is not a URL. Example: http://127.0.0.1:5000/webhooks/pamela.", ExitCode.USAGE)


def _send(request: httpx.Request, timeout: float) -> tuple[httpx.Response, float]:
    import httpx

    began = time.perf_counter()
    try:
        with httpx.Client(timeout=timeout) as client:
            response = client.send(request)
    except httpx.TimeoutException:
        message = f"{request.url} did not answer within {timeout:g} s."
        raise CommandError(message, ExitCode.TIMED_OUT) from None
    except httpx.HTTPError as error:
        raise CommandError(f"{request.url} cannot be reached: {error or type(error).__name__}.") from None
    return response, (time.perf_counter() - began) * 1000


def _write(output: Output, webhook: str, url: str, response: httpx.Response, duration_ms: float) -> None:
    text = response.text
    if output.format is None and output.columns is None:
        if text:
            write_line(text)
        return
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    row = {
        "webhook": webhook,
        "to": url,
        "status": response.status_code,
        "duration_ms": round(duration_ms, 3),
        "response": body,
    }
    output.record(row, COLUMNS)


def _code(status: int) -> ExitCode:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return ExitCode.OK
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return ExitCode.REFUSED if refused else ExitCode.FAILURE
