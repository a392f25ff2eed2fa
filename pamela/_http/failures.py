"""Describes network errors in terms of the caller, without secrets."""

from __future__ import annotations

import errno
import socket
import ssl
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from .addresses import is_loopback
from .attempt import Failure
from .redaction import redact, secrets_of
from .response_bodies import ResponseProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .attempt import Attempt
    from .proxies import Proxy

NOT_TLS = {
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "WRONG_VERSION_NUMBER",
}
"""OpenSSL's errors for a server without TLS, depending on its version and on the received bytes."""
TLS_RECORDS = (b"\x14\x03", b"\x15\x03", b"\x16\x03")
IN_TIME: dict[type[Exception], str] = {
    httpx.PoolTimeout: "no connection of the pool was free in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.ReadTimeout: "the response did not come in time",
}
CLOSED_INSTEAD = "Server disconnected without sending a response."
CUT_OFF = "peer "
"""The beginning of the messages of httpcore and h11 for a connection that was closed before or during the response.
Their exception has the same type as the one for invalid HTTP."""
BY_ERRNO = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was reset",
    errno.EPIPE: "the connection was closed while the request was sent",
    errno.EHOSTUNREACH: "there is no route to the server",
    errno.ENETUNREACH: "there is no route to the server",
    errno.ETIMEDOUT: "the connection timed out",
    errno.EMFILE: "this process has too many files and connections open",
    errno.ENFILE: "this machine has too many files and connections open",
    errno.EADDRNOTAVAIL: "this machine has no free port for a connection",
}
BY_TYPE: dict[type[Exception], str] = {
    httpx.ConnectError: "the connection could not be made",
    httpx.NetworkError: "the connection broke",
    httpx.LocalProtocolError: "the request is not valid HTTP",
    httpx.UnsupportedProtocol: "the transport does not support the scheme of the address",
    httpx.InvalidURL: "the transport got an invalid address",
    httpx.StreamError: "the transport returned a response whose body cannot be read",
    httpx.TransportError: "the transport failed",
}
LIBRARIES = frozenset({"anyio", "asyncio", "h11", "h2", "httpcore", "httpx", "pamela", "socksio", "ssl", "trio"})
"""Packages whose frames may contain the API key in variables."""


def failure_of(
    error: Exception, attempt: Attempt, *, sent: bool, proxy: Proxy | None = None, beginning: bytes = b""
) -> Failure:
    """Return the failure for an exception of the HTTP library or of a caller's transport.

    Args:
        error: The exception.
        attempt: The attempt.
        sent: Whether a part of the request may have been sent.
        proxy: The proxy, or None.
        beginning: The first bytes of the response, if they are known.
    """
    causes = list(causes_of(error))
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    problem = (timeout_of(error, sent) if timed_out else None) or hint(causes, attempt, proxy, beginning)
    if problem is None:
        problem = redact(words_for(error, causes), attempt, proxy).rstrip(".")
    for each in causes:
        disarm(each, attempt, proxy)
    return Failure(error, problem, timed_out=timed_out, sent=sent)


def timeout_of(error: Exception, sent: bool) -> str:
    if not sent and not isinstance(error, httpx.PoolTimeout):
        return "the connection was not made in time"
    return next((words for kind, words in IN_TIME.items() if isinstance(error, kind)), IN_TIME[httpx.ReadTimeout])


def hint(causes: list[BaseException], attempt: Attempt, proxy: Proxy | None, beginning: bytes) -> str | None:
    """Return the remedy for a failure with a common cause, or None."""
    address = urlsplit(attempt.url)
    if any(isinstance(each, ssl.SSLError) and each.reason in NOT_TLS for each in causes):
        return "the server does not use TLS on this port. Perhaps the address must begin with http://"
    if address.scheme == "http" and beginning.startswith(TLS_RECORDS):
        return "the server uses TLS on this port. Perhaps the address must begin with https://"
    if any(isinstance(each, socket.gaierror) for each in causes):
        name = address.hostname if proxy is None else urlsplit(proxy.url).hostname
        return f"the name {name!r} cannot be resolved"
    if any(isinstance(each, OSError) and each.errno == errno.ECONNREFUSED for each in causes):
        if proxy is not None:
            return f"nothing listens at the proxy {proxy.url}"
        if is_loopback(address.hostname or ""):
            port = f" --port {address.port}" if address.port not in (None, 8400) else ""
            return f"nothing listens there. To start the sandbox, run: python -m pamela.sandbox{port}"
    return None


def words_for(error: Exception, causes: list[BaseException]) -> str:
    """Return a description by the types of the exceptions, because their messages are about internals."""
    for each in causes:
        match each:
            case ResponseProblem():
                return str(each)
            case ssl.SSLCertVerificationError():
                return f"the server's certificate is not trusted (certificate verify failed): {each.verify_message}"
            case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
                return "the connection was closed"
            case ssl.SSLError():
                reason = (each.reason or "no reason given").replace("_", " ").lower()
                return f"the connection cannot be secured by TLS: {reason}"
            case OSError() if each.errno in BY_ERRNO:
                return BY_ERRNO[each.errno]
    match error:
        case httpx.ProxyError():
            return f"the proxy made no connection: {error}"
        case httpx.RemoteProtocolError() if str(error) == CLOSED_INSTEAD:
            return "the connection was closed before a response came"
        case httpx.RemoteProtocolError() if any(str(each).startswith(CUT_OFF) for each in causes):
            return "the connection was closed in the middle of the response"
        case httpx.RemoteProtocolError():
            return "the response is not HTTP"
        case OSError() if error.strerror:
            return f"the connection failed: {error.strerror}"
    return next(
        (words for kind, words in BY_TYPE.items() if isinstance(error, kind)),
        f"the http_client or transport raised {type(error).__name__}{f': {error}' if str(error) else ''}",
    )


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def disarm(error: BaseException, attempt: Attempt, proxy: Proxy | None) -> None:
    """Remove secrets from an exception of another library, which stays the cause of ours.

    Its message may repeat text from a server. The local variables of its frames contain requests with the key, and
    error trackers send them with the traceback. The frames of the caller's hooks and transports stay.
    """
    error.__traceback__ = without_frames_of_libraries(error.__traceback__)
    text = str(error)
    is_of_library = type(error).__module__.partition(".")[0] in LIBRARIES
    is_unprintable = is_of_library and not text.isprintable()
    if is_unprintable or any(secret in text for secret in secrets_of(attempt, proxy)):
        error.args = (redact(text, attempt, proxy),)


def without_frames_of_libraries(traceback: TracebackType | None) -> TracebackType | None:
    if traceback is None:
        return None
    following = without_frames_of_libraries(traceback.tb_next)
    module = str(traceback.tb_frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] in LIBRARIES:
        return following
    return TracebackType(following, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)
