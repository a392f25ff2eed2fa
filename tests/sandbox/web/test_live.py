"""The page follows the sandbox: as things happen, over restarts, and in several tabs with one stream."""

import signal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

import pamela.sandbox
from pamela.sandbox import Sandbox

from ..api import Api
from ..process import Process
from .conftest import OpenWindow, Window

pytestmark = pytest.mark.slow

KEY = "pk_live_sandbox"


def place(base_url: str, task: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"to": "+12125550142", "task": task}
    assert httpx.post(f"{base_url}/api/b2b/v1/calls", headers=headers, json=body).status_code == 201


def streams(*windows: Window) -> int:
    """Return how many streams the windows have asked for."""
    return sum("/sandbox/stream" in each.url for window in windows for each in window.requests)


def test_a_call_is_shown_from_the_first_moment_to_the_last(
    fast: Sandbox, fast_api: Api, open_window: OpenWindow
) -> None:
    window = open_window(fast.base_url)
    page = window.open()
    expect(page.get_by_role("heading", name="No calls yet")).to_be_visible()

    fast_api.create("+12125550142", "Order a pizza")

    expect(window.rows).to_have_count(1)
    expect(window.rows.first).to_contain_text("Completed")
    expect(window.rows.first).to_contain_text("Order a pizza")
    expect(page.get_by_role("button", name="Completed")).to_have_text("Completed1")


def test_a_conversation_is_shown_while_it_is_held(open_window: OpenWindow) -> None:
    with pamela.sandbox.run(speed=10) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.create("+12125550142", "Schedule a meeting")
        page = open_window(sandbox.base_url).open(f"#/calls/{call['id']}")
        expect(page.locator(".pane-line .status")).to_have_text("In progress")
        expect(page.locator(".line")).not_to_have_count(0)
        assert api.call(call["id"])["status"] == "in_progress"
        expect(page.locator(".pane-line .status")).to_have_text("Completed")

        transcript = api.call(call["id"])["transcript"]
        assert page.locator(".line > p").all_inner_texts() == [entry["text"] for entry in transcript]


def test_requests_and_deliveries_come_in(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open("#/requests")
    expect(page.get_by_role("heading", name="No requests yet")).to_be_visible()
    fast_api.get("/api/b2b/v1/usage")
    expect(window.rows.first).to_contain_text("/usage")
    fast_api.get("/api/b2b/v1/calls/call_none")
    expect(window.rows.first).to_contain_text("7003")


def test_what_does_not_match_the_filter_stays_out(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open("#/calls?status=failed")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    fast_api.finish("+12125550142", "Schedule a meeting")
    fast_api.finish("+15005550002", "Order a pizza")

    expect(window.rows).to_have_count(1)
    expect(window.rows.first).to_contain_text("Order a pizza")


def test_it_goes_on_after_the_sandbox_was_restarted(tmp_path: Path, open_window: OpenWindow) -> None:
    database = tmp_path / "sandbox.db"
    with Process.start("--speed", "100", "--database", database) as first:
        port = first.base_url.rpartition(":")[2]
        window = open_window(first.base_url)
        window.is_interrupted = True
        page = window.open()
        first.stop(signal.SIGKILL)
        window.wait_for_badge("Reconnecting")

    with Process.start("--speed", "100", "--database", database, "--port", port) as second:
        window.wait_for_badge("Live")
        place(second.base_url, "After the restart")
        expect(window.rows.first).to_contain_text("After the restart")
        # The new process has another token, which writes need.
        page.goto(f"{second.base_url}/#/place")
        page.get_by_role("button", name="Place the call").click()
        expect(page.locator(".call-title")).to_be_visible()


def test_tabs_share_a_stream_and_the_next_takes_over(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    first = open_window(fast.base_url)
    first.open()
    second = open_window(fast.base_url, beside=first)
    second.open()
    third = open_window(fast.base_url, beside=first)
    third.open("#/requests")
    fast_api.create("+12125550142", "Seen in both")
    for window in (first, second):
        expect(window.rows.first).to_contain_text("Seen in both")
    expect(third.rows.first).to_contain_text("/calls")
    assert streams(first, second, third) == 1

    first.page.close()
    while not streams(second, third):
        second.page.wait_for_timeout(20)
    fast_api.create("+12125550142", "Seen by the next")
    expect(second.rows.first).to_contain_text("Seen by the next")
    expect(third.rows).to_have_count(2)
