"""Runs the calls: carries out their plans on the sandbox's clock, and handles cancel, hang-up and tool responses."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from .call_plans import AGENT, TOOL, Invocation, Plan, plan_call
from .calls import CallRecord, Calls
from .clock import Clock, Moment, Scheduler
from .deliveries import Deliveries, DeliveryResult
from .magic import Outcome
from .projects import Projects, address
from .specification import Specification
from .store import Store
from .tool_responses import ToolFailed, ToolSucceeded, in_words, read_tool_response, shortened
from .tools import Tools

_CALLS_AT_ONCE = 100
_FAULT = "The sandbox could not go on with this call; its log says why."

_log = logging.getLogger("pamela.sandbox")


class WrongStateError(Exception):
    """A call's status does not allow what was asked of it."""


class CallRunner:
    """Runs all calls that are not over. Their whole state is in the database, so they survive a restart."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        specification: Specification,
        projects: Projects,
        tools: Tools,
        calls: Calls,
        deliveries: Deliveries,
    ) -> None:
        self._store = store
        self._clock = clock
        self._real_time = Clock(speed=1)
        self._projects = projects
        self._tools = tools
        self._calls = calls
        self._deliveries = deliveries
        self._default_seconds: int = specification.default("CreateCallRequest", "max_duration_seconds")
        self._scheduler = Scheduler(clock, self._do_what_is_due)
        deliveries.notify_of_tool_responses(self._on_tool_response)

    async def run(self) -> None:
        """Run the calls until cancelled. Those that a stop interrupted catch up first."""
        await self._scheduler.run()

    def place(self, project_id: str, request: dict[str, Any], outcome: Outcome) -> CallRecord:
        """Queue a call. Needs a transaction."""
        # Without an address for its tools a call has none.
        tools = [] if self._tool_address(project_id, request) is None else [*self._tools.used_in(project_id, request)]
        plan = plan_call(request, outcome, tools, self._most_seconds(request))
        call = self._calls.new(project_id, self._projects.next_call(project_id), request, plan)
        self._schedule(call, plan, call.created_at)
        self._calls.add(call)
        self._deliveries.send_event(call, "call.queued")
        return call

    def cancel(self, call: CallRecord) -> None:
        """Stop a call that has not connected. Needs a transaction.

        Raises:
            WrongStateError: It has connected, or is over.
        """
        _require_not_over(call)
        if call.started_at is not None:
            raise WrongStateError(f"Call {call.id} is {call.status}; hang it up instead.")
        call.end("cancelled", None, self._clock.now())
        self._calls.save(call)
        self._deliveries.release(call.id)

    def hang_up(self, call: CallRecord) -> None:
        """End a call that is in progress. Needs a transaction.

        Raises:
            WrongStateError: It has not connected yet, or is over.
        """
        _require_not_over(call)
        if call.started_at is None:
            raise WrongStateError(f"Call {call.id} is {call.status}; cancel it instead.")
        plan: Plan = json.loads(call.plan)
        now = self._clock.now()
        call.talked = self._talked_by(now, call, plan)
        self._cut_short(call, plan, now)
        self._calls.save(call)

    def _do_what_is_due(self) -> Moment | None:
        now = self._clock.now()
        for call in self._calls.due(now, _CALLS_AT_ONCE):
            try:
                with self._store.transaction():
                    self._catch_up(call, now)
            except Exception:
                _log.exception("Call %s has come to a fault of the sandbox and is ended.", call.id)
                with self._store.transaction():
                    self._give_up(call.id)
        return self._calls.next_due()

    def _catch_up(self, call: CallRecord, now: Moment) -> None:
        plan: Plan = json.loads(call.plan)
        while call.due is not None and call.due <= now:
            self._go_on(call, plan, call.due)
        self._calls.save(call)

    def _give_up(self, call_id: str) -> None:
        """End a call that cannot go on, as it was before the attempt."""
        call = self._calls.get(call_id)
        assert call is not None  # noqa: S101 - it was due a moment ago
        call.due = None
        if not call.is_over:
            self._fail(call, _FAULT, self._clock.now())
        self._calls.save(call)

    def _go_on(self, call: CallRecord, plan: Plan, moment: Moment) -> None:
        """Take the next step of a call, or ends it when it has talked for as long as it may."""
        if call.status == "in_progress":
            call.talked += self._pause(call, plan)
            if self._is_time_up(call):
                self._cut_short(call, plan, moment)
                return
        step = plan["steps"][call.step]
        call.due = None
        call.updated_at = moment
        match step["do"]:
            case "invoke":
                self._invoke(call, plan, step["tool"], moment)
                return
            case "ring":
                call.status = "ringing"
            case "connect":
                call.connect(moment)
                self._deliveries.send_event(call, "call.started")
            case "say":
                self._say(call, step["speaker"], step["text"], moment)
            case "complete":
                self._complete(call, plan, step["text"], moment)
                return
            case "fail":
                self._fail(call, step["text"], moment)
                return
            case "show transcript":
                call.transcript_shown = True
                return
        call.step += 1
        self._schedule(call, plan, moment)

    def _schedule(self, call: CallRecord, plan: Plan, moment: Moment) -> None:
        call.due = self._clock.after(moment, self._pause(call, plan))
        self._scheduler.wake()

    def _pause(self, call: CallRecord, plan: Plan) -> float:
        """Return how many seconds lie between the last step and the next, which may be the end of the time allowed."""
        seconds = plan["steps"][call.step]["after"]
        if call.status == "in_progress":
            return min(seconds, self._seconds_left(call))
        return seconds

    def _talked_by(self, moment: Moment, call: CallRecord, plan: Plan) -> float:
        """Return how many seconds a call in progress has talked at a moment before its next step."""
        to_go = 0 if call.due is None else max(call.due - moment, 0)
        if self._is_time_up(call):
            return call.talked - self._real_time.seconds(to_go)
        return call.talked + max(self._pause(call, plan) - self._clock.seconds(to_go), 0.0)

    def _say(self, call: CallRecord, speaker: str, text: str, moment: Moment) -> None:
        call.say(speaker, text, moment)
        if call.transcript_shown:
            self._deliveries.send_event(call, "call.transcript_update")

    def _complete(self, call: CallRecord, plan: Plan, summary: str, moment: Moment) -> None:
        call.end("completed", summary, moment)
        self._deliveries.send_event(call, "call.completed")
        if not call.transcript_shown:
            call.step = len(plan["steps"]) - 1
            self._schedule(call, plan, moment)

    def _cut_short(self, call: CallRecord, plan: Plan, moment: Moment) -> None:
        self._complete(call, plan, plan["cut_short"], moment)
        self._deliveries.drop_tools(call.id)

    def _fail(self, call: CallRecord, summary: str, moment: Moment) -> None:
        call.end("failed", summary, moment)
        self._deliveries.send_event(call, "call.failed")

    def _invoke(self, call: CallRecord, plan: Plan, tool: Invocation, moment: Moment) -> None:
        """Send a tool invocation; the call goes on when its answer comes, or ends when its time is up."""
        url = self._tool_address(call.project_id, call.request)
        if url is None:
            self._resume_after_tool(call, plan, tool, ToolFailed("there is no tool webhook address"), moment)
            return
        self._deliveries.invoke_tool(
            call, url, tool["name"], tool["arguments"], _correlation_id(call), tool["timeout_ms"]
        )
        # A tool is a real program, so it has real seconds; whoever is on the line waits as many. All that are left count
        # as talked until it is known how many were not needed.
        call.due = self._real_time.after(self._clock.now(), self._seconds_left(call))
        call.talked = self._most_seconds(call.request)
        self._scheduler.wake()

    def _on_tool_response(self, call_id: str, response: DeliveryResult) -> None:
        """Go on with the call that waited for a tool, unless it was ended meanwhile."""
        call = self._calls.get(call_id)
        if call is None or call.is_over:
            return
        plan: Plan = json.loads(call.plan)
        now = self._clock.now()
        call.talked = self._talked_by(now, call, plan)
        outcome = read_tool_response(response, _correlation_id(call))
        self._resume_after_tool(call, plan, plan["steps"][call.step]["tool"], outcome, now)
        self._calls.save(call)

    def _resume_after_tool(
        self, call: CallRecord, plan: Plan, tool: Invocation, outcome: ToolSucceeded | ToolFailed, moment: Moment
    ) -> None:
        """Have the conversation show what came of a tool, and go on."""
        invocation = f"{tool['name']}({json.dumps(tool['arguments'], ensure_ascii=False)})"
        match outcome:
            case ToolSucceeded(result):
                shown = json.dumps(result, ensure_ascii=False)
                entry, sentence = f"{invocation}: {shown}", tool["found"].replace("{result}", in_words(result))
            case ToolFailed(reason):
                entry, sentence = f"{invocation} failed: {reason}", tool["not_found"]
        self._say(call, TOOL, shortened(entry), moment)
        self._say(call, AGENT, shortened(sentence), moment)
        call.step += 1
        self._schedule(call, plan, moment)

    def _most_seconds(self, request: Mapping[str, Any]) -> int:
        return int(request.get("max_duration_seconds", self._default_seconds))

    def _seconds_left(self, call: CallRecord) -> float:
        return max(self._most_seconds(call.request) - call.talked, 0.0)

    def _is_time_up(self, call: CallRecord) -> bool:
        return self._seconds_left(call) == 0

    def _tool_address(self, project_id: str, request: Mapping[str, Any]) -> str | None:
        return address(request, self._projects.get(project_id).settings, "tool_webhook_url")


def _require_not_over(call: CallRecord) -> None:
    if call.is_over:
        raise WrongStateError(f"Call {call.id} is {call.status}; it can neither be cancelled nor hung up.")


def _correlation_id(call: CallRecord) -> str:
    """Name the invocation at the call's present step: the same name if it has to be sent again."""
    return f"corr_{call.id.removeprefix('call_')}_{call.step}"
