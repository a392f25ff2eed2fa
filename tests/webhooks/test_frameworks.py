"""Every framework's adapter answers alike, over sockets."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

import httpx
import pytest

from pamela._generated.events import EVENTS
from pamela._webhooks.refusals import RefusalLog
from pamela.webhooks import sign_webhook

from .conftest import MAX_BODY_BYTES, SECRET, Receiver, event_body, invocation_body


@pytest.fixture(autouse=True)
def _no_refusals_before(receiver: Receiver) -> None:
    """Let the receiver, which other tests have used, log the first refusal of each kind again."""
    receiver.endpoint._receiver._refusals = RefusalLog()


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_reaches_its_handler_typed(receiver: Receiver, event: str) -> None:
    receiver.events.clear()
    assert receiver.send(event_body(event)).status_code == 200
    assert [type(each).__name__ for each in receiver.events] == [EVENTS[event]]
    assert receiver.events[0].call_id == "call_1"


def test_an_event_never_heard_of_is_received(receiver: Receiver) -> None:
    receiver.events.clear()
    assert receiver.send(event_body("call.transferred")).status_code == 200
    assert receiver.send(event_body("invoice.paid")).status_code == 200
    assert [each.event for each in receiver.events] == ["call.transferred"]


@pytest.mark.parametrize(("tool", "result"), [("double", 42), ("triple", 63)])
def test_tools_answer(receiver: Receiver, tool: str, result: int) -> None:
    answer = receiver.send(invocation_body(tool, f"corr_{tool}", number=21, run="answer"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"result": result, "correlation_id": f"corr_{tool}"}


def test_repeats_are_answered_from_memory_also_while_the_first_runs(receiver: Receiver) -> None:
    receiver.hold.clear()
    body = invocation_body("double", "corr_repeated", number=4, run="repeated")
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(receiver.send(body).json())) for _ in range(4)]
    for thread in threads:
        thread.start()
    receiver.hold.set()
    for thread in threads:
        thread.join()
    answers.append(receiver.send(body).json())
    assert answers == [{"result": 8, "correlation_id": "corr_repeated"}] * 5
    assert receiver.runs["repeated"] == 1


def test_tool_failures_are_4xx(receiver: Receiver) -> None:
    unknown = receiver.send(invocation_body("no_such_tool", "corr_unknown"))
    assert (unknown.status_code, unknown.json()) == (400, {"error": "Unknown tool", "correlation_id": "corr_unknown"})
    invalid = receiver.send(invocation_body("double", "corr_invalid", number="x", run="invalid"))
    assert invalid.status_code == 400
    assert invalid.json()["error"].startswith("Invalid arguments: number: ")
    assert invalid.json()["correlation_id"] == "corr_invalid"


def test_a_signature_over_the_canonical_form_counts(receiver: Receiver) -> None:
    receiver.events.clear()
    body = b'{ "event": "call.queued",\n "call_id": "call_1", "note": "\xc3\xa9" }'
    canonical = sign_webhook({"event": "call.queued", "call_id": "call_1", "note": "é"}, SECRET)
    assert receiver.send(body, canonical).status_code == 200
    assert len(receiver.events) == 1


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (event_body(), ""),
        (event_body(), "0" * 64),
        (event_body(), "not hexadecimal"),
        (event_body(), sign_webhook(event_body(), "whsec_other")),
        (event_body(timestamp="2020-01-01T00:00:00Z"), None),
        (event_body(timestamp="2220-01-01T00:00:00Z"), None),
        (b"not JSON", "0" * 64),
        (b"", ""),
    ],
    ids=["none", "wrong", "malformed", "another secret", "too old", "too early", "no JSON", "nothing"],
)
def test_what_is_not_signed_or_stale_is_401_and_all_look_alike(
    receiver: Receiver, body: bytes, signature: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.events.clear()
    with caplog.at_level(logging.WARNING, "pamela.webhooks"):
        answer = receiver.send(body, signature)
    assert answer.status_code == 401
    assert answer.json() in ({"error": "Invalid signature"}, {"detail": "Invalid signature"})
    assert receiver.events == []
    assert "Refused a webhook" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "body", [b"not JSON", b"[]", b'{"a":NaN}', b'{"a":1,"a":2}', b"\xff", b'{"tool_name":"double"}']
)
def test_what_is_signed_but_no_webhook_is_400(receiver: Receiver, body: bytes) -> None:
    answer = receiver.send(body)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid body"})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_405(receiver: Receiver, method: str) -> None:
    answer = receiver.send(event_body(), method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_a_body_over_the_limit_is_413(receiver: Receiver) -> None:
    fitting = event_body(note="x").replace(b'"x"', b'"' + b"x" * (MAX_BODY_BYTES - len(event_body(note=""))) + b'"')
    assert len(fitting) == MAX_BODY_BYTES
    assert receiver.send(fitting).status_code == 200
    assert receiver.send(fitting + b" ").status_code == 413


def test_a_chunked_body_is_read_up_to_the_limit(receiver: Receiver) -> None:
    body = event_body()
    headers = {"X-Pamela-Signature": sign_webhook(body, SECRET)}
    halves = (each for each in (body[:9], body[9:]))
    assert receiver.http.post(receiver.address, content=halves, headers=headers).status_code == 200
    endless = (b"x" * 1000 for _ in range(1 + MAX_BODY_BYTES // 1000))
    assert receiver.http.post(receiver.address, content=endless, headers=headers).status_code == 413


@pytest.mark.parametrize(
    "length",
    [str(MAX_BODY_BYTES + 1), "99999999999999999999", "-1", "abc", "\xb2"],
)
def test_a_false_length_is_refused_before_a_body_comes(receiver: Receiver, length: str) -> None:
    if receiver.framework == "django-async" and length.isascii() and length.isdecimal():
        pytest.skip("Django under ASGI waits for the whole body before it calls a view")
    assert status_of_raw_request(receiver.address, f"Content-Length: {length}\r\n") in (400, 401, 413)


def signed_head(body: bytes) -> str:
    return f"X-Pamela-Signature: {sign_webhook(body, SECRET)}\r\n"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("other", [f"X-Pamela-Signature: {'0' * 64}\r\n", None], ids=["another", "the same"])
def test_two_signatures_are_refused(receiver: Receiver, other: str | None, order: int) -> None:
    receiver.events.clear()
    body = event_body()
    signatures = [signed_head(body), other or signed_head(body)][::order]
    head = f"{''.join(signatures)}Content-Length: {len(body)}\r\n"
    assert status_of_raw_request(receiver.address, head, body) == 401
    assert receiver.events == []


@pytest.mark.parametrize(
    "malformed",
    ["zz\r\n{}\r\n0\r\n\r\n", "-{n:x}\r\n{}\r\n0\r\n\r\n", "{n:x}\r\n{}XX0\r\n\r\n", "{n:x}\r\n{}\r\nzz\r\n\r\n"],
    ids=["no size", "negative size", "no end", "no size of the second"],
)
def test_a_malformed_chunked_body_is_400(receiver: Receiver, malformed: str, caplog: pytest.LogCaptureFixture) -> None:
    receiver.events.clear()
    body = event_body()
    head = f"{signed_head(body)}Transfer-Encoding: chunked\r\n"
    chunks = malformed.format(body.decode(), n=len(body)).encode()
    assert status_of_raw_request(receiver.address, head, chunks) == 400
    assert receiver.events == []
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_body_that_ends_before_its_length_is_not_believed(receiver: Receiver) -> None:
    receiver.events.clear()
    body = event_body()
    url = httpx.URL(receiver.address)
    head = f"POST {url.path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{signed_head(body)}"
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline().split()
    assert not answer or answer[1] == b"400"  # servers of ASGI close the connection
    assert receiver.events == []


def status_of_raw_request(address: str, head: str, body: bytes = b"") -> int:
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        start = f"POST {url.path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{head}\r\n"
        connection.sendall(start.encode("latin-1") + body)
        return int(connection.makefile("rb").readline().split()[1])
