"""The lines that a sandbox prints about its requests and deliveries."""

import io
import re
import signal

import httpx
import pytest

from pamela.sandbox.__main__ import main
from pamela.sandbox.console import Console
from pamela.sandbox.deliveries import DeliveryResult
from pamela.sandbox.request_log import LoggedRequest

from .api import PREFIX
from .process import Process
from .receiver import Receiver


def request_to(base_url: str, method: str, path: str, body: object = None) -> None:
    headers = {"Authorization": "Bearer pk_live_sandbox"}
    httpx.request(method, base_url + path, headers=headers, json=body, timeout=30)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(path: str, status: int, error: str | None = None) -> LoggedRequest:
    return LoggedRequest(
        1, 0, "GET", path, "", None, None, from_page=False, request_headers={}, status=status, error=error
    )


def test_a_process_prints_a_line_a_request_and_a_delivery(receiver: Receiver) -> None:
    with Process.start("--speed", "500", "--log") as process:
        call = {"to": "+12125550142", "task": "Order", "webhooks": {"webhook_url": receiver.url}}
        request_to(process.base_url, "POST", f"{PREFIX}/calls", call)
        receiver.wait_for_event("call.completed")
        request_to(process.base_url, "GET", f"{PREFIX}/calls/call_none?x=1")
        status, said = process.stop(signal.SIGTERM)

    lines = said.splitlines()
    assert status == 0
    assert re.fullmatch(r"\d\d:\d\d:\d\d ← 201 POST /calls \d+ ms", lines[0])
    assert re.search(rf"→ 200 call\.started {re.escape(receiver.url)} \d+ ms$", said, re.MULTILINE)
    assert re.search(r"← 404 GET /calls/call_none\?x=1 \d+ ms 7003 Call call_none not found\.$", said, re.MULTILINE)


@pytest.mark.parametrize("arguments", [(), ("--no-log",)])
def test_it_is_silent_where_nobody_looks(arguments: tuple[str, ...]) -> None:
    with Process.start(*arguments) as process:
        request_to(process.base_url, "GET", f"{PREFIX}/tools")
        assert process.stop() == (0, "")


def test_colors_say_how_it_went_and_nothing_else_commands_the_terminal() -> None:
    out = Terminal()
    console = Console(out)
    console.print_request(logged("/api/b2b/v1/\x1b[31mcalls\r\n", 200))
    console.print_request(logged("/api/b2b/v1/calls", 422, "wrong \x07" * 100))
    console.print_attempt("call.\x1b[2J", "http://x\x9b", DeliveryResult({}, 0, 1.0, error="refused"))
    text = out.getvalue()

    colors = [re.findall("\x1b\\[(\\d+)m", line) for line in text.splitlines()]
    assert colors == [["2", "0", each, "0", "2", "0"] for each in ("32", "33", "31")]
    assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]", text)
    assert "\x1b[2J" not in text
    assert len(text.splitlines()) == 3


def test_a_terminal_of_few_characters_gets_others() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    Console(out).print_request(logged("/api/b2b/v1/calls", 200))
    assert b" <- 200 GET /calls" in out.buffer.getvalue()


def test_a_reader_who_has_gone_is_no_harm() -> None:
    out = io.StringIO()
    console = Console(out)
    out.close()
    console.print_request(logged("/api/b2b/v1/calls", 200))


def test_the_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--no-log" in capsys.readouterr().out
