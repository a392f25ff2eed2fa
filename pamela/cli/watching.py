"""Follows a call: a conversation on a terminal, otherwise a line for each change."""

from __future__ import annotations

import json
import math
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .exit_codes import ExitCode
from .output import write_line
from .terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pamela import Call, PamelaClient

    from .output import Output

DOLLARS_A_MINUTE = 0.10
"""The price of a billed minute, from the description of `get_usage` in the specification."""

_TOOL_LINE = re.compile(r"(?P<name>[\w.-]+)\((?P<arguments>\{.*?\})\): (?P<answer>.*)", re.DOTALL)


class Line(NamedTuple):
    """A change in a call.

    Attributes:
        kind: `status`, `summary`, or the speaker: `agent`, `user`, `tool`.
        text: The spoken text, or the status.
        timestamp: The time from the API, or None.
        details: More fields for programs.
    """

    kind: str
    text: str
    timestamp: str | None = None
    details: Mapping[str, Any] = {}


class Progress:
    """Finds what has changed in a call since the last time."""

    def __init__(self) -> None:
        self._status: str | None = None
        self._entries = 0

    def news(self, call: Mapping[str, Any]) -> Iterator[Line]:
        """Yield the changes since the last call of this method."""
        transcript = call.get("transcript")
        ended = is_over(call)
        if not ended:
            yield from self._status_line(call)
        if isinstance(transcript, list):
            for entry in transcript[self._entries :]:
                yield spoken(entry)
            self._entries = max(self._entries, len(transcript))
        if ended:
            yield from self._status_line(call)

    def _status_line(self, call: Mapping[str, Any]) -> Iterator[Line]:
        status = str(call.get("status"))
        if status != self._status:
            self._status = status
            moment = "ended_at" if is_over(call) else "started_at" if status == "in_progress" else "updated_at"
            fields = ("duration_seconds", "billed_minutes")
            details = {name: call[name] for name in fields if call.get(name) is not None}
            yield Line("status", status, call.get(moment), details)


def spoken(entry: Any) -> Line:
    """Return an entry of a transcript as a line. A tool invocation includes its arguments and its response."""
    if not isinstance(entry, dict):
        return Line("said", str(entry))
    speaker, text = str(entry.get("speaker") or "said"), str(entry.get("text") or "")
    details: dict[str, Any] = {}
    if speaker == "tool" and (found := _TOOL_LINE.fullmatch(text)):
        details = {"tool": found["name"], "response": _json_or_text(found["answer"])}
        try:
            details["arguments"] = json.loads(found["arguments"])
        except ValueError:
            details = {}
    return Line(speaker, text, entry.get("timestamp"), details)


def tool_text(line: Line) -> tuple[str, str]:
    """Return a tool invocation and its response as text, such as `status(order="1042")` and `{"eta": 2}`."""
    if "tool" not in line.details:
        return line.text, ""
    arguments = ", ".join(f"{name}={json.dumps(value)}" for name, value in line.details["arguments"].items())
    response = line.details["response"]
    return f"{line.details['tool']}({arguments})", response if isinstance(response, str) else json.dumps(response)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_over(call: Mapping[str, Any]) -> bool:
    """Return whether a call has ended. An end time counts, too, because its status may be unknown to this version."""
    status: Any = getattr(call, "status", None)
    return bool(getattr(status, "is_final", False)) or call.get("ended_at") is not None


def seconds_so_far(call: Mapping[str, Any]) -> float | None:
    """Return the duration of the conversation so far, None before it begins."""
    told = call.get("duration_seconds")
    if isinstance(told, int | float):
        return float(told)
    started: Any = getattr(call, "started_at", None)
    if not isinstance(started, datetime) or is_over(call):
        return None
    return max(0.0, (datetime.now(UTC) - started).total_seconds())


def price_so_far(call: Mapping[str, Any]) -> str:
    """Return the billed minutes and their price; empty before the call connects."""
    seconds = seconds_so_far(call)
    minutes = call.get("billed_minutes")
    if not isinstance(minutes, int):
        if seconds is None:
            return ""
        minutes = max(math.ceil(seconds / 60), 1)
    return f"{minutes} min  ${minutes * DOLLARS_A_MINUTE:.2f}"


class Display(Protocol):
    """Shows a call in progress."""

    def show(self, call: Call) -> None:
        """Take the call as it is now."""


class LineDisplay:
    """Writes a line for each change, for pipes and files."""

    def __init__(self) -> None:
        self._progress = Progress()

    def show(self, call: Call) -> None:
        """Write what is new."""
        for line in self._progress.news(call):
            write_line(as_line(line, call))


def as_line(line: Line, call: Mapping[str, Any]) -> str:
    """Return a change as one line of text."""
    text = line.text
    if line.kind == "status" and is_over(call):
        text = "  ".join(filter(None, (text, price_so_far(call), call.get("summary"))))
    elif line.kind == "tool":
        invocation, response = tool_text(line)
        text = f"{invocation} -> {response}" if response else invocation
    return f"{line.timestamp or '-'}\t{line.kind}\t{' '.join(text.split())}"


class JsonDisplay:
    """Writes a JSON object for each change, one per line."""

    def __init__(self) -> None:
        self._progress = Progress()

    def show(self, call: Call) -> None:
        """Write what is new."""
        for line in self._progress.news(call):
            fields = {"call_id": call.get("id"), "at": line.timestamp, "kind": line.kind, "text": line.text}
            if line.kind == "status" and call.get("summary"):
                fields["summary"] = call["summary"]
            write_line(json.dumps({**fields, **line.details}, ensure_ascii=False))


class Nothing:
    """Shows nothing, for a command that writes the call when it has ended."""

    def show(self, call: Call) -> None:
        """Take the call as it is now."""


@contextmanager
def display(output: Output) -> Iterator[Display]:
    """Return the display for the output format."""
    if output.format == "jsonl":
        yield JsonDisplay()
    elif output.format is not None or output.columns is not None:
        yield Nothing()
    elif sys.stdout.isatty():
        from .live import LiveDisplay

        with LiveDisplay() as live:
            yield live
    else:
        yield LineDisplay()


def follow(
    client: PamelaClient, call_id: str, output: Output, *, interval: float, timeout: float | None = None
) -> tuple[Call, ExitCode]:
    """Show a call until it has ended.

    Args:
        client: A client of the account.
        call_id: The call's id.
        output: The output options.
        interval: Seconds between two requests.
        timeout: Seconds after which to stop. None means no limit.

    Returns:
        The ended call, and the exit status for it.

    Raises:
        WaitTimeoutError: The call has not ended in time.
        KeyboardInterrupt: Ctrl-C was pressed. A message about the state of the call has been printed.
    """
    last: Call | None = None
    try:
        with display(output) as shown:
            for call in client.watch_call(call_id, timeout=timeout, poll_interval=interval):
                last = call
                shown.show(call)
    except KeyboardInterrupt:
        tell_of_interrupted(call_id, last)
        raise
    assert last is not None  # noqa: S101 - watch_call yields the call at least once
    return last, ExitCode.OK if last.get("status") == "completed" else ExitCode.FAILURE


def tell_of_interrupted(call_id: str, call: Mapping[str, Any] | None) -> None:
    """Print whether a call continues after Ctrl-C."""
    if call is not None and is_over(call):
        say(f"{call_id} has ended: {call.get('status')}.")
        return
    status = f" (it is {call.get('status')})" if call is not None else ""
    ending = "hangup" if call is not None and call.get("status") == "in_progress" else "cancel"
    say(f"{call_id} continues{status}. Watch it again: pamela calls watch {call_id}")
    say(f"End it: pamela calls {ending} {call_id}")
