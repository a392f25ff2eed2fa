"""The plan of a call: what happens in it and when, from its request alone, so the same request gives the same call."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Literal, NotRequired, TypedDict

from .languages import Dialogue, Language, Topic, language_of
from .magic import Outcome

Action = Literal["ring", "connect", "say", "invoke", "complete", "fail", "show transcript"]

AGENT, OTHER_SIDE, TOOL = "agent", "user", "tool"

_QUEUED, _RINGING = 1.0, 3.0
_RINGING_BUSY, _RINGING_IN_VAIN = 2.0, 30.0
_TRANSCRIPT_LATENESS = 5.0
_CHARACTERS_PER_SECOND = 16
_PAUSE = 1.0
_LONGEST_TASK = 160


class Step(TypedDict):
    """One thing that happens in a call, `after` so many seconds of sandbox time since the one before."""

    after: float
    do: Action
    text: NotRequired[str]
    speaker: NotRequired[str]
    tool: NotRequired["Invocation"]


class Invocation(TypedDict):
    """A tool's turn in a conversation, with what the agent says afterwards."""

    name: str
    arguments: dict[str, Any]
    timeout_ms: int
    found: str
    not_found: str


class Plan(TypedDict):
    """A call from its first moment on."""

    steps: list[Step]
    cut_short: str
    late_transcript: bool


class ToolUse(TypedDict):
    """A tool that the agent will use, with the arguments that it will give."""

    name: str
    arguments: dict[str, Any]
    timeout_ms: int


def plan_call(request: Mapping[str, Any], outcome: Outcome, tools: Sequence[ToolUse], max_seconds: int) -> Plan:
    """Return what will happen in a call if nobody interferes; `max_seconds` is how long it may talk."""
    script = _Script(request)
    steps = [Step(after=_QUEUED, do="ring")]
    match outcome:
        case Outcome.NO_ANSWER:
            steps.append(Step(after=_RINGING_IN_VAIN, do="fail", text=script.language.no_answer))
        case Outcome.BUSY:
            steps.append(Step(after=_RINGING_BUSY, do="fail", text=script.language.busy))
        case _:
            steps.append(Step(after=_RINGING, do="connect"))
            steps += _conversation(script, outcome, tools, max_seconds)
    late = outcome is Outcome.LATE_TRANSCRIPT
    if late:
        steps.append(Step(after=_TRANSCRIPT_LATENESS, do="show transcript"))
    return Plan(steps=steps, cut_short=script.fill(script.language.cut_short), late_transcript=late)


def _conversation(script: "_Script", outcome: Outcome, tools: Sequence[ToolUse], max_seconds: int) -> list[Step]:
    opening = [*script.opening(), *script.tool_uses(tools)]
    if outcome is Outcome.BROKEN_OFF:
        return [*opening, Step(after=_PAUSE, do="fail", text=script.language.broken_off)]
    middle = [*opening, *script.middle()]
    if outcome is Outcome.LONG_TALK:
        middle += script.small_talk(max_seconds)
    return [*middle, *script.ending(), Step(after=_PAUSE, do="complete", text=script.fill(script.language.summary))]


class _Script:
    """The lines of one conversation."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.language: Language = language_of(request.get("locale"))
        task = " ".join(request["task"].split()).rstrip(".!?")
        if len(task) > _LONGEST_TASK:
            task = task[:_LONGEST_TASK].rstrip() + "…"
        caller = (request.get("caller_name") or "").strip()
        agent = (request.get("agent_name") or "").strip() or "Pamela"
        self._dialogue: Dialogue = self.language.dialogues[_topic(request["task"], self.language)]
        seed = hashlib.sha256(f"{request['to']}\n{request['task']}".encode()).digest()
        self._greeting = _pick(self.language.greetings, seed[0])
        self._names = {
            "agent": agent,
            "caller": caller,
            "principal": caller or agent,
            "task": task,
            "day": _pick(self.language.days, seed[1]),
            "hour": _pick(self.language.hours, seed[2]),
        }
        self._names["result"] = self._dialogue.result.format_map(self._names)

    def fill(self, sentence: str) -> str:
        text = sentence.format_map(self._names)
        return text[0].upper() + text[1:]

    def opening(self) -> Iterator[Step]:
        introduction = self.language.introduction_for if self._names["caller"] else self.language.introduction
        yield self._says(OTHER_SIDE, self._greeting)
        yield self._says(AGENT, introduction)
        yield self._says(AGENT, self.language.purpose)

    def tool_uses(self, tools: Sequence[ToolUse]) -> Iterator[Step]:
        for tool in tools:
            yield self._says(AGENT, self.language.looking_up)
            invocation = Invocation(**tool, found=self.language.found, not_found=self.language.not_found)
            yield Step(after=_PAUSE, do="invoke", tool=invocation)

    def middle(self) -> Iterator[Step]:
        for speaker, line in zip(cycle((OTHER_SIDE, AGENT)), self._dialogue.lines, strict=False):
            yield self._says(speaker, line)

    def small_talk(self, seconds: int) -> Iterator[Step]:
        """Go on for longer than the call may last."""
        lines = [self._says(AGENT, self.language.small_talk[0]), self._says(OTHER_SIDE, self.language.small_talk[1])]
        for line in lines:
            line["after"] += 5.0
        yield from lines * math.ceil(seconds / sum(line["after"] for line in lines))

    def ending(self) -> Iterator[Step]:
        yield self._says(AGENT, self.language.thanks)
        yield self._says(OTHER_SIDE, self.language.goodbye)

    def _says(self, speaker: str, sentence: str) -> Step:
        text = self.fill(sentence)
        seconds = _PAUSE + len(text) / _CHARACTERS_PER_SECOND
        return Step(after=round(seconds, 1), do="say", speaker=speaker, text=text)


def _topic(task: str, language: Language) -> Topic:
    for topic, stems in language.words.items():
        if re.search(rf"\b({'|'.join(stems)})", task, re.IGNORECASE):
            return topic
    return Topic.OTHER


def _pick(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]
