"""One attempt over HTTP, sync and async: send, read no more than an answer can be, and say what came of it.

Our own connections are transports of httpx without an `httpx.Client` around them. Redirects, cookies and authentication
schemes, which that would add, are not wanted here, and it would take a fifth of the time of a small request.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Literal, cast

import httpx

from .._version import __version__
from ..errors import PamelaError, ValidationError
from .attempt import Attempt, Failure, Outcome, Response
from .deadlines import install_deadline_backend
from .proxies import proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable

Library = Literal["httpx", "aiohttp"]

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes after which an answer is taken to be endless. A page of 100 calls has well below a megabyte."""

PYTHON_VERSION = ".".join(map(str, sys.version_info[:3]))
USER_AGENT = f"thisispamela/{__version__} httpx/{httpx.__version__} python/{PYTHON_VERSION}"
CLOSED = "The client is closed. Make a new one, or close it later."
FORKED = (
    "The http_client or transport was used before this process was forked, and its connections are the parent's. "
    "Make a client with one of its own in the child."
)
BAD_CERTIFICATES = "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be loaded"
DEFAULT_HEADERS = {"Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT}
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=15.0)
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    UnicodeError,  # of a host's name
)
ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError)

_making_connections = threading.Lock()


def _renew_lock() -> None:
    """Make the lock anew in a child process, where no thread is left that would release the old one."""
    global _making_connections
    _making_connections = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def failure_of(error: Exception) -> Failure:
    """Say what an exception of the HTTP library means."""
    timed_out = isinstance(error, httpx.TimeoutException)
    sent = not isinstance(error, NEVER_SENT)
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "the connection was not made in time",
        httpx.PoolTimeout: "no connection of the pool was free in time",
        httpx.ReadTimeout: "the answer did not come in time",
        httpx.WriteTimeout: "the request could not be sent in time",
    }
    problem = words.get(type(error)) or str(error).strip().rstrip(".") or type(error).__name__
    return Failure(error, problem, timed_out=timed_out, sent=sent)


class BodyReader:
    """An answer on its way: its bytes so far, and the limits of their number and time."""

    def __init__(self, attempt: Attempt) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.give_up_at = attempt.give_up_at

    def add(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            httpx.ReadTimeout: The time for the whole answer is over.
            httpx.DecodingError: There are more bytes than an answer can have.
        """
        self.chunks.append(chunk)
        self.size += len(chunk)
        if self.size > LARGEST_ANSWER:
            raise httpx.DecodingError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        if self.give_up_at is not None and time.monotonic() > self.give_up_at:
            raise httpx.ReadTimeout("")

    def response(self, response: httpx.Response) -> Response:
        return Response(response.status_code, response.headers, b"".join(self.chunks))


class SyncTransport:
    """Attempts over an `httpx.Client` of the caller's, or over connections of our own that are made when first needed."""

    library: Library = "httpx"

    def __init__(self, client: httpx.Client | None, transport: httpx.BaseTransport | None, base_url: str) -> None:
        check_type("http_client", client, httpx.Client)
        check_type("transport", transport, httpx.BaseTransport)
        check_only_one(client, transport)
        self.user_client = client
        self.transport = transport
        self.base_url = base_url
        self.builder = RequestBuilder()
        self.pool: httpx.BaseTransport | None = None
        self.process = 0
        self.closed = False

    def prepare(self) -> None:
        """See that there are connections to send on; after a fork new ones, for they cannot be shared by processes.

        Raises:
            PamelaError: There are none and there will be none.
        """
        if self.closed or (self.user_client is not None and self.user_client.is_closed):
            raise PamelaError(CLOSED)
        if self.process == os.getpid():
            return
        with _making_connections:
            if self.process != os.getpid():
                if self.user_client is None and self.transport is None:
                    self.pool = self.connect()
                elif self.process:
                    raise PamelaError(FORKED)
                else:
                    self.pool = self.transport
                self.process = os.getpid()

    def connect(self) -> httpx.HTTPTransport:
        try:
            pool = httpx.HTTPTransport(verify=uses_tls(self.base_url), limits=LIMITS, proxy=proxy_for(self.base_url))
        except OSError as error:
            raise ValidationError(f"{BAD_CERTIFICATES}: {error}.") from error
        install_deadline_backend(pool)
        weakref.finalize(self, close_in_its_process, pool, os.getpid())
        return pool

    def respond(self, attempt: Attempt) -> httpx.Response:
        if self.user_client is not None:
            request = self.builder.build(self.user_client.build_request, attempt)
            return self.user_client.send(request, stream=True, follow_redirects=False)
        return cast("httpx.BaseTransport", self.pool).handle_request(self.builder.build(httpx.Request, attempt))

    def send(self, attempt: Attempt) -> Outcome:
        try:
            self.prepare()
            response = self.respond(attempt)
            try:
                body = BodyReader(attempt)
                as_it_came = cast("httpx.SyncByteStream", response.stream)
                plain = self.user_client is None and self.transport is None and is_plain(response)
                for chunk in as_it_came if plain else response.iter_bytes():
                    body.add(chunk)
            finally:
                response.close()
            return body.response(response)
        except PamelaError as error:
            return error
        except ERRORS as error:
            return failure_of(error)

    def close(self) -> None:
        self.closed = True
        pool = self.pool or self.transport
        if pool is not None and self.process in (0, os.getpid()):
            pool.close()


class AsyncTransport:
    """Attempts over an `httpx.AsyncClient` of the caller's, or over connections of our own for each event loop.

    Our own are those of aiohttp where it is installed and the event loop is asyncio's.
    """

    library: Library
    """What our own connections will be of; once they are made, what they are of."""

    def __init__(
        self, client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None, base_url: str
    ) -> None:
        check_type("http_client", client, httpx.AsyncClient)
        check_type("transport", transport, httpx.AsyncBaseTransport)
        check_only_one(client, transport)
        self.user_client = client
        self.transport = transport
        self.base_url = base_url
        self.builder = RequestBuilder()
        self.pool: httpx.AsyncBaseTransport | None = None
        self.owner: tuple[int, object] = (0, None)
        self.closed = False
        ours = client is None and transport is None
        self.library = "aiohttp" if ours and is_installed("aiohttp") else "httpx"

    def prepare(self) -> None:
        """See that there are connections to send on; on another event loop new ones, for they belong to their loop.

        Raises:
            PamelaError: There are none and there will be none.
        """
        if self.closed or (self.user_client is not None and self.user_client.is_closed):
            raise PamelaError(CLOSED)
        owner = (os.getpid(), running_loop())
        if self.owner == owner:
            return
        if self.user_client is None and self.transport is None:
            self.pool = self.connect()
        elif self.owner[0] not in (0, os.getpid()):
            raise PamelaError(FORKED)
        else:
            self.pool = self.transport
        self.owner = owner

    def connect(self) -> httpx.AsyncBaseTransport:
        proxy = proxy_for(self.base_url)
        try:
            context = httpx.create_ssl_context() if uses_tls(self.base_url) else None
        except OSError as error:
            raise ValidationError(f"{BAD_CERTIFICATES}: {error}.") from error
        if is_installed("aiohttp") and running_loop() is not None and not (proxy or "").startswith("socks"):
            try:
                from .aiohttp_transport import AiohttpTransport
            except ImportError:
                pass  # It is there for something else, and too old for this.
            else:
                self.library = "aiohttp"
                return AiohttpTransport(context, LIMITS.keepalive_expiry, proxy)
        self.library = "httpx"
        pool = httpx.AsyncHTTPTransport(verify=context or False, limits=LIMITS, proxy=proxy)
        install_deadline_backend(pool)
        return pool

    async def respond(self, attempt: Attempt) -> httpx.Response:
        if self.user_client is not None:
            request = self.builder.build(self.user_client.build_request, attempt)
            return await self.user_client.send(request, stream=True, follow_redirects=False)
        pool = cast("httpx.AsyncBaseTransport", self.pool)
        return await pool.handle_async_request(self.builder.build(httpx.Request, attempt))

    async def send(self, attempt: Attempt) -> Outcome:
        try:
            self.prepare()
            response = await self.respond(attempt)
            try:
                body = BodyReader(attempt)
                as_it_came = cast("httpx.AsyncByteStream", response.stream)
                plain = self.user_client is None and self.transport is None and is_plain(response)
                async for chunk in as_it_came if plain else response.aiter_bytes():
                    body.add(chunk)
            finally:
                await response.aclose()
            return body.response(response)
        except PamelaError as error:
            return error
        except ERRORS as error:
            return failure_of(error)

    async def close(self) -> None:
        self.closed = True
        pool = self.pool or self.transport
        if pool is not None and self.owner in ((0, None), (os.getpid(), running_loop())):
            await pool.aclose()


def check_type(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise ValidationError(f"{name} must be an httpx.{kind.__name__}, not {type(value).__name__}.")


def check_only_one(client: object, transport: object) -> None:
    if client is not None and transport is not None:
        raise ValidationError("http_client and transport are both given. Make the http_client with that transport.")


def close_in_its_process(transport: httpx.BaseTransport, process: int) -> None:
    """Close connections that nobody uses any more; in a child process they, and their locks, are the parent's."""
    if process == os.getpid():
        transport.close()


def is_plain(response: httpx.Response) -> bool:
    """Whether the body can be read as it comes over connections of our own, in a third of the time: it is not encoded."""
    return "content-encoding" not in response.headers


def is_installed(name: str) -> bool:
    from importlib.util import find_spec  # A synchronous program without a proxy never comes here.

    return find_spec(name) is not None


def running_loop() -> object:
    # A synchronous program never comes here, and importing asyncio would be a tenth of its way to the first answer.
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def uses_tls(base_url: str) -> bool:
    # Without TLS there is nothing to verify, and loading the certificates takes longer than an answer.
    return not base_url.startswith("http:")


class RequestBuilder:
    """Makes requests of attempts. Most of them have the headers of the one before."""

    def __init__(self) -> None:
        self._cached_headers: tuple[dict[str, str], httpx.Headers] = ({}, httpx.Headers(DEFAULT_HEADERS))

    def build(self, make: Callable[..., httpx.Request], attempt: Attempt) -> httpx.Request:
        """Make a request. A client of the caller's adds its own headers, cookies and parameters to it."""
        names_and_texts, headers = self._cached_headers
        if names_and_texts != attempt.headers:
            headers = httpx.Headers({**DEFAULT_HEADERS, **attempt.headers})
            self._cached_headers = (attempt.headers, headers)
        return make(
            attempt.method,
            attempt.url,
            headers=headers,
            content=attempt.content,
            extensions={"timeout": attempt.timeout},
        )
