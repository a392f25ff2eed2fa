"""The command `python -m pamela.sandbox`."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pamela.sandbox.__main__ import main
from pamela.sandbox.calls import Calls
from pamela.webhooks import sign_webhook

from .process import COMMAND, Process


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(how: signal.Signals) -> None:
    with Process.start("--speed", "7", "--webhook-secret", "whsec_mine") as process:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", process.base_url)
        assert httpx.get(f"{process.base_url}/sandbox").json()["speed"] == 7
        headers = {"Authorization": "Bearer pk_live_x"}
        signed = {"body": "{}", "signature": sign_webhook("{}", "whsec_mine")}
        assert httpx.post(f"{process.base_url}/sandbox/verify", headers=headers, json=signed).json() == {"valid": True}

        assert process.stop(how) == (0, "")


def test_it_stops_with_connections_open() -> None:
    with Process.start() as process, httpx.Client(base_url=process.base_url) as client:
        client.get("/sandbox")

        assert process.stop() == (0, "")


@pytest.fixture
def signal_handlers() -> Iterator[None]:
    """Puts back the handlers that the command replaces."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("signal_handlers")
def test_it_says_on_which_address_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    def stop_when_it_is_ready() -> None:
        # The handler is there before the line is.
        line = os.read(reading, 100).decode()
        lines.append(line)
        os.kill(os.getpid(), signal.SIGTERM)

    lines: list[str] = []
    reading, writing = os.pipe()
    stopper = threading.Thread(target=stop_when_it_is_ready)
    stopper.start()
    with open(writing, "w") as sys.stdout:  # noqa: PTH123 - it is a descriptor
        try:
            status = main(["--port", "0", "--host", "::1"])
        finally:
            sys.stdout = sys.__stdout__
    stopper.join()
    os.close(reading)

    assert status == 0
    assert re.fullmatch(r"Pamela sandbox ready on http://\[::1\]:\d+\n", lines[0])


def test_a_port_that_is_taken_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert main(["--port", str(port)]) == 2

    assert capsys.readouterr().err == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. --port 0 takes a free port, --host an address of this machine.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--speed", "0"], "The speed is 0.0; it must be a number from 0.001 to 1000000."),
        (["--speed", "1e-14"], "The speed is 1e-14; it must be a number from 0.001 to 1000000."),
        (["--speed", "inf"], "The speed is inf; it must be a number from 0.001 to 1000000."),
        (["--speed", "1e300"], "The speed is 1e+300; it must be a number from 0.001 to 1000000."),
        (
            ["--allowed-host", "http://acme.test"],
            "'http://acme.test' in allowed_hosts is no name of a host; give one such as acme.test",
        ),
        (
            ["--webhook-hosts", "127.0.0.1:5000"],
            "'127.0.0.1:5000' in webhook_hosts is no name of a host; give one such as acme.test",
        ),
        (["--speed", "nan"], "The speed is nan; it must be a number from 0.001 to 1000000."),
        (["--host", ""], "The host is empty; give an address, 127.0.0.1 for example."),
        (["--webhook-secret", ""], "The webhook secret is empty; give one, whsec_sandbox for example."),
        (["--port", "70000"], "The port is 70000; it must be one from 0 to 65535, 0 meaning any that is free."),
        (["--host", "203.0.113.7"], "Cannot listen on 203.0.113.7:8400: "),
    ],
)
def test_a_wrong_option_is_explained(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.usefixtures("signal_handlers")
def test_a_fault_of_its_own_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    due = Calls.due

    def fail(calls: Calls, *arguments: Any) -> Any:
        """Fail in the command's own sandbox, which runs in this thread; those of the fixtures run in theirs."""
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError("out of order")
        return due(calls, *arguments)

    monkeypatch.setattr(Calls, "due", fail)

    assert main(["--port", "0"]) == 1

    assert capsys.readouterr().err == (
        "The sandbox has stopped because of an error of its own: RuntimeError('out of order')\n"
    )


def test_a_database_belongs_to_one_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "pamela.db"
    with Process.start("--database", database):
        assert main(["--port", "0", "--database", str(database)]) == 2

    assert capsys.readouterr().err == (
        f"The database {database} is in use by another sandbox; stop that one, or choose another file.\n"
    )


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("Dear Pamela, " * 1000)

    assert main(["--port", "0", "--database", str(text)]) == 2

    assert "file is not a database. Choose another file." in capsys.readouterr().err
    assert text.read_text() == "Dear Pamela, " * 1000


def test_somebody_elses_database_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "letters.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE letters (text)")
    connection.close()

    assert main(["--port", "0", "--database", str(database)]) == 2

    assert "it was written by something else" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_said_not_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--database", str(tmp_path / "no" / "pamela.db")]) == 2

    assert "cannot be used: No such file or directory. Choose another file." in capsys.readouterr().err


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "jsonschema", "yaml"])
def test_a_missing_extra_is_named(package: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    ended = subprocess.run(COMMAND, capture_output=True, text=True, timeout=30, env=environment, check=False)

    assert ended.returncode == 1
    assert ended.stderr == f"The sandbox needs {package}: pip install 'thisispamela[sandbox]'\n"


def test_help_is_there() -> None:
    assert "--webhook-secret" in run("--help").stdout
