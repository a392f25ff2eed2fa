"""`pamela calls`: list, show, watch, cancel, hang up and find calls."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from .completing import complete_call_ids, complete_statuses
from .dry_run import dry_run_option
from .exit_codes import CommandError, ExitCode, code_of
from .help import Group
from .moments import Moment
from .output import Output, fields_of, output_options
from .settings import Settings, connection_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pamela import Call, PamelaClient


COLUMNS = ("id", "status", "to", "task", "created_at", "duration_seconds")
"""The columns of a list. A narrow terminal shows only the first ones."""

RECORD_COLUMNS = (
    "id",
    "status",
    "to",
    "from_number",
    "task",
    "created_at",
    "started_at",
    "ended_at",
    "duration_seconds",
    "billed_minutes",
    "summary",
    "metadata",
    "message",
)

call_id_argument = click.argument("call_id", metavar="CALL_ID", shell_complete=complete_call_ids)
interval_option = click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two requests for the call.",
)
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop watching after this time, with exit status 7. The call continues.",
)


@click.group(
    cls=Group,
    examples=(
        "pamela calls list --status in_progress",
        "pamela calls show call_8Zk2vQ",
        "pamela calls watch call_8Zk2vQ",
        "pamela calls hangup call_8Zk2vQ",
    ),
)
def calls() -> None:
    """List, show, watch and end calls."""


def call_fields() -> list[str]:
    """Return the names of all fields of a call."""
    from pamela import Call

    return fields_of(Call)


@calls.command(
    "list",
    examples=(
        "pamela calls list",
        "pamela calls list --status failed --since 7d --all --csv > failed.csv",
        "pamela calls list --jsonl | jq -r .id",
        "pamela calls list --columns id,metadata.ticket,summary",
    ),
)
@click.option(
    "--status",
    metavar="STATUS",
    shell_complete=complete_statuses,
    help="Only calls with this status, such as `failed`.",
)
@click.option(
    "--since", type=Moment(), metavar="WHEN", help="Only calls created at this time or later: 2026-03-14, 7d, 12h, 30m."
)
@click.option("--until", type=Moment(), metavar="WHEN", help="Only calls created before this time.")
@click.option("--limit", type=click.IntRange(min=1), default=30, show_default=True, help="Maximum number of calls.")
@click.option("--all", "everything", is_flag=True, help="List all calls.")
@output_options
@connection_options
def list_(
    settings: Settings,
    output: Output,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    everything: bool,
) -> None:
    """List calls, newest first."""
    with settings.client() as client:
        found = _found(client, None if everything else limit, status=status, start_date=since, end_date=until)
        with status_named_as_option():
            output.rows(found, COLUMNS, call_fields())


@contextmanager
def status_named_as_option() -> Iterator[None]:
    """Make the error message of an invalid status name the option instead of the service's parameter."""
    from pamela import ValidationError

    try:
        yield
    except ValidationError as error:
        message = str(error)
        if not message.startswith("status_filter"):
            raise
        raise CommandError(f"--status{message.removeprefix('status_filter')}", code_of(error)) from None


def _found(client: PamelaClient, limit: int | None, **filters: Any) -> Iterator[Call]:
    from itertools import islice

    given = {name: value for name, value in filters.items() if value is not None}
    if limit is not None:
        given["limit"] = min(limit, 100)
    return islice(client.iter_calls(**given), limit)


@calls.command(examples=("pamela calls show call_8Zk2vQ", "pamela calls show call_8Zk2vQ --json | jq .transcript"))
@call_id_argument
@output_options
@connection_options
def show(settings: Settings, output: Output, call_id: str) -> None:
    """Show a call with its transcript."""
    with settings.client() as client:
        call = client.get_call(call_id)
    write_call(call, output)
    if output.is_table and output.columns is None and call.get("transcript"):
        _print_transcript(call)


def write_call(call: Call, output: Output) -> None:
    """Write a call in the chosen output format."""
    output.record(call, RECORD_COLUMNS, call_fields())


def _print_transcript(call: Call) -> None:
    from .live import conversation_line
    from .terminal import console
    from .watching import Line, spoken

    screen = console()
    screen.print()
    transcript: Any = call.get("transcript")
    for line in [spoken(entry) for entry in transcript] if isinstance(transcript, list) else [Line("said", transcript)]:
        screen.print(conversation_line(line))


@calls.command(
    examples=(
        "pamela calls watch call_8Zk2vQ",
        "pamela calls watch call_8Zk2vQ --timeout 600 && echo it completed",
        "pamela calls watch call_8Zk2vQ --jsonl | jq -r 'select(.kind == \"agent\").text'",
    )
)
@call_id_argument
@interval_option
@timeout_option
@output_options
@connection_options
@click.pass_context
def watch(
    context: click.Context, settings: Settings, output: Output, call_id: str, interval: float, timeout: float | None
) -> None:
    """Watch a call until it has ended.

    The exit status is 0 if the call completed, and 1 if it failed or was cancelled.
    """
    with settings.client() as client:
        context.exit(watch_to_its_end(client, call_id, output, interval, timeout))


def watch_to_its_end(
    client: PamelaClient, call_id: str, output: Output, interval: float, timeout: float | None
) -> ExitCode:
    """Show a call until it has ended, and return the exit status."""
    from .watching import follow

    call, code = follow(client, call_id, output, interval=interval, timeout=timeout)
    if output.format in ("json", "csv") or (output.columns is not None and output.format is None):
        write_call(call, output)
    return code


@calls.command(examples=("pamela calls cancel call_8Zk2vQ",))
@call_id_argument
@dry_run_option
@output_options
@connection_options
def cancel(settings: Settings, output: Output, call_id: str, dry_run: bool) -> None:
    """Cancel a call that is queued or ringing."""
    _end(settings, output, "cancel_call", call_id, dry_run)


@calls.command(examples=("pamela calls hangup call_8Zk2vQ",))
@call_id_argument
@dry_run_option
@output_options
@connection_options
def hangup(settings: Settings, output: Output, call_id: str, dry_run: bool) -> None:
    """Hang up a call that is in progress."""
    _end(settings, output, "hangup_call", call_id, dry_run)


def _end(settings: Settings, output: Output, operation: str, call_id: str, dry_run: bool) -> None:
    from .dry_run import show_requests

    if dry_run:
        show_requests(settings, lambda client: getattr(client, operation)(call_id))
        return
    with settings.client() as client:
        write_call(getattr(client, operation)(call_id), output)


@calls.command(
    examples=(
        "pamela calls find --idempotency-key order-1042-reminder",
        "pamela calls find --idempotency-key order-1042-reminder --to +15551234567",
    )
)
@click.option("--idempotency-key", required=True, metavar="KEY", help="The key with which the call was placed.")
@click.option("--to", metavar="NUMBER", help="The called number. It makes the search faster.")
@click.option("--task", metavar="TEXT", help="The task. It makes the search faster.")
@click.option(
    "--since",
    type=Moment(),
    metavar="WHEN",
    show_default="24h",
    help="The earliest time at which the call may have been placed.",
)
@output_options
@connection_options
def find(
    settings: Settings, output: Output, idempotency_key: str, to: str | None, task: str | None, since: datetime | None
) -> None:
    """Find the call that was placed with an idempotency key.

    Use it after `pamela call` has ended with status 6. The exit status is 0 if the call was placed, 4 if it was not,
    and 6 if that is unknown.
    """
    with settings.client() as client:
        call = client.find_call(idempotency_key=idempotency_key, to=to, task=task, since=since)
    if call is None:
        raise CommandError(f"There is no call with the idempotency key {idempotency_key!r}.", ExitCode.NOT_FOUND)
    write_call(call, output)
