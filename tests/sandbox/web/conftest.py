"""What the tests of the sandbox's page share: a browser, and windows that reach nothing but the sandbox."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, Route, ViewportSize, expect

import pamela.sandbox
from pamela.sandbox import Sandbox

from ...chromium import chromium
from ..api import Api
from ..receiver import Receiver, receiving

PATIENCE_MS = 30_000
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Window:
    """A page of a browser on a sandbox, with what it complained of and what it wanted from elsewhere."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    is_interrupted: bool = False
    """Whether the test breaks its connections, which a browser complains of."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str = "#/calls") -> Page:
        """Go to a view, and wait until the page is live."""
        self.page.goto(f"{self.base_url}/{address}")
        self.wait_for_badge("Live")
        return self.page

    def forgive(self, words: str) -> None:
        """Forget complaints that a test provokes, a refused request for one."""
        self.complaints = [each for each in self.complaints if words not in each]

    def wait_for_badge(self, words: str) -> None:
        expect(self.page.locator("stream-badge").last).to_have_text(words)

    @property
    def rows(self) -> Any:
        return self.page.locator(".table-body .table-row:not(.missing)")


OpenWindow = Callable[..., Window]


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """Open windows, which may not complain and reach only the sandbox; those of one context are tabs."""
    windows: list[Window] = []
    contexts: list[BrowserContext] = []

    def open_window(
        base_url: str,
        viewport: ViewportSize = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        beside: Window | None = None,
    ) -> Window:
        if beside is None:
            context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            contexts.append(context)
        else:
            context = beside.page.context
        window = Window(context.new_page(), base_url)
        host = urlsplit(base_url).netloc

        def only_the_sandbox(route: Route) -> None:
            if urlsplit(route.request.url).netloc == host:
                route.continue_()
            else:
                window.blocked.append(route.request.url)
                route.abort()

        window.page.route("**/*", only_the_sandbox)
        windows.append(window)
        return window

    yield open_window
    for context in contexts:
        context.close()
    for window in windows:
        assert window.blocked == []
        assert window.is_interrupted or window.complaints == []


@pytest.fixture
def fast() -> Iterator[Sandbox]:
    """A sandbox of the test's own in which a call is over in half a second."""
    with pamela.sandbox.run(speed=100) as running:
        yield running


@pytest.fixture
def fast_api(fast: Sandbox) -> Iterator[Api]:
    """The API of that sandbox, with the key that its page shows."""
    with Api(fast, fast.api_key) as api:
        yield api


@pytest.fixture(scope="package")
def furnished() -> Iterator[tuple[Sandbox, dict[str, str]]]:
    """A sandbox in which something of everything has happened, with the ids of a call, a request and so on."""
    with pamela.sandbox.run(speed=500) as sandbox, Api(sandbox, sandbox.api_key) as api, receiving() as receiver:
        yield sandbox, furnish(api, receiver)


def furnish(api: Api, receiver: Receiver) -> dict[str, str]:
    """Have something of everything happen."""
    from ..receiver import Reply

    def answer(received: Any) -> Reply:
        if received.path == "/tools":
            return Reply.of({"result": {"status": "shipped"}, "correlation_id": received.json["correlation_id"]})
        return Reply()

    receiver.answer = answer
    api.put("/sandbox/project", json={"webhook_url": receiver.url, "tool_webhook_url": receiver.tool_url})
    tool = {
        "name": "check_order_status",
        "description": "Look up an order by ID",
        "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    }
    tool_id = api.post("/api/b2b/v1/tools", json={"tool": tool}).json()["tool_id"]
    api.finish("+15005550002", "Order a pizza")
    call = api.finish("+12125550142", "Tell the customer when order 1042 will arrive", metadata={"ticket": "T-1"})
    refused = api.post("/api/b2b/v1/calls", json={"to": "555", "task": ""})
    receiver.wait_for_event("call.completed")
    deliveries = api.deliveries(call_id=call["id"], limit=100)
    invocation = next(each for each in deliveries if each["kind"] == "tool")
    return {
        "call": call["id"],
        "request": refused.headers["X-Request-Id"],
        "delivery": invocation["id"],
        "tool": tool_id,
    }
