"""Lets a person play the callee of a call in progress, and direct the agent."""

from typing import Any

from . import clock
from .call_plans import AGENT, OTHER_SIDE, Step, reply_to_callee, resume_conversation, tool_step
from .call_record import CallRecord
from .call_runner import CallRunner, WrongStateError, waits_for
from .calls import Calls
from .clock import Moment, SettableClock
from .deliveries import Deliveries
from .tools import Tools

_WAIT: Step = {"after": 0.0, "do": "wait"}


class LiveCalls:
    """The calls whose callee is a person. All methods except `describe` need a transaction."""

    def __init__(
        self, clock: SettableClock, calls: Calls, call_runner: CallRunner, tools: Tools, deliveries: Deliveries
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._call_runner = call_runner
        self._tools = tools
        self._deliveries = deliveries

    def take(self, call: CallRecord) -> None:
        """Let a person play the callee from now on, or as soon as the call connects.

        Raises:
            WrongStateError: The call has ended.
        """
        if call.is_over:
            raise WrongStateError(f"Call {call.id} is {call.status}; nobody is on the line any more.")
        if call.live:
            return
        steps = call.plan["steps"]
        if call.started_at is None:
            # The call rings and is answered; the planned outcome no longer applies.
            connecting = next((n for n, step in enumerate(steps) if step["do"] == "connect"), None)
            if connecting is None:
                del steps[1:]
                steps.append(Step(after=3.0, do="connect"))
                connecting = 1
            del steps[connecting + 1 :]
            steps.append(_WAIT)
            if call.status == "ringing":
                self._call_runner.schedule(call, self._clock.now())
        else:
            is_waiting = waits_for(call) is not None
            now = self._clock.now()
            if not is_waiting:
                self._call_runner.stop_waiting(call, now)
            # A tool invocation in progress continues, and its result is added to the conversation.
            del steps[call.step + is_waiting :]
            steps.append(_WAIT)
            if not is_waiting:
                self._call_runner.schedule(call, now)
        call.live = True
        call.plan.pop("after_failure", None)
        self._keep(call)

    def say(self, call: CallRecord, speaker: str, text: str, *, reply: bool) -> None:
        """Say a line. With `reply`, the agent replies to a line of the callee.

        Raises:
            WrongStateError: The call is not in progress, or nobody has taken the callee's part.
        """
        now = self._begin(call)
        turn = sum(entry["speaker"] == OTHER_SIDE for entry in call.transcript)
        self._call_runner.say(call, speaker, text, now)
        steps = [reply_to_callee(call.request, turn)] if reply and speaker != AGENT else []
        self._insert(call, steps, now)

    def invoke(self, call: CallRecord, name: str, arguments: dict[str, Any] | None) -> None:
        """Make the agent call a tool. Without arguments, they are generated.

        Raises:
            WrongStateError: The call is not in progress, nobody has taken the callee's part, it has no such tool, or
                there is no address for tools.
        """
        now = self._begin(call)
        if self._call_runner.tool_address(call.project_id, call.request) is None:
            raise WrongStateError("There is no tool webhook address; give one to the call or to the project.")
        use = self._tools.use(call.project_id, call.request, name, arguments)
        if use.get("is_unknown"):
            names = ", ".join(tool["name"] for tool in self._tools.of_call(call.project_id, call.request)) or "none"
            raise WrongStateError(f"The call has no tool {name[:100]}; its tools: {names[:500]}.")
        self._insert(call, [tool_step(call.request, use)], now)

    def finish(self, call: CallRecord, summary: str | None, *, broken_off: bool) -> None:
        """End the call from the callee's side.

        Raises:
            WrongStateError: The call is not in progress, or nobody has taken the callee's part.
        """
        now = self._begin(call)
        text = summary or ("The connection broke off." if broken_off else "The callee hung up.")
        self._call_runner.end_talk(call, text, now, failed=broken_off)
        self._calls.save(call)

    def release(self, call: CallRecord) -> None:
        """Let the sandbox continue the conversation.

        Raises:
            WrongStateError: The call is not in progress, or nobody has taken the callee's part.
        """
        now = self._begin(call)
        steps = call.plan["steps"]
        waiting = steps.index(_WAIT, call.step)
        steps[waiting:] = resume_conversation(call.request)
        call.live = False
        self._call_runner.schedule(call, now)
        self._keep(call)

    def describe(self, call: CallRecord) -> dict[str, Any]:
        """Return a call with everything that the sandbox knows about it, including what the API does not return."""
        tools = [
            {name: tool.get(name) for name in ("name", "description", "input_schema")}
            for tool in self._tools.of_call(call.project_id, call.request)
        ]
        return {
            "call": call.to_api(),
            "request": call.request,
            "live": call.live,
            "waits_for": waits_for(call),
            "tools": tools,
            "script_id": call.script_id,
            "timeline": self._timeline(call),
        }

    def _timeline(self, call: CallRecord) -> list[dict[str, Any]]:
        moments: list[tuple[Moment | None, str]] = [
            (call.created_at, "queued"),
            (call.ringing_at, "ringing"),
            (call.started_at, "connected"),
            (call.ended_at, call.status),
        ]
        entries = [{"at": clock.to_text(at), "what": what, "text": None} for at, what in moments if at is not None]
        entries += [
            {"at": entry["timestamp"], "what": f"{entry['speaker']} spoke", "text": entry["text"]}
            for entry in call.transcript
        ]
        deliveries, _ = self._deliveries.page(call.project_id, 1000, 0, call_id=call.id)
        for delivery in deliveries:
            for attempt in delivery["attempts"]:
                came = attempt["error"] or attempt["response_status"]
                what = "tool invoked" if delivery["kind"] == "tool" else "event sent"
                entries.append({"at": attempt["at"], "what": what, "text": f"{delivery['name']}: {came}"})
        return sorted(entries, key=lambda entry: str(entry["at"]))

    def _begin(self, call: CallRecord) -> Moment:
        """Check that a call can be directed, and return the current moment."""
        if call.is_over or call.started_at is None:
            raise WrongStateError(f"Call {call.id} is {call.status}; it can be directed only while it is in progress.")
        if not call.live:
            raise WrongStateError(f"Nobody has taken the callee's part in call {call.id}; take it first.")
        if waits_for(call) == "tool":
            raise WrongStateError(f"Call {call.id} waits for a tool; wait for its answer, or hang up.")
        now = self._clock.now()
        self._call_runner.stop_waiting(call, now)
        return now

    def _insert(self, call: CallRecord, steps: list[Step], now: Moment) -> None:
        """Insert steps before the call waits for the person again."""
        planned = call.plan["steps"]
        waiting = planned.index(_WAIT, call.step)
        planned[waiting:waiting] = steps
        self._call_runner.schedule(call, now)
        self._keep(call)

    def _keep(self, call: CallRecord) -> None:
        self._calls.save_plan(call)
        self._calls.save(call)
