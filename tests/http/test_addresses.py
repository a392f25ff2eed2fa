"""Addresses: what `base_url` may be, and what a message shows of one that it may not be."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pamela import PamelaClient, ValidationError
from pamela._http.addresses import check_base_url, is_loopback, without_credentials

from .drivers import DRIVERS, drive

EXAMPLE = "https://api.example.com"


@given(st.one_of(st.text(), st.text().map("http://{}".format), st.text().map("https://a.example{}".format)))
@example("http://xn--a")
@example("http://[::1")
@example("http://[v1.a]")
@example("http://a:99999")
@example("http://a\x00b")
@example("http://" + "a" * 70_000)
@example("https://a.example/\ud800")
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        base_url = check_base_url(text, EXAMPLE)
    except ValidationError:
        pass
    else:
        assert not base_url.endswith("/")
        httpx.Request("GET", f"{base_url}/api/b2b/v1/calls")


@pytest.mark.parametrize("end", ["?", "#", "/?", "/a#", "?#"])
def test_an_empty_query_or_fragment_is_refused(end: str) -> None:
    """The path of a request would be a part of it."""
    with pytest.raises(ValidationError, match="has a query or a fragment"):
        check_base_url(f"http://a.example{end}", EXAMPLE)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=6))
@example("/")
@example("#")
@example("[")
@example("?")
@example("@")
@example(":")
@example(" ")
def test_no_password_is_shown(odd: str) -> None:
    for address in (
        f"http://user:s3cret{odd}pass@host.example/x",
        f"user:s3cret{odd}pass@host.example",
        f"//s3cret{odd}@h",
    ):
        with pytest.raises(ValidationError) as caught:
            PamelaClient("pk_live_demo", address)
        assert "s3cret" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:pass@host/x", "http://***@host/x"),
        ("user@host", "***@host"),
        ("http://a:b/c#d@host", "http://***@host"),
        ("https://host/plain", "https://host/plain"),
        ("", ""),
    ],
)
def test_without_credentials(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.example.com", "10.0.0.1", "::2", "1", "127", "fe80::1%eth0"])
def test_no_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.fixture
def ipv6_server() -> Iterator[str]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps({"id": self.headers["Host"], "status": "queued"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    try:
        server = Server(("::1", 0), Handler)
    except OSError:
        pytest.skip("this machine has no IPv6")
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://[::1]:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_ipv6(ipv6_server: str, driver: str) -> None:
    (call,) = drive(driver, ipv6_server, lambda client: client.get_call("call_1"))
    assert call.id == ipv6_server.removeprefix("http://")
