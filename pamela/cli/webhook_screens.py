"""Displays of webhooks: in colour for people, one line each for pipes, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .listening import TOOL_INVOCATION, Screen, Shown
from .output import Output, stdout, write_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.text import Text

MOST_ANSWER_SHOWN = 200


def screen_for(output: Output, *, print_json: bool) -> Screen:
    """Return the screen that the options choose."""
    if print_json:
        return BodyScreen()
    if output.format is not None or output.columns is not None:
        return RecordScreen(output)
    return TerminalScreen() if stdout().isatty() else LineScreen()


COLUMNS = ("received_at", "event", "call_id", "status", "duration_ms", "answer")


class BodyScreen:
    """Prints the body of each webhook in a line."""

    def show(self, webhook: Shown) -> None:
        """Show a webhook that was answered."""
        if webhook.payload is not None:
            write_line(json.dumps(webhook.payload, ensure_ascii=False))


class RecordScreen:
    """Prints each webhook with its response, in the chosen output format."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._began = False

    def show(self, webhook: Shown) -> None:
        """Show a webhook that was answered."""
        row = as_row(webhook)
        names = self._output.columns or (COLUMNS if self._output.format != "jsonl" else tuple(row))
        if self._output.format in ("json", "jsonl"):
            write_line(json.dumps({name: row.get(name) for name in names}, ensure_ascii=False))
            return
        import csv

        writer = csv.writer(stdout(), lineterminator="\n", delimiter="," if self._output.format else "\t")
        if not self._began:
            writer.writerow(names)
            self._began = True
        writer.writerow([_cell(row.get(name)) for name in names])
        stdout().flush()


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class LineScreen:
    """Prints a line for each webhook, with tabs between its fields."""

    def show(self, webhook: Shown) -> None:
        """Show a webhook that was answered."""
        row = as_row(webhook)
        parts = (row["received_at"], described(webhook), webhook.call_id, row["status"], f"{row['duration_ms']} ms")
        write_line("\t".join(map(str, (*parts, verdict(webhook)))))


class TerminalScreen:
    """Prints a line for each webhook, in colour, at most as long as the terminal is wide."""

    def __init__(self) -> None:
        from .terminal import console

        self._console = console()

    def show(self, webhook: Shown) -> None:
        """Show a webhook that was answered."""
        self._console.print(as_text(webhook), no_wrap=True, overflow="ellipsis", crop=True, soft_wrap=False)


def as_text(webhook: Shown) -> Text:
    """Return a webhook as coloured text."""
    from rich.text import Text

    status = webhook.reply.status
    colour = "green" if 200 <= status < 300 else "yellow" if status < 500 else "red"
    text = Text(f"{webhook.received_at.astimezone():%H:%M:%S}  ", style="dim")
    text.append(f"{status}", style=f"not dim bold {colour}")
    name = described(webhook)
    style = "magenta" if webhook.name == TOOL_INVOCATION else "red" if webhook.refused else "cyan"
    text.append(f"  {name:<22}", style=f"not dim {style}")
    text.append(f"  {webhook.call_id}", style="not dim")
    text.append(f"{webhook.duration_ms:7.0f} ms")
    if answer := verdict(webhook):
        text.append(f"  {answer}", style=f"not dim {'red' if webhook.refused or webhook.reply.problem else 'none'}")
    return text


def described(webhook: Shown) -> str:
    """Return the event of a webhook, or its tool with the arguments."""
    if webhook.name != TOOL_INVOCATION or webhook.payload is None:
        return webhook.name
    arguments: Any = webhook.payload.get("arguments")
    said = (
        ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
        if isinstance(arguments, dict)
        else json.dumps(arguments)
    )
    return f"{webhook.payload.get('tool_name')}({said})"


def verdict(webhook: Shown) -> str:
    """Return the beginning of the response to a webhook, or why it has none."""
    said = "caught up  " if webhook.caught_up else ""
    if webhook.refused:
        return f"{said}refused: {webhook.refused}"
    if webhook.reply.problem:
        return said + webhook.reply.problem
    answer = " ".join(webhook.reply.body[: 4 * MOST_ANSWER_SHOWN].decode("utf-8", "replace").split())
    return said + (answer if len(answer) <= MOST_ANSWER_SHOWN else f"{answer[:MOST_ANSWER_SHOWN]}…")


def as_row(webhook: Shown) -> Mapping[str, Any]:
    """Return a webhook with all fields, for programs."""
    body = webhook.reply.body.decode("utf-8", "replace")
    try:
        answer: Any = json.loads(body)
    except ValueError:
        answer = body
    return {
        "received_at": f"{webhook.received_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "event": webhook.name,
        "call_id": webhook.call_id or None,
        "status": webhook.reply.status,
        "duration_ms": round(webhook.duration_ms, 3),
        "answer": answer,
        "problem": webhook.reply.problem or None,
        "refused": webhook.refused,
        "caught_up": webhook.caught_up,
        "payload": webhook.payload,
    }
