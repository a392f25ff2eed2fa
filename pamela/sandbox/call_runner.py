"""Runs the calls: executes their plans by the sandbox's clock, and handles cancel, hang-up and tool responses."""

import json
import logging
from collections.abc import Mapping
from itertools import chain
from typing import Any

from .call_plans import AGENT, TOOL, Invocation, Plan, Step, ToolUse, continue_after_failure, plan_call
from .call_record import CallRecord
from .calls import Calls
from .clock import Moment, Scheduler, SettableClock
from .deliveries import Deliveries, DeliveryResult
from .magic import Outcome
from .projects import Projects, address
from .scripts import Scripts
from .specification import Specification
from .store import DatabaseError, Store
from .tool_responses import ToolFailed, ToolSucceeded, in_words, read_tool_response, shortened
from .tools import Tools
from .workload import Workload

_RETRY_AFTER: Moment = 1_000_000
_BEHIND_AFTER: Moment = 100_000
"""Calls are behind when their steps are overdue by this many microseconds."""
_FAULT = "The sandbox could not go on with this call; its log says why."

_log = logging.getLogger("pamela.sandbox")


class WrongStateError(Exception):
    """The status of a call does not allow an action."""


class CallRunner:
    """Runs all calls that have not ended. Their whole state is in the database, so they survive a restart."""

    def __init__(
        self,
        store: Store,
        clock: SettableClock,
        specification: Specification,
        projects: Projects,
        tools: Tools,
        scripts: Scripts,
        calls: Calls,
        deliveries: Deliveries,
        workload: Workload,
    ) -> None:
        self._store = store
        self._clock = clock
        self._real_time = SettableClock(speed=1)
        self._projects = projects
        self._tools = tools
        self._scripts = scripts
        self._calls = calls
        self._deliveries = deliveries
        self._workload = workload
        self._default_seconds: int = specification.default("CreateCallRequest", "max_duration_seconds")
        self._scheduler = Scheduler(clock, self._do_what_is_due)
        deliveries.notify_of_tool_responses(self._on_tool_response)

    async def run(self) -> None:
        """Run the calls until cancelled, starting with steps that became due while the sandbox was stopped."""
        await self._scheduler.run()

    def wake(self) -> None:
        """Check all calls now, because the clock was set."""
        self._scheduler.wake()

    def place(
        self, project_id: str, request: dict[str, Any], outcome: Outcome, script: dict[str, Any] | None
    ) -> CallRecord:
        """Queue a call. Needs a transaction."""
        # A call without an address for tool invocations has no tools.
        has_tools = self.tool_address(project_id, request) is not None
        if script is not None:
            script = self._tools.complete_script(project_id, request, script)
        if not has_tools:
            tools: list[ToolUse] = []
        elif script is not None and (script["tools"] is not None or script["says"] is not None):
            tools = script["tools"] or []
        else:
            tools = self._tools.used_in(project_id, request)
        plan = plan_call(request, outcome, tools, self.most_seconds(request), script)
        call = self._calls.new(project_id, self._projects.next_call(project_id), request, plan)
        if script is not None:
            call.script_id = script["id"]
        self.schedule(call, call.created_at)
        self._deliveries.send_event(call, "call.queued")
        self._calls.add(call)
        return call

    def cancel(self, call: CallRecord) -> None:
        """Stop a call that has not connected. Needs a transaction.

        Raises:
            WrongStateError: It has connected, or has ended.
        """
        require_not_over(call)
        if call.started_at is not None:
            raise WrongStateError(f"Call {call.id} is {call.status}; hang it up instead.")
        call.end("cancelled", None, self._clock.now())
        self._calls.save(call)
        self._deliveries.release(call.id)

    def hang_up(self, call: CallRecord) -> None:
        """End a call that is in progress. Needs a transaction.

        Raises:
            WrongStateError: It has not connected yet, or has ended.
        """
        require_not_over(call)
        if call.started_at is None:
            raise WrongStateError(f"Call {call.id} is {call.status}; cancel it instead.")
        now = self._clock.now()
        self.stop_waiting(call, now)
        self._cut_short(call, now)
        self._calls.save(call)

    # For live_calls.py.

    def stop_waiting(self, call: CallRecord, now: Moment) -> None:
        """Count the time talked until now, before a step that is not in the plan."""
        call.talked = self._talked_by(now, call)

    def say(self, call: CallRecord, speaker: str, text: str, moment: Moment) -> None:
        """Add a line to the conversation. Save the call afterwards."""
        call.say(speaker, text, moment)
        if call.transcript_shown:
            self._deliveries.send_event(call, "call.transcript_update")

    def schedule(self, call: CallRecord, moment: Moment) -> None:
        """Schedule the call's next step. Save the call afterwards."""
        call.due = self._clock.after(moment, self._pause(call))
        self._store.after_commit(self._scheduler.wake)

    def end_talk(self, call: CallRecord, text: str, now: Moment, *, failed: bool) -> None:
        """End the conversation. Save the call afterwards."""
        if failed:
            self._fail(call, text, now)
        else:
            self._complete(call, text, now)
        self._deliveries.drop_tools(call.id)

    def tool_address(self, project_id: str, request: Mapping[str, Any]) -> str | None:
        return address(request, self._projects.get(project_id).settings, "tool_webhook_url")

    def most_seconds(self, request: Mapping[str, Any]) -> int:
        """Return the maximum length of a call's conversation, in seconds."""
        return int(request.get("max_duration_seconds", self._default_seconds))

    # Executing due steps.

    def _do_what_is_due(self) -> Moment | None:
        now = self._clock.now()
        try:
            self._go_on_with_all(now)
        except DatabaseError as error:
            _log.error("Calls cannot go on: %s", error)
            self._calls.reload()
            return now + _RETRY_AFTER
        next_due = self._calls.next_due()
        self._workload.calls_are_behind = next_due is not None and next_due < now - _BEHIND_AFTER
        return next_due

    def _go_on_with_all(self, now: Moment) -> None:
        """Execute all due steps in one transaction. If one of them fails, repeat with a transaction for each call."""
        due = self._workload.take_turn(self._calls.due(now))
        if (first := next(due, None)) is None:
            return
        taken: list[CallRecord] = []
        try:
            with self._store.transaction():
                for call in chain([first], due):
                    taken.append(call)
                    self._go_on_until(call, now)
        except DatabaseError:
            raise
        except Exception:
            for call in taken:
                self._go_on_alone(call.id, now)

    def _go_on_alone(self, call_id: str, now: Moment) -> None:
        try:
            with self._store.transaction():
                if (call := self._calls.get(call_id)) is not None:
                    self._go_on_until(call, now)
        except DatabaseError:
            raise
        except Exception:
            _log.exception("Call %s has come to a fault of the sandbox and is ended.", call_id)
            with self._store.transaction():
                self._give_up(call_id)

    def _go_on_until(self, call: CallRecord, now: Moment) -> None:
        while call.due is not None and call.due <= now:
            self._go_on(call, call.due)
        self._calls.save(call)

    def _give_up(self, call_id: str) -> None:
        """Fail a call whose step raised an exception, from its state before that step."""
        call = self._calls.get(call_id)
        assert call is not None  # noqa: S101 - it was due a moment ago
        call.due = None
        if not call.is_over:
            self._fail(call, _FAULT, self._clock.now())
        self._calls.save(call)

    def _go_on(self, call: CallRecord, moment: Moment) -> None:
        """Execute the next step of a call, or end the call when its time limit is reached."""
        if call.status == "in_progress":
            call.talked += self._pause(call)
            if self._is_time_up(call):
                self._cut_short(call, moment)
                return
        step = call.plan["steps"][call.step]
        call.due = None
        call.updated_at = moment
        match step["do"]:
            case "invoke":
                self._invoke(call, step["tool"], moment)
                return
            case "wait":
                self.wait(call)
                return
            case "ring":
                call.status = "ringing"
                call.ringing_at = moment
            case "connect":
                call.connect(moment)
                self._deliveries.send_event(call, "call.started")
            case "say":
                self.say(call, step["speaker"], step["text"], moment)
            case "complete":
                self._complete(call, step["text"], moment)
                return
            case "fail":
                self._fail(call, step["text"], moment)
                return
            case "show transcript":
                call.transcript_shown = True
                return
        call.step += 1
        self.schedule(call, moment)

    def wait(self, call: CallRecord) -> None:
        """Make a call wait for a person or a tool, until its time limit.

        Both take real time, so the wait is in real seconds. The whole rest of the call counts as talked until the
        actual duration of the wait is known.
        """
        call.due = self._real_time.after(self._clock.now(), self._seconds_left(call))
        call.talked = self.most_seconds(call.request)
        self._store.after_commit(self._scheduler.wake)

    def _pause(self, call: CallRecord) -> float:
        """Return the seconds between the last step and the next one or the time limit, if that comes first."""
        seconds = call.plan["steps"][call.step]["after"]
        if call.status == "in_progress":
            return min(seconds, self._seconds_left(call))
        return seconds

    def _talked_by(self, moment: Moment, call: CallRecord) -> float:
        """Return how many seconds a call in progress has talked at a moment before its next step is due."""
        to_go = 0 if call.due is None else max(call.due - moment, 0)
        if self._is_time_up(call):
            return call.talked - self._real_time.seconds(to_go)
        return call.talked + max(self._pause(call) - self._clock.seconds(to_go), 0.0)

    def _complete(self, call: CallRecord, summary: str, moment: Moment) -> None:
        call.end("completed", summary, moment)
        self._deliveries.send_event(call, "call.completed")
        if not call.transcript_shown:
            call.step = len(call.plan["steps"]) - 1
            self.schedule(call, moment)

    def _cut_short(self, call: CallRecord, moment: Moment) -> None:
        self._complete(call, call.plan["cut_short"], moment)
        self._deliveries.drop_tools(call.id)

    def _fail(self, call: CallRecord, summary: str, moment: Moment) -> None:
        call.end("failed", summary, moment)
        self._deliveries.send_event(call, "call.failed")

    def _invoke(self, call: CallRecord, tool: Invocation, moment: Moment) -> None:
        """Send a tool invocation. The call continues when the response arrives, or ends at its time limit."""
        url = self.tool_address(call.project_id, call.request)
        if tool.get("is_unknown"):
            self._resume_after_tool(call, tool, ToolFailed("the call has no tool of this name"), moment)
            return
        if url is None:
            self._resume_after_tool(call, tool, ToolFailed("there is no tool webhook address"), moment)
            return
        self._deliveries.invoke_tool(
            call, url, tool["name"], tool["arguments"], correlation_id(call), tool["timeout_ms"]
        )
        self.wait(call)

    def _on_tool_response(self, call_id: str, response: DeliveryResult) -> None:
        """Continue the call that waited for a tool, unless it has ended meanwhile."""
        call = self._calls.get(call_id)
        if call is None or call.is_over:
            return
        step: Step = call.plan["steps"][call.step]
        now = self._clock.now()
        self.stop_waiting(call, now)
        self._resume_after_tool(call, step["tool"], read_tool_response(response, correlation_id(call)), now)
        self._calls.save(call)

    def _resume_after_tool(
        self, call: CallRecord, tool: Invocation, outcome: ToolSucceeded | ToolFailed, moment: Moment
    ) -> None:
        """Add the result of a tool to the conversation, and continue."""
        invocation = f"{tool['name']}({json.dumps(tool['arguments'], ensure_ascii=False)})"
        match outcome:
            case ToolSucceeded(result):
                shown = json.dumps(result, ensure_ascii=False)
                entry, sentence = f"{invocation}: {shown}", tool["found"].replace("{result}", in_words(result))
            case ToolFailed(reason):
                entry, sentence = f"{invocation} failed: {reason}", tool["not_found"]
                if continue_after_failure(call.plan, call.step, tool["name"]):
                    self._calls.save_plan(call)
        self.say(call, TOOL, shortened(entry), moment)
        self.say(call, AGENT, shortened(sentence), moment)
        call.step += 1
        self.schedule(call, moment)

    def _seconds_left(self, call: CallRecord) -> float:
        return max(self.most_seconds(call.request) - call.talked, 0.0)

    def _is_time_up(self, call: CallRecord) -> bool:
        return self._seconds_left(call) == 0


def require_not_over(call: CallRecord) -> None:
    """Raise WrongStateError for a call that has ended."""
    if call.is_over:
        raise WrongStateError(f"Call {call.id} is {call.status}; it can neither be cancelled nor hung up.")


def waits_for(call: CallRecord) -> str | None:
    """Return what a call in progress waits for: `tool`, `person`, or None if it does not wait."""
    if call.status != "in_progress" or call.due is None:
        return None
    plan: Plan = call.plan
    action = plan["steps"][call.step]["do"] if call.step < len(plan["steps"]) else None
    return {"invoke": "tool", "wait": "person"}.get(action or "")


def correlation_id(call: CallRecord) -> str:
    """Return the correlation id of the call's current step. It stays the same when the invocation is sent again."""
    return f"corr_{call.id.removeprefix('call_')}_{call.step}"
