"""Directing calls on the page: the callee's part, scripts, the clock, a history, and faults."""

import re
import threading

import httpx
import pytest
from playwright.sync_api import expect

import pamela.sandbox
from pamela.sandbox import Sandbox

from ..api import PREFIX, Api
from ..receiver import Received, Receiver, Reply
from .axe import violations
from .conftest import OpenWindow

pytestmark = pytest.mark.slow


def test_the_callees_part_is_taken(open_window: OpenWindow, receiver: Receiver) -> None:
    def answer(received: Received) -> Reply:
        if received.path == "/tools":
            shown.wait(30)
            return Reply.of({"result": "moved", "correlation_id": received.json["correlation_id"]})
        return Reply()

    shown = threading.Event()
    receiver.answer = answer
    tool = {
        "name": "reschedule",
        "description": "Move it",
        "input_schema": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
    }
    with pamela.sandbox.run(speed=20) as sandbox, Api(sandbox, sandbox.api_key) as api:
        webhooks = {"tool_webhook_url": receiver.tool_url}
        sandbox.script(times=1, live=True)
        scripted = api.create()
        window = open_window(sandbox.base_url)
        expect(window.open(f"#/calls/{scripted['id']}").get_by_label("What the callee says")).to_be_visible()
        call = api.create("+15005550004", "Talk for long", tools=[tool], webhooks=webhooks, max_duration_seconds=3600)
        page = window.open(f"#/calls/{call['id']}")
        page.get_by_role("button", name="Take the callee's part").click()

        line = page.get_by_label("What the callee says")
        line.fill("Can we move it to Friday?")
        line.press("Enter")
        expect(page.locator(".line.callee").last).to_contain_text("Can we move it to Friday?")
        expect(line).to_have_value("")

        page.get_by_label("Have the agent use a tool").select_option(label="reschedule")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("dialog").get_by_label("day").fill("Friday")
        page.get_by_role("dialog").get_by_role("button", name="Use it").click()
        expect(page.locator(".tool-card").last).to_contain_text("waiting for the answer")
        shown.set()
        expect(page.locator(".tool-card").last).to_contain_text('"day": "Friday"')
        expect(page.locator(".tool-card").last).to_contain_text('"moved"')

        page.get_by_role("button", name="Hang up as the callee").click()
        expect(page.locator(".summary")).to_contain_text("The callee hung up.")
        assert receiver.invocations[-1].json["arguments"] == {"day": "Friday"}
        window.forgive("409")


def test_a_call_is_placed_with_a_script(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/place")
    page.get_by_text("Direct this call").click()
    page.get_by_label("What is said").fill("user: Who is there?\nagent: It is Pamela.\nuser: Wrong number.")
    page.get_by_role("button", name="Place the call").click()

    expect(page.locator(".pane-line .status")).to_have_text("Completed")
    said = page.locator(".line > p").all_inner_texts()
    assert [each for each in said if each in ("Who is there?", "It is Pamela.", "Wrong number.")] == [
        "Who is there?",
        "It is Pamela.",
        "Wrong number.",
    ]
    page.goto(f"{fast.base_url}/#/place")
    page.get_by_text("Direct this call").click()
    page.get_by_label("Outcome", exact=True).select_option("busy")
    page.get_by_role("button", name="Place the call").click()
    expect(page.locator(".summary")).to_contain_text("busy")


def test_a_script_names_tools_or_forbids_them(
    fast: Sandbox, fast_api: Api, receiver: Receiver, open_window: OpenWindow
) -> None:
    receiver.answer = lambda received: Reply.of({"result": "ok", "correlation_id": received.json["correlation_id"]})
    fast_api.put("/sandbox/project", json={"tool_webhook_url": receiver.tool_url})
    for name in ("reschedule", "check_order"):
        fast_api.post(f"{PREFIX}/tools", json={"tool": {"name": name, "description": "It", "input_schema": {}}})
    window = open_window(fast.base_url)
    page = window.open("#/place")
    page.get_by_label("task").fill("Check the order")
    page.get_by_text("Direct this call").click()
    page.get_by_label("What is said").fill('user: Hello?\ntool: reschedule {"day": Friday}')
    page.get_by_role("button", name="Place the call").click()
    expect(page.get_by_role("alert")).to_contain_text("The arguments of reschedule must be a JSON object")

    page.get_by_label("What is said").fill('user: Hello?\ntool: reschedule {"day": "2026-12-05"}\nagent: It is moved.')
    page.get_by_role("switch", name="Use no tools").check()
    page.get_by_role("button", name="Place the call").click()
    expect(page.locator(".pane-line .status")).to_have_text("Completed")
    assert [(each.json["tool_name"], each.json["arguments"]) for each in receiver.invocations] == [
        ("reschedule", {"day": "2026-12-05"})
    ]


def test_the_script_of_a_call_that_was_refused_is_not_left_for_the_next(
    fast: Sandbox, fast_api: Api, open_window: OpenWindow
) -> None:
    window = open_window(fast.base_url)
    page = window.open("#/place")
    page.get_by_text("Direct this call").click()
    page.get_by_label("Outcome", exact=True).select_option("busy")
    page.get_by_label("max_duration_seconds").fill("9999")
    page.get_by_role("button", name="Place the call").click()
    expect(page.get_by_label("max_duration_seconds")).to_be_focused()
    assert fast_api.get("/sandbox/scripts").json()["scripts"] == []
    window.forgive("422")


def test_the_clock_is_moved(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/settings")
    page.get_by_label("Clock, in UTC").fill("2031-05-06 07:08")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_label("Clock, in UTC")).to_have_value(re.compile("2031-05-06 07:0"))
    page.get_by_role("button", name="+ 1 day").click()
    expect(page.get_by_label("Clock, in UTC")).to_have_value(re.compile("2031-05-07 07:0"))
    assert fast_api.create()["created_at"].startswith("2031-05-07T07:0")
    page.get_by_role("button", name="Wall clock").click()
    expect(page.get_by_label("Clock, in UTC")).not_to_have_value(re.compile("2031-05-07"))


def test_a_history_is_made_and_forgotten(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/settings")
    page.get_by_label("Calls", exact=True).fill("40")
    page.get_by_role("button", name="Make it up").click()
    expect(page.locator(".toast")).to_have_text("The history is made")
    assert fast_api.get(f"{PREFIX}/calls").json()["total"] == 40
    page.get_by_role("button", name="Forget everything of this project").click()
    page.get_by_role("button", name="Forget", exact=True).click()
    expect(page.locator(".toast").last).to_have_text("Forgotten")
    assert fast_api.get(f"{PREFIX}/calls").json()["total"] == 0


def test_the_next_request_fails(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/settings")
    page.get_by_label("How the next request fails").select_option("502")
    page.get_by_role("button", name="Fail it").click()
    expect(page.locator(".toast")).to_contain_text("502")
    assert fast_api.get(f"{PREFIX}/tools").status_code == 502
    assert fast_api.get(f"{PREFIX}/tools").status_code == 200

    page.get_by_label("How the next request fails").select_option(label="Lose the answer")
    page.get_by_role("button", name="Fail it").click()
    expect(page.locator(".toast").last).to_contain_text("lose the answer")
    with pytest.raises(httpx.RemoteProtocolError):
        fast_api.get(f"{PREFIX}/tools")
    assert fast_api.get(f"{PREFIX}/tools").status_code == 200
