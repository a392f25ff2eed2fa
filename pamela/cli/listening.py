"""Listening to webhooks: verify them, pass them to a handler in order for each call, count and show them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from .webhook_handlers import Reply, matches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .webhook_handlers import Handler, Headers

TOOL_INVOCATION = "tool.invocation"
SIGNATURE_HEADER = "x-pamela-signature"


@dataclass(frozen=True)
class Shown:
    """A webhook and its response.

    Attributes:
        received_at: When it arrived.
        name: Its event, or `tool.invocation`.
        body: The unchanged body.
        payload: The parsed body, None if it is not signed or not an object.
        reply: The response.
        duration_ms: The duration of the response, in milliseconds.
        refused: Why the webhook was refused, None if it was accepted.
        caught_up: Whether it was sent while nobody listened.
    """

    received_at: datetime
    name: str
    body: bytes
    payload: dict[str, Any] | None
    reply: Reply
    duration_ms: float
    refused: str | None = None
    caught_up: bool = False

    @property
    def call_id(self) -> str:
        """The id of the webhook's call."""
        return str((self.payload or {}).get("call_id", ""))


class Screen(Protocol):
    """Shows webhooks."""

    def show(self, webhook: Shown) -> None:
        """Show a webhook with its response."""


@dataclass
class Listener:
    """Takes webhooks, one after the other for each call.

    Args:
        secrets: The secrets that may sign webhooks.
        handler: Receives the webhooks.
        screen: Shows the webhooks.
        patterns: The wanted events. An empty sequence means all.
        forward_unsigned: Whether the handler receives unsigned webhooks, too.
    """

    secrets: list[str]
    handler: Handler
    screen: Screen
    patterns: Sequence[str] = ()
    forward_unsigned: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when missed webhooks have been handled. New ones wait until then."""

    before_first: Callable[[str], Awaitable[None]] | None = None
    """Called before the first webhook of each call, with its id. It handles the call's missed webhooks."""
    unread: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the output was closed."""

    def __post_init__(self) -> None:
        self._queues = _Queues()

    async def receive(self, headers: Headers, body: bytes, is_gone: Callable[[], bool]) -> Reply | None:
        """Wait for the turn of a webhook, and return its response."""
        await self.ready.wait()
        if is_gone():
            # The sender will send it again, or it is one of the missed ones.
            return None
        if self.before_first is not None and (payload := self._verified(headers, body)[0]) is not None:
            await self.before_first(str(payload.get("call_id", "")))
        return await self.take(headers, body)

    async def take(self, headers: Headers, body: bytes, *, caught_up: bool = False) -> Reply:
        """Verify, handle and show a webhook, and return its response."""
        received_at, began = datetime.now(UTC), time.perf_counter()
        payload, refused = self._verified(headers, body)
        name = name_of(payload)
        if refused is None and not matches(name, self.patterns):
            self.counts["passed over"] += 1
            return Reply.of_json(200, {"received": True})
        if refused is not None and not self.forward_unsigned:
            reply = Reply.of_json(401, {"error": "Invalid signature"})
        else:
            is_tool = name == TOOL_INVOCATION
            # The agent waits for the tool, so a tool invocation does not wait for events of its call.
            queue = "" if is_tool or payload is None else str(payload.get("call_id", ""))
            async with self._queues.turn(queue):
                reply = await self.handler.handle(headers, body, is_tool=is_tool)
        duration_ms = (time.perf_counter() - began) * 1000
        self.counts["webhooks"] += 1
        self.counts["refused" if refused else "succeeded" if 200 <= reply.status < 300 else "failed"] += 1
        self.counts["caught up"] += caught_up
        try:
            self.screen.show(Shown(received_at, name, body, payload, reply, duration_ms, refused, caught_up))
        except BrokenPipeError:
            self.unread.set()
        return reply

    def _verified(self, headers: Headers, body: bytes) -> tuple[dict[str, Any] | None, str | None]:
        from pamela import WebhookVerificationError, construct_event

        signature = next((value for name, value in headers if name.lower() == SIGNATURE_HEADER), None)
        try:
            # Of any age: missed webhooks are old, and the application has its own check.
            return dict(construct_event(body, signature, self.secrets, tolerance=None)), None
        except WebhookVerificationError as error:
            return None, str(error.reason)


def name_of(payload: dict[str, Any] | None) -> str:
    """Return the name of a webhook: its event, or `tool.invocation`."""
    if payload is None:
        return "?"
    if "tool_name" in payload and "event" not in payload:
        return TOOL_INVOCATION
    return str(payload.get("event", "?"))


class _Queues:
    """A queue for each call, in the order of arrival."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    def turn(self, name: str) -> _Turn:
        return _Turn(self, name)

    async def enter(self, name: str) -> None:
        self._waiting[name] += 1
        await self._locks.setdefault(name, asyncio.Lock()).acquire()

    def leave(self, name: str) -> None:
        self._locks[name].release()
        self._waiting[name] -= 1
        if not self._waiting[name]:
            del self._waiting[name], self._locks[name]


@dataclass(frozen=True)
class _Turn:
    queues: _Queues
    name: str

    async def __aenter__(self) -> None:
        if self.name:
            await self.queues.enter(self.name)

    async def __aexit__(self, *_: object) -> None:
        if self.name:
            self.queues.leave(self.name)


def summary(counts: Counter[str]) -> str:
    """Return a sentence with the numbers of webhooks."""
    total = counts["webhooks"]
    parts = [f"{counts[name]} {name}" for name in ("succeeded", "failed", "refused", "caught up") if counts[name]]
    if counts["passed over"]:
        parts.append(f"{counts['passed over']} more passed over")
    return f"{total} {'webhook' if total == 1 else 'webhooks'}" + (f": {', '.join(parts)}" if parts else "")
