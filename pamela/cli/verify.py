"""`pamela verify`: check the signature of a webhook, step by step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .exit_codes import ExitCode
from .help import Command, Option
from .json_values import read_file
from .output import Output, output_options
from .settings import Settings, connection_options
from .webhook_secret import find_webhook_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("step", "result", "explanation")
STEPS = ("signature", "form", "secret", "body", "timestamp")
"""The steps in their order. The check ends at the first step that fails."""

_PREFIXES = ("sha256=", "v1=", "v1,")


@click.command(
    cls=Command,
    examples=(
        "pamela verify body.json --signature 3dd4...",
        "pamela verify --signature 3dd4... < body.json",
        "pamela verify body.json --signature 3dd4... --any-age --sandbox",
    ),
)
@click.argument("file", metavar="[FILE]", default="-")
@click.option(
    "--signature",
    cls=Option,
    may_be_empty=True,  # an empty signature is a result of the check
    required=True,
    metavar="S",
    help="The value of the header X-Pamela-Signature.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Maximum age of the webhook.",
)
@click.option("--any-age", is_flag=True, help="Accept any age.")
@output_options
@connection_options
@click.pass_context
def verify(
    context: click.Context,
    settings: Settings,
    output: Output,
    file: str,
    signature: str,
    tolerance: float,
    any_age: bool,
) -> None:
    """Check the signature of a webhook, and show which step fails.

    FILE has the unchanged body. The default is stdin. The secret comes from PAMELA_WEBHOOK_SECRET, from the profile, or
    with --sandbox from the sandbox. The exit status is 1 if a step fails.
    """
    secret = find_webhook_secret(settings)
    body = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
    failed, explanation = first_failure(body, signature, secret, None if any_age else tolerance)
    rows = list(_described(failed, explanation))
    if output.is_table and output.columns is None:
        from .findings import print_findings

        print_findings(rows)
    else:
        output.rows(rows, COLUMNS)
    context.exit(ExitCode.OK if failed is None else ExitCode.FAILURE)


def first_failure(body: bytes, signature: str, secret: str, tolerance: float | None) -> tuple[str | None, str]:
    """Return the first step that fails, or None, and the reason."""
    from pamela import WebhookVerificationError, construct_event
    from pamela.events import VerificationFailureReason

    try:
        construct_event(body, signature, secret, tolerance=tolerance)
    except WebhookVerificationError as error:
        step = {
            VerificationFailureReason.MISSING_SIGNATURE: "signature",
            VerificationFailureReason.MALFORMED_SIGNATURE: "form",
            VerificationFailureReason.WRONG_SIGNATURE: "secret",
            VerificationFailureReason.MALFORMED_BODY: "body",
            VerificationFailureReason.STALE: "timestamp",
        }[error.reason]
        if "timestamp" in str(error):
            step = "timestamp"
        return step, " ".join(filter(None, (str(error), _hint(step, body, signature, secret))))
    return None, ""


def _hint(step: str, body: bytes, signature: str, secret: str) -> str:
    from pamela import verify_webhook_signature

    if step == "form":
        prefix = next((each for each in _PREFIXES if signature.strip().startswith(each)), None)
        if prefix:
            return f"Leave out {prefix!r}."
        return "Take the value of the header, without its name."
    if step == "secret":
        changed = {
            "The file has a line end more than the body that was signed; an editor added it.": body.rstrip(b"\r\n"),
            "The file has a byte order mark that was not signed.": body.removeprefix(b"\xef\xbb\xbf"),
            "The file has other line ends than the body that was signed.": body.replace(b"\r\n", b"\n"),
        }
        for explanation, candidate in changed.items():
            if candidate != body and verify_webhook_signature(candidate, signature, secret):
                return explanation
        if secret != secret.strip() and verify_webhook_signature(body, signature, secret.strip()):
            return "The secret has blanks around it."
    return ""


def _described(failed: str | None, explanation: str) -> Iterator[dict[str, str | None]]:
    result = "ok"
    for step in STEPS:
        if step == failed:
            yield {"step": step, "result": "failed", "explanation": explanation}
            result = "not checked"
        else:
            yield {"step": step, "result": result, "explanation": None}
