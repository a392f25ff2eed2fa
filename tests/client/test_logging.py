"""What is logged, traced and loaded: nothing secret, nothing heavy."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from pamela import AttemptInfo, PamelaClient
from pamela._client.logging import log_outcome
from pamela._http.redaction import mask
from pamela.sandbox import Sandbox


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_a_line_an_attempt(client: PamelaClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "pamela"):
        client.list_calls()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "pamela"]
    assert line.startswith("list_calls GET http://127.0.0.1:")
    assert "-> 200 in" in line
    assert "(attempt 1, request req_" in line


def test_a_line_for_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "pamela"):
        log_outcome(AttemptInfo("get_call", "GET", "http://a/+15551234567", 2, problem="no route to pk_live_abc"))
        log_outcome(AttemptInfo("GET /numbers/+15551234567", "GET", "http://a/", 1, 200, "req_1"))
    assert caplog.messages == [
        "get_call GET http://a/+1*** -> no route to pk_live_*** in 0 ms (attempt 2, request unnamed)",
        "GET /numbers/+1*** GET http://a/ -> 200 in 0 ms (attempt 1, request req_1)",
    ]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key pk_live_abc-DEF_1 and sk_test_x", "key pk_live_*** and sk_test_***"),
        ("to=%2B15551234567&x=1", "to=%2B1***&x=1"),
        ("call +491701234567 now", "call +4*** now"),
        ("to=%2b15551234567", "to=%2b1***"),
        ("to=%2B1+555-123+4567&x=1", "to=%2B1***&x=1"),
        ("call +1 (555) 123-4567 now", "call +1*** now"),
        ("order 1042, port 8400", "order 1042, port 8400"),
        ("from 2026-01-01T00:00:00+02:00", "from 2026-01-01T00:00:00+02:00"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(("level", "lines"), [("debug", 1), ("warning", 0), ("", 0), ("nonsense", 0)])
def test_the_environment_switches_the_log_on(sandbox: Sandbox, level: str, lines: int) -> None:
    root = "import logging; logging.basicConfig()"
    script = f"{root}\nfrom pamela import PamelaClient\nwith PamelaClient('pk_live_secret', {sandbox.base_url!r}) as c: c.list_tools()"
    done = run(script, PAMELA_LOG=level)
    assert done.stderr.count("list_tools GET") == lines
    assert "secret" not in done.stderr


def test_nothing_is_loaded_before_it_is_needed() -> None:
    heavy = "{'httpx', 'attrs', 'attr', 'dateutil', 'flask', 'starlette', 'jsonschema', 'yaml', 'pydantic'}"
    for script in (
        "import pamela",
        "from pamela import verify_webhook_signature; verify_webhook_signature(b'{}', 'x', 'y')",
        "from pamela import CallError, ValidationError",
        "from pamela import Call, CallStatus; Call(status='queued').status",
    ):
        run(f"import sys\n{script}\nassert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)")


def test_a_read_loads_neither_request_classes_nor_dateutil(sandbox: Sandbox) -> None:
    run(
        f"import sys\nfrom pamela import PamelaClient\n"
        f"with PamelaClient('pk_live_...', {sandbox.base_url!r}) as c: c.list_calls()\n"
        "assert not {'pamela._generated.client', 'dateutil'} & set(sys.modules)"
    )


def test_a_first_response_loads_only_what_it_needs(client: PamelaClient) -> None:
    rare = {
        "pamela._client.capture",
        "pamela._client.recovery",
        "pamela._client.retries",
        "pamela._core.patterns",
        "pamela._core.phone_numbers",
        "pamela._core.suggestions",
        "pamela._core.unset",
        "pamela._http.certificates",
        "pamela._http.failures",
        "pamela._http.open_bodies",
        "pamela._http.proxies",
        "pamela._http.user_clients",
    }
    call_id = client.create_call(to="+12025550123", task="Order a pizza").id
    run(
        "import sys, httpx, httpcore\nbefore = set(sys.modules)\nfrom pamela import PamelaClient\n"
        f"PamelaClient({str(client.api_key)!r}, {client.base_url!r}).get_call({call_id!r})\n"
        "loaded = set(sys.modules) - before\n"
        f"assert not {rare!r} & loaded, {rare!r} & loaded\n"
        "others = {name for name in loaded if not name.startswith('pamela')}\n"
        "assert others <= {'encodings.idna', 'stringprep'}, others  # which the connection of httpx needs"
    )
