"""Whether a response is that of another request, by what it says of itself. Without I/O.

HTTP/1.1 does not say which request a response belongs to. A server that sends a second, unasked response shifts all that
follow on the connection by one, and where the second comes after the next request was sent, nothing on the wire shows it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core.operation import IDEMPOTENCY_HEADER, IDEMPOTENCY_METADATA

if TYPE_CHECKING:
    from .._core.operation import Operation, Request


class Naming(NamedTuple):
    """Where a request and its response name the same object."""

    argument: str
    """The argument in the path."""
    field: str
    """The field of the response."""
    fields: tuple[str, ...]
    """All that the response is documented to have."""


class Mismatch(NamedTuple):
    """What a response says of itself that its request does not."""

    asked: str
    found: str
    is_new: bool = False
    """Whether a new object was asked for, which had no id to be named by."""

    def __str__(self) -> str:
        asked = "the call that was to be placed" if self.is_new else repr(self.asked)
        return f"it is of {self.found!r:.100}, not of {asked:.100}"


@lru_cache(maxsize=256)
def naming_of(operation: Operation[Any]) -> Naming | None:
    """Return where request and response of an operation name the same object, None where they do not.

    `/calls/{call_id}` and what is below it, with a `Call` as its response, names it as `call_id` and as `id`; a response
    with a field `tool_id` names that of `/tools/{tool_id}`.
    """
    arguments = re.findall(r"\{(\w+)\}", operation.path)
    model = operation.parser.model
    if not arguments or model is None:
        return None
    argument = arguments[-1]
    if argument in model._fields:
        return Naming(argument, argument, model._fields)
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    return Naming(argument, "id", model._fields) if argument == f"{name}_id" and "id" in model._fields else None


def mismatch_of_object(request: Request[Any], value: Any) -> Mismatch | None:
    """Return what shows that the value of a response is of another object than the one that was asked for."""
    naming = naming_of(request.operation)
    if naming is None or not isinstance(value, dict):
        return None
    asked, found = request.path_arguments.get(naming.argument), value.get(naming.field, value.get("id"))
    if found is None:
        others = (value[name] for name in value if name.endswith("_id") and name not in naming.fields)
        found = next(others, None)  # a `tool_id` where a call was asked for
    return Mismatch(asked, found) if isinstance(found, str) and isinstance(asked, str) and found != asked else None


def mismatch_of_new_call(request: Request[Any], call: Any) -> Mismatch | None:
    """Return what shows that the call of a response is not the one that was just placed.

    That is another idempotency key, or another number and another task. Either may be shown in another form than it was
    sent in, masked say, which shows nothing.
    """
    sent = request.body
    if not isinstance(call, dict) or not isinstance(sent, dict):
        return None
    key, metadata = request.headers.get(IDEMPOTENCY_HEADER), call.get("metadata")
    shown = metadata.get(IDEMPOTENCY_METADATA) if key is not None and isinstance(metadata, dict) else key
    to, task = sent.get("to"), sent.get("task")
    if shown == key and (call.get("to", to) == to or call.get("task", task) == task):
        return None
    from .evidence import is_another_key, is_another_number, is_another_task

    if key is not None and isinstance(shown, str) and is_another_key(key, shown):
        return Mismatch(key, str(call.get("id")), is_new=True)
    if is_another_number(to, call.get("to")) and is_another_task(task, call.get("task")):
        return Mismatch(str(to), str(call.get("id")), is_new=True)
    return None
