"""Who may use a sandbox: not another web page, and under no other name."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox
from pamela.sandbox.page_security import PAGE_HEADERS, TOKEN_HEADER, AllowedHosts
from pamela.webhooks import sign_webhook

from .api import PREFIX, Api, body_of
from .process import Process


@pytest.mark.parametrize(
    ("bound", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8400"),
        ("127.0.0.1", "LOCALHOST"),
        ("127.0.0.1", "pamela.localhost:80"),
        ("127.0.0.1", "[::1]:8400"),
        ("127.0.0.1", "127.3.2.1"),
        ("::1", "[::1]:8400"),
        ("192.0.2.7", "192.0.2.7:8400"),
        ("0.0.0.0", "192.0.2.7:8400"),
        ("::", "[2001:db8::1]:8400"),
        ("127.0.0.1", "pamela.test:8400"),
    ],
)
def test_a_host_of_the_sandbox_is_served(bound: str, host: str) -> None:
    assert host in AllowedHosts(bound, ["Pamela.test"])


@pytest.mark.parametrize(
    ("bound", "host"),
    [
        ("127.0.0.1", "rebound.example"),
        ("127.0.0.1", ""),
        ("127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "localhost.example"),
        ("127.0.0.1", "127.0.0.1.example:8400"),
        ("0.0.0.0", "rebound.example"),
        ("127.0.0.1", "[::1"),
    ],
)
def test_another_host_is_not(bound: str, host: str) -> None:
    hosts = AllowedHosts(bound)
    if host == "[::1":
        assert host in hosts  # a header that no browser sends, and that names a loopback address
    else:
        assert host not in hosts


@pytest.mark.parametrize("path", ["/", "/sandbox", "/openapi.yaml", "/nowhere"])
def test_a_rebound_name_gets_nothing(sandbox: Sandbox, path: str) -> None:
    headers = {"Host": "rebound.example:8400", "Authorization": "Bearer pk_live_x"}

    answer = httpx.get(f"{sandbox.base_url}{path}", headers=headers)

    assert answer.status_code == 421
    assert answer.json()["detail"] == (
        "The host 'rebound.example:8400' is not served here."
        " If it is the sandbox's, start it with --allowed-host rebound.example."
    )


def test_a_rebound_name_does_not_get_the_api_either() -> None:
    headers = {"Host": "rebound.example:8400", "Authorization": "Bearer pk_live_x"}

    with Process.start() as process:
        assert httpx.get(f"{process.base_url}{PREFIX}/calls", headers=headers).status_code == 421


def test_a_request_without_a_host_gets_nothing(sandbox: Sandbox) -> None:
    address = sandbox.base_url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as connection:
        connection.sendall(b"GET /sandbox HTTP/1.0\r\n\r\n")
        assert b" 421 " in connection.recv(1000)


def test_a_name_can_be_allowed() -> None:
    with pamela.sandbox.run(allowed_hosts=["pamela.test"]) as sandbox:
        assert httpx.get(f"{sandbox.base_url}/sandbox", headers={"Host": "pamela.test"}).status_code == 200


@pytest.fixture
def browser(sandbox: Sandbox, api_key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {api_key}", "Origin": sandbox.base_url}
    with httpx.Client(base_url=sandbox.base_url, headers=headers) as client:
        yield client


def test_another_page_cannot_write(browser: httpx.Client) -> None:
    answer = browser.post("/sandbox/reset", headers={"Origin": "http://rebound.example"})

    assert answer.status_code == 403
    assert "may not use this sandbox" in answer.text


@pytest.mark.parametrize("origin", ["null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_another_origin_of_this_machine_cannot_write_either(browser: httpx.Client, origin: str) -> None:
    assert browser.put("/sandbox/project", json={}, headers={"Origin": origin}).status_code == 403


def test_the_page_writes_with_its_token_only(sandbox: Sandbox, browser: httpx.Client) -> None:
    token = sandbox._server.service.page_token.owner

    assert browser.post("/sandbox/reset").status_code == 403
    assert browser.post("/sandbox/reset", headers={TOKEN_HEADER: "x"}).status_code == 403
    assert browser.post("/sandbox/reset", headers={TOKEN_HEADER: token}).status_code == 200
    assert browser.get("/sandbox").status_code == 200


def test_the_default_secret_is_shown_to_the_page_only(sandbox: Sandbox, api: Api) -> None:
    token = sandbox._server.service.page_token.owner

    to_anybody = body_of(api.get("/sandbox/project"))
    to_the_page = body_of(api.get("/sandbox/project", headers={TOKEN_HEADER: token}))

    assert (to_anybody["webhook_secret"], to_anybody["webhook_secret_is_default"]) == (None, True)
    assert to_the_page["webhook_secret"] == sandbox.webhook_secret


def test_a_page_has_a_policy_that_allows_nothing_from_elsewhere() -> None:
    policy = PAGE_HEADERS["Content-Security-Policy"]

    assert policy.startswith("default-src 'none';")
    assert not re.search(r"unsafe|\*|http", policy)


def test_answers_are_not_taken_for_something_else(api: Api) -> None:
    assert api.get("/sandbox").headers["X-Content-Type-Options"] == "nosniff"


def test_webhooks_go_only_where_they_may() -> None:
    with pamela.sandbox.run(webhook_hosts=["127.0.0.1", "*.test"]) as sandbox, Api(sandbox, sandbox.api_key) as api:
        elsewhere = {"webhook_url": "http://169.254.169.254/latest"}
        call = api.post(f"{PREFIX}/calls", json={"to": "+1234567890", "task": "x", "webhooks": elsewhere})
        project = api.put("/sandbox/project", json=elsewhere)
        allowed = api.put("/sandbox/project", json={"webhook_url": "http://acme.test/"})

    assert (call.status_code, project.status_code, allowed.status_code) == (422, 422, 200)
    assert "webhooks may not go to 169.254.169.254" in call.text
    assert body_of(call)["detail"][0]["loc"] == ["body", "webhooks", "webhook_url"]


def test_a_webhook_that_may_no_longer_go_somewhere_is_not_sent(tmp_path: Path) -> None:
    database = tmp_path / "pamela.db"
    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        api.put("/sandbox/project", json={"webhook_url": "http://127.0.0.1:9/"})
    with (
        pamela.sandbox.run(database=database, webhook_hosts=["acme.test"], speed=1000) as sandbox,
        Api(sandbox, sandbox.api_key) as api,
    ):
        (first, *_) = sandbox.wait_for_deliveries(api.create("+15005550002"))

    assert first["status"] == "failed"
    assert first["attempts"][0]["error"].startswith("webhooks may not go to 127.0.0.1;")


def test_a_database_is_its_owners(tmp_path: Path) -> None:
    database, open_to_all = tmp_path / "new.db", tmp_path / "old.db"
    open_to_all.touch(0o666)
    open_to_all.chmod(0o666)
    for path in (database, open_to_all):
        with pamela.sandbox.run(database=path) as sandbox, Api(sandbox, sandbox.api_key) as api:
            api.create()
            files = [each for each in tmp_path.iterdir() if each.name.startswith(path.name)]
            assert len(files) > 1
            assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_the_secret_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMELA_SANDBOX_WEBHOOK_SECRET", "whsec_from_outside")
    with Process.start() as process:
        headers = {"Authorization": "Bearer pk_live_x"}
        signed = {"body": "{}", "signature": sign_webhook("{}", "whsec_from_outside")}
        answer = httpx.post(f"{process.base_url}/sandbox/verify", json=signed, headers=headers)

    assert answer.json() == {"valid": True}


def test_listening_to_everyone_is_warned_of_and_tells_its_owner_the_pages_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAMELA_SANDBOX_PAGE_TOKEN", "token-of-the-owner")
    with Process.start("--host", "0.0.0.0") as process:
        port = process.base_url.rpartition(":")[2]
        assert process.process.stdout is not None
        second_line = process.process.stdout.readline()
        _, said = process.stop()

    assert "Warning: 0.0.0.0 is open to everyone who can reach this machine" in said
    assert second_line.endswith(f"http://localhost:{port}/?token=token-of-the-owner\n")


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 16 letters, digits, - and _, or more"):
        pamela.sandbox.SandboxOptions(page_token="short")
