"""Each view of the page, with something to show and with nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Literal

import pytest
from playwright.sync_api import ViewportSize, expect

import pamela.sandbox
from pamela.sandbox import Sandbox

from ..api import PREFIX, Api
from .axe import violations
from .conftest import DESKTOP, PHONE, OpenWindow

pytestmark = pytest.mark.slow

VIEWS = {
    "#/calls": "Calls",
    "#/calls/{call}": "+1 212 555 0142",
    "#/place": "Place a call",
    "#/requests": "Requests",
    "#/requests/{request}": "Requests",
    "#/deliveries": "Deliveries",
    "#/deliveries/{delivery}": "Deliveries",
    "#/tools": "Tools",
    "#/tools/{tool}": "Tools",
    "#/usage": "Usage",
    "#/settings": "Settings",
    "#/reference": "Reference",
}


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["desktop light", "desktop dark", "phone light", "phone dark"],
)
def test_axe_finds_nothing_and_nothing_sticks_out(
    furnished: tuple[Sandbox, dict[str, str]],
    open_window: OpenWindow,
    viewport: ViewportSize,
    scheme: Literal["light", "dark"],
) -> None:
    sandbox, ids = furnished
    window = open_window(sandbox.base_url, viewport, scheme)
    page = window.open()
    found = {}
    for address, heading in VIEWS.items():
        page.goto(f"{sandbox.base_url}/{address.format(**ids)}")
        expect(page.locator("main h1")).to_contain_text(heading)
        content = page.locator(
            ".view .code, .view .table-body, .view .tool-list a, .view .panel, .view .operation, .pane h2"
        )
        expect(content.filter(visible=True).first).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        found[address] = violations(page) + ([f"it is {width} wide"] if width > viewport["width"] else [])

    assert {address: wrong for address, wrong in found.items() if wrong} == {}


def test_axe_finds_nothing_where_there_is_nothing(fast: Sandbox, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open()
    for address, heading in [
        ("#/calls", "No calls yet"),
        ("#/requests", "No requests yet"),
        ("#/deliveries", "Nothing sent yet"),
        ("#/tools", "No tools yet"),
        ("#/usage", "Nothing used yet"),
    ]:
        page.goto(f"{fast.base_url}/{address}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        snippet = page.locator(".empty .code").inner_text()
        assert fast.base_url in snippet
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_list_of_keys(
    fast: Sandbox, open_window: OpenWindow, scheme: Literal["light", "dark"]
) -> None:
    page = open_window(fast.base_url, DESKTOP, scheme).open()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_a_call_shows_its_conversation_and_what_became_of_it(
    furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow
) -> None:
    sandbox, ids = furnished
    page = open_window(sandbox.base_url).open(f"#/calls/{ids['call']}")

    expect(page.locator(".line.agent").first).to_contain_text("Pamela")
    card = page.locator(".tool-card")
    expect(card).to_contain_text("check_order_status")
    expect(card).to_contain_text('"order_id": "1042"')
    expect(card).to_contain_text('"status": "shipped"')
    expect(card).to_contain_text("ms")
    timeline = page.locator(".timeline")
    for words in ("Queued", "Ringing", "In progress", "Completed", "call.queued", "call.completed"):
        expect(timeline).to_contain_text(words)
    page.get_by_role("button", name="Details").click()
    expect(page.locator(".facts").last).to_contain_text("+1 212 555 0142")
    page.get_by_role("button", name="Request", exact=True).click()
    expect(page.locator(".tab-body")).to_contain_text('"ticket": "T-1"')
    page.get_by_role("button", name="Response").click()
    expect(page.locator(".tab-body")).to_contain_text('"billed_minutes": 1')


def test_a_call_is_copied_as_a_program(furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow) -> None:
    sandbox, ids = furnished
    window = open_window(sandbox.base_url)
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.open(f"#/calls/{ids['call']}")

    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".toast")).to_have_text("Copied as Python")
    program = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator(".toast").last).to_have_text("Copied as curl")
    command = page.evaluate("navigator.clipboard.readText()")

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert re.fullmatch(r"call_\w+ queued\n", ran.stdout)
    assert f"curl -X POST '{sandbox.base_url}/api/b2b/v1/calls'" in command
    assert json.loads(in_shell(command, sandbox.api_key))["status"] == "queued"


CURL = shutil.which("curl")
REQUESTS = (
    (
        "POST",
        f"{PREFIX}/calls",
        {"to": "+12125550142", "task": 'It\'s "quoted" $HOME `id` \\ \u2028 ☎', "metadata": {"a": "'"}},
    ),
    ("POST", f"{PREFIX}/calls", {"to": "555", "nubmer": 1}),
    ("POST", f"{PREFIX}/calls", ["no", "object"]),
    ("POST", f"{PREFIX}/calls", "{broken"),
    ("GET", f"{PREFIX}/calls?limit=2&status=completed", None),
    ("GET", f"{PREFIX}/calls?limit=many", None),
    ("GET", f"{PREFIX}/calls/call_100%25", None),
    ("GET", f"{PREFIX}/usage?period=2026-01", None),
    ("GET", f"{PREFIX}/tools", None),
)


def in_shell(command: str, api_key: str) -> str:
    if CURL is None:
        pytest.skip("There is no curl here.")
    run = {"capture_output": True, "text": True, "timeout": 60, "check": True}
    return subprocess.run(["sh", "-c", command], env={**os.environ, "PAMELA_API_KEY": api_key}, **run).stdout  # type: ignore[call-overload,no-any-return]


def test_a_request_is_copied_as_what_sends_it_again(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open("#/requests")
    for method, path, body in REQUESTS:
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        first = fast_api.request(method, path, content=content, headers={"Content-Type": "application/json"})
        page.goto(f"{fast.base_url}/#/requests/{first.headers['X-Request-Id']}")
        pane = page.locator(".pane")
        expect(pane).to_contain_text(first.headers["X-Request-Id"])
        for language in ("curl", "Python"):
            tab = pane.get_by_role("button", name=language, exact=True)
            if language == "Python" and body == "{broken":
                expect(tab).to_have_count(0)
                continue
            tab.click()
            program = pane.locator(".code.program code").inner_text()
            if language == "curl":
                in_shell(program, fast.api_key)
            else:
                subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
            again = page.evaluate(
                """token => fetch("/sandbox/page/requests?limit=1", {headers: {"X-Page-Token": token}})
                    .then(response => response.json())
                    .then(({items: [{id}]}) => fetch(`/sandbox/page/requests/${id}`, {headers: {"X-Page-Token": token}}))
                    .then(response => response.json())""",
                page.locator("meta[name=page-token]").get_attribute("content"),
            )
            assert again["id"] != first.headers["X-Request-Id"]
            assert (again["method"], again["status"]) == (method, first.status_code), program
            sent = again["request_body"]
            assert (sent if body == "{broken" else sent and json.loads(sent)) == (body or sent), program


def test_the_form_is_the_specifications_and_places_a_call(
    fast: Sandbox, fast_api: Api, open_window: OpenWindow
) -> None:
    page = open_window(fast.base_url).open("#/place")
    specification = page.evaluate("fetch('/openapi.json').then(response => response.json())")
    for name in specification["components"]["schemas"]["CreateCallRequest"]["properties"]:
        expect(page.locator("schema-form code", has_text=name).first).to_be_attached()
    page.get_by_label("Numbers with an outcome, for to").select_option("+15005550002")
    page.get_by_label("task").fill("Order a pizza for 'Ann' & \"Bob\"")
    page.get_by_text("female", exact=True).click()
    expect(page.locator(".preview")).to_contain_text('to="+15005550002"')
    page.get_by_role("button", name="Place the call").click()

    expect(page.locator(".call-title")).to_have_text("+1 500 555 0002")
    expect(page.locator(".pane-line .status")).to_have_text("Failed")
    [call] = fast_api.get("/api/b2b/v1/calls").json()["items"]
    assert call["task"] == "Order a pizza for 'Ann' & \"Bob\""
    assert call["status"] == "failed"


def test_the_form_says_what_is_wrong_where_it_is(fast: Sandbox, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open("#/place")
    page.get_by_label("task").fill("")
    page.get_by_role("button", name="Place the call").click()
    expect(page.get_by_text("Fill this in.")).to_be_visible()
    page.get_by_label("task").fill("Order a pizza")
    page.get_by_label("max_duration_seconds").fill("9999")
    page.get_by_role("button", name="Place the call").click()

    problem = page.locator("#" + str(page.get_by_label("max_duration_seconds").get_attribute("id")) + "-problem")
    expect(problem).to_contain_text("3600")
    expect(page.get_by_label("max_duration_seconds")).to_be_focused()
    window.forgive("422")


def test_a_live_call_is_hung_up_and_called_again(open_window: OpenWindow) -> None:
    with pamela.sandbox.run(speed=1) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call = api.create("+15005550004", "Talk for long")
        page = open_window(sandbox.base_url).open(f"#/calls/{call['id']}")
        page.get_by_role("button", name="Hang up").click()
        expect(page.locator(".pane-line .status")).to_have_text("Completed")
        page.get_by_role("button", name="Call again").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".pane-line .status")).to_have_text("Cancelled")

        assert {each["task"] for each in api.get("/api/b2b/v1/calls").json()["items"]} == {"Talk for long"}


def test_a_request_shows_why_it_was_refused(furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow) -> None:
    sandbox, ids = furnished
    page = open_window(sandbox.base_url).open("#/requests?class=4")
    page.locator(".table-body a.row-link").first.click()

    expect(page.locator(".pane .failure")).to_contain_text("task")
    expect(page.locator(".pane")).to_contain_text(ids["request"])
    expect(page.locator(".pane")).to_contain_text('"to": "555"')
    expect(page.locator(".pane")).to_contain_text("422")


def test_a_delivery_is_verified_and_sent_again(
    furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow
) -> None:
    sandbox, ids = furnished
    page = open_window(sandbox.base_url).open(f"#/deliveries/{ids['delivery']}")
    pane = page.locator(".pane")
    expect(pane).to_contain_text("The application answered")
    expect(pane.locator(".headers").first).to_contain_text("X-Pamela-Signature", ignore_case=True)

    page.get_by_label("Webhook secret").fill("whsec_of_another")
    page.get_by_role("button", name="Verify with this secret").click()
    expect(pane.locator(".verdict")).to_have_text("Another secret made the signature.")
    page.get_by_label("Webhook secret").fill(sandbox.webhook_secret)
    page.get_by_role("button", name="Verify with this secret").click()
    expect(pane.locator(".verdict")).to_have_text("This secret made the signature.")

    page.get_by_role("button", name="Redeliver").click()
    expect(pane.get_by_text("Repeats")).to_be_visible()
    expect(pane.get_by_role("link", name=ids["delivery"])).to_be_visible()


def test_a_tool_is_tried(furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow) -> None:
    sandbox, ids = furnished
    page = open_window(sandbox.base_url).open(f"#/tools/{ids['tool']}")
    page.get_by_label("order_id").fill("77")
    page.get_by_role("button", name="Invoke").click()
    expect(page.locator(".result .status")).to_have_text("Delivered")
    expect(page.locator(".result")).to_contain_text('"status": "shipped"')


def test_usage_is_plotted_by_day_and_month(furnished: tuple[Sandbox, dict[str, str]], open_window: OpenWindow) -> None:
    sandbox, _ = furnished
    page = open_window(sandbox.base_url).open("#/usage")

    expect(page.locator(".figures")).to_contain_text("$0.")
    expect(page.get_by_role("img", name="Minutes billed by day")).to_be_visible()
    expect(page.get_by_role("img", name="Calls by month")).to_be_visible()
    page.get_by_role("button", name="Month before").click()
    expect(page.locator(".figures")).to_contain_text("$0.00")


def test_settings_are_kept(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/settings")
    page.get_by_label("Events").fill("http://127.0.0.1:9/events")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Saved")
    page.get_by_role("switch", name="Send twice").click()
    expect(page.get_by_label("How often: Send twice")).to_be_enabled()
    page.reload()
    expect(page.get_by_label("Events")).to_have_value("http://127.0.0.1:9/events")
    expect(page.get_by_role("switch", name="Send twice")).to_be_checked()
    expect(page.get_by_label("Secret", exact=True)).to_have_value(fast.webhook_secret)
    assert fast_api.get("/sandbox/project").json()["webhook_secret"] is None

    assert fast_api.get("/sandbox/project").json()["webhook_url"] == "http://127.0.0.1:9/events"
    assert fast_api.get("/sandbox/faults").json()["duplicate"] == 0.25


def test_the_reference_has_every_operation_and_event(fast: Sandbox, open_window: OpenWindow) -> None:
    page = open_window(fast.base_url).open("#/reference")
    specification = page.evaluate("fetch('/openapi.json').then(response => response.json())")
    summaries = [operation["summary"] for item in specification["paths"].values() for operation in item.values()]
    overview = page.locator(".reference-body")
    expect(overview.locator(".topic")).to_have_count(len(specification["tags"]))
    expect(overview.locator(".operations li")).to_have_count(len(summaries) + len(specification["webhooks"]))
    expect(overview.get_by_text("6001 rate limit, 6002 quota")).to_be_visible()
    for name in [*summaries, *specification["webhooks"]]:
        page.get_by_label("Contents", exact=True).get_by_role("link", name=name, exact=True).click()
        expect(page.locator(".reference-body").get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(page.locator(".reference-body .code").first).to_be_visible()
