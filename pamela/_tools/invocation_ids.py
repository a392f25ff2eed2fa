"""The ids of invocations in a store, and the tokens of runs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import uuid
from typing import TYPE_CHECKING, Any

from .argument_schema import with_plain_numbers

if TYPE_CHECKING:
    from .._generated.models import ToolInvocation

_LONGEST = 128
_LONGEST_MACHINE = 40
_FINGERPRINT_BYTES = 16
_OWNER_WITH_FINGERPRINT = re.compile(r":[0-9a-f]{32}:([A-Za-z0-9_-]{22})$")
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


def new_owner(fingerprint: str) -> str:
    """Return a token for a run. It starts with the names of the machine and the process, and ends with the fingerprint."""
    machine = "".join(each for each in socket.gethostname()[:_LONGEST_MACHINE] if each.isascii() and each.isprintable())
    return f"{machine}:{os.getpid()}:{uuid.uuid4().hex}:{fingerprint}"


def fingerprint_of(invocation: ToolInvocation) -> str:
    """Return what an invocation has in common with its own repeats, and with no other: tool, call and arguments."""
    asked = [invocation.tool_name, invocation.call_id, with_plain_numbers(invocation.arguments)]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:_FINGERPRINT_BYTES]).decode().rstrip("=")


def is_of_another_invocation(owner: str, fingerprint: str) -> bool:
    """Return whether the owner of a claim ran an invocation with another fingerprint.

    Owners of version 2.0 and those that a store makes up have none, and then it is not known.
    """
    found = _OWNER_WITH_FINGERPRINT.search(owner)
    return found is not None and found[1] != fingerprint


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
