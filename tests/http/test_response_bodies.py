"""Bodies of responses: whatever they are compressed with comes out as it went in, or is refused."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela._http import response_bodies
from pamela._http.response_bodies import BodyReader, encoding_of


def read(content: bytes, encoding: str, step: int = 1000) -> bytes:
    reader = BodyReader(httpx.Headers({"Content-Encoding": encoding} if encoding else {}), None)
    for start in range(0, len(content), step):
        assert reader.add(content[start : start + step])
    return reader.whole()


def bare_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


@given(st.binary(max_size=5000), st.integers(0, 9), st.integers(1, 700))
def test_what_went_in_comes_out(data: bytes, level: int, step: int) -> None:
    assert read(data, "", step) == data
    assert read(gzip.compress(data, level), "gzip", step) == data
    assert read(gzip.compress(data, level), "X-GZIP", step) == data
    assert read(zlib.compress(data, level), "deflate", step) == data
    assert read(bare_deflate(data), "deflate", step) == data
    assert read(data, "identity", step) == data


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_anything_else_is_refused(data: bytes, encoding: str) -> None:
    """Bytes at random are no compressed data, or are and come out as something; there is no third way."""
    with suppress(httpx.DecodingError):
        read(data, encoding)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 7))
def test_cut_off_and_behind(data: bytes, cut: int) -> None:
    compressed = gzip.compress(data)
    with pytest.raises(httpx.DecodingError, match="cut off"):
        read(compressed[:-cut], "gzip")
    with pytest.raises(httpx.DecodingError, match="extra bytes after its end"):
        read(compressed + data, "gzip")


@pytest.mark.parametrize("value", ["gzip, gzip", "gzip,deflate", "br, gzip", "gzip, identity, gzip"])
def test_stacked_encodings(value: str) -> None:
    with pytest.raises(httpx.DecodingError, match="2 content encodings"):
        encoding_of(httpx.Headers({"Content-Encoding": value}))


@pytest.mark.parametrize("value", ["br", "zstd", "compress", "x-compress"])
def test_encodings_that_were_not_asked_for(value: str) -> None:
    with pytest.raises(httpx.DecodingError, match="did not request"):
        encoding_of(httpx.Headers({"Content-Encoding": value}))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_bodies, "LARGEST_BODY", 1000)
    monkeypatch.setattr(response_bodies, "INFLATED_AT_ONCE", 10)
    reader = BodyReader(httpx.Headers(), None)
    assert reader.add(b"x" * 1000)
    assert not reader.add(b"x")
    assert not reader.add(b"x")
    assert reader.size == 1001
    with pytest.raises(httpx.DecodingError, match="larger than 1000 bytes"):
        reader.whole()
    assert read(gzip.compress(bytes(1000)), "gzip") == bytes(1000)
    with pytest.raises(httpx.DecodingError, match="decompressed response is larger"):
        read(gzip.compress(bytes(1001)), "gzip")


def test_time() -> None:
    reader = BodyReader(httpx.Headers(), give_up_at=0.0)
    assert not reader.add(b"{")
    with pytest.raises(httpx.ReadTimeout):
        reader.whole()
