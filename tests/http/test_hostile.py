"""Servers that answer as none should: only our exceptions, every POST once, no secret, the deadline held."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from pamela import Call, PamelaError

from .drivers import DRIVERS, OUR_OWN, drive
from .hostile import TABLE, Hostile, hostile_server

SAMPLE = {
    "the status line b'HTTP/1.1 abc OK'",
    "the header b'X-Nul: a\\x00b'",
    "Content-Length: b'-1'",
    "the chunk size b'zz'",
    "100 Continue without end",
    "a second response in the same packet",
    "a 204 with a body",
    "303 to b'app:done'",
    "303 to b'http://xn--a/'",
    "gzip with bytes behind its end, without end",
    "gzip of empty blocks without end",
    "80 MiB of zeros in gzip, twice",
    "the body b'[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['",
    "a head one byte at a time",
    "the key in the status line",
    "the key in HTML",
}
SECRETS = ("pk_live_demo", "whsec_secret")


def get_call(client: Any) -> Any:
    return client.get_call("call_1")


def create_call(client: Any) -> Any:
    return client.create_call("+1234567890", "Order a pizza")


def get_call_after(client: Any) -> Any:
    # The server may close the connection just when this request is written to it, which is safe to repeat.
    return client.with_options(max_retries=2, deadline=30).get_call("call_after")


def check(hostile: Hostile, driver: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pamela")
    options: dict[str, Any] = {"deadline": 0.5 if hostile.endless else 5.0}
    if hostile.refused:
        options["max_retries"] = 0
    with hostile_server(hostile) as server:
        got, gone_on = drive(driver, server.base_url, get_call, get_call_after, **options | {"max_retries": 0})
        created, also_gone_on = drive(driver, server.base_url, create_call, get_call_after, **options)
        assert server.posts == 1
    for outcome in (got, created):
        allowed = (Call, PamelaError) if hostile.may_work else PamelaError
        assert isinstance(outcome, allowed), outcome
        assert getattr(outcome, "id", None) != "another"
        if isinstance(outcome, PamelaError):
            shown = "".join(traceback.TracebackException.from_exception(outcome, capture_locals=True).format())
            for secret in SECRETS:
                assert secret not in shown + repr(outcome) + str(vars(outcome))
    for outcome in (gone_on, also_gone_on):
        if driver in OUR_OWN:
            assert isinstance(outcome, Call), outcome
            assert outcome.id == "call_after"
    for secret in SECRETS:
        assert secret not in caplog.text


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("hostile", [each for each in TABLE if each.name in SAMPLE], ids=lambda each: each.name)
def test_a_sample(hostile: Hostile, driver: str, caplog: pytest.LogCaptureFixture) -> None:
    check(hostile, driver, caplog)


@pytest.mark.slow
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("hostile", [each for each in TABLE if each.name not in SAMPLE], ids=lambda each: each.name)
def test_the_rest(hostile: Hostile, driver: str, caplog: pytest.LogCaptureFixture) -> None:
    check(hostile, driver, caplog)


def test_the_sample_is_of_the_table() -> None:
    names = [each.name for each in TABLE]
    assert set(names) >= SAMPLE
    assert len(names) == len(set(names)) >= 150
