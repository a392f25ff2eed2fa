"""API keys stay out of representations, variables of tracebacks and pickles."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from pamela import AsyncPamelaClient, PamelaClient, PamelaError

from ..http.scripted import Scripted

KEY = "pk_live_secret0123456789"


def variables_of(error: BaseException) -> str:
    """The text of a traceback with the variables of its frames, but for those of this module and of other libraries."""
    lines: list[str] = []
    for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if "pamela" in frame.filename and "tests" not in frame.filename:
            lines += [f"{name} = {value}" for name, value in (frame.locals or {}).items()]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "fail",
    [
        lambda: PamelaClient(f"{KEY} "),
        lambda: PamelaClient(KEY, "ftp://x"),
        lambda: PamelaClient(KEY, timeout="soon"),  # type: ignore[arg-type]
        lambda: PamelaClient(KEY, headers={"X-Token": f"{KEY}\n"}),
        lambda: PamelaClient(KEY).with_options(api_key=f"{KEY}ü"),
        lambda: PamelaClient(KEY.encode()),  # type: ignore[arg-type]
        lambda: PamelaClient([KEY]),  # type: ignore[arg-type]
        lambda: PamelaClient({KEY: KEY}),  # type: ignore[arg-type]
        lambda: AsyncPamelaClient((KEY,)),  # type: ignore[arg-type]
        lambda: PamelaClient(KEY).with_options(api_key=KEY.encode()),  # type: ignore[arg-type]
        lambda: setattr(PamelaClient(KEY), "api_key", KEY.encode()),
        lambda: PamelaClient(KEY, headers={"X-Token": KEY.encode()}),  # type: ignore[dict-item]
        lambda: PamelaClient(KEY, headers=[("X-Token", KEY)]),  # type: ignore[arg-type]
        lambda: PamelaClient("pk_live_demo", f"http://user:{KEY}@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"http://user:{KEY}/@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"http://user:80/{KEY}@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"http://user:{KEY}#@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"http://user:{KEY}[@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f" http://user:{KEY}@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"ftp://user:{KEY}@127.0.0.1:1"),
        lambda: PamelaClient("pk_live_demo", f"http://user:{KEY}@127.0.0.1:1".encode()),  # type: ignore[arg-type]
        lambda: PamelaClient("pk_live_demo", [f"http://user:{KEY}@127.0.0.1:1"]),  # type: ignore[arg-type]
        lambda: PamelaClient(KEY, "http://127.0.0.1:1", max_retries=0).list_tools(),
        lambda: PamelaClient(KEY, "http://127.0.0.1:1", max_retries=0).create_call("+1234567890", "Order a pizza"),
    ],
)
def test_variables_of_a_traceback(fail: Callable[[], Any]) -> None:
    with pytest.raises(PamelaError) as caught:
        fail()
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in variables_of(error)
        assert KEY not in str(error)
        error = error.__cause__ or error.__context__


def test_the_key_is_there_for_its_owner() -> None:
    client = PamelaClient(KEY)
    assert client.api_key == KEY
    assert type(client.api_key) is str
    assert client.with_options(api_key="pk_live_other").api_key == "pk_live_other"


@pytest.mark.parametrize("kind", [PamelaClient, AsyncPamelaClient])
@pytest.mark.parametrize("twin", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_is_neither_pickled_nor_copied(kind: type[Any], twin: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        twin(kind(KEY))


def test_a_subclass_keeps_its_own_attributes_with_options() -> None:
    class Client(PamelaClient):
        def __init__(self, api_key: str, team: str) -> None:
            super().__init__(api_key)
            self.team = team

    assert Client(KEY, "voice").with_options(timeout=2).team == "voice"


@pytest.mark.parametrize("place", [0, 100, 115, 490])
@pytest.mark.parametrize("filler", [b"x", b" "])
def test_a_key_where_the_excerpt_of_a_page_ends(scripted: Scripted, place: int, filler: bytes) -> None:
    key = "a-key-of-another-form-0123456789"
    scripted.answers = [(200, {}, filler * place + key.encode() + b"!")]
    with PamelaClient(key, scripted.base_url) as client, pytest.raises(PamelaError) as caught:
        client.create_call("+1234567890", "Order a pizza")
    assert "a-ke" not in str(caught.value)
