"""Decides by its content whether a response belongs to another request. Without I/O.

HTTP/1.1 does not name the request of a response. A server that sends one response twice shifts all later responses on
the connection by one. If the second one arrives after the next request was sent, the connection does not show it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from .._core.operation import IDEMPOTENCY_HEADER, IDEMPOTENCY_METADATA

if TYPE_CHECKING:
    from .._core.operation import Operation, Request


class Naming(NamedTuple):
    """The places in a request and its response with the same id."""

    argument: str
    """The argument in the path."""
    field: str
    """The field of the response."""
    fields: tuple[str, ...]
    """All documented fields of the response."""


class Mismatch(NamedTuple):
    """A contradiction between a response and its request."""

    asked: str
    found: str
    is_new: bool = False
    """Whether the request creates an object, so that it contains no id."""

    def __str__(self) -> str:
        asked = "the call that was to be placed" if self.is_new else repr(self.asked)
        return f"it is of {self.found!r:.100}, not of {asked:.100}"


@lru_cache(maxsize=256)
def naming_of(operation: Operation[Any]) -> Naming | None:
    """Return the places of the same id in the request and the response of an operation, or None.

    For `/calls/{call_id}` and paths below it, with a `Call` as response, these are `call_id` and `id`. For
    `/tools/{tool_id}`, it is the response's field `tool_id`.
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
    """Return why the value of a response is another object than the requested one, or None."""
    naming = naming_of(request.operation)
    if naming is None or not isinstance(value, dict):
        return None
    asked, found = request.path_arguments.get(naming.argument), value.get(naming.field, value.get("id"))
    if found is None:
        others = (value[name] for name in value if name not in naming.fields and _is_id_of_model(name))
        found = next(others, None)  # for example a `tool_id` instead of a call
    if not (isinstance(found, str) and found and isinstance(asked, str)):
        return None
    # A service may return ids in lower case or escaped.
    return None if unquote(found).casefold() == unquote(asked).casefold() else Mismatch(asked, found)


def _is_id_of_model(name: str) -> bool:
    """Return whether a field contains the id of an object of the API: `tool_id` does, `request_id` does not."""
    from .._generated import models

    return name.endswith("_id") and name.removesuffix("_id").title().replace("_", "") in models.__all__


def mismatch_of_new_call(request: Request[Any], call: Any) -> Mismatch | None:
    """Return why the call in a response is not the one that was just placed, or None.

    The reason is another idempotency key, or another number and another task. A value in another form, such as a masked
    one, is not a reason.
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
