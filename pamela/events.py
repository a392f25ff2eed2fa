"""Webhook events: verified and typed."""

from ._webhooks.events import UnknownEvent, WebhookEvent, as_event, construct_event
from ._webhooks.verification import (
    Body,
    VerificationFailureReason,
    WebhookVerificationError,
    check_tolerance,
    verified_payload,
)

VerificationFailure = VerificationFailureReason
"""The old name of `VerificationFailureReason`. Version 3.0 removes it."""

__all__ = [
    "Body",
    "UnknownEvent",
    "VerificationFailure",
    "VerificationFailureReason",
    "WebhookEvent",
    "WebhookVerificationError",
    "as_event",
    "check_tolerance",
    "construct_event",
    "verified_payload",
]
