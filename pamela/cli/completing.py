"""Completion of values from the service: ids of calls and names of tools, within a time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    from pamela import PamelaClient

PATIENCE = 1.5
"""Seconds after which Tab completes nothing instead of waiting longer."""

_MOST = 30


def complete_call_ids(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return ids of the latest calls, with their status and task."""
    return _completed(
        context,
        incomplete,
        lambda client: (
            (call["id"], f"{call.get('status')} {call.get('to')} {call.get('task')}")
            for call in client.list_calls(limit=_MOST)["items"]
        ),
    )


def complete_tool_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return names of the account's tools, with their descriptions."""
    return _completed(
        context, incomplete, lambda client: ((tool["name"], tool.get("description")) for tool in client.list_tools())
    )


def complete_statuses(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the statuses of calls."""
    from pamela import CallStatus

    return [status.value for status in CallStatus if status.value.startswith(incomplete)]


def complete_voices(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the voices."""
    from pamela import Voice

    return [voice.value for voice in Voice if voice.value.startswith(incomplete)]


def _completed(
    context: click.Context, incomplete: str, find: Callable[[PamelaClient], Iterable[tuple[Any, Any]]]
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    try:
        settings = context.ensure_object(Settings)
        with settings.client(deadline=PATIENCE, timeout=PATIENCE, max_retries=0) as client:
            found = [(str(value), " ".join(str(about or "").split())) for value, about in find(client)]
    except Exception:
        # The shell would show a message in the middle of the line, so none is printed.
        return []
    return [CompletionItem(value, help=about) for value, about in found if value.startswith(incomplete)]
