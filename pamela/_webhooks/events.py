"""Verified webhooks as typed events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from .._core.model import Model, as_datetime
from .._generated import models
from .._generated.events import EVENTS
from .verification import Body, verified_payload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .._generated.events import WebhookEvent as DocumentedEvent


class UnknownEvent(Model):
    """An event that this version of the package does not know."""

    __slots__ = ()

    @property
    def event(self) -> str | None:
        """The kind of event."""
        name: str | None = self._get("event")
        return name

    @property
    def call_id(self) -> str | None:
        """The call's `id`."""
        name: str | None = self._get("call_id")
        return name

    @property
    def timestamp(self) -> datetime | None:
        """When the event happened."""
        moment: datetime | None = as_datetime(self._get("timestamp"))
        return moment


if TYPE_CHECKING:
    WebhookEvent = DocumentedEvent | UnknownEvent
else:
    WebhookEvent = Union[(*(getattr(models, name) for name in EVENTS.values()), UnknownEvent)]


def construct_event(
    body: Body, signature: str | None, secret: str | Sequence[str], *, tolerance: float | None = 300
) -> WebhookEvent:
    """Verify a webhook and return its event, typed.

    Args:
        body: The raw body of the request, not parsed.
        signature: The ``X-Pamela-Signature`` header, or None if it is missing.
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.
        tolerance: How far the event's ``timestamp`` may be from now, in seconds, so that a recorded webhook cannot be
            replayed later; None accepts any. An event without a timestamp is accepted.

    Returns:
        The event, a dict with typed attributes: a ``CallQueuedEvent``, ``CallStartedEvent``,
        ``CallTranscriptUpdateEvent``, ``CallCompletedEvent`` or ``CallFailedEvent``. An event that this version does
        not know is an ``UnknownEvent``.

    Raises:
        WebhookVerificationError: The webhook could not be verified. ``reason`` says why.
        ValueError: The secret is empty or contains a line break, or `tolerance` is not a number of seconds, 0 or more.

    Example:
        >>> from pamela.webhooks import sign_webhook
        >>> body = b'{"event": "call.queued", "call_id": "call_1"}'
        >>> event = construct_event(body, sign_webhook(body, "whsec_example"), "whsec_example")
        >>> type(event).__name__, event.call_id
        ('CallQueuedEvent', 'call_1')
    """
    return as_event(verified_payload(body, signature, secret, tolerance=tolerance))


def as_event(payload: dict[str, Any]) -> WebhookEvent:
    """Return a verified payload as the class of its event."""
    name = payload.get("event")
    model = EVENTS.get(name) if isinstance(name, str) else None
    event: WebhookEvent = getattr(models, model)(payload) if model else UnknownEvent(payload)
    return event
