"""What becomes of an operation under each fault; the table in docs/about/reliability.md is what this test saw."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pamela import PamelaClient, PamelaError
from pamela.sandbox import Sandbox

from .conftest import Make
from .proxy import Fault, Proxy

PAGE = Path(__file__).parents[2] / "docs" / "about" / "reliability.md"
BEGIN, END = "<!-- outcomes -->", "<!-- /outcomes -->"
OUTSIDE = ("nothing listens", "a name that no one knows", "a plain server where TLS is expected")
OPERATIONS = ("`get_call`", "`create_call`", "`create_call` with a key", "`cancel_call`")
PATIENT: dict[str, Any] = {"timeout": 10}
"""For what does not depend on time: a busy machine may take a while."""
HASTY: dict[Fault, dict[str, Any]] = {
    Fault.SILENCE: {"timeout": 0.5},
    # Against an answer that never pauses and never ends in time, only the deadline helps.
    Fault.SLOW_HEAD: {"deadline": 1},
    Fault.SLOW_BODY: {"deadline": 1},
}

outcomes: dict[str, dict[tuple[str, str], str]] = {}


@pytest.fixture
def plain_server() -> Iterator[str]:
    """A server that does not speak TLS, at an https address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def unknown_name(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address with a name that the resolver knows not to exist, without asking a name server."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("pamela.invalid", b"pamela.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return "http://pamela.invalid"


def perform(client: Any, operation: str, call_id: str) -> str:
    """Carry an operation out and say in a few words what came of it."""
    try:
        match operation:
            case "`get_call`":
                client.get_call(call_id)
            case "`create_call`":
                client.create_call("+1234567890", "Order a pizza")
            case "`create_call` with a key":
                client.create_call("+1234567890", "Order a pizza", idempotency_key="pizza-1")
            case "`cancel_call`":
                client.cancel_call(call_id)
    except PamelaError as error:
        return describe(error)
    return "works"


def describe(error: PamelaError) -> str:
    assert error.attempts >= 1
    assert error.elapsed > 0
    assert "pk_live_" not in repr(error) + str(error)
    tries = "1 try" if error.attempts == 1 else f"{error.attempts} tries"
    return f"{type(error).__name__}{', ambiguous' if error.ambiguous else ''}, {tries}"


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("times", ["once", "always"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_fault(
    sandbox: Sandbox, proxy: Proxy, make: Make, client: PamelaClient, fault: Fault, times: str, operation: str
) -> None:
    call_id = client.create_call("+1234567890", "Wait", metadata={"before": True}).id
    if times == "once":
        proxy.faults.append(fault)
    else:
        proxy.chance = lambda: fault
    outcome = perform(make(proxy.base_url, **HASTY.get(fault, PATIENT)), operation, call_id)
    row = outcomes.setdefault(f"{fault}", {})
    assert row.setdefault((times, operation), outcome) == outcome, "sync and async differ"
    placed = [call for call in client.iter_calls() if "before" not in (call.metadata or {})]
    assert len(placed) <= 1, "the phone rang twice"
    if outcome == "works" and operation.startswith("`create_call`"):
        assert len(placed) == 1
    if placed and outcome != "works":
        assert "ambiguous" in outcome, "a call was placed and the error says that none was"


@pytest.mark.parametrize("fault", OUTSIDE)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_fault_outside(make: Make, plain_server: str, unknown_name: str, fault: str, operation: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    addresses = dict(zip(OUTSIDE, (closed, unknown_name, plain_server), strict=True))
    outcome = perform(make(addresses[fault], **PATIENT), operation, "call_1")
    row = outcomes.setdefault(fault, {})
    assert row.setdefault(("always", operation), outcome) == outcome, "sync and async differ"
    assert outcome == "APIConnectionError, 3 tries"


def table() -> str:
    lines = []
    for times in ("once", "always"):
        lines += ["", f"The fault happens {times}:", ""]
        lines.append("| fault | " + " | ".join(OPERATIONS) + " |")
        lines.append("|---" * (len(OPERATIONS) + 1) + "|")
        for fault, row in outcomes.items():
            if any(key[0] == times for key in row):
                lines.append(f"| {fault} | " + " | ".join(row[times, operation] for operation in OPERATIONS) + " |")
    return "\n".join(lines).strip() + "\n"


def test_documented() -> None:
    """Runs last in this module: the page says what was seen. `UPDATE_DOCS=1` writes it."""
    expected = len(Fault) + len(OUTSIDE)
    if len(outcomes) != expected or any(len(row) % len(OPERATIONS) for row in outcomes.values()):
        pytest.skip("only a part of the faults ran")
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    seen = f"{head}{BEGIN}\n\n{table()}\n{END}{tail}"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(seen)
    assert PAGE.read_text() == seen
