"""What the sandbox's page is made of and reads, asked for without a browser; tests/sandbox/web has the browser."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import Sandbox

from .api import PREFIX, Api
from .receiver import Received, Receiver, Reply

ELSEWHERE = "http://elsewhere.test"


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    with pamela.sandbox.run(speed=500) as running:
        yield running


@pytest.fixture
def own_api(own_sandbox: Sandbox) -> Iterator[Api]:
    with Api(own_sandbox, own_sandbox.api_key) as api:
        yield api


@pytest.fixture
def visitor(own_sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client without a key, as the page is."""
    with httpx.Client(base_url=own_sandbox.base_url, timeout=30) as client:
        yield client


@pytest.fixture
def page(visitor: httpx.Client) -> httpx.Client:
    """A client with the page's token."""
    visitor.headers["X-Page-Token"] = visitor.get("/sandbox/page").json()["token"]
    return visitor


def read(client: httpx.Client, what: str, **query: Any) -> dict[str, Any]:
    response = client.get(f"/sandbox/page/{what}", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_the_page_is_served_with_its_token_and_nothing_inline(visitor: httpx.Client) -> None:
    page = visitor.get("/")
    policy = page.headers["Content-Security-Policy"]

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert f'content="{visitor.get("/sandbox/page").json()["token"]}"' in page.text
    assert " style=" not in page.text
    assert " onclick=" not in page.text
    assert "https://" not in page.text


def test_files_are_compressed_and_kept_by_the_browser(visitor: httpx.Client) -> None:
    style = visitor.get("/sandbox/web/style.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert style.headers["Content-Encoding"] == "gzip"
    plain = visitor.get("/sandbox/web/style.css", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == style.text
    again = visitor.get("/sandbox/web/style.css", headers={"If-None-Match": style.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert visitor.get("/sandbox/web/views/calls.js").headers["Content-Type"].startswith("text/javascript")
    for name in ("index.html", "..%2fpage.py", "views/%2e%2e/style.css", "nothing.js", "views"):
        assert visitor.get(f"/sandbox/web/{name}").status_code == 404


def test_what_it_reads_needs_its_token_or_a_key(visitor: httpx.Client) -> None:
    for path in ("calls", "calls/call_1", "deliveries", "deliveries/d", "requests", "requests/r", "tools", "usage"):
        assert visitor.get(f"/sandbox/page/{path}").status_code == 401
        assert visitor.get(f"/sandbox/page/{path}", headers={"X-Page-Token": "wrong"}).status_code == 403


def test_another_page_does_not_get_the_token(visitor: httpx.Client) -> None:
    for site in ("cross-site", "same-site"):
        assert visitor.get("/sandbox/page", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert visitor.get("/sandbox/page", headers={"Host": "elsewhere.test"}).status_code == 421


def test_its_writes_need_its_origin_and_are_in_the_project_that_it_names(
    own_sandbox: Sandbox, own_api: Api, page: httpx.Client
) -> None:
    call = {"to": "+12125550142", "task": "Order a pizza"}
    origin = {"Origin": own_sandbox.base_url}
    assert page.post(f"{PREFIX}/calls", json=call, headers={"Origin": ELSEWHERE}).status_code == 403
    assert page.post(f"{PREFIX}/calls", json=call, headers={**origin, "X-Page-Token": "wrong"}).status_code == 403
    mine = page.post(f"{PREFIX}/calls", json=call, headers=origin).json()["id"]
    other = "project_0123456789abcdef"
    theirs = page.post(f"{PREFIX}/calls", json=call, headers={**origin, "X-Page-Project": other}).json()["id"]
    wrong = page.post(f"{PREFIX}/calls", json=call, headers={**origin, "X-Page-Project": "project_x"})

    assert wrong.status_code == 422
    assert [each["id"] for each in own_api.get(f"{PREFIX}/calls").json()["items"]] == [mine]
    assert [each["id"] for each in read(page, "calls", project=other)["items"]] == [theirs]
    assert {each["id"] for each in read(page, "calls")["items"]} == {mine, theirs}
    assert {each["id"] for each in page.get("/sandbox/page").json()["projects"]} >= {other}
    assert read(page, "requests", project=other)["items"][0]["from_page"]


def test_the_default_secret_is_for_the_page_alone(own_sandbox: Sandbox, own_api: Api, page: httpx.Client) -> None:
    assert own_api.get("/sandbox/project").json()["webhook_secret"] is None
    assert page.get("/sandbox/project").json()["webhook_secret"] == own_sandbox.webhook_secret


def test_a_page_elsewhere_is_its_owners_with_the_token_alone(
    own_sandbox: Sandbox, own_api: Api, visitor: httpx.Client
) -> None:
    mine = own_api.finish()["id"]
    with Api(own_sandbox, "pk_live_another") as other:
        theirs = other.finish()["id"]
    token = visitor.get("/sandbox/page").json()["token"]
    # As it is beyond a container: uvicorn believes this header of a client at a loopback address.
    visitor.headers["X-Forwarded-For"] = "172.17.0.1"
    session = visitor.get("/sandbox/page").json()
    assert session["token"] not in ("", token)
    assert f'content="{session["token"]}"' in visitor.get("/").text
    assert (session["is_owners"], [each["label"] for each in session["projects"]]) == (False, [own_sandbox.api_key])
    guest = {"X-Page-Token": session["token"], "Origin": own_sandbox.base_url}
    other_project = {**guest, "X-Page-Project": "project_0123456789abcdef"}

    seen = visitor.get("/sandbox/page/calls?project=project_0123456789abcdef", headers=guest).json()
    assert [each["id"] for each in seen["items"]] == [mine]
    assert visitor.get(f"/sandbox/page/calls/{theirs}", headers=guest).status_code == 404
    project = visitor.get("/sandbox/project", headers=other_project).json()
    assert (project["webhook_secret"], project["project_id"]) == (None, session["default_project"])
    assert visitor.delete("/sandbox/scripts", headers=other_project).status_code == 200
    with visitor.stream("GET", f"/sandbox/stream?page_token={session['token']}") as stream:
        assert stream.status_code == 200

    owned = visitor.get("/sandbox/page", params={"token": token}).json()
    assert (owned["token"], owned["is_owners"], len(owned["projects"])) == (token, True, 2)
    assert f'content="{token}"' in visitor.get("/", params={"token": token}).text
    assert visitor.get("/sandbox/page?token=x").json()["is_owners"] is False


def test_calls_are_found_by_status_and_text(own_api: Api, page: httpx.Client) -> None:
    pizza = own_api.finish("+12125550142", "Order a PIZZA with 100% cheese")["id"]
    busy = own_api.finish("+15005550002", "Order a pizza")["id"]
    table = own_api.finish("+12125550142", "Book a table")["id"]

    everything = read(page, "calls")
    assert [each["id"] for each in everything["items"]] == [table, busy, pizza]
    assert (everything["total"], everything["counts"]) == (3, {"completed": 2, "failed": 1})
    assert [each["id"] for each in read(page, "calls", q="pizza")["items"]] == [busy, pizza]
    assert [each["id"] for each in read(page, "calls", q="100% C")["items"]] == [pizza]
    assert [each["id"] for each in read(page, "calls", q="busy")["items"]] == [busy]
    failed = read(page, "calls", q="pizza", status="failed,cancelled")
    assert ([each["id"] for each in failed["items"]], failed["total"]) == ([busy], 1)
    assert failed["counts"] == {"completed": 1, "failed": 1}
    assert [each["id"] for each in read(page, "calls", limit=1, offset=1)["items"]] == [busy]
    for query in ("limit=x", "limit=501", "offset=-1", "project=nonsense"):
        assert page.get(f"/sandbox/page/calls?{query}").status_code == 422


def test_a_call_comes_with_all_that_it_made(own_api: Api, page: httpx.Client, receiver: Receiver) -> None:
    def answer(received: Received) -> Reply:
        if received.path == "/tools":
            return Reply.of({"result": "shipped", "correlation_id": received.json["correlation_id"]})
        return Reply()

    receiver.answer = answer
    tool = {
        "name": "check_order",
        "description": "Look it up",
        "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}},
    }
    webhooks = {"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url}
    call = own_api.finish("+12125550142", "Ask about order 1042", tools=[tool], webhooks=webhooks)
    receiver.wait_for_event("call.completed")
    found = read(page, f"calls/{call['id']}")

    assert found["request"]["task"] == "Ask about order 1042"
    assert [each["status"] for each in found["timeline"]] == ["queued", "ringing", "in_progress", "completed"]
    assert found["transcript"] == call["transcript"]
    [invocation] = found["invocations"]
    assert (invocation["name"], invocation["attempts"][0]["response_status"]) == ("check_order", 200)
    assert {each["name"] for each in found["deliveries"]} >= {"call.queued", "call.completed", "check_order"}
    assert found["deliveries_total"] == len(found["deliveries"])
    assert found["requests"][-1]["method"] == "POST"
    rest = read(page, f"calls/{call['id']}", **{"from": 2})
    assert rest["transcript"] == call["transcript"][2:]
    assert page.get("/sandbox/page/calls/call_none").status_code == 404

    deliveries = read(page, "deliveries", q="CHECK_order", status="delivered")
    assert [each["id"] for each in deliveries["items"]] == [invocation["id"]]
    assert deliveries["items"][0]["last_status"] == 200
    assert read(page, f"deliveries/{invocation['id']}")["call_id"] == call["id"]
    assert page.get("/sandbox/page/deliveries/delivery_none").status_code == 404


def test_a_key_reads_its_own_project_alone(own_sandbox: Sandbox, own_api: Api) -> None:
    mine = own_api.finish()["id"]
    with Api(own_sandbox, "pk_live_another") as other:
        assert read(other, "calls")["items"] == []
        assert other.get(f"/sandbox/page/calls/{mine}").status_code == 404
        assert read(other, "tools")["items"] == []


def test_tools_say_where_an_invocation_would_go(own_api: Api, page: httpx.Client) -> None:
    tool = {"name": "check_order", "description": "Look it up", "input_schema": {"type": "object"}}
    own_api.post(f"{PREFIX}/tools", json={"tool": tool})
    assert read(page, "tools")["items"][0]["address"] is None
    own_api.put("/sandbox/project", json={"tool_webhook_url": "http://127.0.0.1:9/tools"})
    [found] = read(page, "tools")["items"]
    assert (found["name"], found["address"]) == ("check_order", "http://127.0.0.1:9/tools")


def test_usage_is_by_day_and_by_month(own_api: Api, page: httpx.Client) -> None:
    own_api.put("/sandbox/clock", json={"now": "2031-03-14T10:00:00Z"})
    call = own_api.finish()
    own_api.finish("+15005550002")
    usage = read(page, "usage")

    assert (usage["month"], usage["this_month"], len(usage["days"])) == ("2031-03", "2031-03", 31)
    used = {"calls": 1, "seconds": call["duration_seconds"], "billed_minutes": call["billed_minutes"]}
    assert usage["days"][13] == {"day": "2031-03-14", **used}
    assert usage["months"][-1] == {"month": "2031-03", **used}
    assert [each["month"] for each in usage["months"]][:2] == ["2030-04", "2030-05"]
    earlier = read(page, "usage", month="2028-02")
    assert (len(earlier["days"]), sum(each["calls"] for each in earlier["days"])) == (29, 0)
    for month in ("2026-13", "0001-01", "x"):
        assert page.get(f"/sandbox/page/usage?month={month}").status_code == 422
