"""Requests go to the address that httpx itself would read, though most addresses are not read by it as a whole."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pamela._http.transports import RequestBuilder

BASES = ["http://127.0.0.1:8000", "https://api.example.com", "http://[::1]:80/pamela", "https://example.com/a%20b/ü"]
PLAIN = st.text("abcXYZ019/?=&_-", max_size=30)
ANY = st.text(st.one_of(st.sampled_from("ab/?=&_-.%#~+@:;,!ü \u0660\u00b2"), st.characters(codec="ascii")), max_size=30)


def outcome(url_of: object, address: str) -> object:
    try:
        url = url_of(address)  # type: ignore[operator]
    except httpx.InvalidURL:
        return None
    return str(url), url.raw_scheme, url.raw_host, url.port, url.raw_path, url.path, url.query, url.fragment


@pytest.mark.parametrize("base_url", BASES)
@given(rest=st.one_of(PLAIN, ANY))
@example(rest="")
@example(rest="/")
@example(rest="/api/b2b/v1/calls?limit=100&offset=0")
@example(rest="/api/b2b/v1/calls?")
@example(rest="//calls//call_1/")
@example(rest="/a/../b/./c")
@example(rest="/calls/%2E%2E")
@example(rest=":1/calls")
@example(rest="example/calls")
def test_the_address_is_that_of_httpx(base_url: str, rest: str) -> None:
    builder = RequestBuilder(base_url)
    for _ in range(2):
        assert outcome(builder.url_of, base_url + rest) == outcome(httpx.URL, base_url + rest)


def test_an_address_of_the_api_is_not_read_by_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "http://127.0.0.1:8000/api/b2b/v1/calls/call_1?limit=100"
    builder = RequestBuilder("http://127.0.0.1:8000")
    builder.url_of(address)
    read: list[str] = []
    monkeypatch.setattr("httpx._urls.urlparse", lambda url, **_: read.append(url))
    assert str(builder.url_of(address)) == address
    assert read == []


def test_another_httpx_that_keeps_addresses_elsewhere() -> None:
    class OtherURL:
        """A URL without the attribute."""

    builder = RequestBuilder("http://127.0.0.1:8000")
    builder._base = OtherURL()  # type: ignore[assignment]
    assert str(builder.url_of("http://127.0.0.1:8000/calls")) == "http://127.0.0.1:8000/calls"
