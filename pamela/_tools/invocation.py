"""Run a tool for one invocation: claim it once, start it in time or not at all, and store its response."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from .._webhooks.concurrency import run_coroutine
from .error_texts import CONFLICT, FAILED, INTERRUPTED, RESPONSE_DROPPED, TOO_LATE
from .errors import ToolError
from .invocation_ids import (
    fingerprint_of,
    id_of_invocation,
    id_of_repeatable_call,
    is_of_another_invocation,
    new_owner,
)
from .leases import InvocationClaim
from .log import log_failure
from .responses import ToolResponse
from .stores.protocol import InvocationRecord, InvocationState

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._generated.models import ToolInvocation
    from .function_tools import FunctionTool
    from .leases import LeaseKeeper
    from .stores.protocol import InvocationStore

ToolScope = Callable[[], AbstractContextManager[Any]]

_NOT_AT_ALL = 0.001
"""Seconds for which an invocation is remembered that did not start. A repeat may run it."""
_PAUSES = (0.005, 0.1)
"""Seconds between two look-ups of another run's response: the first and the longest pause."""


class _TooLateError(Exception):
    """The tool's time is over."""


class _LostClaimError(Exception):
    """Another run has claimed the invocation, because the lease of this run had ended."""


class _Deadline:
    """The deadline of a tool. The function does not start after the deadline or after `give_up`.

    Attributes:
        has_begun: Whether the function may have started.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._is_given_up = False
        self._response: ToolResponse | None = None
        self._lock = threading.Lock()
        self.has_begun = False

    @property
    def remaining(self) -> float:
        """Return the remaining seconds, at least 0."""
        return max(0.0, self._ends_at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Return whether the function may no longer start."""
        return self._is_given_up or not self.remaining

    def check_before_start(self, *, begins: bool = True) -> None:
        """Raise _TooLateError if the function may no longer start.

        Args:
            begins: Whether the function runs next. Calling an async function only makes a coroutine.
        """
        with self._lock:
            if self.is_over:
                raise _TooLateError
            self.has_begun = self.has_begun or begins

    def settle(self, response: ToolResponse, *, unless_given_up: ToolResponse | None = None) -> ToolResponse:
        """Return the response to send. From now on `give_up` returns it too.

        Args:
            response: The response.
            unless_given_up: The response to send instead if the agent already knows that the time is over.
        """
        with self._lock:
            self._response = unless_given_up if unless_given_up is not None and self._is_given_up else response
            return self._response

    def give_up(self) -> ToolResponse | None:
        """Prevent any start from now on. A start that `check_before_start` has allowed still takes place.

        Returns:
            The response, if there is one that still has to be stored.
        """
        with self._lock:
            self._is_given_up = self._response is None
            return self._response


class ToolRun:
    """The function of a tool with its arguments, for a call in a new thread.

    Args:
        tool: The tool.
        function: The function with the arguments. It takes a database connection if the tool has a parameter for it.
        invocation: The invocation from the agent.
        store: The invocation store.
        leases: Extends the claim while the tool runs.
        scope: Returns a context manager. The function is called in it.
        loop: The event loop for async functions. None means the package's own loop.
    """

    def __init__(
        self,
        tool: FunctionTool[..., Any],
        function: Callable[..., Any],
        invocation: ToolInvocation,
        store: InvocationStore,
        leases: LeaseKeeper,
        scope: ToolScope,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._tool = tool
        self._function = function
        self._invocation = invocation
        self._store = store
        self._leases = leases
        self._scope = scope
        self._loop = loop
        self._fingerprint = fingerprint_of(invocation)
        self._deadline = _Deadline(tool.timeout_seconds)
        self._is_logged_as_late = False

    @property
    def remaining(self) -> float:
        """Return how long to wait for the response, in seconds."""
        return self._deadline.remaining

    def __call__(self) -> ToolResponse:
        """Run the function and return its response, or wait for the response of an earlier run."""
        claims = self._claims()
        claimed: list[InvocationClaim] = []
        try:
            response = self._claim(claims, claimed)
        except Exception:
            # Without the store, the tool may have run before. Running it twice is worse than not running it.
            log_failure(self._invocation, "the invocation store failed", exc_info=True)
            response = self._too_late() if self._deadline.is_over else self._error(FAILED)
            response = self._deadline.settle(response, unless_given_up=self._error(TOO_LATE))
            claimed = claims  # The claim may have arrived although its response was lost.
        else:
            if response is None:
                with self._leases.hold(claims):
                    response = self._run(claims)
        return self._complete(claimed, response)

    def give_up(self) -> ToolResponse:
        """Prevent the start of the function, and return the response that its time is over.

        If the run has its response and waits only for the store, return that response.
        """
        return self._deadline.give_up() or self._too_late()

    def _claims(self) -> list[InvocationClaim]:
        owner = new_owner(self._fingerprint)
        claims = [InvocationClaim(id_of_invocation(self._invocation), owner, None)]
        if self._tool.once is not None:
            arguments = self._tool.essential_arguments(self._invocation)
            invocation_id = id_of_repeatable_call(self._invocation, arguments)
            claims.append(InvocationClaim(invocation_id, owner, self._tool.once, is_for_repeats=True))
        return claims

    def _claim(self, claims: list[InvocationClaim], claimed: list[InvocationClaim]) -> ToolResponse | None:
        """Make all claims and add them to `claimed`. Return None if this run may start, or else another run's response."""
        for claim in claims:
            response = self._claim_one(claim)
            if response is not None:
                return response
            claimed.append(claim)
        return None

    def _claim_one(self, claim: InvocationClaim) -> ToolResponse | None:
        pause, longest = _PAUSES
        while self._deadline.remaining:
            # A claim that can be passed on does not show its former owner.
            if self._tool.after_crash == "run" and self._is_of_another(claim, self._store.get(claim.invocation_id)):
                return self._conflict()
            record: InvocationRecord | None = self._store.claim(
                claim.invocation_id,
                owner=claim.owner,
                lease_seconds=self._leases.lease_seconds,
                after_crash=self._tool.after_crash,
                keep_seconds=claim.keep_seconds,
                timeout_seconds=self._deadline.remaining,
            )
            if record is not None and record.belongs_to(claim.owner):
                return None
            while record is not None and not record.is_abandoned:
                if self._is_of_another(claim, record):
                    return self._conflict()
                if record.state is not InvocationState.RUNNING:
                    return self._response_of(record)
                if not self._deadline.remaining:
                    return self._too_late()
                time.sleep(min(pause, self._deadline.remaining))
                pause = min(2 * pause, longest)
                record = self._store.get(claim.invocation_id)
        return self._too_late()

    def _is_of_another(self, claim: InvocationClaim, record: InvocationRecord | None) -> bool:
        """Return whether the correlation id belongs to another tool, call or arguments."""
        if record is None or claim.is_for_repeats:
            return False
        return is_of_another_invocation(record.owner, self._fingerprint)

    def _conflict(self) -> ToolResponse:
        log_failure(self._invocation, "another tool, call or other arguments came with this correlation id before")
        return self._error(CONFLICT)

    def _response_of(self, record: InvocationRecord) -> ToolResponse:
        if record.response is not None:
            return ToolResponse.from_text(record.response, self._invocation)
        if record.state is InvocationState.FAILED:
            log_failure(self._invocation, "an earlier run crashed, and after_crash='refuse' allows no other")
            return self._error(INTERRUPTED)
        log_failure(self._invocation, "it ran already, and the store has dropped its response")
        return self._error(RESPONSE_DROPPED)

    def _run(self, claims: list[InvocationClaim]) -> ToolResponse:
        try:
            with self._scope():
                if self._tool.takes_connection:
                    response = self._run_in_transaction(claims)
                else:
                    response = self._respond(self._call())
            return self._deadline.settle(response)
        except ToolError as error:
            try:
                message = str(error) or FAILED
            except Exception:
                message = FAILED
            log_failure(self._invocation, message)
            return self._error(message)
        except _TooLateError:
            return self._too_late()
        except BaseException:
            # Also catch SystemExit and CancelledError: the function must not end this thread, because the caller waits for it.
            log_failure(self._invocation, "it raised an exception", exc_info=True)
            return self._error(FAILED)

    def _run_in_transaction(self, claims: list[InvocationClaim]) -> ToolResponse:
        store: Any = self._store
        try:
            with store.transaction() as connection:
                response = self._respond(self._call(connection))
                # All of them here: a process that died after the commit would leave one for which the tool runs again.
                for claim in claims:
                    kept = store.complete(
                        claim.invocation_id,
                        response.to_text(),
                        owner=claim.owner,
                        keep_seconds=claim.keep_seconds,
                        connection=connection,
                    )
                    if not kept:
                        raise _LostClaimError
        except _LostClaimError:
            log_failure(self._invocation, "its lease ended and another run took over, so its changes were rolled back")
            return self._error(FAILED)
        return response

    def _call(self, *connection: Any) -> Any:
        self._deadline.check_before_start(begins=not self._tool.is_async)
        # Decorators and callable objects may hide that a function is async, but its result shows it.
        result = self._function(*connection)
        return run_coroutine(self._await(result), self._loop) if inspect.isawaitable(result) else result

    async def _await(self, work: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._deadline.remaining) as scope:
                # The loop may have been busy since the check. Perhaps the function has not started.
                self._check_awaitable_before_start(work)
                return await work
        except TimeoutError:
            if scope.expired():
                raise _TooLateError from None
            raise

    def _check_awaitable_before_start(self, work: Awaitable[Any]) -> None:
        try:
            self._deadline.check_before_start()
        except _TooLateError:
            # Close a coroutine, because Python warns if it is not awaited. Cancel a task, because it would start by itself.
            end = getattr(work, "close" if inspect.iscoroutine(work) else "cancel", None)
            if callable(end):
                end()
            raise

    def _respond(self, result: Any) -> ToolResponse:
        return ToolResponse.of_result(self._invocation, self._tool.result_as_json(result))

    def _complete(self, claims: list[InvocationClaim], response: ToolResponse) -> ToolResponse:
        """Store the response for all claims, and return the stored response."""
        state = InvocationState.FAILED if response.is_error else InvocationState.DONE
        try:
            for claim in claims:
                is_forgotten = claim.is_for_repeats and not self._deadline.has_begun
                keep_seconds = _NOT_AT_ALL if is_forgotten else claim.keep_seconds
                kept = self._store.complete(
                    claim.invocation_id, response.to_text(), owner=claim.owner, state=state, keep_seconds=keep_seconds
                )
                if not kept:
                    response = self._response_kept(claim) or response
        except Exception:
            log_failure(self._invocation, "the invocation store failed to store its response", exc_info=True)
        return response

    def _response_kept(self, claim: InvocationClaim) -> ToolResponse | None:
        """Return the response of the run that took over, or of a transaction whose commit seemed to fail."""
        log_failure(self._invocation, "the invocation store already has a response, which is the one that counts")
        record = self._store.get(claim.invocation_id)
        if record is None or record.response is None or self._is_of_another(claim, record):
            return None
        return ToolResponse.from_text(record.response, self._invocation)

    def _too_late(self) -> ToolResponse:
        if not self._is_logged_as_late:
            self._is_logged_as_late = True
            log_failure(self._invocation, f"no response within {self._tool.timeout_seconds:g} s")
        return self._error(TOO_LATE)

    def _error(self, error: str) -> ToolResponse:
        return ToolResponse.of_error(self._invocation, error)
