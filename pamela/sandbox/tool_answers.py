"""What a tool's answer means for the conversation that waited for it."""

from dataclasses import dataclass
from typing import Any

from .bodies import read_json
from .deliveries import Answer

_LONGEST_SPOKEN = 200
_LONGEST_SHOWN = 2000


@dataclass(frozen=True)
class ToolAnswered:
    """The tool gave a result, any JSON value."""

    result: Any


@dataclass(frozen=True)
class ToolFailed:
    """The tool gave none, for this reason."""

    reason: str


def read_answer(answer: Answer, correlation_id: str) -> ToolAnswered | ToolFailed:
    """Returns what an answer to the invocation of that id says."""
    if answer.error is not None:
        return ToolFailed(answer.error)
    try:
        body = read_json(answer.body)
    except ValueError:
        return ToolFailed(f"status {answer.status}, and the answer is not JSON")
    match body:
        case {"correlation_id": other} if other != correlation_id:
            return ToolFailed(f"the answer is for {other!r}, not for {correlation_id!r}")
        case {"result": result} if answer.is_success:
            return ToolAnswered(result)
        case {"error": reason}:
            return ToolFailed(str(reason))
        case _ if answer.is_success:
            return ToolFailed("the answer has no result")
        case _:
            return ToolFailed(f"status {answer.status}")


def in_words(value: Any) -> str:
    """Returns a JSON value as somebody might say it."""
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
    """Returns a text, without its end if it is very long."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
