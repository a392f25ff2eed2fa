"""Directs a running sandbox from Python: scripts, live calls, the clock, faults and deliveries of a project."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

JSONObject: TypeAlias = dict[str, Any]
JSONObjects: TypeAlias = list[JSONObject]
ScriptLine: TypeAlias = str | tuple[str, str] | Mapping[str, Any]
"""What the callee says, or a pair of a speaker (`"agent"` or `"user"`) and a text, or a mapping as in the endpoint."""
ToolUse: TypeAlias = str | tuple[str, Mapping[str, Any]]
"""The name of a tool, alone or with the arguments that the agent gives."""

_ANSWER_SECONDS = 30
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.01
_PAGE = 100
_CALLS = "/api/b2b/v1/calls"
_UNSETTLED = frozenset({"waiting", "pending", "sending"})
_OVER = frozenset({"completed", "failed", "cancelled"})


class SandboxError(Exception):
    """The sandbox refused what was asked, could not be reached, or something did not happen in time."""


class SandboxProject:
    """A project of a running sandbox, in this process or another.

    Attributes:
        base_url: The sandbox's address.
        api_key: The key whose project it is.
        clock: The sandbox's clock, which is the same for all projects.
        deliveries: What the project was sent, or should have been.

    Example:
        >>> import pamela.sandbox
        >>> with pamela.sandbox.run() as sandbox:
        ...     script = sandbox.script(to="+12025550123", outcome="busy")
        >>> script["outcome"]
        'busy'
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.api_key = api_key
        self.clock = SandboxClock(self)
        self.deliveries = SandboxDeliveries(self)

    def __repr__(self) -> str:
        return f"SandboxProject(base_url={self.base_url!r})"

    def script(
        self,
        *,
        to: str | None = None,
        task: str | None = None,
        says: Sequence[ScriptLine] | None = None,
        tools: Sequence[ToolUse] | None = None,
        outcome: str | None = None,
        after: float | None = None,
        summary: str | None = None,
        times: int | None = None,
        live: bool = False,
    ) -> JSONObject:
        """Say what happens in the calls that are placed from now on.

        Args:
            to: The number of the calls that are meant; None: any.
            task: Words that their task contains, whatever their case; None: any task.
            says: The lines of the callee, between which the agent says its own. With a line for the agent,
                `("agent", "Hello?")`, it is the whole conversation. A mapping with `tool` and `arguments` uses a tool.
            tools: The tools that the agent uses after that, with the arguments it gives. An empty list: it uses none.
            outcome: What comes of the call: `answered`, `busy`, `no answer`, `broken off` or another of the outcomes
                that numbers have.
            after: After how many seconds, by the sandbox's clock, of ringing or of conversation it comes about.
            summary: The call's summary.
            times: How many calls it is for; None: all.
            live: Whether a person takes the callee's part; see `take`.

        Returns:
            The script as the sandbox keeps it, with its `id` and how often it was `used`.

        Raises:
            SandboxError: An argument is invalid.
        """
        script = {
            "to": to,
            "task": task,
            "says": None if says is None else [_line(each) for each in says],
            "tools": None if tools is None else [_tool_use(each) for each in tools],
            "outcome": outcome,
            "after": after,
            "summary": summary,
            "times": times,
            "live": live,
        }
        given = {name: value for name, value in script.items() if value is not None}
        return self.request("POST", "/sandbox/scripts", given)

    def scripts(self) -> JSONObjects:
        """Return the project's scripts, the oldest first."""
        scripts: list[JSONObject] = self.request("GET", "/sandbox/scripts")["scripts"]
        return scripts

    def clear_scripts(self) -> None:
        """Remove all scripts of the project."""
        self.request("DELETE", "/sandbox/scripts")

    def take(self, call: Mapping[str, Any] | str) -> "CalleePart":
        """Take the callee's part in a call, from now on or as soon as it connects.

        Args:
            call: The call, or its id.

        Returns:
            What to direct it with.

        Raises:
            SandboxError: There is no such call, or it is over.
        """
        live_call = CalleePart(self, _id(call))
        self.request("POST", f"{live_call.path}/take")
        return live_call

    def call(self, call: Mapping[str, Any] | str) -> JSONObject:
        """Return all that the sandbox knows of a call: `call`, `request`, `tools`, `timeline` and more."""
        return self.request("GET", f"/sandbox/calls/{quote(_id(call), safe='')}")

    def calls(self) -> JSONObjects:
        """Return all calls of the project as the API shows them, the oldest first."""
        return self._all(_CALLS, {})[::-1]

    def wait_for_deliveries(self, call: Mapping[str, Any] | str, *, timeout: float = _PATIENCE_SECONDS) -> JSONObjects:
        """Wait until a call is over and nothing of it is still to be sent.

        Args:
            call: The call, or its id.
            timeout: How many seconds of real time to wait at most.

        Returns:
            The call's deliveries, the oldest first.

        Raises:
            SandboxError: It is not so in time; the message says what is open.
        """
        call_id = _id(call)

        def is_done() -> bool:
            status = self.request("GET", f"{_CALLS}/{quote(call_id, safe='')}")["status"]
            return status in _OVER and not any(each["status"] in _UNSETTLED for each in self.deliveries.list(call_id))

        self._wait(is_done, timeout, lambda: self._describe_open(call_id))
        return self.deliveries.list(call_id)

    def fail_next(
        self,
        status: int | None = None,
        *,
        fault: str | None = None,
        count: int = 1,
        operation: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Have the next requests of the project fail.

        Args:
            status: What they are answered with, instead of being carried out; 503 if there is no `fault`.
            fault: `lost_answer` or `cut_answer` (they are carried out, but the answer is lost or broken off), `reset`
                (the connection is reset before they are), `slow_answer` (the answer comes byte by byte).
            count: How many requests.
            operation: Only those of this operation, `create_call` for one.
            retry_after: Seconds for the `Retry-After` header of such an answer.

        Raises:
            SandboxError: An argument is invalid.
        """
        if status is None and fault is None:
            status = 503
        planned = {
            "status": status,
            "fault": fault,
            "count": count,
            "operation": operation,
            "retry_after": retry_after,
        }
        self.request("POST", "/sandbox/faults/next", planned)

    def inject_faults(self, **faults: float) -> JSONObject:
        """Replace the faults that deliveries and requests have by chance, and return them; without any, there are none.

        Args:
            faults: How often each occurs, from 0 to 1, `delay_seconds`, and `seed`, which chooses whom they hit.

        Raises:
            SandboxError: There is no fault of that name, or its value is invalid.
        """
        return self.request("PUT", "/sandbox/faults", faults)

    def configure(
        self,
        *,
        webhook_url: str | None = None,
        tool_webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> JSONObject:
        """Replace where the project's webhooks go, and what they are signed with; what is left out is unset."""
        settings = {
            "webhook_url": webhook_url,
            "tool_webhook_url": tool_webhook_url,
            "webhook_secret": webhook_secret,
        }
        return self.request("PUT", "/sandbox/project", settings)

    def seed(self, *, days: int = 30, calls: int = 3000, seed: int = 1) -> None:
        """Make up a history of calls that are over.

        Args:
            days: How many days it goes back from now.
            calls: How many calls there are in it.
            seed: The same seed gives the same history, but for ids and dates.

        Raises:
            SandboxError: An argument is invalid.
        """
        self.request("POST", "/sandbox/seed", {"days": days, "calls": calls, "seed": seed})

    def reset(self) -> None:
        """Forget everything of the project."""
        self.request("POST", "/sandbox/reset")

    def request(self, method: str, path: str, body: object = None) -> JSONObject:
        """Send a request to one of the sandbox's endpoints and return the JSON of the answer.

        Raises:
            SandboxError: It was refused, or the sandbox cannot be reached.
        """
        parts = urlsplit(self.base_url)
        headers = {"Authorization": f"Bearer {self.api_key}", "Connection": "close"}
        data = None
        if method != "GET":
            data = json.dumps({} if body is None else body).encode()
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            status, text = response.status, response.read().decode()
        except (OSError, HTTPException) as error:
            raise SandboxError(f"The sandbox at {self.base_url} cannot be reached: {error}.") from error
        finally:
            connection.close()
        if status >= 400:
            raise SandboxError(_explain(text))
        answer: JSONObject = json.loads(text)
        return answer

    def _all(self, path: str, query: Mapping[str, Any]) -> JSONObjects:
        items: list[JSONObject] = []
        offset: int | None = 0
        while offset is not None:
            page = self.request("GET", f"{path}?{urlencode({**query, 'limit': _PAGE, 'offset': offset})}")
            items += page["items"]
            offset = page["next_offset"]
        return items

    def _wait(self, is_done: Callable[[], bool], timeout: float, describe: Callable[[], str]) -> None:
        end = time.monotonic() + timeout
        while not is_done():
            if time.monotonic() > end:
                raise SandboxError(f"After {timeout:g} seconds {describe()}")
            time.sleep(_LOOK_SECONDS)

    def _describe_open(self, call_id: str) -> str:
        status = self.call(call_id)["call"]["status"]
        unsettled = [each for each in self.deliveries.list(call_id) if each["status"] in _UNSETTLED]
        names = ", ".join(f"{each['name']} ({each['status']})" for each in unsettled[:10]) or "none"
        return f"call {call_id} is {status}, and these deliveries are open: {names}."


class SandboxClock:
    """The clock of a sandbox."""

    def __init__(self, project: SandboxProject) -> None:
        self._project = project

    def now(self) -> datetime:
        """Return the sandbox's time."""
        return _read_datetime(self._project.request("GET", "/sandbox/clock"))

    def set(self, moment: datetime | str) -> datetime:
        """Set the clock, which goes on from there.

        What is due by then happens at once; if the clock is put back, what is still to come takes as long as it would
        have. What a timestamp says from then on is this time, so a receiver may refuse events as too old or too new.

        Args:
            moment: When it is to be; with a time zone.

        Returns:
            The sandbox's time after that.

        Raises:
            SandboxError: The moment has no time zone, or cannot be.
        """
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise SandboxError(f"{moment.isoformat()} has no time zone; give one, tzinfo=UTC for example.")
            moment = moment.isoformat()
        return _read_datetime(self._project.request("PUT", "/sandbox/clock", {"now": moment}))

    def advance(self, time: timedelta | float) -> datetime:
        """Move the clock forward.

        Args:
            time: By how much: a timedelta, or seconds.

        Returns:
            The sandbox's time after that.

        Raises:
            SandboxError: It is less than nothing, or more than a hundred years.
        """
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        return _read_datetime(self._project.request("POST", "/sandbox/clock/advance", {"seconds": seconds}))

    def reset(self) -> datetime:
        """Set the clock to the wall clock again, and return its time."""
        return _read_datetime(self._project.request("DELETE", "/sandbox/clock"))


class SandboxDeliveries:
    """The deliveries of a project: events and tool invocations."""

    def __init__(self, project: SandboxProject) -> None:
        self._project = project

    def list(
        self, call: Mapping[str, Any] | str | None = None, *, status: str | None = None, kind: str | None = None
    ) -> JSONObjects:
        """Return deliveries with their attempts, the oldest first.

        Args:
            call: Those of this call, given by itself or its id; None: of all.
            status: `waiting`, `pending`, `sending`, `delivered`, `failed` or `dropped`; None: any.
            kind: `event` or `tool`; None: both.

        Raises:
            SandboxError: There is no such status or kind.
        """
        query = {"call_id": None if call is None else _id(call), "status": status, "kind": kind}
        return self._project._all(
            "/sandbox/deliveries", {name: value for name, value in query.items() if value is not None}
        )

    def wait(self, count: int, *, timeout: float = _PATIENCE_SECONDS) -> JSONObjects:
        """Wait until so many deliveries have arrived.

        Args:
            count: How many, of all kinds and of all calls.
            timeout: How many seconds of real time to wait at most.

        Returns:
            All that have arrived, the oldest first.

        Raises:
            SandboxError: There are not as many in time; the message lists those that there are.
        """
        self._project._wait(lambda: len(self.list(status="delivered")) >= count, timeout, lambda: self._describe(count))
        return self.list(status="delivered")

    def redeliver(self, delivery: Mapping[str, Any] | str) -> JSONObject:
        """Have a delivery sent once more, and return the new one.

        Raises:
            SandboxError: There is no such delivery.
        """
        return self._project.request("POST", f"/sandbox/deliveries/{quote(_id(delivery), safe='')}/redeliver")

    def _describe(self, count: int) -> str:
        deliveries = self.list()
        delivered = sum(each["status"] == "delivered" for each in deliveries)
        shown = "; ".join(describe_delivery(each) for each in deliveries[-10:]) or "none"
        return f"{delivered} of {count} deliveries have arrived. The last ones: {shown}."


class CalleePart:
    """A call in which this program takes the callee's part."""

    def __init__(self, project: SandboxProject, call_id: str) -> None:
        self.id = call_id
        self.path = f"/sandbox/calls/{quote(call_id, safe='')}"
        self._project = project

    def wait_until_connected(self, *, timeout: float = _PATIENCE_SECONDS) -> None:
        """Wait until somebody can speak.

        Raises:
            SandboxError: The call does not connect in so many seconds of real time.
        """
        self._project._wait(
            lambda: self._project.call(self.id)["call"]["status"] not in ("queued", "ringing"),
            timeout,
            lambda: f"call {self.id} has not connected.",
        )

    def say(self, text: str, *, speaker: str = "user", reply: bool = True) -> JSONObject:
        """Say a line of the callee, to which the agent replies unless `reply` is false; return the call.

        Raises:
            SandboxError: The call is not in progress.
        """
        return self._project.request("POST", f"{self.path}/say", {"text": text, "speaker": speaker, "reply": reply})

    def invoke(self, name: str, arguments: Mapping[str, Any] | None = None) -> JSONObject:
        """Have the agent use a tool, with arguments that are made up if none are given; return the call.

        Raises:
            SandboxError: The call is not in progress, or has no such tool.
        """
        return self._project.request("POST", f"{self.path}/invoke", {"name": name, "arguments": arguments})

    def hang_up(self, *, summary: str | None = None, broken_off: bool = False) -> JSONObject:
        """End the call from the callee's side, and return it; `broken_off` lets it fail.

        Raises:
            SandboxError: The call is not in progress.
        """
        outcome = "broken off" if broken_off else "completed"
        return self._project.request("POST", f"{self.path}/finish", {"outcome": outcome, "summary": summary})

    def release(self) -> JSONObject:
        """Leave the rest of the conversation to the sandbox, and return the call.

        Raises:
            SandboxError: The call is not in progress.
        """
        return self._project.request("POST", f"{self.path}/release")


def describe_delivery(delivery: Mapping[str, Any]) -> str:
    """Return a delivery in a line: what it is, what became of it, and what the last attempt met with."""
    text = f"{delivery['name']} to {delivery['url']}: {delivery['status']}"
    if delivery["attempts"]:
        attempt = delivery["attempts"][-1]
        came = attempt["error"] or f"answered {attempt['response_status']}"
        text += f" after {len(delivery['attempts'])} attempts, the last {came}"
    return text


def _id(thing: Mapping[str, Any] | str) -> str:
    return thing if isinstance(thing, str) else str(thing["id"])


def _line(line: ScriptLine) -> object:
    if isinstance(line, tuple):
        speaker, text = line
        return {"speaker": speaker, "text": text}
    return line


def _tool_use(use: ToolUse) -> JSONObject:
    if isinstance(use, str):
        return {"name": use}
    name, arguments = use
    return {"name": name, "arguments": dict(arguments)}


def _read_datetime(answer: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(answer["now"])


def _explain(text: str) -> str:
    """Return what an answer says is wrong."""
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return text[:1000]
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, each['loc'][1:])) or 'body'}: {each['msg']}" for each in detail)
    return str(detail["message"] if isinstance(detail, dict) else detail)
