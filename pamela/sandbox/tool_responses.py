"""Interprets the response of a tool."""

from dataclasses import dataclass
from typing import Any

from .deliveries import DeliveryResult
from .safe_json import read_json

_LONGEST_SPOKEN = 200
_LONGEST_SHOWN = 2000


@dataclass(frozen=True)
class ToolSucceeded:
    """The tool returned a result, which may be any JSON value."""

    result: Any


@dataclass(frozen=True)
class ToolFailed:
    """The tool failed, for this reason."""

    reason: str


def read_tool_response(response: DeliveryResult, correlation_id: str) -> ToolSucceeded | ToolFailed:
    """Return the result or the failure of a response to the invocation with this correlation id."""
    if response.error is not None:
        return ToolFailed(response.error)
    try:
        body = read_json(response.body)
    except ValueError:
        return ToolFailed(f"status {response.status}, and the answer is not JSON")
    match body:
        case {"correlation_id": other} if other != correlation_id:
            return ToolFailed(f"the answer is for {other!r}, not for {correlation_id!r}")
        case {"result": result} if response.is_success:
            return ToolSucceeded(result)
        case {"error": reason}:
            return ToolFailed(str(reason))
        case _ if response.is_success:
            return ToolFailed("the answer has no result")
        case _:
            return ToolFailed(f"status {response.status}")


def in_words(value: Any) -> str:
    """Return a JSON value as a person would say it."""
    match value:
        case dict():
            said = ", ".join(f"{str(name).replace('_', ' ')} {in_words(each)}" for name, each in value.items())
        case list():
            said = ", ".join(in_words(each) for each in value)
        case bool():
            said = "yes" if value else "no"
        case None:
            said = "nothing"
        case _:
            said = str(value)
    return said if len(said) <= _LONGEST_SPOKEN else said[:_LONGEST_SPOKEN] + "…"


def shortened(text: str) -> str:
    """Return a text, cut off if it is very long."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
