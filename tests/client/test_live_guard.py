"""With PAMELA_FORBID_LIVE no client connects to anything but this machine."""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx
import pytest

from pamela import AsyncPamelaClient, PamelaClient, PamelaError

LIVE = "https://api.thisispamela.com"


@pytest.fixture
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that looks a name up or begins a connection, in its own thread: the sandbox of others goes on."""

    def refusing(function: Any) -> Any:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                raise AssertionError("A connection was begun.")
            return function(*args, **kwargs)

        return refuse

    monkeypatch.setattr(socket, "getaddrinfo", refusing(socket.getaddrinfo))
    monkeypatch.setattr(socket.socket, "connect", refusing(socket.socket.connect))


@pytest.mark.usefixtures("_no_sockets")
@pytest.mark.parametrize("base_url", [LIVE, "http://10.0.0.1", "http://0.0.0.0:8400", "http://localhost.acme.test"])
@pytest.mark.parametrize("value", ["1", "true", " YES ", "loopback"])
def test_it_refuses_before_it_connects(monkeypatch: pytest.MonkeyPatch, base_url: str, value: str) -> None:
    with PamelaClient("pk_live_example", base_url) as client:
        monkeypatch.setenv("PAMELA_FORBID_LIVE", value)  # a client that was there before obeys it too
        with pytest.raises(PamelaError, match=r"Nothing was sent to .*PAMELA_FORBID_LIVE") as caught:
            client.create_call("+1234567890", "task", idempotency_key="once")
        assert (caught.value.attempts, caught.value.ambiguous) == (0, False)
        for act in (
            client.list_tools,
            lambda: client.find_call(idempotency_key="a"),
            lambda: client.request("GET", "/"),
        ):
            with pytest.raises(PamelaError, match="PAMELA_FORBID_LIVE"):
                act()


@pytest.mark.usefixtures("_no_sockets")
async def test_the_async_client_obeys_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMELA_FORBID_LIVE", "1")
    async with AsyncPamelaClient("pk_live_example", LIVE) as client:
        with pytest.raises(PamelaError, match="PAMELA_FORBID_LIVE"):
            await client.create_call("+1234567890", "task")


def test_a_client_of_the_callers_is_not_used_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMELA_FORBID_LIVE", "1")

    def handle(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was sent.")

    with (
        PamelaClient("pk_live_example", LIVE, transport=httpx.MockTransport(handle)) as client,
        pytest.raises(PamelaError, match="PAMELA_FORBID_LIVE"),
    ):
        client.list_tools()


@pytest.mark.parametrize("value", ["1", "0", "", "off"])
def test_this_machine_is_allowed(client: PamelaClient, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PAMELA_FORBID_LIVE", value)
    assert client.list_tools() == []


@pytest.mark.parametrize("value", ["0", "", "false", "no", "off"])
def test_it_is_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PAMELA_FORBID_LIVE", value)
    with PamelaClient(
        "pk_live_example", LIVE, transport=httpx.MockTransport(lambda request: httpx.Response(200, json=[]))
    ) as client:
        assert client.list_tools() == []
