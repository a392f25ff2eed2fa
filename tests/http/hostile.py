"""A server of raw sockets that answers as no server should, and a table of such answers."""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import json
import re
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CALL = {"id": "call_1", "status": "queued", "to": "+1234567890", "task": "Order a pizza", "metadata": {}}
BODY = json.dumps(CALL).encode()
SECOND = json.dumps({**CALL, "id": "another"}).encode()
OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
WHOLE = OK + JSON + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
EMPTY_GZIP_BLOCK = b"\x00\x00\x00\xff\xff"
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


class Peer:
    """The other end of a client's connection, just after it has sent a request."""

    def __init__(self, connection: socket.socket, stopping: threading.Event, request: bytes) -> None:
        self.connection = connection
        self.stopping = stopping
        self.request = request

    @property
    def authorization(self) -> bytes:
        found = re.search(rb"(?i)\r\nauthorization: ([^\r]*)", self.request)
        assert found is not None
        return found[1]

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send one byte at a time, for as long as the client listens."""
        for index in range(len(data)):
            self.send(data[index : index + 1])
            if self.stopping.wait(0.02):
                return

    def forever(self, data: bytes) -> None:
        """Send the same again and again, for as long as the client listens."""
        while not self.stopping.is_set():
            self.send(data)

    def silence(self) -> None:
        """Say nothing until the client goes away."""
        self.connection.settimeout(0.05)
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1024):
                    return

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Answer = Callable[[Peer], None]


@dataclass(frozen=True)
class Hostile:
    """A hostile answer.

    Attributes:
        name: What the server does.
        answer: Does it. The connection is kept open afterwards where `keeps`, and closed where not.
        may_work: Whether the client may take it for the call; else an exception is due.
        refused: Whether it says that the request was not acted upon, so that a `POST` may be repeated.
        endless: Whether only the deadline ends it.
    """

    name: str
    answer: Answer
    may_work: bool = False
    keeps: bool = False
    refused: bool = False
    endless: bool = False


TABLE: list[Hostile] = []


def add(
    name: str,
    answer: bytes | Answer,
    *,
    may_work: bool = False,
    keeps: bool = False,
    refused: bool = False,
    endless: bool = False,
) -> None:
    send = (lambda peer: peer.send(answer)) if isinstance(answer, bytes) else answer
    TABLE.append(Hostile(name, send, may_work, keeps, refused, endless))


def response(
    body: bytes = BODY, headers: bytes = JSON, status: bytes = b"200 OK", version: bytes = b"HTTP/1.1"
) -> bytes:
    return b"%b %b\r\n%bContent-Length: %d\r\n\r\n%b" % (version, status, headers, len(body), body)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def then(*steps: Callable[[Peer], None]) -> Answer:
    def answer(peer: Peer) -> None:
        for step in steps:
            step(peer)

    return answer


def sending(data: bytes) -> Answer:
    return lambda peer: peer.send(data)


def forever(data: bytes) -> Answer:
    return lambda peer: peer.forever(data)


def dripping(data: bytes) -> Answer:
    return lambda peer: peer.drip(data)


def silent(peer: Peer) -> None:
    peer.silence()


def reset(peer: Peer) -> None:
    peer.reset()


# What stands in place of a status line.
for line in (
    b"HTTP/1.1",
    b"HTTP/1.1 ",
    b"HTTP/1.1 abc OK",
    b"HTTP/1.1 20 OK",
    b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 -200 OK",
    b"HTTP/1.1 099 OK",
    b"HTTP/1.1 600 OK",
    b"HTTP/1.1 999 OK",
    b"HTTP/9.9 200 OK",
    b"HTTP/2 200 OK",
    b"HTTP/0.9 200 OK",
    b"ICY 200 OK",
    b" HTTP/1.1 200 OK",
    b"HTTP/1.1 200 \x00OK",
    b"HTTP/1.1 200 \xff\xfe",
    b"HTTP/1.1\t200\tOK",
    b"SSH-2.0-OpenSSH_9.6",
    b"220 mail.example ESMTP",
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x00\xff\x17 this is no HTTP",
    b"<html>Bad Gateway</html>",
):
    add(
        f"the status line {line!r}",
        line + b"\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
        may_work=True,
    )
add("a reason of 200 KB", response(status=b"200 " + b"O" * 200_000))
add("a blank line before the status line", b"\r\n\r\n" + WHOLE, may_work=True)
add("line feeds without carriage returns", WHOLE.replace(b"\r\n", b"\n"), may_work=True)
add("carriage returns without line feeds", WHOLE.replace(b"\r\n", b"\r"))
add("a head without an end", OK + JSON)
add("half a status line", b"HTTP/1.1 2")
add("nothing", b"")
add("a line feed", b"\n")
add("the body without a head", BODY)

# Headers.
for header in (
    b"No colon at all",
    b"Blank before : the colon",
    b" Folded: from the beginning",
    b"X-Folded: one\r\n two",
    b": no name",
    b"X-Nul: a\x00b",
    b"X-Control: a\x1bb",
    b"X-Latin: \xe9\xff",
    b"N\xc3\xa4me: value",
    b"Content-Length: %d" % len(BODY),
    b"Content-Length: %d" % (len(BODY) + 1),
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: nonsense",
    b"Connection: close, keep-alive, \xff",
    b"Set-Cookie: " + b"a=" + b"x" * 5000,
    b"Set-Cookie: \x01=\x02; Domain=..; Expires=never",
    b"Content-Type: text/html; charset=\xff",
    b"Content-Type: application/json; charset=no-such-charset",
    b"X-Request-Id: \x07\x08 evil",
    b"X-Request-Id: " + b"r" * 5000,
    b"Date: yesterday",
    b"Idempotency-Key: another",
    b"Retry-After: \xff",
    b"Location: javascript:1",
):
    add(f"the header {header[:60]!r}", response(headers=JSON + header + b"\r\n"), may_work=True)
add("2,000 headers", response(headers=b"".join(b"X-%d: x\r\n" % each for each in range(2000))), may_work=True)
add("a header of 200 KB", response(headers=b"X-Long: " + b"x" * 200_000 + b"\r\n"))
add("headers without end", then(sending(OK), forever(b"X-Again: and again\r\n" * 1000)))
for length in (b"-1", b"+5", b"5, 5", b"5, 6", b"0x10", b"1e3", b"", b"five", b"9" * 40, b"\xb2"):
    add(f"Content-Length: {length!r}", OK + JSON + b"Content-Length: " + length + b"\r\n\r\n" + BODY)
add("a Content-Length that is too short", OK + JSON + b"Content-Length: 20\r\n\r\n" + BODY, keeps=True)
add("a Content-Length that is too long, and the end", OK + JSON + b"Content-Length: 5000\r\n\r\n" + BODY)
add(
    "a Content-Length that is too long, and silence",
    then(sending(OK + JSON + b"Content-Length: 5000\r\n\r\n" + BODY), silent),
    endless=True,
)
add("no length, and the end", OK + JSON + b"\r\n" + BODY, may_work=True)
add("no length, and silence", then(sending(OK + JSON + b"\r\n" + BODY), silent), endless=True)
add("HTTP/1.0", response(version=b"HTTP/1.0"), may_work=True)
add("HTTP/1.0 in chunks", b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + chunk(BODY) + chunk(b""), may_work=True)

# Chunks.
for size in (b"zz", b"-1", b"0x10", b"", b"f" * 20, b"1;" + b"x" * 200_000, b"1_0", b" 10", b"\xff"):
    add(f"the chunk size {size[:20]!r}", OK + JSON + CHUNKED + b"\r\n" + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")
add("a chunk longer than it says", OK + CHUNKED + b"\r\n5\r\n" + BODY + b"\r\n0\r\n\r\n")
add("a chunk shorter than it says, and the end", OK + CHUNKED + b"\r\n500\r\n" + BODY)
add("no last chunk", OK + CHUNKED + b"\r\n" + chunk(BODY))
add("no last chunk, and silence", then(sending(OK + CHUNKED + b"\r\n" + chunk(BODY)), silent), endless=True)
add("a last chunk without its end", OK + CHUNKED + b"\r\n" + chunk(BODY) + b"0\r\n")
add("a trailer", OK + CHUNKED + b"\r\n" + chunk(BODY) + b"0\r\nX-Trailer: yes\r\n\r\n", may_work=True, keeps=True)
add("trailers without end", then(sending(OK + CHUNKED + b"\r\n" + chunk(BODY) + b"0\r\n"), forever(b"X: x\r\n" * 1000)))
add(
    "chunks of one byte",
    OK + CHUNKED + b"\r\n" + b"".join(chunk(BODY[i : i + 1]) for i in range(len(BODY))) + chunk(b""),
    may_work=True,
)
add("chunks without end", then(sending(OK + CHUNKED + b"\r\n"), forever(chunk(b" " * 0x10000))))
add("chunks of one byte without end", then(sending(OK + CHUNKED + b"\r\n"), forever(chunk(b" ") * 5000)), endless=True)

# What comes before the response.
add("100 Continue first", b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, may_work=True, keeps=True)
add("103 Early Hints first", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE, may_work=True, keeps=True)
add("100 Continue without end", forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 500), endless=True)
add("103 Early Hints without end", forever(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500), endless=True)
add("100 Continue without end, slowly", dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 200), endless=True)
add("199 without end", forever(b"HTTP/1.1 199 Odd\r\n\r\n" * 500), endless=True)
add("100 Continue, and the end", b"HTTP/1.1 100 Continue\r\n\r\n")
add("100 Continue, and silence", then(sending(b"HTTP/1.1 100 Continue\r\n\r\n"), silent), endless=True)
add(
    "101 Switching Protocols",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + WHOLE,
)
add(
    "101 Switching Protocols, and silence",
    then(sending(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), silent),
    endless=True,
)

# What comes behind the response.
add("a second response in the same packet", WHOLE + response(SECOND), may_work=True, keeps=True)
add("garbage behind the response", WHOLE + b"\x00garbage\r\n\r\n", may_work=True, keeps=True)
add("a blank line behind the response", WHOLE + b"\r\n", may_work=True, keeps=True)
add("a 204 with a body", response(SECOND, status=b"204 No Content"), keeps=True)
add("a 204 with a response behind it", b"HTTP/1.1 204 No Content\r\n\r\n" + response(SECOND), keeps=True)
add("a 304 with a body", response(SECOND, status=b"304 Not Modified"), keeps=True)
add("a 205 with a body", response(status=b"205 Reset Content"), may_work=True, keeps=True)
add(
    "a chunked response and another behind it",
    OK + CHUNKED + b"\r\n" + chunk(BODY) + chunk(b"") + response(SECOND),
    may_work=True,
    keeps=True,
)
add("a 500 and a response behind it", response(b"{}", status=b"500 Oops") + response(SECOND), keeps=True)

# Redirects.
for code in (b"301", b"302", b"303", b"307", b"308"):
    add(f"{code.decode()} to another path", response(b"", b"Location: /elsewhere\r\n", code + b" Moved"), keeps=True)
for location in (
    b"app:done",
    b"javascript:1",
    b"http://xn--a/",
    b"//",
    b"http://[",
    b"http://a:99999/",
    b"http://exa mple/",
    b"http://user:whsec_secret@host/",
    b"",
    b"\xff\xfe",
    b"https://127.0.0.1:1/" + b"x" * 70_000,
    b"http://" + b"a" * 300 + b"/",
    b"file:///etc/passwd",
    b"http://127.0.0.1:1\x01/",
):
    add(f"303 to {location[:40]!r}", response(b"", b"Location: " + location + b"\r\n", b"303 See Other"), keeps=True)
add("300 without a location", response(b"", b"", b"300 Multiple Choices"), keeps=True)
add("two locations", response(b"", b"Location: /a\r\nLocation: app:b\r\n", b"302 Found"), keeps=True)


# Encodings.
@functools.cache
def bomb(times: int) -> bytes:
    """Return 80 MiB of zeros, compressed so many times."""
    zeros = zlib.compressobj(9, wbits=31)
    data = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(80)) + zeros.flush()
    return gzip.compress(data) if times == 2 else data


add("gzip", response(gzip.compress(BODY), GZIP), may_work=True, keeps=True)
add("x-gzip", response(gzip.compress(BODY), b"Content-Encoding: x-gzip\r\n"), may_work=True, keeps=True)
add("deflate", response(zlib.compress(BODY), b"Content-Encoding: deflate\r\n"), may_work=True, keeps=True)
add(
    "deflate without a header",
    response(zlib.compress(BODY)[2:-4], b"Content-Encoding: deflate\r\n"),
    may_work=True,
    keeps=True,
)
add("identity", response(BODY, b"Content-Encoding: identity\r\n"), may_work=True, keeps=True)
add("an encoding that is a character set", response(BODY, b"Content-Encoding: UTF-8\r\n"), may_work=True, keeps=True)
add("gzip that is none", response(BODY, GZIP))
add("deflate that is none", response(b"\xff" * 40, b"Content-Encoding: deflate\r\n"))
add("gzip without a body", response(b"", GZIP))
add("gzip cut off", response(gzip.compress(BODY)[:-9], GZIP))
add("gzip with a wrong checksum", response(gzip.compress(BODY)[:-8] + b"\x00" * 8, GZIP))
add("gzip with bytes behind its end", response(gzip.compress(BODY) + b"behind", GZIP))
add("gzip with another gzip behind its end", response(gzip.compress(BODY) * 2, GZIP))
add(
    "gzip with bytes behind its end, without end",
    then(sending(OK + GZIP + CHUNKED + b"\r\n" + chunk(gzip.compress(BODY))), forever(chunk(b"x" * 0x10000))),
)
add(
    "gzip with bytes behind its end, slowly",
    then(sending(OK + GZIP + CHUNKED + b"\r\n" + chunk(gzip.compress(BODY))), dripping(chunk(b"x") * 200)),
    endless=True,
)
add(
    "gzip of empty blocks without end",
    then(sending(OK + GZIP + CHUNKED + b"\r\n" + chunk(GZIP_HEADER)), forever(chunk(EMPTY_GZIP_BLOCK * 10_000))),
)
add(
    "gzip with a name without end",
    then(
        sending(OK + GZIP + CHUNKED + b"\r\n" + chunk(b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03")),
        forever(chunk(b"n" * 0x10000)),
    ),
)
add("80 MiB of zeros in gzip", lambda peer: peer.send(response(bomb(1), GZIP)))
add("80 MiB of zeros in gzip, twice", lambda peer: peer.send(response(bomb(2), b"Content-Encoding: gzip, gzip\r\n")))
add("gzip twice over, in two headers", response(gzip.compress(gzip.compress(BODY)), GZIP + GZIP))
add("deflate in gzip", response(gzip.compress(zlib.compress(BODY)), b"Content-Encoding: deflate, gzip\r\n"))
add("br, which the client did not request", response(BODY, b"Content-Encoding: br\r\n"))
add("zstd, which the client did not request", response(BODY, b"Content-Encoding: zstd\r\n"))
add("20 encodings", response(BODY, b"Content-Encoding: " + b",".join([b"gzip"] * 20) + b"\r\n"))
add("500 with gzip that is none", response(b"oops", GZIP, b"500 Oops"))

# Bodies.
for body in (
    b"",
    b" ",
    b"null",
    b"true",
    b"[]",
    b'"text"',
    b"1e999",
    b"NaN",
    b"<html></html>",
    b'{"id": "call_1", "sta',
    b'{"id": "call_1"} x',
    b"\xff\xfe",
    b"\x00" * 100,
    b'{"id": "\xff"}',
    b'{"id": "call_1", "n": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
):
    add(f"the body {body[:30]!r}", response(body), keeps=True)
for body in (
    b"{}",
    b'{"id": 5, "status": []}',
    b'{"id": null, "status": null, "created_at": "never", "transcript": 7}',
    b'{"id": "a", "id": "b"}',
    b'{"id": "\\ud800", "status": "\\u0000"}',
    b'{"id": "call_1", "duration_seconds": NaN, "billed_minutes": -1e999}',
    "\ufeff".encode() + BODY,
    BODY.decode().encode("utf-16"),
    b'{"__class__": "x", "_fields": 1, "items": {}}',
):
    add(f"the call {body[:40]!r}", response(body), may_work=True, keeps=True)
add(
    "100 MiB of blanks", then(sending(OK + JSON + b"Content-Length: %d\r\n\r\n" % (100 << 20)), forever(b" " * 0x10000))
)

# Errors that hold something odd.
for code in (
    b"400",
    b"401",
    b"402",
    b"403",
    b"404",
    b"405",
    b"408",
    b"409",
    b"410",
    b"418",
    b"422",
    b"451",
    b"500",
    b"501",
    b"502",
    b"503",
    b"504",
    b"599",
):
    add(
        f"{code.decode()} with HTML",
        response(b"<h1>No</h1>", b"Content-Type: text/html\r\n", code + b" No"),
        keeps=True,
    )
for detail in (
    b'{"detail": []}',
    b'{"detail": [1, null, {"loc": 5, "msg": {}}]}',
    b'{"detail": {"error": {"code": {}, "message": [], "details": "x"}}}',
    b'{"detail": {"error_code": "9999999999999999999999", "message": "\\u0007\\u001b[31m"}}',
    b'{"detail": null}',
    b'"\\ud800"',
    b"[" * 100_000,
):
    add(f"422 with {detail[:50]!r}", response(detail, status=b"422 Unprocessable"), keeps=True)
for after in (
    b"-1",
    b"1e400",
    b"never",
    b"99999999999",
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"0",
    b"\xff",
    b"nan",
    b"0.001",
):
    add(
        f"429 with Retry-After: {after!r}",
        response(b"{}", b"Retry-After: " + after + b"\r\n", b"429 Too Many"),
        keeps=True,
        refused=True,
    )
    add(
        f"503 with Retry-After: {after!r}", response(b"{}", b"Retry-After: " + after + b"\r\n", b"503 Busy"), keeps=True
    )

# Ends of connections, and delays.
add("the connection is reset instead of a response", reset)
add("the connection is reset in the head", then(sending(OK), reset))
add("the connection is reset in the body", then(sending(WHOLE[:-10]), reset))
add("the connection is reset behind the response", then(sending(WHOLE), reset), may_work=True)
add("the connection is closed behind the response", WHOLE, may_work=True)
add(
    "the connection is closed behind a response that says so", response(headers=b"Connection: close\r\n"), may_work=True
)
add(
    "the connection is half closed",
    then(sending(WHOLE), lambda peer: peer.connection.shutdown(socket.SHUT_WR), silent),
    may_work=True,
)
add("silence", silent, endless=True)
add("a head and silence", then(sending(OK), silent), endless=True)
add("a head one byte at a time", dripping(WHOLE), endless=True)
add("a body one byte at a time", then(sending(WHOLE[: -len(BODY)]), dripping(BODY)), endless=True)
add("chunks one byte at a time", then(sending(OK + CHUNKED + b"\r\n"), dripping(chunk(b" ") * 100)), endless=True)


# Servers that give away what they were sent.
def echo(where: Callable[[bytes], bytes]) -> Answer:
    return lambda peer: peer.send(where(peer.authorization))


add("the key in the status line", echo(lambda key: response(b"", b"", b"500 " + key)), keeps=True)
add("the key instead of a status line", echo(lambda key: key + b"\r\n\r\n"))
add(
    "the key in a redirect",
    echo(lambda key: response(b"", b"Location: /?" + key.replace(b" ", b"+") + b"\r\n", b"302 Found")),
    keeps=True,
)
add(
    "the key in an error",
    echo(lambda key: response(b'{"detail": "no such key: %b"}' % key, status=b"401 No")),
    keeps=True,
)
add("the key in HTML", echo(lambda key: response(b"<pre>%b</pre>" % key, status=b"502 Bad")), keeps=True)
add("the key in what is no JSON", echo(lambda key: response(b"<pre>%b</pre>" % key)), keeps=True)
add(
    "the key in the request id",
    echo(lambda key: response(b"{}", b"X-Request-Id: " + key + b"\r\n", b"500 Oops")),
    keeps=True,
)
add("the key in a header that is none", echo(lambda key: OK + key + b"\r\n\r\n"))
add("the key in a chunk size", echo(lambda key: OK + CHUNKED + b"\r\n" + key + b"\r\n"))
add("the key in a Content-Length", echo(lambda key: OK + b"Content-Length: " + key + b"\r\n\r\n"))
add(
    "the key in an encoding",
    echo(lambda key: response(BODY, b"Content-Encoding: br, " + base64.b64encode(key) + b"\r\n")),
)


@dataclass
class HostileServer:
    """Gives the requests for a call or of a new one a hostile answer, and a good one to those for `call_after`."""

    answer: Hostile
    requests: list[bytes] = field(default_factory=list)
    """The request lines, in the order in which they came."""
    base_url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        received = bytearray()
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (request := read_request(connection, received)) and self.respond(connection, request):
                pass

    def respond(self, connection: socket.socket, request: bytes) -> bool:
        """Answer a request and return whether the connection goes on."""
        line = request.split(b"\r\n", 1)[0]
        self.requests.append(line)
        if b"/calls/call_after " in line:
            connection.sendall(response(json.dumps({**CALL, "id": "call_after"}).encode()))
            return True
        self.answer.answer(Peer(connection, self.stopping, request))
        return self.answer.keeps

    @property
    def posts(self) -> int:
        return sum(line.startswith(b"POST ") for line in self.requests)


def read_request(connection: socket.socket, received: bytearray) -> bytes:
    """Read one request with its body; nothing when the client has gone."""
    while (end := received.find(b"\r\n\r\n")) < 0:
        data = connection.recv(65536)
        if not data:
            return b""
        received += data
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", received[:end])
    whole = end + 4 + int(length[1] if length else 0)
    while len(received) < whole:
        data = connection.recv(65536)
        if not data:
            return b""
        received += data
    request = bytes(received[:whole])
    del received[:whole]
    return request


@contextlib.contextmanager
def hostile_server(answer: Hostile) -> Iterator[HostileServer]:
    """Run a server that answers so, in threads."""
    server = HostileServer(answer)
    listener = socket.create_server(("127.0.0.1", 0))
    server.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=server.serve, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        server.stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join(10)
