"""Programs for version 1 run on 1.2.0 and on this version, and do the same; docs/guides/upgrading.md says where they do not.

`UPDATE_DOCS=1` writes the table. The other version is in build/version_1, which `make version-1` makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

import pamela.sandbox

from .programs import CALL, JSON, PAGE, PROGRAMS, TOOL, Program

ROOT = Path(__file__).parents[2]
VERSION_1 = ROOT / "build" / "version_1" / "bin" / "python"
PAGE_OF_DOCS = ROOT / "docs" / "guides" / "upgrading.md"
BEGIN, END = "<!-- replay: begin -->\n", "<!-- replay: end -->\n"
Sent = dict[str, list[list[Any]]]


def key_of(number: int) -> str:
    return f"pk_live_program_{number}"


class Server(ThreadingHTTPServer):
    """Answers what each program's script says, and keeps what each sent, both by the program's API key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sent: Sent = defaultdict(list)
        self.answers: dict[str, list[tuple[int, str, Any]]] = {}
        self.headers: dict[str, dict[str, str]] = {}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        key = self.headers["Authorization"].removeprefix("Bearer ")
        own = key.removesuffix("2") if key not in server.answers and key.removesuffix("2") in server.answers else key
        server.sent[own].append(
            [self.command, parts.path, sorted(parse_qsl(parts.query)), json.loads(body) if body else None, key]
        )
        answers = server.answers.get(own)
        status, kind, content = usual(self.command, parts.path) if answers is None else answers[0]
        if answers is not None and len(answers) > 1:
            del answers[0]
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in server.headers.get(own, {}).items() if 300 <= status < 400 else ():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", kind or JSON)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def usual(method: str, path: str) -> tuple[int, str, Any]:
    """Return what the service answers when all is well."""
    name = path.removeprefix("/api/b2b/v1/").split("/")
    match method, name:
        case "GET", ["calls"]:
            return 200, JSON, PAGE
        case "POST", ["calls"]:
            return 201, JSON, CALL
        case _, ["calls", call_id, *_]:
            return 200, JSON, {**CALL, "id": unquote(call_id)}
        case "POST", ["tools"]:
            return 201, JSON, {"success": True, "message": "Done.", "tool_id": "tool_1", "tool": TOOL}
        case "DELETE", [_, tool_id]:
            return 200, JSON, {"success": True, "message": "Done.", "tool_id": unquote(tool_id)}
        case _, ["usage"]:
            return 200, JSON, {"period": "2026-03", "call_count": 0, "billed_minutes": 0}
    return 200, JSON, []


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def replay(python: str | Path) -> tuple[list[dict[str, Any]], Sent]:
    """Run all programs with one Python; return what came of each, and what each sent."""
    with pamela.sandbox.run(speed=0.001) as sandbox, serving() as server:
        places = {
            "server": f"http://127.0.0.1:{server.server_port}",
            "sandbox": sandbox.base_url,
            "nowhere": "http://127.0.0.1:1",
        }
        given = []
        for number, program in enumerate(PROGRAMS):
            key = key_of(number)
            if program.answers is not None:
                server.answers[key] = list(program.answers)
            server.headers[key] = program.headers
            given.append({"api_key": key, "base_url": places[program.where], "code": program.code})
        command = [python, Path(__file__).with_name("run_programs.py")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PAMELA_", "PYTHON"))}
        ran = subprocess.run(
            command, input=json.dumps(given), capture_output=True, text=True, check=False, env=environment, timeout=300
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout), dict(server.sent)


Replayed = dict[str, tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """What came of each program, before and now."""
    if not VERSION_1.exists():
        pytest.skip("Version 1.2.0 is not there: run `make version-1`.")
    (before, sent_before), (now, sent_now) = replay(VERSION_1), replay(sys.executable)
    together: Replayed = {}
    for number, program in enumerate(PROGRAMS):
        key = key_of(number)
        old = {**before[number], "sent": sent_before.get(key, [])}
        new = {**now[number], "sent": sent_now.get(key, [])}
        together[program.title] = old, new
    assert len(together) == len(PROGRAMS)
    return together


def as_seen_by_version_1(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return what a program of version 1 sees of the new outcome: exceptions by the classes that it knows."""
    if "exception" not in old or "exception" not in new:
        return new
    return {**new, "exception": old["exception"] if old["exception"][0] in new["exception"] else new["exception"]}


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.title)
def test_program(replayed: Replayed, program: Program) -> None:
    old, new = replayed[program.title]
    if program.difference is None:
        assert as_seen_by_version_1(old, new) == old
    else:
        assert as_seen_by_version_1(old, new) != old, "There is no difference any more: take the note away."


def brief(outcome: dict[str, Any]) -> str:
    if "exception" in outcome:
        return f"`{outcome['exception'][0].removeprefix('pamela.').removeprefix('builtins.')}`"
    return "a result"


@pytest.mark.slow
def test_table(replayed: Replayed) -> None:
    rows = ["| a program of version 1 | 1.2.0 | now | |", "|---|---|---|---|"]
    for program in PROGRAMS:
        old, new = replayed[program.title]
        rows.append(f"| {program.title} | {brief(old)} | {brief(new)} | {program.difference or 'the same'} |")
    table = "\n".join(rows) + "\n"
    page = PAGE_OF_DOCS.read_text()
    head, _, rest = page.partition(BEGIN)
    present, _, tail = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE_OF_DOCS.write_text(f"{head}{BEGIN}{table}{END}{tail}")
        return
    assert present == table
