"""The plan of a call: its steps and their times. The same request and script always give the same plan."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Literal, NotRequired, TypedDict

from .languages import Dialogue, Language, Topic, language_of
from .magic import Outcome
from .task_dates import find_date
from .task_words import split_negation

Action = Literal["ring", "connect", "say", "invoke", "wait", "complete", "fail", "show transcript"]

AGENT, OTHER_SIDE, TOOL = "agent", "user", "tool"

_QUEUED, _RINGING = 1.0, 3.0
_RINGING_BUSY, _RINGING_IN_VAIN = 2.0, 30.0
_TRANSCRIPT_LATENESS = 5.0
_CHARACTERS_PER_SECOND = 16
_PAUSE = 1.0
_CONJUNCTIONS = "and|or|nor|und|oder|noch|et|ou|ni|y|o"
_LONGEST_TASK = 160

_HOUR = re.compile(
    r"\b(?:[01]?[0-9]|2[0-3])(?::[0-5][0-9])? ?(?:am|pm|o'clock|uhr|h)\b|\b(?:[01]?[0-9]|2[0-3]):[0-5][0-9]\b", re.I
)


class Step(TypedDict):
    """One step of a call, `after` so many seconds of sandbox time since the previous step."""

    after: float
    do: Action
    text: NotRequired[str]
    speaker: NotRequired[str]
    tool: NotRequired["Invocation"]


class Invocation(TypedDict):
    """A tool invocation in a conversation, and the agent's sentences after it."""

    name: str
    arguments: dict[str, Any]
    timeout_ms: int
    found: str
    not_found: str
    is_unknown: NotRequired[bool]


class Plan(TypedDict):
    """All steps of a call."""

    steps: list[Step]
    cut_short: str
    late_transcript: bool
    tools_end: NotRequired[int]
    """The index in `steps` after the last tool invocation."""
    after_failure: NotRequired[list[Step]]
    """The steps after the tool invocations if one of them failed; `{tool}` in a text stands for its name."""
    unsettled: NotRequired[str]
    """The summary if a tool failed and the conversation continues as planned; `{tool}` stands for its name."""


class ToolUse(TypedDict):
    """A tool that the agent will call, with its arguments."""

    name: str
    arguments: dict[str, Any]
    timeout_ms: int
    is_unknown: NotRequired[bool]


def plan_call(
    request: Mapping[str, Any],
    outcome: Outcome,
    tools: Sequence[ToolUse],
    max_seconds: int,
    script: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the plan of a call.

    Args:
        request: The request that places the call.
        outcome: The outcome of the call.
        tools: The tools that the agent calls after the opening, in order.
        max_seconds: Maximum length of the conversation, in seconds.
        script: The project's script for the call. The `arguments` of its lines must be complete.
    """
    script = script or {}
    conversation = _Conversation(request)
    language = conversation.language
    steps = [Step(after=_QUEUED, do="ring")]
    plan = Plan(
        steps=steps, cut_short=conversation.fill(language.cut_short), late_transcript=outcome is Outcome.LATE_TRANSCRIPT
    )
    match outcome:
        case Outcome.NO_ANSWER:
            text = script.get("summary") or language.no_answer
            steps.append(Step(after=_or(script.get("after"), _RINGING_IN_VAIN), do="fail", text=text))
            return plan
        case Outcome.BUSY:
            text = script.get("summary") or language.busy
            steps.append(Step(after=_or(script.get("after"), _RINGING_BUSY), do="fail", text=text))
            return plan
    steps.append(Step(after=_RINGING, do="connect"))
    if script.get("live"):
        steps += [Step(after=0.0, do="wait")]
    elif script.get("says") is not None:
        steps += _scripted(conversation, script, tools)
        plan["tools_end"] = len(steps)
    else:
        steps += conversation.opening()
        steps += conversation.tool_uses(tools)
        plan["tools_end"] = len(steps)
        if outcome is not Outcome.BROKEN_OFF:
            steps += conversation.middle()
            if outcome is Outcome.LONG_TALK:
                steps += conversation.small_talk(max_seconds)
            steps += conversation.ending()
    if not script.get("live"):
        end = _end(conversation, outcome, script)
        if script.get("after") is not None:
            plan["steps"] = _ending_after(steps, end, script["after"])
            plan.pop("tools_end", None)
        else:
            steps.append(end)
        if outcome is not Outcome.BROKEN_OFF and not script.get("summary"):
            if script.get("says") is None and script.get("after") is None:
                plan["after_failure"] = [*conversation.apology()]
            else:
                plan["unsettled"] = conversation.fill(language.unsettled)
    if plan["late_transcript"]:
        late = Step(after=_TRANSCRIPT_LATENESS, do="show transcript")
        plan["steps"].append(late)
        if "after_failure" in plan:
            plan["after_failure"].append(late)
    return plan


def continue_after_failure(plan: Plan, step: int, tool: str) -> bool:
    """Change a plan after the `tool` of a `step` has failed; return whether the plan changed."""
    if "unsettled" in plan:
        summary = plan.pop("unsettled").replace("{tool}", tool)
        for each in plan["steps"]:
            if each["do"] == "complete":
                each["text"] = summary
        return True
    if "after_failure" not in plan or step >= plan.get("tools_end", 0):
        return False
    rest = [Step(**each) for each in plan.pop("after_failure")]
    for each in rest:
        if "text" in each:
            each["text"] = each["text"].replace("{tool}", tool)
    plan["steps"][plan["tools_end"] :] = rest
    return True


def reply_to_callee(request: Mapping[str, Any], turn: int) -> Step:
    """Return the agent's reply to a person who plays the callee."""
    conversation = _Conversation(request)
    opening = [conversation.introduction(), conversation.purpose()]
    if turn < len(opening):
        return opening[turn]
    replies = conversation.language.replies
    return conversation.line(AGENT, replies[(turn - len(opening)) % len(replies)])


def tool_step(request: Mapping[str, Any], tool: ToolUse) -> Step:
    """Return the step of a tool invocation."""
    return next(_Conversation(request).tool_uses([tool], announced=False))


def resume_conversation(request: Mapping[str, Any]) -> list[Step]:
    """Return the last steps of a conversation after a person has played the callee."""
    conversation = _Conversation(request)
    return [*conversation.middle(), *conversation.ending(), _end(conversation, Outcome.ANSWERED, {})]


def _scripted(conversation: "_Conversation", script: Mapping[str, Any], tools: Sequence[ToolUse]) -> Iterator[Step]:
    """Yield the lines of a script, with lines of the agent between them unless the script has its own."""
    lines = script["says"]
    is_whole = any(isinstance(each, Mapping) and each.get("speaker") == AGENT for each in lines)
    turn = 0
    for line in lines:
        if isinstance(line, Mapping) and "tool" in line:
            use = ToolUse(name=line["tool"], arguments=line["arguments"], timeout_ms=line["timeout_ms"])
            if line.get("is_unknown"):
                use["is_unknown"] = True
            yield from conversation.tool_uses([use], announced=not is_whole)
            continue
        speaker, text = (OTHER_SIDE, line) if isinstance(line, str) else (line["speaker"], line["text"])
        yield conversation.verbatim(speaker, text)
        if not is_whole and speaker == OTHER_SIDE:
            if turn == 0:
                yield conversation.introduction()
            yield conversation.reply(turn)
            turn += 1
    yield from conversation.tool_uses(tools, announced=not is_whole)
    if not is_whole:
        yield from conversation.ending()


def _end(conversation: "_Conversation", outcome: Outcome, script: Mapping[str, Any]) -> Step:
    language = conversation.language
    if outcome is Outcome.BROKEN_OFF:
        return Step(after=_PAUSE, do="fail", text=script.get("summary") or language.broken_off)
    default = language.done if script.get("says") is not None else language.summary
    return Step(after=_PAUSE, do="complete", text=script.get("summary") or conversation.fill(default))


def _ending_after(steps: list[Step], end: Step, seconds: float) -> list[Step]:
    """Return the steps cut off at so many seconds after the call connects, followed by `end`."""
    kept, talked = steps[:2], 0.0
    for step in steps[2:]:
        if talked + step["after"] > seconds:
            break
        talked += step["after"]
        kept.append(step)
    return [*kept, Step(**{**end, "after": round(seconds - talked, 3)})]


class _Conversation:
    """The lines of one conversation."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.language: Language = language_of(request.get("locale"))
        # Only the beginning of a long task matters.
        whole = request["task"][: 10 * _LONGEST_TASK]
        task = " ".join(whole.split()).rstrip(".!?")
        if len(task) > _LONGEST_TASK:
            task = task[:_LONGEST_TASK].rstrip() + "…"
        caller = (request.get("caller_name") or "").strip()
        agent = (request.get("agent_name") or "").strip() or "Pamela"
        self._dialogue: Dialogue = self.language.dialogues[_topic(whole, self.language)]
        seed = hashlib.sha256(f"{request['to']}\n{request['task']}".encode()).digest()
        self._greeting = _pick(self.language.greetings, seed[0])
        affirmed, negated = split_negation(_join_days(whole, self.language))
        self._is_relative, day = _day_in(affirmed, self.language)
        self._names = {
            "agent": agent,
            "caller": caller,
            "principal": caller or agent,
            "task": task,
            "day": day or _pick(_days_but(" ".join(negated), self.language), seed[1]),
            "hour": _hour_in(whole) or _pick(self.language.hours, seed[2]),
            "tool": "{tool}",
        }
        self._names["result"] = self._dialogue.result.format_map(self._names)

    def fill(self, sentence: str) -> str:
        text = sentence.format_map(self._names)
        if self._is_relative:
            for before, after in self.language.before_relative_day:
                text = re.sub(rf"\b{before}(?={re.escape(self._names['day'])}\b)", after, text, flags=re.IGNORECASE)
        return text[0].upper() + text[1:]

    def introduction(self) -> Step:
        return self.line(AGENT, self.language.introduction_for if self._names["caller"] else self.language.introduction)

    def purpose(self) -> Step:
        return self.line(AGENT, self.language.purpose)

    def reply(self, turn: int) -> Step:
        """Return the agent's reply to the callee's line with this number."""
        return self.purpose() if turn == 0 else self.line(AGENT, _pick(self.language.replies, turn - 1))

    def opening(self) -> Iterator[Step]:
        yield self.line(OTHER_SIDE, self._greeting)
        yield self.introduction()
        yield self.purpose()

    def tool_uses(self, tools: Sequence[ToolUse], *, announced: bool = True) -> Iterator[Step]:
        for tool in tools:
            if announced:
                yield self.line(AGENT, self.language.looking_up)
            invocation = Invocation(**tool, found=self.language.found, not_found=self.language.not_found)
            yield Step(after=_PAUSE, do="invoke", tool=invocation)

    def middle(self) -> Iterator[Step]:
        for speaker, line in zip(cycle((OTHER_SIDE, AGENT)), self._dialogue.lines, strict=False):
            yield self.line(speaker, line)

    def small_talk(self, seconds: int) -> Iterator[Step]:
        """Yield lines until the call exceeds its time limit."""
        lines = [self.line(AGENT, self.language.small_talk[0]), self.line(OTHER_SIDE, self.language.small_talk[1])]
        for line in lines:
            line["after"] += 5.0
        yield from lines * math.ceil(seconds / sum(line["after"] for line in lines))

    def ending(self) -> Iterator[Step]:
        yield self.line(AGENT, self.language.thanks)
        yield self.line(OTHER_SIDE, self.language.goodbye)

    def apology(self) -> Iterator[Step]:
        """Yield the end of a conversation in which a tool has failed."""
        yield self.line(AGENT, self.language.apology)
        yield self.line(OTHER_SIDE, self.language.goodbye)
        yield Step(after=_PAUSE, do="complete", text=self.fill(self.language.unsettled))

    def line(self, speaker: str, sentence: str) -> Step:
        return self.verbatim(speaker, self.fill(sentence))

    def verbatim(self, speaker: str, text: str) -> Step:
        seconds = _PAUSE + len(text) / _CHARACTERS_PER_SECOND
        return Step(after=round(seconds, 1), do="say", speaker=speaker, text=text)


def _topic(task: str, language: Language) -> Topic:
    for topic, stems in language.words.items():
        if re.search(rf"\b({'|'.join(stems)})", task, re.IGNORECASE):
            return topic
    return Topic.OTHER


def _day_in(task: str, language: Language) -> tuple[bool, str | None]:
    """Return whether the day in a task is relative to today, and the day in the task's own words."""
    if (found := find_date(task)) is not None:
        return False, language.before_date + found.words
    for is_relative, names in ((False, (*language.days, *language.weekend)), (True, language.relative_days)):
        if (match := re.search(rf"\b({'|'.join(names)})\b", task, re.IGNORECASE)) is not None:
            return is_relative, match[0].lower() if is_relative else match[0]
    return False, None


def _join_days(task: str, language: Language) -> str:
    """Return a task with no commas between weekdays that are listed, because a clause ends at a comma."""
    day = rf"(?:\w{{1,3}} )?(?:{'|'.join((*language.days, *language.weekend))})"
    listed = rf"\b{day}(?:, ?{day})+,? (?:{_CONJUNCTIONS}) {day}\b"
    return re.sub(listed, lambda match: match[0].replace(",", " "), task, flags=re.IGNORECASE)


def _days_but(negated: str, language: Language) -> Sequence[str]:
    """Return the days from Monday to Friday that a task does not exclude, or those of the weekend if it excludes all."""
    for days in (language.days, language.weekend):
        if left := [day for day in days if not re.search(rf"\b{day}\b", negated, re.IGNORECASE)]:
            return left
    return language.days


def _hour_in(task: str) -> str | None:
    match = _HOUR.search(task)
    return match[0] if match else None


def _pick(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
