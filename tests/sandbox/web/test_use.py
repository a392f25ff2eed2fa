"""Using the page: the keyboard, the address, what is hostile, and how much there may be."""

import httpx
import pytest
from playwright.sync_api import expect

import pamela.sandbox
from pamela.sandbox import Sandbox

from ..api import Api
from ..receiver import Received, Receiver, Reply
from .conftest import DESKTOP, PHONE, OpenWindow

pytestmark = pytest.mark.slow

DRAWN = """async lines => {
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return lines.filter(line => line.firstElementChild.checkVisibility({contentVisibilityAuto: true})).length;
}"""
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}</textarea>javascript:alert(4)"


def test_the_keyboard_does_everything(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    for task in ("First", "Second", "Third"):
        fast_api.finish("+12125550142", task)
    window = open_window(fast.base_url)
    page = window.open()
    expect(window.rows).to_have_count(3)

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(window.rows.nth(1).locator("a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(".call-task")).to_have_text("Third")
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_contain_text("Calls")
    page.keyboard.press("/")
    expect(page.get_by_label("Search calls")).to_be_focused()
    page.keyboard.type("second")
    expect(window.rows).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Place a call")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("c")
    expect(page.locator("schema-form input").first).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.locator("h1")).to_contain_text("Requests")


def test_search_and_filters_are_in_the_address(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    fast_api.finish("+12125550142", "Order a pizza")
    fast_api.finish("+15005550002", "Order a pizza")
    fast_api.finish("+15005550002", "Book a table")
    window = open_window(fast.base_url)
    page = window.open()
    page.get_by_role("button", name="Failed").click()
    page.get_by_label("Search calls").fill("PIZZA")
    expect(window.rows).to_have_count(1)
    assert page.url.endswith("#/calls?status=failed&q=PIZZA")

    page.reload()

    expect(window.rows).to_have_count(1)
    expect(page.get_by_label("Search calls")).to_have_value("PIZZA")
    expect(page.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")


def test_projects_are_looked_at_together_or_alone(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    fast_api.finish("+12125550142", "Mine")
    with Api(fast, "pk_live_of_the_other_team_1234") as other:
        other.finish("+12125550142", "Theirs")
    window = open_window(fast.base_url)
    page = window.open()
    expect(window.rows).to_have_count(2)
    assert "pk_live_of_the_other_team" not in page.content()

    page.get_by_label("Project").select_option(label="pk_live_…1234")
    expect(window.rows).to_have_count(1)
    expect(window.rows.first).to_contain_text("Theirs")


def test_nothing_that_is_said_becomes_part_of_the_page(
    fast: Sandbox, fast_api: Api, receiver: Receiver, open_window: OpenWindow
) -> None:
    def answer(received: Received) -> Reply:
        if received.path == "/tools":
            return Reply.of({"result": HOSTILE, "correlation_id": received.json["correlation_id"]})
        return Reply(500, HOSTILE.encode(), {"Content-Type": "text/html"})

    receiver.answer = answer
    settings = {"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url}
    fast_api.put("/sandbox/project", json=settings)
    schema = {
        "type": "object",
        "description": HOSTILE,
        "properties": {HOSTILE: {"type": "string", "description": HOSTILE, "enum": [HOSTILE, "x"], "default": HOSTILE}},
        "$ref": "#/properties/../../x",
    }
    tool = {"name": f"tool {HOSTILE}", "description": HOSTILE, "input_schema": schema, "output_schema": schema}
    tool_id = fast_api.post("/api/b2b/v1/tools", json={"tool": tool}).json()["tool_id"]
    call = fast_api.finish(
        "+12125550142", HOSTILE, tools=[tool], metadata={HOSTILE: HOSTILE}, agent_name=HOSTILE, locale=HOSTILE
    )
    fast_api.get(f"/api/b2b/v1/calls/{HOSTILE}", headers={"User-Agent": HOSTILE.replace("\n", "")})
    fast_api.get("/api/b2b/v1/calls", params={"status_filter": HOSTILE})
    deliveries = fast_api.deliveries(call_id=call["id"], limit=100)
    requests = fast_api.get("/sandbox/page/requests").json()["items"]
    addresses = [
        "#/calls",
        f"#/calls/{call['id']}",
        *(f"#/deliveries/{each['id']}" for each in deliveries[:2] + deliveries[-1:]),
        *(f"#/requests/{each['id']}" for each in requests[:4]),
        f"#/tools/{tool_id}",
        "#/usage",
        "#/settings",
        f"#/calls?q={HOSTILE}",
        f"#/calls/{HOSTILE}",
        f"#/{HOSTILE}",
    ]
    window = open_window(fast.base_url)
    page = window.open()
    for address in addresses:
        page.goto(f"{fast.base_url}/{address}")
        expect(page.locator("main h1, main h2").first).to_be_visible()
        page.wait_for_timeout(100)
        assert page.locator("img, main script, iframe, [onerror]").count() == 0
        hrefs = page.eval_on_selector_all("a[href]", "links => links.map(link => link.protocol)")
        assert set(hrefs) == {"http:"}
        # A call of another name than any is a mistake that the page is told of.
        window.forgive("404")
        assert window.complaints == []


SCROLL_AND_SHOW = """async (element, part) => {
  element.scrollTop = element.scrollHeight * part;
  for (const _ of [1, 2, 3]) await new Promise(requestAnimationFrame);
}"""
"""Scrolls, and waits until what was there before is no longer shown."""


def test_ten_thousand_calls_and_a_long_transcript_are_a_few_elements(open_window: OpenWindow) -> None:
    with pamela.sandbox.run(speed=1000) as sandbox, Api(sandbox, sandbox.api_key, judged=False) as api:
        api.post("/sandbox/seed", json={"days": 30, "calls": 10_000, "seed": 1})
        window = open_window(sandbox.base_url)
        page = window.open()
        expect(page.locator("h1 .count")).to_have_text("10,000")
        scroller = page.locator(".table-scroll")
        for part in (0.25, 0.5, 0.75, 1.0):
            scroller.evaluate(SCROLL_AND_SHOW, part)
            expect(page.locator(".table-row.missing")).to_have_count(0)
            assert 10 < window.rows.count() < 80
        expect(page.locator("[aria-rowindex='10001']")).to_be_visible()

        lines = [{"speaker": ("agent", "user")[n % 2], "text": f"No. {n}"} for n in range(2_000)]
        api.put("/sandbox/scripts", json={"scripts": [{"says": lines}]})
        call = api.create("+12125550142", "Talk for long", max_duration_seconds=3600)
        ended = api.wait_for_status(call["id"], "completed")
        page.goto(f"{sandbox.base_url}/#/calls/{call['id']}")
        expect(page.locator(".line")).to_have_count(len(ended["transcript"]))
        assert len(ended["transcript"]) >= 2_000
        talk = page.locator(".talk")
        for part in (0.25, 0.5, 0.75, 1.0):
            talk.evaluate("(element, part) => { element.scrollTop = element.scrollHeight * part }", part)
            # The others are there to be searched and read out, but are neither laid out nor painted.
            drawn = page.locator(".line").evaluate_all(DRAWN)
            assert 0 < drawn < 200
        expect(page.locator(".line").last).to_be_in_viewport()


def test_it_is_small_and_needs_nothing_from_elsewhere(fast: Sandbox, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    page = window.open()
    for view in ("place", "requests", "deliveries", "tools", "usage", "settings", "reference", "calls/call_none"):
        page.goto(f"{fast.base_url}/#/{view}")
        expect(page.locator("main .view")).to_be_visible()
    expect(page.get_by_role("heading", name="No such call")).to_be_visible()
    window.forgive("404")
    files = {each for each in window.requests if "/sandbox/web/" in each.url}
    assert len(files) > 20
    assert sum(each.sizes()["responseBodySize"] for each in files) < 60_000
    assert {each.url.split("/")[2] for each in window.requests} == {fast.base_url.removeprefix("http://")}


def test_it_is_painted_before_there_are_data(fast: Sandbox, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url)
    waiting = []
    window.page.route("**/sandbox/page*", lambda route: waiting.append(route))
    window.page.route("**/sandbox/page/**", lambda route: waiting.append(route))

    window.page.goto(f"{fast.base_url}/")

    expect(window.page.get_by_role("link", name="Calls", exact=True)).to_be_visible()
    expect(window.page.get_by_role("heading", name="Calls")).to_be_visible()
    assert waiting
    before = window.page.locator(".page-head").bounding_box()
    for route in waiting:
        route.continue_()
    expect(window.page.get_by_role("heading", name="No calls yet")).to_be_visible()
    assert window.page.locator(".page-head").bounding_box() == before


@pytest.mark.parametrize("width", [360, 768, 1024, 1440, 2560])
def test_nothing_jumps_when_data_arrive(fast: Sandbox, fast_api: Api, open_window: OpenWindow, width: int) -> None:
    fast_api.finish("+12125550142", "Order a pizza")
    window = open_window(fast.base_url, {"width": width, "height": 900})
    window.page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
            .observe({type: "layout-shift", buffered: true});"""
    )
    page = window.open()
    expect(window.rows).to_have_count(1)
    for number in range(5):
        fast_api.create("+12125550142", f"Call {number}")
    expect(window.rows).to_have_count(6)
    expect(page.locator(".table-body").get_by_text("Completed")).to_have_count(6)

    assert page.evaluate("window.shift") < 0.02
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_menu_of_a_phone(fast: Sandbox, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url, PHONE)
    page = window.page
    page.goto(f"{fast.base_url}/")
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.locator("h1")).to_contain_text("Settings")
    expect(page.get_by_role("link", name="Deliveries", exact=True)).to_be_hidden()


def test_a_page_elsewhere_has_no_use_of_the_sandbox(fast: Sandbox, fast_api: Api, open_window: OpenWindow) -> None:
    window = open_window(fast.base_url, DESKTOP)
    window.is_interrupted = True
    page = window.open()
    policy = page.evaluate("fetch('/').then(response => response.headers.get('Content-Security-Policy'))")
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy

    # A page at another port is another origin.
    with pamela.sandbox.run() as elsewhere:
        page.unroute_all()
        page.route("**/*", lambda route: route.continue_())
        page.goto(f"{elsewhere.base_url}/openapi.json")
        seen = page.evaluate(
            """async address => {
                const tried = [];
                for (const [path, options] of [
                    ["/sandbox/page", {}],
                    ["/", {}],
                    ["/sandbox/reset", {method: "POST", headers: {Authorization: "Bearer pk_live_sandbox"}}],
                    ["/sandbox/reset", {method: "POST", mode: "no-cors"}],
                ]) {
                    try {
                        const response = await fetch(address + path, options);
                        tried.push(response.type === "opaque" ? "nothing" : await response.text());
                    } catch { tried.push("nothing"); }
                }
                return tried;
            }""",
            fast.base_url,
        )
    assert seen == ["nothing"] * 4


def test_a_browser_beyond_a_container_sees_one_project_and_with_the_token_all(open_window: OpenWindow) -> None:
    with pamela.sandbox.run(host="0.0.0.0", allowed_hosts=["pamela.localhost"], speed=100) as sandbox:
        port = sandbox.base_url.rpartition(":")[2]
        api_address = f"http://127.0.0.1:{port}"
        for key, task in ((sandbox.api_key, "Order a pizza"), ("pk_live_another", "Book a table")):
            call = {"to": "+12125550142", "task": task}
            key_header = {"Authorization": f"Bearer {key}"}
            assert httpx.post(f"{api_address}/api/b2b/v1/calls", json=call, headers=key_header).status_code == 201
        window = open_window(f"http://pamela.localhost:{port}")
        # As a container sees it: uvicorn believes this header of a client at a loopback address.
        window.page.set_extra_http_headers({"X-Forwarded-For": "172.17.0.1"})
        page = window.open()
        expect(window.rows).to_have_count(1)
        expect(page.get_by_text("Order a pizza", exact=True)).to_be_visible()
        expect(page.locator("#project option")).to_have_count(1)
        page.goto(f"{window.base_url}/#/settings")
        expect(page.get_by_text("This browser is elsewhere")).to_be_visible()
        expect(page.get_by_label("Secret", exact=True)).to_have_value("")
        page.get_by_label("Events").fill("http://127.0.0.1:9/events")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_have_text("Saved")

        token = sandbox._server.service.page_token.owner
        window.page.goto(f"{window.base_url}/?token={token}#/calls")
        expect(window.rows).to_have_count(2)
        page.goto(f"{window.base_url}/?token={token}#/settings")
        expect(page.get_by_label("Secret", exact=True)).to_have_value(sandbox.webhook_secret)
