"""PamelaClient and AsyncPamelaClient: the operations of the API as methods, with retries, paging and waiting."""

from __future__ import annotations

import functools
import inspect
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, ParamSpec, Self, TypeVar

import httpx

from ._client import live_guard
from ._client.capabilities import ServerCapabilities
from ._client.clock import SYSTEM_CLOCK, Clock
from ._client.execution import Steps, execute, look_up_call
from ._client.logging import configure, is_logged, log_outcome
from ._client.options import UNSET, Hook, Options, Timeout
from ._generated.methods import AsyncOperationMethods, OperationMethods
from ._http.attempt import Attempt, AttemptInfo, Failure, Outcome, Response
from ._http.redaction import hide, hide_headers
from ._http.transports import AsyncTransport, Library, SyncTransport
from ._version import __version__
from .errors import APIConnectionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from datetime import date, datetime
    from types import TracebackType

    from opentelemetry.trace import Tracer

    from ._client.options import TimeoutLike
    from ._client.polling import Watch
    from ._client.raw_response import RawResponse
    from ._core.operation import Request
    from ._generated.models.call import Call
    from ._generated.models.usage import Usage

T = TypeVar("T")
P = ParamSpec("P")
H = TypeVar("H")
X = TypeVar("X")

CHANGEABLE = frozenset({"timeout", "deadline", "max_retries", "headers", "on_request", "on_response"})
SETTINGS = CHANGEABLE | {"base_url", "http_client"}

configure()


class _Client(Generic[H, X]):
    """What both clients share: the settings, the connections, and what they know about the service."""

    _clock: Clock = SYSTEM_CLOCK
    _transport: SyncTransport | AsyncTransport
    _transport_of: ClassVar[Callable[..., SyncTransport | AsyncTransport]]

    if not TYPE_CHECKING:  # the arguments are those of __init__

        def __new__(cls, *args: Any, **settings: Any) -> Self:
            if cls.__init__ is _Client.__init__:
                given, names = len(args), list(settings)
                del args
                settings.clear()  # A traceback shows variables, and one of them may be an API key.
                check_settings(cls.__name__, cls.__init__, given, names)
            return super().__new__(cls)

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | TimeoutLike | None = Timeout(),  # noqa: B008
        deadline: float | None = 120.0,
        max_retries: int = 2,
        headers: Mapping[str, str] | None = None,
        http_client: H | None = None,
        transport: X | None = None,
        on_request: Hook | None = None,
        on_response: Hook | None = None,
    ) -> None:
        api_key, base_url, headers = hide(api_key), hide(base_url), hide_headers(headers)
        self._options = Options.create(
            api_key,
            base_url,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            headers=headers,
            on_request=on_request,
            on_response=on_response,
        )
        self._capabilities = ServerCapabilities()
        self._transport = self._transport_of(http_client, transport, self.base_url)

    if not TYPE_CHECKING:
        __new__.__wrapped__ = __init__  # which `inspect.signature` shows

    @property
    def api_key(self) -> str:
        """The API key. If you assign another key, the next request uses it."""
        return str(self._options.api_key)

    @api_key.setter
    def api_key(self, value: str) -> None:
        value = hide(value)
        self._options = self._options.replace(api_key=value)

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self._options.base_url

    @property
    def base_api_url(self) -> str:
        """The address of the API with the common path of all operations: `base_url` with `/api/b2b/v1`."""
        from ._generated.api.calls import list_calls

        return f"{self.base_url}{list_calls.OPERATION.path.removesuffix('/calls')}"

    @property
    def http_library(self) -> Library:
        """The name of the HTTP library that sends the requests."""
        return self._transport.library

    @property
    def transport(self) -> Library:
        """The old name of `http_library`. Version 3.0 removes it."""
        return self.http_library

    def with_options(
        self,
        *,
        api_key: str = UNSET,
        timeout: float | TimeoutLike | None = UNSET,
        deadline: float | None = UNSET,
        max_retries: int = UNSET,
        headers: Mapping[str, str] = UNSET,
        on_request: Hook | None = UNSET,
        on_response: Hook | None = UNSET,
    ) -> Self:
        """Return a client with other settings that shares the connections. This client does not change.

        Args:
            api_key: Another API key.
            timeout: Seconds for each step of an attempt: one number for all steps, or a `Timeout`. None sets no limit.
            deadline: Seconds for an operation with all its attempts. None sets no limit.
            max_retries: Maximum number of retries of a request.
            headers: Headers to send besides those of this client. They replace headers of the same names.
            on_request: Called with an `AttemptInfo` before each attempt. None removes the hook.
            on_response: Called with the same `AttemptInfo` after the attempt. None removes the hook.

        Returns:
            The new client. Use it for any number of calls. Closing one of the two clients closes both.

        Raises:
            ValidationError: A setting is invalid.

        Example:
            >>> client.with_options(timeout=2, max_retries=0).get_call(call["id"])  # doctest: +SKIP
        """
        api_key, headers = hide(api_key), hide_headers(headers)
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.__dict__.pop("usage", None)  # that of this client
        other._options = self._options.replace(
            api_key=api_key,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            headers=headers,
            on_request=on_request,
            on_response=on_response,
        )
        return other

    if not TYPE_CHECKING:
        _with_options = with_options

        @functools.wraps(_with_options)
        def with_options(self, *args: Any, **settings: Any) -> Self:
            given, names = len(args), list(settings)
            del args
            settings = {name: hide(value) if name == "api_key" else value for name, value in settings.items()}
            if "headers" in settings:
                settings["headers"] = hide_headers(settings["headers"])
            check_settings(f"{type(self).__name__}.with_options", self._with_options, given, names)
            return self._with_options(**settings)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "api_key":
                value = hide(value)
            elif name in SETTINGS:
                cls = type(self).__name__
                shown = repr(value) if isinstance(value, int | float) else "..."
                how = f"client.with_options({name}={shown})" if name in CHANGEABLE else f"{cls}({name}={shown})"
                del value  # Headers may contain secrets.
                raise AttributeError(f"{name} of a {cls} cannot be assigned. Use another client: {how}.")
            object.__setattr__(self, name, value)

    def _finish(self, request: Request[Any], value: T, *, is_async: bool) -> T:
        if "yaml" in sys.modules:
            from ._core.yaml_support import teach_yaml

            teach_yaml()
        if hasattr(type(value), "_source"):  # a page, which can get the next one from there
            from ._client.page_origin import set_origin

            set_origin(value, self, request, is_async=is_async)  # type: ignore[arg-type]
        return value

    def _end_attempt(self, info: AttemptInfo, outcome: Outcome, began: float) -> None:
        # `with_raw_response` imports this module. Until then nobody asks for responses.
        if "pamela._client.capture" in sys.modules and isinstance(outcome, Response):
            from ._client.capture import capture

            capture(outcome)
        if self._options.on_response is None and not is_logged():
            return
        info.elapsed = self._clock.monotonic() - began
        if isinstance(outcome, Response):
            info.status_code = outcome.status
            info.request_id = outcome.headers.get("x-request-id")
        else:
            info.problem = outcome.problem if isinstance(outcome, Failure) else str(outcome)
        log_outcome(info)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A {type(self).__name__} cannot be pickled or copied: it has connections and an API key. "
            "Make one in each process, or share it between threads."
        )

    def __repr__(self) -> str:
        options = getattr(self, "_options", None)  # there is none in a traceback of a constructor that failed
        return f"{type(self).__name__}({'' if options is None else f'base_url={options.base_url!r}'})"


class PamelaClient(_Client[httpx.Client, httpx.BaseTransport], OperationMethods):
    """A client for the Pamela API. Use one client for the whole program. It is safe in several threads.

    Args:
        api_key: The API key, `pk_live_...`. The default is the environment variable `PAMELA_API_KEY`.
        base_url: The address of the API, without `/api/b2b/v1`. The default is the environment variable
            `PAMELA_BASE_URL`, or else the production service.
        timeout: Seconds for each step of an attempt: one number for all steps, or a `Timeout`. None sets no limit.
        deadline: Seconds for an operation with all its attempts. None sets no limit.
        max_retries: Maximum number of retries of a request. The client retries only if that is safe; the page
            "Reliability" of the documentation lists the cases.
        headers: Additional headers for every request.
        http_client: Your own `httpx.Client` that sends the requests. `close` does not close it.
        transport: An `httpx.BaseTransport` that sends the requests. Pass it instead of `http_client`.
        on_request: Called with an `AttemptInfo` before each attempt.
        on_response: Called with the same `AttemptInfo` after the attempt.

    Raises:
        ValidationError: The API key is missing, or a setting is invalid.

    Example:
        >>> from pamela import PamelaClient
        >>> client = PamelaClient(api_key="pk_live_...")
        >>> client.base_url
        'https://api.thisispamela.com'
    """

    _transport: SyncTransport
    _transport_of = SyncTransport

    @cached_property
    def usage(self) -> UsageClient:
        """The usage of the account: `client.usage.get()`."""
        return UsageClient(self)

    def watch_call(
        self,
        call_id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        transcript_timeout: float = 10.0,
    ) -> Iterator[Call]:
        """Follow a call until it ends.

        Args:
            call_id: The call's `id`.
            timeout: Maximum time to wait, in seconds. None sets no limit.
            poll_interval: Time between two requests, in seconds.
            transcript_timeout: Maximum time to wait for the transcript after the call has completed, in seconds.

        Returns:
            An iterator. It yields the call at once, after each change, and last when it has ended.

        Raises:
            WaitTimeoutError: The call has not ended in time. The error's `call` is the last known state.
            PamelaError: The call could not be fetched.

        Example:
            >>> for call in client.watch_call(call_id):  # doctest: +SKIP
            ...     print(call.status)
        """
        from ._client.polling import Watch

        return self._watch(call_id, Watch(timeout, poll_interval, transcript_timeout, self._clock))

    def _watch(self, call_id: str, watch: Watch) -> Iterator[Call]:
        while True:
            in_time = self.with_options(deadline=watch.deadline(self._options.deadline))
            try:
                call = in_time.get_call(call_id)
            except APIConnectionError as error:
                watch.check_failure(error)
                return
            if watch.update(call):
                yield call
            if watch.is_over():
                return
            self._clock.sleep(watch.pause())

    def wait_for_call(
        self,
        call_id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        transcript_timeout: float = 10.0,
    ) -> Call:
        """Wait until a call has ended.

        Args:
            call_id: The call's `id`.
            timeout: Maximum time to wait, in seconds. None sets no limit.
            poll_interval: Time between two requests, in seconds.
            transcript_timeout: Maximum time to wait for the transcript after the call has completed, in seconds.

        Returns:
            The ended call: completed, failed or cancelled.

        Raises:
            WaitTimeoutError: The call has not ended in time. The error's `call` is the last known state.
            PamelaError: The call could not be fetched.

        Example:
            >>> call = client.wait_for_call(call_id, timeout=600)  # doctest: +SKIP
        """
        from ._client.polling import Watch

        watch = Watch(timeout, poll_interval, transcript_timeout, self._clock)
        for _ in self._watch(call_id, watch):
            pass
        return watch.last_call

    def find_call(
        self,
        *,
        idempotency_key: str,
        to: str | None = None,
        task: str | None = None,
        since: datetime | date | str | None = None,
    ) -> Call | None:
        """Find the call that was placed with an idempotency key, for example after an ambiguous error.

        The method reads the list of calls. If the list does not show the metadata of a call, it gets that call. It
        sends at most 20 requests.

        Args:
            idempotency_key: The key that the call was placed with.
            to: The number that was called, in E.164 form. With it, the method gets fewer calls.
            task: The task of the call. With it, the method gets fewer calls.
            since: The earliest time at which the call may have been placed. The default is 24 hours ago.

        Returns:
            The call, or None if no such call exists.

        Raises:
            CallLookupError: It is unclear whether such a call exists. The service does not show the metadata of a
                matching call, or shows a key that looks random and may be a hash of this one; its list is incomplete,
                or there are too many calls.
            ValidationError: An argument is invalid.
            PamelaError: The calls could not be listed.

        Example:
            >>> client.find_call(idempotency_key="order-1042", to="+1234567890")  # doctest: +SKIP
        """
        from ._client.recovery import wanted_call

        wanted = wanted_call(idempotency_key, to, task, since, self._clock)
        return self._drive(look_up_call(wanted, self._options, self._capabilities, self._clock))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call an endpoint that this version does not know.

        Args:
            method: The HTTP method, such as `GET`.
            path: The path after `base_url`, such as `/api/b2b/v1/calls`.
            params: The query parameters. A list repeats its name.
            json: The body, as a JSON value.
            headers: Additional headers. With an `Idempotency-Key`, the client may retry a `POST`.

        Returns:
            The JSON value of the response, or None if the response has no body.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request.
            PamelaError: Any other error.

        Example:
            >>> client.request("GET", "/api/b2b/v1/voices", params={"locale": "en-US"})  # doctest: +SKIP
        """
        from ._client.raw_request import raw_request

        return self._execute(raw_request(method, path, params, json, headers))

    def with_raw_response(self, method: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        """Call a method of this client. Return its value together with the HTTP response.

        Args:
            method: The method, such as `client.get_call`.
            *args: The positional arguments of the method.
            **kwargs: The keyword arguments of the method.

        Returns:
            The value, and the status, headers and request id of the last response.

        Raises:
            ValidationError: The method sent no request.
            PamelaError: The method raised it.

        Example:
            >>> response = client.with_raw_response(client.get_call, call_id)  # doctest: +SKIP
            >>> response.value.status, response.status_code, response.headers["date"]  # doctest: +SKIP
        """
        from ._client.capture import capturing
        from ._client.raw_response import raw_response

        with capturing() as responses:
            value = method(*args, **kwargs)
        return raw_response(value, responses, method)

    def _execute(self, request: Request[T]) -> T:
        if "asyncio" in sys.modules:
            from ._client.event_loops import warn_in_event_loop

            warn_in_event_loop()
        tracer = get_tracer()
        if tracer is None:
            value = self._drive(execute(request, self._options, self._capabilities, self._clock))
        else:
            from ._client import tracing

            with tracing.operation_span(tracer, request.operation):
                value = self._drive(execute(request, self._options, self._capabilities, self._clock))
        return self._finish(request, value, is_async=False)

    def _drive(self, steps: Steps[T]) -> T:
        outcome: Outcome | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            if isinstance(step, Attempt):
                outcome = self._attempt(step)
            else:
                self._clock.sleep(step.seconds)
                outcome = None

    def _attempt(self, attempt: Attempt) -> Outcome:
        tracer = get_tracer()
        if tracer is None:
            return self._send_attempt(attempt)
        from ._client import tracing

        with tracing.attempt_span(tracer, attempt) as traced:
            outcome = traced.outcome = self._send_attempt(traced.attempt)
        return outcome

    def _send_attempt(self, attempt: Attempt) -> Outcome:
        forbidden = live_guard.refusal(attempt.url)
        if forbidden is not None:
            return forbidden
        info = AttemptInfo(attempt.operation, attempt.method, attempt.url, attempt.number)
        if self._options.on_request is not None:
            self._options.on_request(info)
        began = self._clock.monotonic()
        outcome = self._transport.send(attempt)
        self._end_attempt(info, outcome, began)
        if self._options.on_response is not None:
            self._options.on_response(info)
        return outcome

    def close(self) -> None:
        """Close the connections. A closed client sends no requests. Your own `http_client` stays open."""
        self._transport.close()

    if not TYPE_CHECKING:

        async def __aenter__(self) -> NoReturn:
            raise TypeError(
                "A PamelaClient is used as 'with PamelaClient() as client:'. 'async with' takes AsyncPamelaClient."
            )

        async def __aexit__(self, *_: object) -> None:
            """Exist, so that `__aenter__` is called."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncPamelaClient(_Client[httpx.AsyncClient, httpx.AsyncBaseTransport], AsyncOperationMethods):
    """A client for the Pamela API in asyncio and trio. It has the methods of `PamelaClient`, with `await`.

    Args:
        api_key: The API key, `pk_live_...`. The default is the environment variable `PAMELA_API_KEY`.
        base_url: The address of the API, without `/api/b2b/v1`. The default is the environment variable
            `PAMELA_BASE_URL`, or else the production service.
        timeout: Seconds for each step of an attempt: one number for all steps, or a `Timeout`. None sets no limit.
        deadline: Seconds for an operation with all its attempts. None sets no limit.
        max_retries: Maximum number of retries of a request. The client retries only if that is safe; the page
            "Reliability" of the documentation lists the cases.
        headers: Additional headers for every request.
        http_client: Your own `httpx.AsyncClient` that sends the requests. `close` does not close it.
        transport: An `httpx.AsyncBaseTransport` that sends the requests. Pass it instead of `http_client`.
        on_request: A function or a coroutine function. It is called with an `AttemptInfo` before each attempt.
        on_response: Called with the same `AttemptInfo` after the attempt.

    Raises:
        ValidationError: The API key is missing, or a setting is invalid.

    Example:
        >>> async with AsyncPamelaClient(api_key="pk_live_...") as client:  # doctest: +SKIP
        ...     call = await client.create_call(to="+1234567890", task="Schedule a meeting for next week")
    """

    _transport: AsyncTransport
    _transport_of = AsyncTransport

    @cached_property
    def usage(self) -> AsyncUsageClient:
        """The usage of the account: `client.usage.get()`."""
        return AsyncUsageClient(self)

    def watch_call(
        self,
        call_id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        transcript_timeout: float = 10.0,
    ) -> AsyncIterator[Call]:
        """Follow a call until it ends.

        Args:
            call_id: The call's `id`.
            timeout: Maximum time to wait, in seconds. None sets no limit.
            poll_interval: Time between two requests, in seconds.
            transcript_timeout: Maximum time to wait for the transcript after the call has completed, in seconds.

        Returns:
            An async iterator. It yields the call at once, after each change, and last when it has ended.

        Raises:
            WaitTimeoutError: The call has not ended in time. The error's `call` is the last known state.
            PamelaError: The call could not be fetched.

        Example:
            >>> async for call in client.watch_call(call_id):  # doctest: +SKIP
            ...     print(call.status)
        """
        from ._client.polling import Watch

        return self._watch(call_id, Watch(timeout, poll_interval, transcript_timeout, self._clock))

    async def _watch(self, call_id: str, watch: Watch) -> AsyncIterator[Call]:
        while True:
            in_time = self.with_options(deadline=watch.deadline(self._options.deadline))
            try:
                call = await in_time.get_call(call_id)
            except APIConnectionError as error:
                watch.check_failure(error)
                return
            if watch.update(call):
                yield call
            if watch.is_over():
                return
            await self._clock.sleep_async(watch.pause())

    async def wait_for_call(
        self,
        call_id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 1.0,
        transcript_timeout: float = 10.0,
    ) -> Call:
        """Wait until a call has ended.

        Args:
            call_id: The call's `id`.
            timeout: Maximum time to wait, in seconds. None sets no limit.
            poll_interval: Time between two requests, in seconds.
            transcript_timeout: Maximum time to wait for the transcript after the call has completed, in seconds.

        Returns:
            The ended call: completed, failed or cancelled.

        Raises:
            WaitTimeoutError: The call has not ended in time. The error's `call` is the last known state.
            PamelaError: The call could not be fetched.

        Example:
            >>> call = await client.wait_for_call(call_id, timeout=600)  # doctest: +SKIP
        """
        from ._client.polling import Watch

        watch = Watch(timeout, poll_interval, transcript_timeout, self._clock)
        async for _ in self._watch(call_id, watch):
            pass
        return watch.last_call

    async def find_call(
        self,
        *,
        idempotency_key: str,
        to: str | None = None,
        task: str | None = None,
        since: datetime | date | str | None = None,
    ) -> Call | None:
        """Find the call that was placed with an idempotency key, for example after an ambiguous error.

        The method reads the list of calls. If the list does not show the metadata of a call, it gets that call. It
        sends at most 20 requests.

        Args:
            idempotency_key: The key that the call was placed with.
            to: The number that was called, in E.164 form. With it, the method gets fewer calls.
            task: The task of the call. With it, the method gets fewer calls.
            since: The earliest time at which the call may have been placed. The default is 24 hours ago.

        Returns:
            The call, or None if no such call exists.

        Raises:
            CallLookupError: It is unclear whether such a call exists. The service does not show the metadata of a
                matching call, or shows a key that looks random and may be a hash of this one; its list is incomplete,
                or there are too many calls.
            ValidationError: An argument is invalid.
            PamelaError: The calls could not be listed.

        Example:
            >>> await client.find_call(idempotency_key="order-1042", to="+1234567890")  # doctest: +SKIP
        """
        from ._client.recovery import wanted_call

        wanted = wanted_call(idempotency_key, to, task, since, self._clock)
        return await self._drive(look_up_call(wanted, self._options, self._capabilities, self._clock))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call an endpoint that this version does not know.

        Args:
            method: The HTTP method, such as `GET`.
            path: The path after `base_url`, such as `/api/b2b/v1/calls`.
            params: The query parameters. A list repeats its name.
            json: The body, as a JSON value.
            headers: Additional headers. With an `Idempotency-Key`, the client may retry a `POST`.

        Returns:
            The JSON value of the response, or None if the response has no body.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request.
            PamelaError: Any other error.

        Example:
            >>> await client.request("GET", "/api/b2b/v1/voices", params={"locale": "en-US"})  # doctest: +SKIP
        """
        from ._client.raw_request import raw_request

        return await self._execute(raw_request(method, path, params, json, headers))

    async def with_raw_response(
        self, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> RawResponse[T]:
        """Call a method of this client. Return its value together with the HTTP response.

        Args:
            method: The method, such as `client.get_call`.
            *args: The positional arguments of the method.
            **kwargs: The keyword arguments of the method.

        Returns:
            The value, and the status, headers and request id of the last response.

        Raises:
            ValidationError: The method sent no request.
            PamelaError: The method raised it.

        Example:
            >>> response = await client.with_raw_response(client.get_call, call_id)  # doctest: +SKIP
            >>> response.value.status, response.status_code, response.headers["date"]  # doctest: +SKIP
        """
        from ._client.capture import capturing
        from ._client.raw_response import raw_response

        with capturing() as responses:
            value = await method(*args, **kwargs)
        return raw_response(value, responses, method)

    async def _execute(self, request: Request[T]) -> T:
        tracer = get_tracer()
        if tracer is None:
            value = await self._drive(execute(request, self._options, self._capabilities, self._clock))
        else:
            from ._client import tracing

            with tracing.operation_span(tracer, request.operation):
                value = await self._drive(execute(request, self._options, self._capabilities, self._clock))
        return self._finish(request, value, is_async=True)

    async def _drive(self, steps: Steps[T]) -> T:
        outcome: Outcome | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            if isinstance(step, Attempt):
                outcome = await self._attempt(step)
            else:
                await self._clock.sleep_async(step.seconds)
                outcome = None

    async def _attempt(self, attempt: Attempt) -> Outcome:
        tracer = get_tracer()
        if tracer is None:
            return await self._send_attempt(attempt)
        from ._client import tracing

        with tracing.attempt_span(tracer, attempt) as traced:
            outcome = traced.outcome = await self._send_attempt(traced.attempt)
        return outcome

    async def _send_attempt(self, attempt: Attempt) -> Outcome:
        forbidden = live_guard.refusal(attempt.url)
        if forbidden is not None:
            return forbidden
        info = AttemptInfo(attempt.operation, attempt.method, attempt.url, attempt.number)
        if self._options.on_request is not None:
            await call_hook(self._options.on_request, info)
        began = self._clock.monotonic()
        outcome = await self._transport.send(attempt)
        self._end_attempt(info, outcome, began)
        if self._options.on_response is not None:
            await call_hook(self._options.on_response, info)
        return outcome

    async def close(self) -> None:
        """Close the connections. A closed client sends no requests. Your own `http_client` stays open."""
        await self._transport.close()

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise TypeError(
                "An AsyncPamelaClient is used as 'async with AsyncPamelaClient() as client:'. 'with' takes PamelaClient."
            )

        def __exit__(self, *_: object) -> None:
            """Exist, so that `__enter__` is called."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class UsageClient:
    """The usage of the account, as `client.usage`.

    Args:
        client: The client that sends the requests.
    """

    def __init__(self, client: PamelaClient) -> None:
        self._client = client

    def get(self, period: str | None = None) -> Usage:
        """Return the usage of a month. This is the same as `get_usage`.

        Args:
            period: A UTC calendar month, as `YYYY-MM`. The default is the current month.

        Returns:
            The calls and minutes of the month.

        Raises:
            ValidationError: `period` is not a month in that form.
            PamelaError: Any other error. Its subclasses name the kinds.
        """
        return self._client.get_usage(period)


class AsyncUsageClient:
    """The usage of the account, as `client.usage`.

    Args:
        client: The client that sends the requests.
    """

    def __init__(self, client: AsyncPamelaClient) -> None:
        self._client = client

    async def get(self, period: str | None = None) -> Usage:
        """Return the usage of a month. This is the same as `get_usage`.

        Args:
            period: A UTC calendar month, as `YYYY-MM`. The default is the current month.

        Returns:
            The calls and minutes of the month.

        Raises:
            ValidationError: `period` is not a month in that form.
            PamelaError: Any other error. Its subclasses name the kinds.
        """
        return await self._client.get_usage(period)


def get_tracer() -> Tracer | None:
    """Return OpenTelemetry's tracer for this package, or None if the program has not imported OpenTelemetry.

    This function does not import it: import OpenTelemetry before the first request.
    """
    trace = sys.modules.get("opentelemetry.trace")
    return None if trace is None else trace.get_tracer("pamela", __version__)


async def call_hook(hook: Hook, info: AttemptInfo) -> None:
    """Call a hook of the async client, and await its result if it is awaitable."""
    result = hook(info)
    if inspect.isawaitable(result):
        await result


def check_settings(what: str, function: Callable[..., object], given: int, names: list[str]) -> None:
    """Refuse unknown arguments of a function, with a suggestion.

    Args:
        what: The name of the function for the caller.
        function: The function, a method.
        given: The number of positional arguments.
        names: The names of the keyword arguments.

    Raises:
        TypeError: There are too many, or one has an unknown name, or one is given twice.
    """
    code = inspect.unwrap(function).__code__
    known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    by_position = known[: code.co_argcount - 1]
    for name in names:
        if name not in known:
            from ._core.suggestions import suggest

            raise TypeError(f"{what} has no argument {name!r}. {suggest(name, known)}")
        if name in by_position[:given]:
            raise TypeError(f"{what} has {name} twice, by position and by name. Give it once.")
    if given > len(by_position):
        taken = (
            f"takes only {' and '.join(by_position)} by position" if by_position else "takes no arguments by position"
        )
        raise TypeError(f"{what} {taken}, and got {given}. Write name=value for the others: {', '.join(known)}.")


def _name_methods(client: type, operations: type) -> None:
    """Rename the operations for errors and warnings, for example to `PamelaClient.create_call`."""
    for name, function in vars(operations).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            function.__module__ = client.__module__
            function.__qualname__ = f"{client.__qualname__}.{name}"
            if sys.version_info < (3, 13):  # which says itself what is meant
                setattr(operations, name, _with_suggestion(function))


def _name_meant(client: type) -> None:
    """Make the hand-written methods suggest a name for an unknown argument, too, as generated ones do."""
    if sys.version_info < (3, 13):
        for name in ("find_call", "request", "wait_for_call", "watch_call"):
            setattr(client, name, _with_suggestion(vars(client)[name]))


def _with_suggestion(function: Any) -> Any:
    """Return a method that says which of its arguments is meant by an unknown one."""
    flags = function.__code__.co_flags  # The functions of inspect take longer than all else here.
    if flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        return function

    def method(self: object, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(self, *args, **kwargs)
        except TypeError as error:
            explained = _explained(error, function, kwargs)
        raise explained

    async def async_method(self: object, *args: Any, **kwargs: Any) -> Any:
        try:
            return await function(self, *args, **kwargs)
        except TypeError as error:
            explained = _explained(error, function, kwargs)
        raise explained

    return functools.wraps(function)(async_method if flags & inspect.CO_COROUTINE else method)


def _explained(error: TypeError, function: Any, kwargs: dict[str, Any]) -> TypeError:
    """Return a TypeError of a wrong argument with a suggestion added; any other error unchanged."""
    known = function.__code__.co_varnames[1 : function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
    unknown = next((name for name in kwargs if name not in known), None)
    if unknown is None or error.__traceback__ is None or error.__traceback__.tb_next is not None:
        return error
    from ._core.suggestions import suggest

    return TypeError(f"{error}. {suggest(unknown, known)}")


_name_methods(PamelaClient, OperationMethods)
_name_methods(AsyncPamelaClient, AsyncOperationMethods)
_name_meant(PamelaClient)
_name_meant(AsyncPamelaClient)
