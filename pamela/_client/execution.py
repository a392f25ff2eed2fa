"""What to send, what to send again, how long to wait, which exception: decided once, without I/O.

`exchange` is a generator. It yields an `Attempt` and takes its `Outcome`, or yields a `Wait` and takes nothing; it
returns the value or raises. The clients drive it, sync and async, and do nothing else.

A request goes out again only when that cannot do a thing twice:

- when it was not acted upon: no connection was made, or the service said 429;
- when the operation is idempotent, and the answer was lost, or was 408, 500, 502, 503 or 504;
- when it has an idempotency key, and either the service is known to honour such keys, or a look at the calls shows that
  the earlier attempt placed none.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from .._core.operation import IDEMPOTENCY_HEADER
from .._generated.api.calls import cancel_call, create_call, get_call, hangup_call
from .._generated.api.tools import delete_tool
from .._generated.models.call import Call
from .._http.attempt import Attempt, DeadlineTimeout, Failure, Outcome, Wait, remaining
from ..errors import APIConnectionError, PamelaError, UnexpectedResponseError, ValidationError
from . import responses
from .pagination import Pages, id_of
from .polling import has_ended

if TYPE_CHECKING:
    from .._core.operation import Request
    from .._generated.models.call_page import CallPage
    from .options import Options

T = TypeVar("T")
Steps = Generator[Attempt | Wait, Any, T]

IDEMPOTENCY_METADATA = "idempotency_key"
RETRIED = frozenset({408, 500, 502, 503, 504})
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 60.0
CLOCK_SKEW = timedelta(minutes=15)
"""How far the service's clock and ours may differ before a look for an earlier call misses it."""


class Server:
    """What a client has learned of the service it talks to."""

    __slots__ = ("honours_keys",)

    def __init__(self) -> None:
        self.honours_keys = False


def exchange(request: Request[T], options: Options, server: Server) -> Steps[T]:
    """Carry a request out.

    Raises:
        PamelaError: It failed; the subclass says how.
    """
    give_up_at = None if options.deadline is None else time.monotonic() + options.deadline
    return _Exchange(request, options, server, give_up_at).run()


class _Exchange:
    """One operation, from its first attempt to its value or exception."""

    def __init__(self, request: Request[Any], options: Options, server: Server, give_up_at: float | None) -> None:
        self.request = request
        self.options = options
        self.server = server
        self.key = request.headers.get(IDEMPOTENCY_HEADER)
        self.headers = {**headers_of(options), **request.headers}
        self.content = encode(with_key(request.body, self.key) if self.searchable else request.body)
        if self.content is not None:
            self.headers["Content-Type"] = "application/json"
        self.url = options.base_url + request.path + (f"?{urlencode(request.query)}" if request.query else "")
        self.began = time.monotonic()
        self.began_at = datetime.now(UTC)
        self.give_up_at = give_up_at
        self.attempts = 0
        self.reached = False
        """Whether an earlier attempt may have reached the service."""
        self.unsettled = False
        """Whether it is open what such an attempt did: a look has not shown that it did nothing."""

    @property
    def searchable(self) -> bool:
        """Whether what an earlier attempt did can be found by its key."""
        return self.key is not None and self.request.operation is create_call.OPERATION

    def run(self) -> Steps[Any]:
        while True:
            try:
                return (yield from self.attempt())
            except PamelaError as error:
                try:
                    done = yield from self.recover(error)
                except PamelaError:
                    error.attempts = self.attempts
                    error.elapsed = time.monotonic() - self.began
                    raise
                if done is not None:
                    return done[0]

    def attempt(self) -> Steps[Any]:
        self.attempts += 1
        outcome: Outcome = yield Attempt(
            operation=self.request.operation.name,
            method=self.request.operation.method,
            url=self.url,
            headers=self.headers,
            content=self.content,
            timeout=self.timeout(),
            give_up_at=self.give_up_at,
            number=self.attempts,
        )
        if isinstance(outcome, PamelaError):
            self.attempts -= 1
            raise outcome
        if isinstance(outcome, Failure):
            error = responses.error_of_failure(self.request, outcome, self.options.base_url, reached=self.reached)
            raise error from outcome.cause
        if self.key is not None and outcome.headers.get(IDEMPOTENCY_HEADER.lower()) == self.key:
            self.server.honours_keys = True
        if outcome.status == 204:
            done = yield from self.effect("The service deleted the tool.")
            if done is not None:
                return done[0]
        if 200 <= outcome.status < 300:
            return responses.value_of(self.request, outcome)
        raise responses.error_of(self.request, outcome)

    def recover(self, error: PamelaError) -> Steps[tuple[Any] | None]:
        """Give the value that was wanted if it is there all the same; return None for another attempt, or raise."""
        if self.reached:
            settled = yield from self.settle(error)
            if settled is not None:
                return settled
        lost = is_lost(error) or error.ambiguous
        self.reached = self.reached or lost
        self.unsettled = self.unsettled or lost
        error.ambiguous = self.reached and not self.request.operation.idempotent
        repeatable = was_refused(error) or (lost and (self.request.operation.idempotent or self.key is not None))
        tries_left = self.attempts <= self.options.max_retries
        pause = self.pause(error)
        if pause is None or not repeatable or not (tries_left or (lost and self.searchable)):
            raise error
        yield Wait(pause)
        if error.ambiguous and self.unsettled and not (self.server.honours_keys and tries_left):
            found = yield from self.find(error)
            if found is not None:
                return found
            self.unsettled = False
        if not tries_left:
            raise error
        return None

    def settle(self, error: PamelaError) -> Steps[tuple[Any] | None]:
        """After an attempt whose answer was lost, a refusal may mean that it did what was wanted."""
        operation = self.request.operation
        if error.status_code == 404 and operation is delete_tool.OPERATION:
            return (yield from self.effect("An earlier attempt deleted the tool."))
        if error.status_code == 409 and operation in (cancel_call.OPERATION, hangup_call.OPERATION):
            try:
                done = yield from self.effect()
            except PamelaError:
                raise error from None
            if done is not None and has_ended(done[0]):
                return done
        return None

    def effect(self, message: str = "") -> Steps[tuple[Any] | None]:
        """Give what the operation did where no answer says it: the deletion, or the call as it is now."""
        operation = self.request.operation
        if operation is delete_tool.OPERATION:
            tool_id = self.request.path_arguments["tool_id"]
            return (operation.parser.parse({"success": True, "message": message, "tool_id": tool_id}),)
        if operation in (cancel_call.OPERATION, hangup_call.OPERATION):
            return ((yield from self.get_call(self.request.path_arguments["call_id"])),)
        return None

    def find(self, error: PamelaError) -> Steps[tuple[Any] | None]:
        """Look whether an earlier attempt placed the call; None where the calls show that it did not."""
        if not self.searchable:
            raise error
        try:
            pages = Pages({"start_date": self.began_at - CLOCK_SKEW})
            while pages.next is not None:
                page = yield from self.beside(pages.next)
                if not is_whole(page):
                    raise error
                for call in pages.take(page):
                    # Whoever lists calls in short may leave the metadata out.
                    seen = call if "metadata" in call else (yield from self.get_call(call["id"]))
                    if isinstance(seen.metadata, dict) and seen.metadata.get(IDEMPOTENCY_METADATA) == self.key:
                        return (seen,)
        except PamelaError:
            raise error from None
        return None

    def get_call(self, call_id: str) -> Steps[Call]:
        return (yield from self.beside(get_call.build_request(call_id)))

    def beside(self, request: Request[T]) -> Steps[T]:
        """Carry another request out in the time of this one."""
        return _Exchange(request, self.options, self.server, self.give_up_at).run()

    def pause(self, error: PamelaError) -> float | None:
        """Give the seconds until the next attempt, or None where there is no time for one."""
        if error.retry_after is None:
            wait = random.uniform(0, backoff(self.attempts))  # noqa: S311
        elif error.retry_after > LONGEST_RETRY_AFTER:
            return None
        else:
            wait = error.retry_after
        if self.give_up_at is not None and time.monotonic() + wait >= self.give_up_at:
            return None
        return wait

    def timeout(self) -> dict[str, float | None]:
        limits = self.options.timeout
        steps = {"connect": limits.connect, "read": limits.read, "write": limits.write, "pool": limits.pool}
        if self.give_up_at is None:
            return steps
        left = remaining(self.give_up_at)
        return {
            step: DeadlineTimeout(left if seconds is None or seconds > left else seconds, self.give_up_at)
            for step, seconds in steps.items()
        }


def backoff(attempts: int) -> float:
    """Give the longest pause after so many attempts, in seconds."""
    doublings = min(attempts - 1, 32)  # a float has an end
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**doublings)


def is_whole(page: CallPage) -> bool:
    """Whether a page lists calls, and does not have an end that its own total contradicts."""
    items, total, offset = page.get("items"), page.get("total"), page.get("offset")
    if not isinstance(items, list) or not all(isinstance(call, Call) and id_of(call) for call in items):
        return False
    if page.get("has_more") or page.get("next_offset") or not isinstance(total, int):
        return True
    return total <= (offset if isinstance(offset, int) else 0) + len(items)


def is_lost(error: PamelaError) -> bool:
    """Whether it is open what became of the request."""
    if isinstance(error, APIConnectionError):
        return error.sent
    if isinstance(error, UnexpectedResponseError):
        return error.status_code is not None and 200 <= error.status_code < 300
    return error.status_code in RETRIED


def was_refused(error: PamelaError) -> bool:
    """Whether the request cannot have been acted upon and may be in a moment."""
    return error.status_code == 429 or (isinstance(error, APIConnectionError) and not error.sent)


def headers_of(options: Options) -> dict[str, str]:
    return {"Accept": "application/json", **options.headers, "Authorization": f"Bearer {options.api_key}"}


def with_key(body: dict[str, Any], key: str | None) -> dict[str, Any]:
    """Put the idempotency key into the call's metadata, where a later look finds it."""
    metadata = body.get("metadata") or {}
    present = metadata.get(IDEMPOTENCY_METADATA, key)
    if present != key:
        raise ValidationError(
            f"metadata[{IDEMPOTENCY_METADATA!r}]={present!r} differs from idempotency_key={key!r}. "
            "Give the key as the argument only."
        )
    return {**body, "metadata": {**metadata, IDEMPOTENCY_METADATA: key}}


def encode(body: Any) -> bytes | None:
    """Write a body as JSON.

    Raises:
        ValidationError: It has something that JSON has no form for.
    """
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise ValidationError(f"The body cannot be sent as JSON: {error}.") from None
