"""Magic numbers, countries and keys, and keys in general."""

import re
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox, magic

from .api import PREFIX, Api, body_of
from .waiting import until

CALLS = f"{PREFIX}/calls"
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "guides" / "sandbox.md"


def place(api: Api, to: str, **more: str) -> httpx.Response:
    return api.post(CALLS, json={"to": to, "task": "Test call", **more})


def code_of(response: httpx.Response) -> int | None:
    detail = body_of(response)["detail"]
    code: int | None = detail["error_code"] if isinstance(detail, dict) else None
    return code


def total(api: Api) -> int:
    count: int = body_of(api.get(CALLS))["total"]
    return count


@pytest.mark.parametrize(
    ("to", "country", "status", "code"),
    [
        ("+15005550011", None, 400, 2002),
        ("+15005550012", None, 409, 7004),
        ("+15005550013", None, 409, 7005),
        ("+1234567890", "AQ", 409, 7004),
        ("+1234567890", "kp", 409, 7005),
        ("+15005550021", None, 429, 6001),
        ("+15005550024", None, 500, None),
    ],
)
def test_some_calls_are_never_placed(api: Api, to: str, country: str | None, status: int, code: int | None) -> None:
    for _ in range(2):
        response = place(api, to, **({} if country is None else {"country": country}))
        assert (response.status_code, code_of(response)) == (status, code)

    assert total(api) == 0


def test_the_country_that_is_refused_is_named(api: Api) -> None:
    assert body_of(place(api, "+1234567890", country="kp"))["detail"]["details"] == {"country": "KP"}
    assert body_of(place(api, "+15005550012"))["detail"]["details"] == {"country": "US"}


def test_a_rate_limit_says_when_to_come_back(api: Api) -> None:
    response = place(api, "+15005550021")

    assert response.headers["Retry-After"] == "1"
    assert body_of(response)["detail"]["details"] == {"retry_after": 1}


@pytest.mark.parametrize(("to", "status"), [("+15005550022", 429), ("+15005550025", 503)])
def test_some_calls_are_placed_at_the_second_try(api: Api, to: str, status: int) -> None:
    statuses = [place(api, to).status_code for _ in range(4)]

    assert statuses == [status, 201, status, 201]
    assert total(api) == 2


def test_an_answer_may_be_lost_though_the_call_is_placed(api: Api) -> None:
    headers = {"Idempotency-Key": "lost"}
    body = {"to": "+15005550026", "task": "Test call"}

    lost = api.post(CALLS, json=body, headers=headers)
    again = api.post(CALLS, json=body, headers=headers)

    assert (lost.status_code, lost.headers["Idempotency-Key"]) == (504, "lost")
    assert again.status_code == 200
    assert total(api) == 1


def test_a_slow_answer_is_slow_only_for_the_first_to_ask(api: Api) -> None:
    headers = {"Idempotency-Key": "slow"}
    body = {"to": "+15005550023", "task": "Test call"}

    with pytest.raises(httpx.ReadTimeout):
        api.post(CALLS, json=body, headers=headers, timeout=0.2)
    again = api.post(CALLS, json=body, headers=headers)

    assert again.status_code == 200
    assert total(api) == 1


def test_a_slow_answer_does_come(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pamela.sandbox.api._SLOW_SECONDS", 0.01)

    assert place(api, "+15005550023").status_code == 201


def test_a_sandbox_that_stops_does_not_wait_for_a_slow_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pamela.sandbox.api._SLOW_SECONDS", 1000)
    answers = []
    with ExitStack() as clients:
        with pamela.sandbox.run() as sandbox:
            asking, watching = (clients.enter_context(Api(sandbox, sandbox.api_key)) for _ in range(2))
            thread = threading.Thread(target=lambda: answers.append(place(asking, "+15005550023")))
            thread.start()
            until(lambda: total(watching) == 1)
        thread.join()

    assert answers[0].status_code == 201


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("pk_live_expired", 401, 1003),
        ("pk_live_no_subscription", 403, 1005),
        ("pk_live_past_grace", 403, 7008),
        ("pk_live_rate_limited", 429, 6001),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CALLS),
        ("GET", CALLS),
        ("GET", f"{CALLS}/call_0"),
        ("POST", f"{CALLS}/call_0/cancel"),
        ("DELETE", f"{PREFIX}/tools/tool_0"),
        ("GET", f"{PREFIX}/usage"),
    ],
)
def test_a_magic_key_is_refused_everywhere(
    sandbox: Sandbox, key: str, status: int, code: int, method: str, path: str
) -> None:
    with Api(sandbox, key) as api:
        response = api.request(method, path)

    assert (response.status_code, code_of(response)) == (status, code)


def test_some_magic_keys_are_refused_only_where_it_matters(sandbox: Sandbox) -> None:
    with Api(sandbox, "pk_live_over_quota") as api:
        assert code_of(place(api, "+1234567890")) == 6002
        assert total(api) == 0
    for key, code in (("pk_live_unknown_partner", 7001), ("pk_live_unknown_project", 7002)):
        with Api(sandbox, key) as api:
            response = api.get(f"{PREFIX}/usage")
            assert (response.status_code, code_of(response)) == (404, code)
            assert total(api) == 0


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 1001),
        ("", 1001),
        ("Bearer", 1001),
        ("Basic pk_live_x", 1001),
        ("pk_live_x", 1001),
        ("Bearer sk_live_x", 1002),
        ("Bearer PK_LIVE_x", 1002),
        ("Bearer é", 1002),
    ],
)
def test_a_key_is_required(sandbox: Sandbox, authorization: str | None, code: int) -> None:
    headers = [] if authorization is None else [(b"Authorization", authorization.encode())]

    response = httpx.get(f"{sandbox.base_url}{CALLS}", headers=headers)

    assert (response.status_code, code_of(response)) == (401, code)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer pk_live_x", "bearer pk_test_x", "Bearer   pk_live_x"])
def test_any_key_with_a_known_prefix_works(sandbox: Sandbox, authorization: str) -> None:
    assert httpx.get(f"{sandbox.base_url}{CALLS}", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.parametrize("magic_value", [*magic.NUMBERS, *magic.COUNTRIES, *magic.KEYS])
def test_what_is_magic_is_documented(magic_value: str) -> None:
    assert re.search(rf"\| `{re.escape(magic_value)}` +\|", DOCUMENTATION.read_text())
