"""What went wrong on the wire, in words that a caller understands and that hold no secret."""

from __future__ import annotations

import errno
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from .addresses import is_loopback
from .attempt import Failure
from .redaction import redact, secrets_of

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
"""What OpenSSL says when the other side does not speak TLS, depending on its version and on what came instead."""
TLS_RECORDS = (b"\x14\x03", b"\x15\x03", b"\x16\x03")
NOT_HTTP = "illegal request line"
"""What h11 says of a response that begins with a byte that no HTTP message can begin with."""
IN_TIME: dict[type[Exception], str] = {
    httpx.PoolTimeout: "no connection of the pool was free in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.ReadTimeout: "the response did not come in time",
}


def failure_of(
    error: Exception, attempt: Attempt, *, sent: bool, proxy: Proxy | None = None, beginning: bytes = b""
) -> Failure:
    """Return what an exception of the HTTP library means.

    Args:
        error: The exception.
        attempt: What was to be sent.
        sent: Whether a part of the request may have left.
        proxy: The proxy that was to take it.
        beginning: The first bytes that came back, where they are known.
    """
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    problem = (timeout_of(error, sent) if timed_out else None) or hint(error, attempt, proxy, beginning)
    if problem is None:
        text = next(filter(None, map(str, causes_of(error))), type(error).__name__)
        problem = redact(text, attempt, proxy).rstrip(".")
    for each in causes_of(error):
        disarm(each, attempt, proxy)
    return Failure(error, problem, timed_out=timed_out, sent=sent)


def timeout_of(error: Exception, sent: bool) -> str:
    if not sent and not isinstance(error, httpx.PoolTimeout):
        return "the connection was not made in time"
    return next((words for kind, words in IN_TIME.items() if isinstance(error, kind)), IN_TIME[httpx.ReadTimeout])


def hint(error: Exception, attempt: Attempt, proxy: Proxy | None, beginning: bytes) -> str | None:
    """Return what to do about failures that have a usual reason, or None."""
    causes = list(causes_of(error))
    address = urlsplit(attempt.url)
    if any(isinstance(each, ssl.SSLError) and each.reason in NOT_TLS for each in causes):
        return "the server does not speak TLS there. Should the address begin with http://"
    if address.scheme == "http" and beginning.startswith(TLS_RECORDS):
        return "the server speaks TLS there. Should the address begin with https://"
    if str(error) == NOT_HTTP:
        return "the response is not HTTP"
    if any(isinstance(each, OSError) and each.errno == errno.ECONNREFUSED for each in causes):
        if proxy is not None:
            return f"nothing listens at the proxy {proxy.url}"
        if is_loopback(address.hostname or ""):
            port = f" --port {address.port}" if address.port not in (None, 8400) else ""
            return f"nothing listens there. To start the sandbox, run: python -m pamela.sandbox{port}"
        return "the connection was refused"
    return None


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Go through an exception and those that led to it."""
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
    """Have an exception of another library, which stays the cause of ours, show no secrets.

    Its text may repeat what a server said. Among the local variables of its frames are requests with the key in them,
    and error trackers send these with the traceback.
    """
    error.__traceback__ = None
    text = str(error)
    if any(secret in text for secret in secrets_of(attempt, proxy)):
        error.args = (redact(text, attempt, proxy),)
