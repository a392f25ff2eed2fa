"""Which key and which address a command uses, and how keys are kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from pamela import PamelaClient

from .running import Cli
from .services import nowhere

KEYRING = '''
"""A keyring of the tests': a real backend, in a file."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class FileKeyring(KeyringBackend):
    priority = 5

    def _all(self):
        if os.environ.get("KEYRING_LOCKED"):
            raise KeyringLocked("it has pk_live_in_it")
        path = Path(os.environ["KEYRING_FILE"])
        return json.loads(path.read_text()) if path.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        Path(os.environ["KEYRING_FILE"]).write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service, username):
        kept = self._all()
        del kept[f"{service} {username}"]
        Path(os.environ["KEYRING_FILE"]).write_text(json.dumps(kept))
'''

BARE = {"PAMELA_API_KEY": "", "PAMELA_BASE_URL": ""}


@pytest.fixture
def bare(cli: Cli) -> Cli:
    """The command with nothing in its environment."""
    for name in BARE:
        del cli.environment[name]
    # A developer's own keyring stays out of it.
    cli.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    return cli


@pytest.fixture
def with_keyring(bare: Cli) -> Cli:
    """The command on a system with a keyring."""
    (bare.home / "file_keyring.py").write_text(KEYRING)
    bare.environment |= {
        "PYTHONPATH": str(bare.home),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
        "KEYRING_FILE": str(bare.home / "keyring.json"),
    }
    return bare


def profiles_of(cli: Cli) -> Path:
    (found,) = cli.home.rglob("profiles.json")
    return found


def test_without_a_key_the_ways_to_give_one_are_named(bare: Cli) -> None:
    done = bare("calls", "list", code=3)
    for way in ("pamela login", "PAMELA_API_KEY", "--api-key-stdin", "--sandbox"):
        assert way in done.err


def test_a_key_is_read_from_stdin(bare: Cli, service: str, api_key: str, client: PamelaClient) -> None:
    call = client.create_call(to="+1234567890", task="x")
    done = bare("calls", "list", "--base-url", service, "--api-key-stdin", "--columns", "id", stdin=f"{api_key}\n")
    assert done.lines[1:] == [call.id]
    bare("calls", "list", "--base-url", service, "--api-key-stdin", stdin="", code=3)


def test_a_key_is_no_argument(bare: Cli) -> None:
    bare("calls", "list", "--api-key", "pk_live_x", code=2)


def test_options_may_stand_before_the_command(bare: Cli, service: str, api_key: str) -> None:
    bare("--base-url", service, "--api-key-stdin", "calls", "list", stdin=f"{api_key}\n")


def test_login_keeps_a_key_that_only_the_owner_can_read(bare: Cli, service: str, api_key: str) -> None:
    done = bare("login", "--base-url", service, "--api-key-stdin", stdin=f"{api_key}\n")
    assert "readable by you alone" in done.err
    assert api_key not in done.out + done.err
    path = profiles_of(bare)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    bare("calls", "list")
    assert bare("profiles", "--json").json == [
        {"name": "default", "base_url": service, "key": True, "webhook_secret": None, "kept_in": "file"}
    ]
    assert "was deleted" in bare("logout").err
    bare("calls", "list", code=3)
    bare("logout", code=4)


def test_login_asks_at_a_terminal_and_shows_no_secret(bare: Cli, service: str, api_key: str) -> None:
    terminal = bare.terminal("login", "--base-url", service, "--profile", "mine", "--webhook-secret")
    terminal.expect("API key:")
    terminal.type(f"{api_key}\n")
    terminal.expect("Webhook secret:")
    terminal.type("whsec_mine\n")
    shown = terminal.end()
    assert "Logged in as 'mine'" in shown
    assert api_key not in shown
    assert "whsec_mine" not in shown
    kept = json.loads(profiles_of(bare).read_text())["mine"]
    assert kept == {"base_url": service, "api_key": api_key, "webhook_secret": "whsec_mine"}
    bare("calls", "list", "--profile", "mine")
    bare("calls", "list", env={"PAMELA_PROFILE": "mine"})


def test_login_without_anybody_to_ask_is_told_how(bare: Cli) -> None:
    assert "--api-key-stdin" in bare("login", code=2).err


def test_login_keeps_no_key_that_does_not_work(bare: Cli, service: str) -> None:
    bare("login", "--base-url", service, "--api-key-stdin", stdin="pk_live_expired\n", code=3)
    assert list(bare.home.rglob("profiles.json")) == []
    bare("login", "--base-url", service, "--api-key-stdin", "--no-check", stdin="pk_live_expired\n")
    bare("calls", "list", code=3)


def test_a_profile_that_there_is_not_is_a_mistake(cli: Cli) -> None:
    done = cli("calls", "list", "--profile", "nope", code=2)
    assert "no profile 'nope'" in done.err


def test_an_explicit_profile_goes_before_the_environment_and_that_before_the_default(
    bare: Cli, service: str, api_key: str
) -> None:
    for name in ("default", "other"):
        bare("login", "--base-url", service, "--profile", name, "--api-key-stdin", stdin=f"{api_key}\n")
    elsewhere = {"PAMELA_BASE_URL": nowhere(), "PAMELA_API_KEY": "pk_live_elsewhere"}
    bare("calls", "list", env=elsewhere, code=1)
    bare("calls", "list", "--profile", "other", env=elsewhere)
    bare("calls", "list", "--profile", "other", "--base-url", elsewhere["PAMELA_BASE_URL"], code=1)


def test_the_sandbox_is_not_sent_a_key_of_the_environment(cli: Cli) -> None:
    done = cli("call", "+15551234567", "x", "--sandbox", "--dry-run", env={"PAMELA_BASE_URL": ""})
    assert done.lines[0].startswith("POST http://127.0.0.1:8400/")


def test_the_sandbox_is_where_the_command_line_or_a_local_address_of_the_environment_says(cli: Cli) -> None:
    def address(*options: str, base_url: str) -> str:
        done = cli("call", "+15551234567", "x", "--sandbox", "--dry-run", *options, env={"PAMELA_BASE_URL": base_url})
        return done.lines[0].split("/api/")[0].removeprefix("POST ")

    assert address(base_url="http://localhost:9100") == "http://localhost:9100"
    assert address(base_url="http://[::1]:9100") == "http://[::1]:9100"
    assert address(base_url="https://api.thisispamela.com") == "http://127.0.0.1:8400"
    assert address(base_url="http://localhost.elsewhere.test") == "http://127.0.0.1:8400"
    assert address("--base-url", "http://pamela:8400", base_url="http://localhost:9100") == "http://pamela:8400"


def test_profiles_that_were_spoilt_are_not_guessed_at(bare: Cli, service: str, api_key: str) -> None:
    bare("login", "--base-url", service, "--api-key-stdin", stdin=f"{api_key}\n")
    path = profiles_of(bare)
    for spoilt in ("{", '{"default": 7}', '{"default": {"colour": "red"}}', "[]"):
        path.write_text(spoilt)
        assert "Fix or delete it" in bare("calls", "list", code=1).err
    path.write_text("{}")
    path.chmod(0o644)
    rows: dict[str, Any] = {row["check"]: row for row in bare("doctor", "--json", "--base-url", service, code=1).json}
    assert "chmod 600" in rows["profiles"]["explanation"]


def test_where_there_is_a_keyring_secrets_are_in_it_and_nowhere_else(
    with_keyring: Cli, service: str, api_key: str
) -> None:
    cli = with_keyring
    done = cli("login", "--base-url", service, "--api-key-stdin", stdin=f"{api_key}\n")
    assert "keyring of the system" in done.err
    assert api_key not in profiles_of(cli).read_text()
    assert api_key in (cli.home / "keyring.json").read_text()
    cli("calls", "list")
    (kept,) = cli("profiles", "--json").json
    assert (kept["key"], kept["kept_in"]) == (True, "keyring")
    locked = cli("calls", "list", env={"KEYRING_LOCKED": "1"}, code=3)
    assert "KeyringLocked" in locked.err
    assert "pk_live" not in locked.err
    gone = cli("calls", "list", env={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, code=3)
    assert "pamela login" in gone.err
    cli("logout")
    assert json.loads((cli.home / "keyring.json").read_text()) == {}


def test_a_status_that_there_is_not_is_named_as_on_the_command_line(cli: Cli) -> None:
    refused = cli("calls", "list", "--status", "faild", code=5)
    assert refused.err.startswith("Error: --status: 'faild' is not one of ['queued', 'ringing', 'in_progress'")
    # In a request of one's own the name is that of the service.
    assert "Error: status_filter:" in cli("request", "GET", "calls", "--param", "status_filter=faild", code=5).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "+15551234567", "x", "--idempotency-key", ""), "'--idempotency-key': it is empty"),
        (("call", "+15551234567", "x", "--timeout", "nan"), "'--timeout': 'nan' is not a finite number"),
        (("call", "+15551234567", "x", "--interval", "inf"), "'--interval': 'inf' is not a finite number"),
        (("calls", "list", "--status", ""), "'--status': it is empty. Give a value, or leave it out"),
        (("calls", "list", "--profile", ""), "'--profile': it is empty"),
        (("--base-url", "", "calls", "list"), "'--base-url': it is empty"),
        (("trigger", "call.completed", "--to", "http://127.0.0.1:1/", "--timeout", "1e300"), "is not in the range"),
        (("verify", "--signature", "x", "--tolerance", "nan"), "'--tolerance': 'nan' is not a finite number"),
    ],
)
def test_values_that_are_none_are_refused(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    assert said in cli(*arguments, code=2).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "+15551234567", ""), "TASK='' must not be empty"),
        (("call", "555", "x"), "TO='555' is not"),
        (("call", "+15551234567", "x", "--country", "USA"), "--country='USA' is not valid"),
        (("calls", "show", ""), "CALL_ID='' must not be empty"),
        (("usage", "2026-13"), "MONTH='2026-13' is not valid"),
        (("--base-url", "x", "calls", "list"), "--base-url='x' is not an address"),
    ],
)
def test_what_is_wrong_is_named_as_on_the_command_line(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    dry_run = ("--dry-run",) if arguments[0] == "call" else ()
    assert said in cli(*arguments, *dry_run, code=2).err
