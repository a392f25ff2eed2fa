"""Every shell block of the README and of docs/ runs, page by page, against a sandbox and real servers.

What cannot run here is in `NOT_RUN`, each with its reason.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pamela.sandbox
from pamela import PamelaClient, sign_webhook
from pamela.sandbox import Sandbox

from .servers import free_port, or_skip, postgresql_server
from .test_documentation import BLOCK, PAGES, ROOT, SHELL, names_of

NOT_RUN = {
    r"pip install .*": "needs a package index; test_shell_blocks_are_right compares the extras with pyproject.toml",
    r"docker run .*": "needs a container runtime; the command in the container is that of docs/guides/deployment.md",
    r"make (demo|test)": "takes minutes; .ci/run runs both",
    r"unset PAMELA_BASE_URL": "the next command would reach the real service",
    r"pamela login( --webhook-secret| --profile .*)?": "asks at a terminal; tests/cli/test_settings.py answers it",
}
"""Commands that do not run in this test, and why."""

RUN_ELSEWHERE = {"docs/reference/http-api.md": "test_curl in tests/test_reference_pages.py runs its commands"}

KEEPS_RUNNING = re.compile(
    r"flask --app|uvicorn |python -m pamela\.sandbox|pamela sandbox|pamela listen|pamela campaign worker (?!.*--until)"
)
"""Servers: they start, are waited for, and run until the end of the page."""

STATUSES = {
    r"pamela trigger .*--forged": 5,  # refused, as the page says
    r"pamela tools (deploy|delete) (?!.*--yes)": 5,  # it asks at a terminal, and here nobody can answer
    r"pamela logout --profile": 4,  # the login of this profile asks at a terminal, and has not run
    r"pamela campaign (pause|resume|stop) ": None,  # the campaign may be finished by then
    r"pamela tools plan ": None,  # it says whether there is something to do
}
"""Commands whose exit status is not 0. None takes any."""

APPLICATION = '''
from flask import Flask
from pamela import ToolRegistry, WebhookEndpoint
from pamela.integrations.flask import webhook_blueprint

registry = ToolRegistry("shop")

@registry.tool
def check_order_status(order_id: str) -> dict[str, str]:
    """Look up an order by ID."""
    return {"status": "shipped"}

endpoint = WebhookEndpoint("whsec_sandbox", tools=registry)
app = Flask(__name__)
for path in ("/webhooks/pamela", "/hook", "/tools"):
    app.register_blueprint(webhook_blueprint(endpoint, path, name=path.replace("/", "_")))
'''
EVENT = '{"event": "call.completed", "call_id": "call_1042", "status": "completed"}'
FILES = {
    "shop/__init__.py": "",
    "shop/tools.py": APPLICATION,
    "shop/webhooks.py": "from shop.tools import endpoint\n",
    "people.jsonl": '{"phone": "+12022000301", "name": "Ann"}\n',
    "arguments.json": '{"order_id": "A-1042"}',
    "tool.json": '{"tool": {"name": "eta", "description": "When it arrives", "input_schema": {"type": "object"}}}',
    "event.json": EVENT,
    "body.json": EVENT,
    "secrets/pamela_api_key": "pk_live_secret\n",
}
SHELL_PAGES = [page for page in PAGES if SHELL.search(page.read_text()) and names_of(page) not in RUN_ELSEWHERE]


def commands_of(page: Path) -> Iterator[str]:
    """Yield the commands of a page, each on one line and without the comment that follows it."""
    for block in SHELL.findall(page.read_text()):
        lines = [re.sub(r"\s+# .*", "", line).strip() for line in block.replace("\\\n", " ").splitlines()]
        if any("activate" in line for line in lines):
            # In a shell of its own: an empty environment has no `pamela`.
            lines = ["(" + "; ".join(line for line in lines if not line.startswith("pip ")) + ")"]
        yield from filter(None, lines)


def reason_not_to_run(command: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.fullmatch(pattern, command)), None)


def test_what_does_not_run_is_on_a_page() -> None:
    commands = [command for page in SHELL_PAGES for command in commands_of(page)]
    blocks = "".join(block for page in SHELL_PAGES for block in SHELL.findall(page.read_text()))
    for pattern in NOT_RUN:
        assert any(re.fullmatch(pattern, command) for command in commands) or re.search(pattern, blocks), pattern
    assert set(RUN_ELSEWHERE) <= set(map(names_of, PAGES))


def script_of(page: Path, names: dict[str, str]) -> str:
    """Return a script that runs the commands of a page, with addresses and names that exist here."""
    lines = [
        "set -m",  # each server is a process group
        "trap 'for job in $(jobs -p); do kill -- -$job; done 2> /dev/null' EXIT",
        "mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions zsh",
        "fpath=(zsh zsh)",
        'expect() { wanted=$1; shift; bash -c "$*" < /dev/null; status=$?; '
        '[ $status = $wanted ] || { echo "status $status: $*"; failed=1; }; }',
        "answers() { for _ in $(seq 300); do curl -s -o answer $1 && return; sleep 0.1; done; cat server*.log; exit 1; }",
        'ready() { for _ in $(seq 300); do grep -qE "$2" $1 && return; sleep 0.1; done; cat server*.log; exit 1; }',
    ]
    servers = 0
    if re.search(r"127\.0\.0\.1:5000|acme\.example|shop\.", "".join(SHELL.findall(page.read_text()))):
        application = names["127.0.0.1:5000"].rpartition(":")[2]
        lines += [
            f"flask --app shop.tools run --port {application} > server0.log 2>&1 &",
            f"answers http://127.0.0.1:{application}/",
        ]
    for command in commands_of(page):
        if reason_not_to_run(command):
            continue
        for name, value in names.items():
            command = command.replace(name, value)
        if KEEPS_RUNNING.match(command):
            servers += 1
            log = f"server{servers}.log"
            if "sandbox" in command and "listen" not in command:
                port = str(free_port())
                command = re.sub(r"--port \d+", "", command).replace("0.0.0.0", "127.0.0.1") + f" --port {port}"
            if "listen" in command:
                lines.append('[ -z "$listener" ] || { kill -- -$listener; wait $listener; } 2> /dev/null')
            lines.append(f"( {command} ) > {log} 2>&1 &")
            if "listen" in command:
                lines += ["listener=$!", f"ready {log} '^Ready'"]
            elif "worker" in command:
                lines.append(f"ready {log} .")
            else:
                found = re.search(r"--port (\d+)", command)
                assert found is not None, command
                lines.append(f"answers http://127.0.0.1:{found[1]}/")
            continue
        status = next((each for pattern, each in STATUSES.items() if re.match(pattern, command)), 0)
        if command.startswith(("export ", "(")) or status is None:
            lines.append(command)
        else:
            lines.append(f"expect {status} {shlex.quote(command)}")
    return "\n".join([*lines, "exit ${failed:-0}"])


def prepared(sandbox: Sandbox, client: PamelaClient) -> tuple[str, str]:
    """Return the id of a call that has ended and of a tool, after making what the pages look up."""
    for number, key in (("+1234567890", "delivery-1042"), ("+15551234567", "order-1042-reminder")):
        call = client.create_call(to=number, task="Say that order 1042 is here", idempotency_key=key)
        client.wait_for_call(call.id, poll_interval=0.02)
    schema = {"type": "object", "properties": {"order_id": {"type": "string"}}}
    for name in ("check_order_status", "cancel_order"):
        tool = client.register_tool(name, "Look up an order", schema)
    assert tool.tool_id is not None
    return call.id, tool.tool_id


@pytest.fixture(scope="module")
def ledger() -> Iterator[str]:
    """The address of a database in PostgreSQL."""
    with or_skip(postgresql_server()) as server:
        yield server.address()


@pytest.mark.slow
@pytest.mark.parametrize("page", SHELL_PAGES, ids=names_of)
def test_shell_blocks_run(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = page.read_text()
    blocks = "".join(SHELL.findall(text))
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    for block in BLOCK.findall(text)[:1]:
        for name in ("hooks.py", "reminders.py"):
            (tmp_path / name).write_text(block)
    customers = re.findall(
        r"^```csv\n(.*?)^```", (ROOT / "docs/guides/campaigns.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "customers.csv").write_text(customers[0])
    (tmp_path / "bin").mkdir()
    for program, command in {
        "pamela": f'exec {sys.executable} -m pamela "$@"',
        "pass": "echo pk_live_from_the_password_store",
    }.items():
        (tmp_path / "bin" / program).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / "bin" / program).chmod(0o755)
    with pamela.sandbox.run(speed=100) as sandbox, pamela.sandbox.run(speed=0.05) as slow:
        with PamelaClient(sandbox.api_key, sandbox.base_url) as client:
            call_id, tool_id = prepared(sandbox, client)
        with PamelaClient(slow.api_key, slow.base_url) as client:
            talking = client.create_call(to="+1234567890", task="Order a pizza")
            callee = slow.take(talking)
            slow.clock.advance(100)
            callee.wait_until_connected()
            queued = client.create_call(to="+1234567890", task="Order a pizza")
        here = f"PAMELA_BASE_URL={slow.base_url} pamela calls"
        names = {
            "pamela calls cancel call_8Zk2vQ": f"{here} cancel {queued.id}",
            "pamela calls hangup call_8Zk2vQ": f"{here} hangup {talking.id}",
            "127.0.0.1:8400": sandbox.base_url.removeprefix("http://"),
            "8401": str(free_port()),
            "8000": str(free_port()),
            "127.0.0.1:5000": (application := f"127.0.0.1:{free_port()}"),
            "https://acme.example": f"http://{application}",
            "pk_live_sandbox": sandbox.api_key,
            "call_8Zk2vQ": call_id,
            "tool_4fTq9s": tool_id,
            "3dd4...": sign_webhook(EVENT, "whsec_sandbox"),
            "/run/secrets": "secrets",
            # Calling hours depend on the time of the day at which the test runs.
            "--hours 09:00-20:00 --days mon-sat": "",
        }
        if "postgresql:" in blocks:
            names["postgresql://pamela@db.example/campaigns"] = request.getfixturevalue("ledger")
        path = [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": os.pathsep.join([os.fspath(ROOT), os.fspath(tmp_path)]),
            "HOME": os.fspath(tmp_path),
            "PAMELA_BASE_URL": sandbox.base_url,
            "PAMELA_API_KEY": sandbox.api_key,
            "PAMELA_WEBHOOK_SECRET": "whsec_sandbox",
        }
        script = script_of(page, names)
        ran = subprocess.run(
            ["timeout", "--kill-after=10", "300", "bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
