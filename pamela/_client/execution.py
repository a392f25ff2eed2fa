"""The execution of one operation: attempts, retries and recovery from lost responses. Without I/O.

`execute` is a generator. It yields an `Attempt` and takes its `Outcome`, or yields a `Wait` and takes nothing; it
returns the value or raises. The sync and async clients only drive it.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from .._core.operation import IDEMPOTENCY_HEADER, IDEMPOTENCY_METADATA
from .._http.attempt import Attempt, DeadlineTimeout, Failure, Outcome, Response, Wait, remaining
from .._http.redaction import SecretStr, clean, hide_secrets
from ..errors import ConflictError, PamelaError, ValidationError
from . import responses
from .logging import log

if TYPE_CHECKING:
    from .._core.operation import Request
    from .._generated.models.call import Call
    from .capabilities import ServerCapabilities
    from .clock import Clock
    from .identity import Mismatch
    from .open_responses import OpenResponse
    from .options import Options
    from .recovery import Wanted

CREATE_CALL, CANCEL_CALL, HANGUP_CALL, DELETE_TOOL = "create_call", "cancel_call", "hangup_call", "delete_tool"
"""The operations that recover from lost responses. Their modules, and that of the look-up, are imported if needed."""

MOST_REPEATS = 5
"""Maximum repeats of a request whose responses belong to other requests. With our own connections, the first repeat
uses a new connection; a caller's client may reuse one each time."""
MOST_OTHER_NAMES = 1000

LONGEST_WAIT = 2_000_000.0
"""Seconds that mean "no limit" for system calls that need a number."""

T = TypeVar("T")
Steps = Generator[Attempt | Wait, Any, T]


def execute(request: Request[T], options: Options, capabilities: ServerCapabilities, clock: Clock) -> Steps[T]:
    """Carry out an operation.

    Raises:
        PamelaError: The operation failed. The subclass names the kind of error.
    """
    return RequestExecution(request, options, capabilities, clock).run()


def look_up_call(
    wanted: Wanted, options: Options, capabilities: ServerCapabilities, clock: Clock
) -> Steps[Call | None]:
    """Look for a call by its idempotency key.

    Raises:
        CallLookupError: It is unclear whether the call exists.
        PamelaError: The calls could not be listed.
    """
    from .recovery import CallLookUp

    deadline_at = _deadline_at(options, clock)

    def send(request: Request[Any]) -> Steps[Any]:
        return RequestExecution(request, options, capabilities, clock, deadline_at, on_new_connection=True).run()

    return CallLookUp(wanted, send, capabilities).run()


class Recovered:
    """The value of an operation whose own response was lost or refused."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class RequestExecution:
    """One operation from its first attempt to its value or exception."""

    def __init__(
        self,
        request: Request[Any],
        options: Options,
        capabilities: ServerCapabilities,
        clock: Clock,
        deadline_at: float | None = None,
        *,
        on_new_connection: bool = False,
    ) -> None:
        self.request = request
        self.options = options
        self.capabilities = capabilities
        self.clock = clock
        self.deadline_at = _deadline_at(options, clock) if deadline_at is None else deadline_at
        self.on_new_connection = on_new_connection
        self.key = request.headers.get(IDEMPOTENCY_HEADER)
        self.headers = {**default_headers(options), **request.headers}
        self.content: bytes | None = None
        if request.body is not None or request.files:
            self.encode_body()
        self.url = options.base_url + request.path + (f"?{urlencode(request.query)}" if request.query else "")
        self.began = clock.monotonic()
        self.began_at = clock.now()
        self.attempts = 0
        self.repeats = 0
        """The number of attempts after a response that belonged to another request."""
        self.mismatch: Mismatch | None = None
        """Why the last response belonged to another request."""
        self.parsed: tuple[Response, Any] | None = None
        """The last response that was parsed to find its request, and its value."""
        self.secrets: tuple[str, ...] = ()
        """Secrets that a response may repeat: the password of the proxy."""
        self.may_have_arrived = False
        """Whether any attempt may have reached the service."""
        self.outcome_unknown = False
        """Whether the effect of such an attempt is unknown: no later look-up has shown that it had none."""

    def encode_body(self) -> None:
        from .request_bodies import encode_json, encode_multipart

        body = with_key(self.request.body, self.key) if self.can_look_up_by_key else self.request.body
        if self.request.files:
            self.content, self.headers["Content-Type"] = encode_multipart(body or {}, self.request.files)
        else:
            self.content, self.headers["Content-Type"] = encode_json(body), "application/json"

    @property
    def can_look_up_by_key(self) -> bool:
        """Return whether the effect of an earlier attempt can be looked up by its key."""
        return self.key is not None and self.request.operation.name == CREATE_CALL

    def run(self) -> Steps[Any]:
        while True:
            try:
                return (yield from self.attempt())
            except PamelaError as error:
                try:
                    recovered = yield from self.next_after_error(error)
                except PamelaError:
                    hide_secrets(error, (self.options.api_key, *self.secrets))
                    error.attempts = self.attempts
                    error.elapsed = self.clock.monotonic() - self.began
                    raise
                if recovered is not None:
                    return recovered.value

    def attempt(self) -> Steps[Any]:
        sent_at = self.clock.now()
        outcome: Outcome = yield self.next_attempt()
        while isinstance(outcome, Response) and outcome.is_of_another:
            if not self.request.operation.idempotent or self.repeats == MOST_REPEATS:
                raise responses.response_of_another(self.request, outcome, str(self.mismatch))
            self.repeats += 1
            self.may_have_arrived = True
            sent_at = self.clock.now()
            outcome = yield self.next_attempt(on_new_connection=True)
        return (yield from self.take(outcome, sent_at))

    def next_attempt(self, *, on_new_connection: bool = False) -> Attempt:
        self.attempts += 1
        can_tell = self.request.path_arguments or self.request.operation.name == CREATE_CALL
        return Attempt(
            operation=self.request.operation.name,
            method=self.request.operation.method,
            url=self.url,
            headers=self.headers,
            content=self.content,
            timeout=self.timeout(),
            give_up_at=self.deadline_at,
            number=self.attempts,
            template=self.request.operation.path,
            accepts=self.request.operation.parser.accepts if self.request.is_streamed else None,
            is_of_another=self.is_of_another if can_tell else None,
            on_new_connection=on_new_connection or self.on_new_connection,
        )

    def is_of_another(self, response: Response) -> bool:
        """Return whether a response on a reused connection belongs to an earlier request."""
        if not 200 <= response.status < 300 or response.status == 204:
            return False
        try:
            value = responses.value_of(self.request, response)
        except PamelaError:
            return False
        self.parsed = (response, value)
        self.mismatch = self.mismatch_of(value)
        return self.mismatch is not None

    def mismatch_of(self, value: Any) -> Mismatch | None:
        from .identity import mismatch_of_new_call, mismatch_of_object

        if self.request.operation.name == CREATE_CALL:
            return mismatch_of_new_call(self.request, value)
        found = mismatch_of_object(self.request, value)
        return None if found is None or self.capabilities.other_names.get(found.asked) == found.found else found

    def learn_other_name(self, value: Any) -> None:
        """Store the service's id of an object that was requested by another id."""
        mismatch = self.mismatch_of(value)
        if mismatch is not None:
            log.warning(
                "%s: the response says that %s, also on a new connection; it is returned as it came",
                self.request.operation.name,
                clean(str(mismatch)),
            )
            if len(self.capabilities.other_names) < MOST_OTHER_NAMES:
                self.capabilities.other_names[mismatch.asked] = mismatch.found

    def take(self, outcome: Outcome, sent_at: datetime) -> Steps[Any]:
        """Return the result of an attempt."""
        if isinstance(outcome, PamelaError):
            self.attempts -= 1
            raise outcome
        if isinstance(outcome, Failure):
            raise responses.error_of_failure(
                self.request, outcome, self.options.base_url, may_have_arrived=self.may_have_arrived
            ) from outcome.cause
        self.secrets = outcome.secrets
        self.learn_clock(outcome, sent_at)
        if outcome.status == 204:
            recovered = yield from self.read_back_result("The service deleted the tool.")
            if recovered is not None:
                return recovered.value
        if 200 <= outcome.status < 300 and self.request.is_streamed:
            return self.opened(outcome)
        if 200 <= outcome.status < 300:
            response, value = self.parsed or (None, None)
            if response is not outcome:
                value = responses.value_of(self.request, outcome)
            if self.repeats:
                self.learn_other_name(value)
            if self.request.operation.name == CREATE_CALL:
                self.check_is_call(value, outcome)
            if self.key is not None and outcome.headers.get(IDEMPOTENCY_HEADER.lower()) == self.key:
                self.capabilities.idempotency_keys = True  # error pages of other servers may echo it
            return value
        raise responses.error_of_response(self.request, outcome, self.url)

    def opened(self, response: Response) -> OpenResponse:
        from .open_responses import OpenResponse

        content = responses.value_of(self.request, response) if response.body is None else None
        return OpenResponse(self.request, response, content, (self.options.api_key, *self.secrets))

    def check_is_call(self, value: Any, response: Response) -> None:
        from .recovery import is_call

        if not is_call(value):
            raise responses.unexpected_response(self.request, response, "a call has an id")

    def learn_clock(self, response: Response, sent_at: datetime) -> None:
        """Store the time of the service's clock in a response."""
        date = response.headers.get("date")
        if date is not None:
            self.capabilities.last_date = (date, sent_at)

    def next_after_error(self, error: PamelaError) -> Steps[Recovered | None]:
        """Return the value if it exists anyway, or None for another attempt. Raise the error otherwise."""
        from .retries import Decision, FailureKind, decide, kind_of

        operation = self.request.operation
        if self.may_have_arrived:
            resolved = yield from self.resolve_refused_retry(error)
            if resolved is not None:
                return resolved
        kind = kind_of(error)
        if kind in (FailureKind.LOST, FailureKind.UNCERTAIN):
            self.may_have_arrived = self.outcome_unknown = True
        error.ambiguous = self.may_have_arrived and not operation.idempotent
        decision = decide(
            kind,
            idempotent=operation.idempotent,
            has_key=self.key is not None,
            keys_honoured=self.capabilities.idempotency_keys,
            can_look_up=self.can_look_up_by_key,
            retries_left=self.attempts - self.repeats <= self.options.max_retries,
            outcome_unknown=self.outcome_unknown,
        )
        if isinstance(error, ConflictError) and self.can_look_up_by_key:
            error.original = yield from self.original_call(error)
        pause = self.pause(error)
        if decision is Decision.RAISE or pause is None:
            raise error
        yield Wait(pause)
        if decision in (Decision.LOOK_UP_AND_RETRY, Decision.LOOK_UP_AND_RAISE):
            try:
                call = yield from self.find_call_by_key()
            except PamelaError:
                raise error from error.__cause__
            if call is not None:
                return Recovered(call)
            self.outcome_unknown = False
        if decision is Decision.LOOK_UP_AND_RAISE:
            raise error
        return None

    def resolve_refused_retry(self, error: PamelaError) -> Steps[Recovered | None]:
        """Return the value of an attempt with a lost response, if the refusal of its repeat shows that it worked."""
        operation = self.request.operation
        if error.status_code == 404 and operation.name == DELETE_TOOL:
            return (yield from self.read_back_result("An earlier attempt deleted the tool."))
        if error.status_code == 409 and operation.name in (CANCEL_CALL, HANGUP_CALL):
            try:
                recovered = yield from self.read_back_result()
            except PamelaError:
                raise error from error.__cause__
            if recovered is not None:
                from .polling import has_ended

                return recovered if has_ended(recovered.value) else None
        return None

    def read_back_result(self, message: str = "") -> Steps[Recovered | None]:
        """Return the result of an operation without a response: the deletion, or the current call."""
        operation = self.request.operation
        if operation.name == DELETE_TOOL:
            tool_id = self.request.path_arguments["tool_id"]
            return Recovered(operation.parser.parse({"success": True, "message": message, "tool_id": tool_id}))
        if operation.name in (CANCEL_CALL, HANGUP_CALL):
            from .._generated.api.calls import get_call

            call_id = self.request.path_arguments["call_id"]
            return Recovered((yield from self.subrequest(get_call.build_request(call_id))))
        return None

    def find_call_by_key(self) -> Steps[Call | None]:
        """Look for the call of an earlier attempt, with at most `recovery.LOOK_UP_REQUESTS` requests."""
        from .recovery import CallLookUp, Wanted

        body = self.request.body
        wanted = Wanted(key=str(self.key), since=self.began_at, to=body.get("to"), task=body.get("task"))
        return (yield from CallLookUp(wanted, self.subrequest_of_look_up, self.capabilities).run())

    def original_call(self, error: PamelaError) -> Steps[Call | None]:
        """Return the call that used the idempotency key, if the service names or returns it."""
        from .._generated.api.calls import get_call
        from .recovery import CallLookUp, Wanted

        call_id = error.details.get("call_id") if isinstance(error.details, dict) else None
        try:
            if isinstance(call_id, str) and call_id:
                return (yield from self.subrequest(get_call.build_request(call_id)))
            wanted = Wanted(str(self.key), since=self.began_at - timedelta(days=1))
            return (yield from CallLookUp(wanted, self.subrequest_of_look_up, self.capabilities).run())
        except PamelaError:
            return None

    def subrequest(self, request: Request[T]) -> Steps[T]:
        """Carry out another request within the time limit of this one."""
        return RequestExecution(request, self.options, self.capabilities, self.clock, self.deadline_at).run()

    def subrequest_of_look_up(self, request: Request[T]) -> Steps[T]:
        """Execute a request of a look-up, on a new connection.

        A list does not say which request it belongs to. After a wrong empty list the call would be placed again.
        """
        return RequestExecution(
            request, self.options, self.capabilities, self.clock, self.deadline_at, on_new_connection=True
        ).run()

    def pause(self, error: PamelaError) -> float | None:
        """Return the seconds until the next attempt, or None if the time is over."""
        from .retries import LONGEST_RETRY_AFTER, longest_backoff

        if error.retry_after is None:
            pause = self.clock.jitter(longest_backoff(self.attempts))
        elif error.retry_after > LONGEST_RETRY_AFTER:
            return None
        else:
            pause = error.retry_after
        if self.deadline_at is not None and self.clock.monotonic() + pause >= self.deadline_at:
            return None
        return pause

    def timeout(self) -> dict[str, float | None]:
        limits = self.options.timeout
        steps = {"connect": limits.connect, "read": limits.read, "write": limits.write, "pool": limits.pool}
        if self.deadline_at is None:
            return steps
        left = remaining(self.deadline_at)
        limited = {
            step: DeadlineTimeout(left if seconds is None or seconds > left else seconds, self.deadline_at)
            for step, seconds in steps.items()
        }
        if self.request.is_streamed:
            # The deadline ends when the response begins. From then on, only this limit applies to each wait for bytes.
            limited["read"] = DeadlineTimeout(LONGEST_WAIT if limits.read is None else limits.read, self.deadline_at)
        return {**limited}


def _deadline_at(options: Options, clock: Clock) -> float | None:
    return None if options.deadline is None else clock.monotonic() + options.deadline


def default_headers(options: Options) -> dict[str, str]:
    return {"Accept": "application/json", **options.headers, "Authorization": SecretStr(f"Bearer {options.api_key}")}


def with_key(body: dict[str, Any], key: str | None) -> dict[str, Any]:
    """Return a body with the idempotency key in the call's metadata, for a later look-up.

    Raises:
        ValidationError: The metadata contains another key.
    """
    metadata = body.get("metadata") or {}
    present = metadata.get(IDEMPOTENCY_METADATA, key)
    if present != key:
        raise ValidationError(
            f"metadata[{IDEMPOTENCY_METADATA!r}]={present!r} differs from idempotency_key={key!r}. "
            "Give the key as the argument only."
        )
    return {**body, "metadata": {**metadata, IDEMPOTENCY_METADATA: key}}
