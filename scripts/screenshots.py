"""Take the pictures of the sandbox's page that README and docs show, of a sandbox in which something is going on.

With a directory it takes one of every view instead, light and dark, on a desktop and on a phone.
"""

import argparse
import io
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

import pamela.sandbox
from pamela.sandbox import Sandbox

IMAGES = Path(__file__).parent.parent / "docs" / "images"
DESKTOP, PHONE = (1440, 860), (390, 780)
GAP = 24
COLORS = 256

TASKS = [
    "Schedule a meeting for next week",
    "Confirm the dentist appointment on Thursday",
    "Ask whether the spare part for the dishwasher is in stock",
    "Book a table for four on Friday evening",
    "Remind Mr Alvarez of the unpaid invoice 2291",
    "Find out the opening hours over the holidays",
]
NUMBERS = ["+12125550142", "+15005550002", "+14155550187", "+12065550134", "+13125550119", "+15005550001"]
ORDER = "Tell the customer when order 1042 will arrive"
TOOLS = [
    {
        "name": "check_order_status",
        "description": "Look up an order by ID",
        "input_schema": {
            "type": "object",
            "properties": {"order_id": {"type": "string", "description": "As printed on the receipt."}},
            "required": ["order_id"],
        },
        "output_schema": {
            "type": "object",
            "properties": {"status": {"type": "string"}, "eta_days": {"type": "number", "minimum": 0}},
        },
    },
    {
        "name": "reschedule_appointment",
        "description": "Move an appointment to another day and tell the patient",
        "input_schema": {
            "type": "object",
            "properties": {
                "appointment_id": {"type": "string"},
                "day": {"type": "string", "format": "date"},
                "part_of_day": {"type": "string", "enum": ["morning", "afternoon", "evening"]},
            },
            "required": ["appointment_id", "day"],
        },
    },
]
VIEWS = {
    "calls": "#/calls",
    "call": "#/calls/{call}",
    "place": "#/place",
    "requests": "#/requests/{request}",
    "deliveries": "#/deliveries/{delivery}",
    "tools": "#/tools/{tool}",
    "usage": "#/usage",
    "settings": "#/settings",
    "reference": "#/reference/create_call",
}


class Application(BaseHTTPRequestHandler):
    """An application that takes events, now and then fails at one, and has the tools."""

    events = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = 200, {"ok": True}
        if "tool_name" in body:
            time.sleep(0.04)
            result = {"status": "shipped", "eta_days": 2, "carrier": "Northwind"}
            answer = {"result": result, "correlation_id": body["correlation_id"]}
        else:
            Application.events += 1
            if Application.events % 29 == 0:
                status, answer = 503, {"error": "database is locked"}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def application() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/pamela"
        server.shutdown()


def furnish(sandbox: Sandbox, url: str) -> dict[str, str]:
    """Have a month of calls behind the sandbox and some going on; return ids to look at."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.base_url, headers=headers, timeout=60) as api:
        api.put("/sandbox/project", json={"webhook_url": url, "tool_webhook_url": f"{url}/tools"})
        tools = [api.post("/api/b2b/v1/tools", json={"tool": tool}).json()["tool_id"] for tool in TOOLS]
        api.post("/sandbox/seed", json={"days": 60, "calls": 3000, "seed": 1})
        place = {"caller_name": "Northwind Clinic", "agent_name": "Pamela", "locale": "en-US"}
        for number, task in zip(NUMBERS, TASKS, strict=True):
            api.post("/api/b2b/v1/calls", json={"to": number, "task": task, **place})
        order = {"to": "+12025550173", "task": ORDER, "metadata": {"ticket": "T-1042"}, **place}
        call = api.post("/api/b2b/v1/calls", json=order).json()["id"]
        while api.get(f"/api/b2b/v1/calls/{call}").json()["status"] != "completed":
            time.sleep(0.05)
        refused = api.post("/api/b2b/v1/calls", json={"to": "555-0100", "task": "Order a pizza", "voice": "deep"})
        api.post("/api/b2b/v1/calls", json={"to": "+15005550021", "task": "Order a pizza"})
        api.get("/api/b2b/v1/usage")
        deliveries = api.get("/sandbox/deliveries", params={"call_id": call, "kind": "tool"}).json()["items"]
        for number, task in zip(NUMBERS[::-1], TASKS, strict=True):
            api.post("/api/b2b/v1/calls", json={"to": number, "task": task, **place})
        return {
            "call": call,
            "request": refused.headers["X-Request-Id"],
            "delivery": deliveries[0]["id"],
            "tool": tools[0],
        }


class Camera:
    """Takes pictures of a sandbox's page."""

    def __init__(self, browser: Browser, sandbox: Sandbox, ids: dict[str, str]) -> None:
        self._browser = browser
        self._sandbox = sandbox
        self._ids = ids

    def take(self, view: str, size: tuple[int, int], scheme: str) -> Image.Image:
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(f"{self._sandbox.base_url}/{VIEWS[view].format(**self._ids)}")
        self._wait(page)
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        context.close()
        return picture.convert("RGB")

    def _wait(self, page: Page) -> None:
        expect(page.locator("stream-badge").last).to_have_text("Live")
        expect(page.locator("main .placeholder")).to_have_count(0)
        page.wait_for_load_state("load")
        page.wait_for_timeout(500)


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    width = sum(each.width for each in pictures) + GAP * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, max(each.height for each in pictures) + 2 * GAP), "#8d8da3")
    left = GAP
    for each in pictures:
        sheet.paste(each, (left, GAP))
        left += each.width + GAP
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    # The commonest colours as they are: an average would give up the few pixels of a status for another grey.
    counts = picture.getcolors(picture.width * picture.height) or []
    commonest = [color for _, color in sorted(counts, reverse=True)[:COLORS]]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for color in commonest for part in color])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", help="where to put pictures of every view")
    directory = parser.parse_args().directory
    with (
        application() as url,
        pamela.sandbox.run(speed=6) as sandbox,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"]) as browser,
    ):
        camera = Camera(browser, sandbox, furnish(sandbox, url))
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            for view in VIEWS:
                for scheme in ("light", "dark"):
                    save(camera.take(view, DESKTOP, scheme), directory / f"{view}-{scheme}.png")
                    save(camera.take(view, PHONE, scheme), directory / f"{view}-{scheme}-phone.png")
            return
        IMAGES.mkdir(exist_ok=True)
        save(camera.take("calls", DESKTOP, "light"), IMAGES / "sandbox-calls.png")
        save(camera.take("call", DESKTOP, "dark"), IMAGES / "sandbox-call.png")
        save(camera.take("requests", DESKTOP, "light"), IMAGES / "sandbox-requests.png")
        save(camera.take("usage", DESKTOP, "dark"), IMAGES / "sandbox-usage.png")
        phones = [("calls", "light"), ("call", "light"), ("deliveries", "dark"), ("settings", "dark")]
        save(side_by_side([camera.take(view, PHONE, scheme) for view, scheme in phones]), IMAGES / "sandbox-phone.png")


if __name__ == "__main__":
    main()
