"""Translates the library's messages about arguments into the terms of the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pamela import PamelaError

NAMES_OF_ARGUMENTS = {
    "to": "TO",
    "task": "TASK",
    "call_id": "CALL_ID",
    "tool_id": "NAME_OR_ID",
    "period": "MONTH",
    "start_date": "--since",
    "end_date": "--until",
    "status_filter": "--status",
}
"""The option of each argument of the client whose option has another name."""

_OPTIONS = (
    "base_url|delimiter|encoding|idempotency_key|in_flight|max_duration_seconds|max_minutes|region|tool_webhook_url|"
    "webhook_url|zone_fallback"
)
_WORDS: tuple[tuple[str, str], ...] = (
    (r"skip_invalid=True \(--skip-invalid\)", "--skip-invalid"),
    (r"region= \(--region\)", "--region"),
    (r"with resume\(\)", "with `pamela campaign resume`"),
    (r"with hangup_call\(\)", "with `pamela calls hangup`"),
    (r"\bIs base_url right\?", "Is the address right (--base-url)?"),
    (r"\bRetry\(after=\.\.\.\)", "--retry-after"),
    (r"\bRetry\((\w+)=(.+?)\)", r"--retry \1=\2"),
    (r"\bBreaker\(share=(.+?)\)", r"--breaker \1"),
)
"""Patterns of the library's messages, with their replacements."""
_ARGUMENTS = re.compile(
    r"(?<![\w.-])(?P<alone>[a-z]+(?:_[a-z]+)*)=(?=[).,;])"  # as in "name it with encoding=."
    rf"|(?<![\w.-])(?:webhooks\.)?(?P<name>{_OPTIONS})(?==)"  # as in "in_flight=0 is not"
)


def with_options_for_arguments(message: str) -> str:
    """Return a message of the library with options instead of Python arguments."""
    for pattern, replacement in _WORDS:
        message = re.sub(pattern, replacement, message)
    return _ARGUMENTS.sub(lambda found: "--" + (found["alone"] or found["name"]).replace("_", "-"), message)


def in_words_of_the_command_line(error: PamelaError) -> str:
    """Return the message of an exception with options instead of Python arguments."""
    from pamela import ValidationError

    message = str(error)
    if error.status_code is not None:
        # The service's message is unchanged, except for the hint about an unknown path.
        return message.replace("Is base_url right?", "Is the address right (--base-url)?")
    found = re.match(r"([a-z_.]+)(?==)", message) if isinstance(error, ValidationError) else None
    if found is None:
        return with_options_for_arguments(message)
    name = found[1].rpartition(".")[2]
    return f"{NAMES_OF_ARGUMENTS.get(name) or '--' + name.replace('_', '-')}{message[found.end() :]}"
