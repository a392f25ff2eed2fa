"""Control a running sandbox from Python: scripts, live calls, the clock, faults and deliveries of a project."""

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
"""A line of the callee, or a pair of a speaker (`"agent"` or `"user"`) and a text, or a mapping."""
ToolUse: TypeAlias = str | tuple[str, Mapping[str, Any]]
"""The name of a tool, with or without the arguments from the agent."""

__tracebackhide__ = True  # In pytest, a failure points at the line of the test, not at the code here.
_ANSWER_SECONDS = 30
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.01
_PAGE = 100
_LONGEST_RESPONSE = 300
_CALLS = "/api/b2b/v1/calls"
_UNSETTLED = frozenset({"waiting", "pending", "sending"})
_OVER = frozenset({"completed", "failed", "cancelled"})


class SandboxError(Exception):
    """The sandbox refused a request, could not be reached, or did not finish in time."""


class SandboxProject:
    """A project of a running sandbox, in this process or another.

    Attributes:
        base_url: The address of the sandbox.
        api_key: The API key of the project.
        clock: The clock of the sandbox. All projects share it.
        deliveries: The deliveries of the project: sent, pending and failed.

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
        """Script the calls that are placed from now on.

        Args:
            to: The number of the scripted calls. None means any number.
            task: A text that the task contains. Upper and lower case make no difference. None means any task.
            says: The lines of the callee. The agent adds its own lines between them. If a line is for the agent, as in
                `("agent", "Hello?")`, the lines are the whole conversation. A mapping with `tool` and `arguments` calls
                a tool.
            tools: The tools that the agent calls after that, with or without arguments. An empty list means none.
            outcome: The outcome of the call: `answered`, `busy`, `no answer`, `broken off` or another outcome of the
                sandbox's magic numbers.
            after: When the outcome happens: seconds of ringing or of conversation, by the sandbox's clock.
            summary: The summary of the call.
            times: The number of calls that use the script. None means all.
            live: Whether you take the part of the callee. See `take`.

        Returns:
            The stored script, with its `id` and the number of times it was `used`.

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
        """Return the scripts of the project, oldest first."""
        scripts: list[JSONObject] = self.request("GET", "/sandbox/scripts")["scripts"]
        return scripts

    def clear_scripts(self) -> None:
        """Remove all scripts of the project."""
        self.request("DELETE", "/sandbox/scripts")

    def take(self, call: Mapping[str, Any] | str) -> "CalleePart":
        """Take the part of the callee in a call, from now on or when it connects.

        Args:
            call: The call, or its id.

        Returns:
            An object with which you speak, call tools and hang up.

        Raises:
            SandboxError: The call does not exist, or it has ended.
        """
        live_call = CalleePart(self, _id(call))
        self.request("POST", f"{live_call.path}/take")
        return live_call

    def call(self, call: Mapping[str, Any] | str) -> JSONObject:
        """Return everything that the sandbox knows about a call.

        Args:
            call: The call, or its id.

        Returns:
            A dict with `call`, `request`, `tools`, `timeline` and more.

        Raises:
            SandboxError: The call does not exist.
        """
        return self.request("GET", f"/sandbox/calls/{quote(_id(call), safe='')}")

    def calls(self) -> JSONObjects:
        """Return all calls of the project, as the API returns them, oldest first."""
        return self._all(_CALLS, {})[::-1]

    def wait_for_deliveries(self, call: Mapping[str, Any] | str, *, timeout: float = _PATIENCE_SECONDS) -> JSONObjects:
        """Wait until a call has ended and none of its deliveries is pending.

        Args:
            call: The call, or its id.
            timeout: Maximum time to wait, in seconds of real time.

        Returns:
            The deliveries of the call, oldest first.

        Raises:
            SandboxError: The time is over. The message lists what is pending.
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
        """Make the next requests of the project fail.

        Args:
            status: The HTTP status of the response. The request is not carried out. The default is 503 if `fault` is
                absent.
            fault: The kind of failure. With `lost_answer` or `cut_answer`, the request is carried out, but the response
                is lost or cut off. With `reset`, the connection is reset before the request is carried out. With
                `slow_answer`, the response arrives in up to a hundred pieces over up to two seconds.
            count: The number of requests that fail.
            operation: Only requests of this operation fail, such as `create_call`. None means all operations.
            retry_after: The value of the `Retry-After` header, in seconds.

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
        """Set the random faults of deliveries and requests. Without arguments, remove them.

        Args:
            **faults: The probability of each fault, from 0 to 1; `delay_seconds`; and `seed`, which makes the choice
                repeatable.

        Returns:
            The faults that are now set.

        Raises:
            SandboxError: A name or a value is invalid.
        """
        return self.request("PUT", "/sandbox/faults", faults)

    def configure(
        self,
        *,
        webhook_url: str | None = None,
        tool_webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> JSONObject:
        """Set the webhook addresses and the webhook secret of the project. An argument that is left out is unset.

        Args:
            webhook_url: Address for events, as a URL.
            tool_webhook_url: Address for tool invocations, as a URL.
            webhook_secret: The secret that signs the project's webhooks. None means the sandbox's own secret.

        Returns:
            The settings of the project.

        Raises:
            SandboxError: An address is invalid.
        """
        settings = {
            "webhook_url": webhook_url,
            "tool_webhook_url": tool_webhook_url,
            "webhook_secret": webhook_secret,
        }
        return self.request("PUT", "/sandbox/project", settings)

    def seed(self, *, days: int = 30, calls: int = 3000, seed: int = 1) -> None:
        """Make a history of ended calls.

        Args:
            days: The number of days before now that the history covers.
            calls: The number of calls.
            seed: The same seed makes the same history, except for ids and dates.

        Raises:
            SandboxError: An argument is invalid.
        """
        self.request("POST", "/sandbox/seed", {"days": days, "calls": calls, "seed": seed})

    def reset(self) -> None:
        """Delete all data of the project."""
        self.request("POST", "/sandbox/reset")

    def request(self, method: str, path: str, body: object = None) -> JSONObject:
        """Send a request to one of the sandbox's own endpoints.

        Args:
            method: The HTTP method.
            path: The path.
            body: The body, as a JSON value. None sends none.

        Returns:
            The JSON value of the response.

        Raises:
            SandboxError: The sandbox refused the request, or cannot be reached.
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
        found = self.call(call_id)
        status = found["call"]["status"]
        if found["waits_for"] == "person":
            return (
                f"call {call_id} is {status}, and waits for the lines of the callee. Speak with take(call).say(...), and "
                "end it with hang_up() or release()."
            )
        unsettled = [each for each in self.deliveries.list(call_id) if each["status"] in _UNSETTLED]
        names = ", ".join(f"{each['name']} ({each['status']})" for each in unsettled[:10]) or "none"
        return f"call {call_id} is {status}, and these deliveries are open: {names}."


class SandboxClock:
    """The clock of a sandbox.

    Args:
        project: A project of the sandbox.
    """

    def __init__(self, project: SandboxProject) -> None:
        self._project = project

    def now(self) -> datetime:
        """Return the current time of the sandbox."""
        return _read_datetime(self._project.request("GET", "/sandbox/clock"))

    def set(self, moment: datetime | str) -> datetime:
        """Set the clock. It continues from the new time.

        If the new time is later, everything due until then happens at once. If it is earlier, pending steps still take
        as long as before. Timestamps of events follow this clock, so a receiver may refuse them as too old or too new.

        Args:
            moment: The new time, with a time zone.

        Returns:
            The new time of the sandbox.

        Raises:
            SandboxError: The time has no time zone, or is out of range.
        """
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise SandboxError(f"{moment.isoformat()} has no time zone; give one, tzinfo=UTC for example.")
            moment = moment.isoformat()
        return _read_datetime(self._project.request("PUT", "/sandbox/clock", {"now": moment}))

    def advance(self, time: timedelta | float) -> datetime:
        """Move the clock forward.

        Args:
            time: How far, as a timedelta or in seconds.

        Returns:
            The new time of the sandbox.

        Raises:
            SandboxError: The value is negative, or more than 100 years.
        """
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        return _read_datetime(self._project.request("POST", "/sandbox/clock/advance", {"seconds": seconds}))

    def reset(self) -> datetime:
        """Set the clock to the real time. Return the time."""
        return _read_datetime(self._project.request("DELETE", "/sandbox/clock"))


class SandboxDeliveries:
    """The deliveries of a project: events and tool invocations.

    Args:
        project: The project.
    """

    def __init__(self, project: SandboxProject) -> None:
        self._project = project

    def list(
        self, call: Mapping[str, Any] | str | None = None, *, status: str | None = None, kind: str | None = None
    ) -> JSONObjects:
        """Return deliveries with their attempts, oldest first.

        Args:
            call: Only the deliveries of this call or call id. None means all calls.
            status: `waiting`, `pending`, `sending`, `delivered`, `failed` or `dropped`. None means any status.
            kind: `event` or `tool`. None means both.

        Raises:
            SandboxError: There is no such status or kind.
        """
        query = {"call_id": None if call is None else _id(call), "status": status, "kind": kind}
        return self._project._all(
            "/sandbox/deliveries", {name: value for name, value in query.items() if value is not None}
        )

    def wait(self, count: int, *, timeout: float = _PATIENCE_SECONDS) -> JSONObjects:
        """Wait until a number of deliveries have arrived.

        Args:
            count: The number of deliveries, of all kinds and of all calls.
            timeout: Maximum time to wait, in seconds of real time.

        Returns:
            All deliveries that have arrived, oldest first.

        Raises:
            SandboxError: The time is over. The message lists the deliveries that have arrived.
        """
        self._project._wait(lambda: len(self.list(status="delivered")) >= count, timeout, lambda: self._describe(count))
        return self.list(status="delivered")

    def redeliver(self, delivery: Mapping[str, Any] | str) -> JSONObject:
        """Send a delivery again.

        Args:
            delivery: The delivery, or its id.

        Returns:
            The new delivery.

        Raises:
            SandboxError: The delivery does not exist.
        """
        return self._project.request("POST", f"/sandbox/deliveries/{quote(_id(delivery), safe='')}/redeliver")

    def _describe(self, count: int) -> str:
        deliveries = self.list()
        delivered = sum(each["status"] == "delivered" for each in deliveries)
        shown = "; ".join(describe_delivery(each) for each in deliveries[-10:]) or "none"
        return f"{delivered} of {count} deliveries have arrived. The last ones: {shown}."


class CalleePart:
    """A call in which your program takes the part of the callee. `SandboxProject.take` returns it.

    Args:
        project: The project of the call.
        call_id: The id of the call.
    """

    def __init__(self, project: SandboxProject, call_id: str) -> None:
        self.id = call_id
        self.path = f"/sandbox/calls/{quote(call_id, safe='')}"
        self._project = project

    def wait_until_connected(self, *, timeout: float = _PATIENCE_SECONDS) -> None:
        """Wait until the call connects.

        Args:
            timeout: Maximum time to wait, in seconds of real time.

        Raises:
            SandboxError: The call does not connect in time.
        """
        self._project._wait(
            lambda: self._project.call(self.id)["call"]["status"] not in ("queued", "ringing"),
            timeout,
            lambda: f"call {self.id} has not connected.",
        )

    def say(self, text: str, *, speaker: str = "user", reply: bool = True) -> JSONObject:
        """Say a line as the callee.

        Args:
            text: The text.
            speaker: Who says it: `user` (the callee) or `agent`.
            reply: Whether the agent replies.

        Returns:
            The call.

        Raises:
            SandboxError: The call is not in progress.
        """
        return self._project.request("POST", f"{self.path}/say", {"text": text, "speaker": speaker, "reply": reply})

    def invoke(self, name: str, arguments: Mapping[str, Any] | None = None) -> JSONObject:
        """Make the agent call a tool.

        Args:
            name: The name of the tool.
            arguments: The arguments. None makes up values that fit the tool's schema.

        Returns:
            The call.

        Raises:
            SandboxError: The call is not in progress, or has no such tool.
        """
        return self._project.request("POST", f"{self.path}/invoke", {"name": name, "arguments": arguments})

    def hang_up(self, *, summary: str | None = None, broken_off: bool = False) -> JSONObject:
        """End the call as the callee.

        Args:
            summary: The summary of the call. None means the sandbox's own.
            broken_off: Whether the call fails instead of completing.

        Returns:
            The call.

        Raises:
            SandboxError: The call is not in progress.
        """
        outcome = "broken off" if broken_off else "completed"
        return self._project.request("POST", f"{self.path}/finish", {"outcome": outcome, "summary": summary})

    def release(self) -> JSONObject:
        """Let the sandbox continue the conversation.

        Returns:
            The call.

        Raises:
            SandboxError: The call is not in progress.
        """
        return self._project.request("POST", f"{self.path}/release")


def describe_delivery(delivery: Mapping[str, Any]) -> str:
    """Describe a delivery in one line: its kind, its status and the result of its last attempt.

    Args:
        delivery: A delivery, as `sandbox.deliveries.list()` returns it.

    Returns:
        The line of text.
    """
    text = f"{delivery['name']} to {delivery['url']}: {delivery['status']}"
    if delivery["attempts"]:
        attempt = delivery["attempts"][-1]
        came = attempt["error"] or f"answered {attempt['response_status']}"
        tries = len(delivery["attempts"])
        text += f" after {tries} attempts, the last {came}" if tries > 1 else f" after 1 attempt, which {came}"
        if attempt["response_body"] and not 200 <= (attempt["response_status"] or 0) < 300:
            text += f" {attempt['response_body'][:_LONGEST_RESPONSE]!r}"
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
    """Return the error message of a response."""
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return text[:1000]
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, each['loc'][1:])) or 'body'}: {each['msg']}" for each in detail)
    return str(detail["message"] if isinstance(detail, dict) else detail)
