"""The ids of invocations in a store, and the tokens of runs."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._generated.models import ToolInvocation

_LONGEST = 128
_OWN_PREFIXES = ("once:", "sha256:")
"""The prefixes of the ids that this module makes. A correlation id with such a prefix is hashed."""


def id_of_invocation(invocation: ToolInvocation) -> str:
    """Return the id of an invocation: its correlation id if every store can keep it, or else a hash of it."""
    text = invocation.correlation_id
    is_plain = len(text) <= _LONGEST and text.isascii() and text.isprintable() and text == text.strip()
    return text if is_plain and not text.startswith(_OWN_PREFIXES) else f"sha256:{_hash(text)}"


def id_of_repeatable_call(invocation: ToolInvocation, essential_arguments: Any) -> str:
    """Return an id that is the same for all invocations of a tool in a call with equal arguments."""
    arguments = json.dumps(essential_arguments, sort_keys=True)
    return f"once:{_hash(json.dumps([invocation.call_id, invocation.tool_name, arguments]))}"


def new_owner() -> str:
    """Return a token for a run. It starts with the names of the machine and the process."""
    machine = "".join(each for each in socket.gethostname()[:64] if each.isascii() and each.isprintable())
    return f"{machine}:{os.getpid()}:{uuid.uuid4().hex}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
