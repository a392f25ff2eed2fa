"""A campaign of forged requests: none is accepted or answered 5xx, and all are refused in the same words."""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pamela.events import WebhookVerificationError, construct_event
from pamela.webhooks import SIGNATURE_HEADER, verify_webhook_signature

from .conftest import Receiver
from .forgery import SECRET, TOLERANCE, Request, forgeries, genuine, means_the_same
from .servers import FRAMEWORKS, PATH, serve_wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGAINST_VERIFIER = 20_000
AGAINST_ADAPTERS = {
    "wsgi": 3_000,
    "asgi": 3_000,
    "flask": 1_500,
    "fastapi": 1_500,
    "starlette": 1_500,
    "django": 1_000,
    "django-async": 500,
}
OVER_SOCKETS = 150


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What is refused is logged, and here that is a lot."""
    loggers = [logging.getLogger(name) for name in ("pamela.webhooks", "django.request")]
    for logger in loggers:
        logger.disabled = True
    yield
    for logger in loggers:
        logger.disabled = False


def is_believed(request: Request) -> bool:
    try:
        construct_event(request.body, request.signature, SECRET, tolerance=TOLERANCE)
    except WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_no_forgery_passes_the_verifier(seed: int) -> None:
    believed = Counter(is_believed(request) for request in forgeries(AGAINST_VERIFIER // 4, seed))
    assert believed == {False: AGAINST_VERIFIER // 4}


def test_genuine_requests_pass() -> None:
    source = random.Random(1)
    for _ in range(200):
        request = genuine(source)
        assert is_believed(request)
        assert verify_webhook_signature(request.body, request.signature, SECRET)


ORIGINALS = [genuine(random.Random(seed)) for seed in range(8)]
changes = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 255)), max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ORIGINALS), changes, changes, st.integers(0, 20), st.binary(max_size=5))
def test_no_change_of_a_genuine_request_passes(
    original: Request, of_body: Any, of_signature: Any, cut: int, more: bytes
) -> None:
    body = bytearray(original.body)
    for place, bits in of_body:
        body[place % len(body)] ^= bits
    signature = bytearray(original.signed().encode())
    for place, bits in of_signature:
        signature[place % 64] ^= bits & 0x7F
    forged = Request(bytes(body[: len(body) - cut]) + more, signature.decode())
    try:
        construct_event(forged.body, forged.signature, SECRET, tolerance=None)
    except WebhookVerificationError:
        return
    assert means_the_same(forged, original)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500), st.text(max_size=80) | st.text("0123456789abcdefABCDEF \t", min_size=60, max_size=70))
def test_nothing_made_up_passes(body: bytes, signature: str) -> None:
    assert not is_believed(Request(body, signature))


Exchange = tuple[int, str, bytes]


def wsgi_exchange(application: Any) -> Callable[[Request], Exchange]:
    """Exchanges with a WSGI application, without a socket between."""

    def exchange(request: Request) -> Exchange:
        started: list[Any] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": PATH,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(request.body)),
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        if request.signature is not None:
            environ["HTTP_X_PAMELA_SIGNATURE"] = request.signature.encode().decode("latin-1")
        chunks = application(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        ((status, headers),) = started
        return int(status.split()[0]), str(sorted(headers)), body

    return exchange


def asgi_exchange(application: Any, loop: asyncio.AbstractEventLoop) -> Callable[[Request], Exchange]:
    """Exchanges with an ASGI application, without a socket between."""

    async def run(request: Request) -> Exchange:
        sent: list[Any] = []
        headers = [(b"content-length", str(len(request.body)).encode()), (b"content-type", b"application/json")]
        if request.signature is not None:
            headers.append((SIGNATURE_HEADER.lower().encode(), request.signature.encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }
        received = [{"type": "http.request", "body": request.body, "more_body": False}]

        async def receive() -> Any:
            # After the body, a server says nothing until the client goes.
            return received.pop() if received else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await application(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], str(sorted(sent[0]["headers"])), body

    return lambda request: loop.run_until_complete(run(request))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_forgery_passes_an_adapter_and_all_are_refused_in_the_same_words(framework: str) -> None:
    receiver = Receiver(framework)
    make_application, serve = FRAMEWORKS[framework]
    application = make_application(receiver.endpoint)
    with asyncio.Runner() as runner, receiver.http:
        exchange = wsgi_exchange(application) if serve is serve_wsgi else asgi_exchange(application, runner.get_loop())
        number = AGAINST_ADAPTERS[framework]
        answers = Counter(exchange(request) for request in forgeries(number, seed=len(framework)))
        ((_, headers, _),) = answers
        assert answers == {(401, headers, b'{"error": "Invalid signature"}'): number}
        assert receiver.events == []
        assert not receiver.runs
        assert exchange(genuine(random.Random(2)))[0] == 200


def test_no_forgery_passes_over_a_socket(receiver: Receiver) -> None:
    receiver.events.clear()
    # No client can send a header with control characters.
    sendable = (each for each in forgeries(2 * OVER_SOCKETS, seed=9) if (each.signature or "").strip().isprintable())
    answers: Counter[tuple[int, bytes]] = Counter()
    for request in islice(sendable, OVER_SOCKETS):
        headers = {SIGNATURE_HEADER.encode(): (request.signature or "").strip().encode()}
        answer = receiver.http.post(receiver.address, content=request.body, headers=headers)
        answers[answer.status_code, answer.content] += 1
    assert answers == {(401, b'{"error": "Invalid signature"}'): OVER_SOCKETS}
    assert receiver.events == []
    assert not receiver.runs
