"""Clients that are used in a way that cannot be meant: refused before anything is sent, with what to write instead."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from pamela import AsyncPamelaClient, PamelaClient, ValidationError

BASE_URL = "http://127.0.0.1:1"
CLIENTS = pytest.mark.parametrize("kind", [PamelaClient, AsyncPamelaClient])


def made(kind: Any) -> Any:
    return kind("pk_live_demo", BASE_URL, max_retries=0)


def call(function: Callable[[], Any]) -> Any:
    result = function()
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@CLIENTS
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda kind: kind("pk_live_demo", BASE_URL, 5), "takes only api_key and base_url by position, and got 3"),
        (lambda kind: kind("pk_live_demo", api_key="pk_live_demo"), "has api_key twice, by position and by name"),
        (lambda kind: kind(timeot=5), "has no argument 'timeot'. Did you mean 'timeout'?"),
        (
            lambda kind: made(kind).with_options(timeot=5),
            "with_options has no argument 'timeot'. Did you mean 'timeout'",
        ),
        (lambda kind: made(kind).with_options(5), "with_options takes no arguments by position, and got 1"),
    ],
)
def test_settings_that_do_not_exist(kind: Any, make: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make(kind)
    assert str(caught.value).startswith(kind.__name__)
    assert message in str(caught.value)
    assert "_Client" not in str(caught.value)


@CLIENTS
@pytest.mark.parametrize(
    ("use", "meant"),
    [
        (lambda client: client.create_call("+1234567890", "Order a pizza", metadta={}), "metadata"),
        (lambda client: client.list_calls(limt=5), "limit"),
        (lambda client: client.find_call(idempotency_ky="a"), "idempotency_key"),
        (lambda client: client.wait_for_call("call_1", timout=5), "timeout"),
    ],
)
def test_arguments_that_do_not_exist(kind: Any, use: Callable[[Any], Any], meant: str) -> None:
    with pytest.raises(
        TypeError, match=f"^{kind.__name__}.* got an unexpected keyword argument .* Did you mean '{meant}'"
    ):
        call(lambda: use(made(kind)))


@CLIENTS
def test_an_error_in_a_method_stays_as_it_is(kind: Any) -> None:
    def hook(_: object) -> None:
        raise TypeError("of the program's own")

    client = kind("pk_live_demo", BASE_URL, on_request=hook)
    with pytest.raises(TypeError, match=r"^of the program's own$"):
        call(client.list_tools)


@CLIENTS
def test_methods_keep_their_signatures(kind: Any) -> None:
    assert [*inspect.signature(kind.create_call).parameters][:3] == ["self", "to", "task"]
    assert "timeout" in inspect.signature(kind.with_options).parameters
    assert inspect.iscoroutinefunction(kind.create_call) is (kind is AsyncPamelaClient)


@CLIENTS
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("timeout", "with_options(timeout=5)"),
        ("max_retries", "with_options(max_retries=5)"),
        ("base_url", "(base_url=5)"),
    ],
)
def test_settings_cannot_be_assigned(kind: Any, name: str, remedy: str) -> None:
    client = made(kind)
    with pytest.raises(AttributeError, match=f"^{name} of a {kind.__name__} cannot be assigned") as caught:
        setattr(client, name, 5)
    assert remedy in str(caught.value)


def test_no_secret_is_shown_with_a_setting() -> None:
    client = made(PamelaClient)
    for use in (
        lambda: setattr(client, "headers", {"X-Secret": "s3cret"}),
        lambda: client.with_options(api_key="pk_live_s3cret", timeot=5),
        lambda: client.with_options(api_key="pk_live_s3cret", headers={"X-Secret": "s3cret"}, timeout=-1),
    ):
        with pytest.raises((AttributeError, TypeError, ValidationError)) as caught:
            use()
        own = list(traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack)
        assert all("s3cret" not in str(frame.locals) for frame in own if "/pamela/" in frame.filename)
        assert "s3cret" not in str(caught.value)


def test_the_wrong_way_to_close_a_client() -> None:
    with pytest.raises(TypeError, match="async with AsyncPamelaClient"), AsyncPamelaClient("pk_live_demo"):  # type: ignore[attr-defined]
        pass

    async def use() -> None:
        async with PamelaClient("pk_live_demo"):  # type: ignore[attr-defined]
            pass

    with pytest.raises(TypeError, match="with PamelaClient"):
        asyncio.run(use())


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"score": float("nan")}, r"metadata\['score'\]=nan"),
        ({"a": {"b": [1, float("inf")]}}, r"metadata\['a'\]\['b'\]\[1\]=inf"),
    ],
)
def test_numbers_that_json_has_not(metadata: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError, match=f"^{place} cannot be sent as JSON"):
        made(PamelaClient).create_call("+1234567890", "Order a pizza", metadata=metadata)
