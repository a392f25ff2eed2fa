# Made by `make generate` from openapi.yaml. Do not edit.
"""The public names of the specification: models of responses and webhooks, classes of arguments, and enumerations.

Type checkers and editors read this; what runs loads each name from `models` when it is first used.
"""

from .models.call import Call
from .models.call_completed_event import CallCompletedEvent
from .models.call_failed_event import CallFailedEvent
from .models.call_page import CallPage
from .models.call_queued_event import CallQueuedEvent
from .models.call_started_event import CallStartedEvent
from .models.call_status import CallStatus
from .models.call_transcript_update_event import CallTranscriptUpdateEvent
from .models.call_webhooks import CallWebhooks
from .models.error_code import ErrorCode
from .models.tool import Tool
from .models.tool_definition import ToolDefinition
from .models.tool_deletion import ToolDeletion
from .models.tool_invocation import ToolInvocation
from .models.tool_registration import ToolRegistration
from .models.transcript_entry import TranscriptEntry
from .models.usage import Usage
from .models.usage_quota import UsageQuota
from .models.voice import Voice

__all__ = [
    "Call",
    "CallCompletedEvent",
    "CallFailedEvent",
    "CallPage",
    "CallQueuedEvent",
    "CallStartedEvent",
    "CallStatus",
    "CallTranscriptUpdateEvent",
    "CallWebhooks",
    "ErrorCode",
    "Tool",
    "ToolDefinition",
    "ToolDeletion",
    "ToolInvocation",
    "ToolRegistration",
    "TranscriptEntry",
    "Usage",
    "UsageQuota",
    "Voice",
]
