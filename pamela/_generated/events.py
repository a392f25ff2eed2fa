# Made by `make generate` from openapi.yaml. Do not edit.
"""The webhook events of the specification, by the name in their `event` field."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import models

    WebhookEvent = (
        models.CallQueuedEvent
        | models.CallStartedEvent
        | models.CallTranscriptUpdateEvent
        | models.CallCompletedEvent
        | models.CallFailedEvent
    )

EVENTS: dict[str, str] = {
    "call.queued": "CallQueuedEvent",
    "call.started": "CallStartedEvent",
    "call.transcript_update": "CallTranscriptUpdateEvent",
    "call.completed": "CallCompletedEvent",
    "call.failed": "CallFailedEvent",
}
"""The name of each event's class in `models`."""
