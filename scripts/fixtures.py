"""Record a body of every webhook and every error in `docs/reference/fixtures`, as a sandbox sends them, with a manifest.

Programs in any language can be tested with them: `clients/` shows how.
"""

import hashlib
import json
import shutil
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pamela.sandbox  # noqa: E402 - the checkout's, not an installed one

FIXTURES = ROOT / "docs" / "reference" / "fixtures"
SECRET = "whsec_fixtures"
API = "/api/b2b/v1"
NUMBER, TASK = "+1234567890", "Schedule a meeting for next week"
TOOL = {
    "name": "check_order_status",
    "description": "Look up an order by ID",
    "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
SIGNATURE = "X-Pamela-Signature"
TOO_LARGE = b" " * (2**20 + 1)

Client = httpx.Client
Request = Callable[[Client], httpx.Response]


def call(to: str = NUMBER, **more: Any) -> dict[str, Any]:
    return {"to": to, "task": TASK, **more}


def calling(key: str | None = None, to: str = NUMBER) -> Request:
    """Return a request that places a call, with another key perhaps."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}" if key else ""}
    return lambda client: client.post(f"{API}/calls", json=call(to), headers=headers)


def asking(key: str) -> Request:
    return lambda client: client.get(f"{API}/usage", headers={"Authorization": f"Bearer {key}"})


def sending(content: bytes, content_type: str = "application/json") -> Request:
    return lambda client: client.post(f"{API}/calls", content=content, headers={"Content-Type": content_type})


def reusing_a_key(client: Client) -> httpx.Response:
    headers = {"Idempotency-Key": "order-1042"}
    client.post(f"{API}/calls", json=call(), headers=headers)
    return client.post(f"{API}/calls", json=call(task="Another task"), headers=headers)


def cancelling_twice(client: Client) -> httpx.Response:
    address = f"{API}/calls/{client.post(f'{API}/calls', json=call()).json()['id']}/cancel"
    client.post(address)
    return client.post(address)


def hanging_up_too_soon(client: Client) -> httpx.Response:
    return client.post(f"{API}/calls/{client.post(f'{API}/calls', json=call()).json()['id']}/hangup")


ERRORS: dict[str, Request] = {
    "key_required": calling(""),
    "invalid_key": calling("wrong"),
    "expired_key": calling("pk_live_expired"),
    "subscription_required": calling("pk_live_no_subscription"),
    "subscription_expired": calling("pk_live_past_grace"),
    "validation_error": sending(b"{"),
    "validation_issues": lambda client: client.post(f"{API}/calls", json=call(max_duration_seconds=4000)),
    "invalid_phone_number": calling(to="+15005550011"),
    "rate_limit": calling("pk_live_rate_limited"),
    "quota": calling("pk_live_over_quota"),
    "partner_not_found": asking("pk_live_unknown_partner"),
    "project_not_found": asking("pk_live_unknown_project"),
    "call_not_found": lambda client: client.get(f"{API}/calls/call_0"),
    "tool_not_found": lambda client: client.delete(f"{API}/tools/tool_0"),
    "no_number_for_country": calling(to="+15005550012"),
    "unsupported_country": calling(to="+15005550013"),
    "key_reused": reusing_a_key,
    "call_has_ended": cancelling_twice,
    "call_is_queued": hanging_up_too_soon,
    "content_too_large": sending(TOO_LARGE),
    "unsupported_media_type": sending(b"to=1", "application/x-www-form-urlencoded"),
    "server_error": calling(to="+15005550024"),
}
"""What is answered with each error."""


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES
    shutil.rmtree(directory, ignore_errors=True)
    manifest = {
        "description": "Bodies as a sandbox sent them, byte for byte. `schema` is their schema in openapi.yaml.",
        "secret": SECRET,
        "webhooks": record_webhooks(directory / "webhooks"),
        "errors": record_errors(directory / "errors"),
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{len(manifest['webhooks'])} webhooks and {len(manifest['errors'])} errors in {directory}")


def record_webhooks(directory: Path) -> list[dict[str, Any]]:
    """Record the first delivery of each webhook, and return what the manifest says of them."""
    directory.mkdir(parents=True)
    webhooks = yaml.safe_load((ROOT / "openapi.yaml").read_text())["webhooks"]
    recorded: dict[str, dict[str, Any]] = {}
    for name, (body, signature) in deliveries({*webhooks}).items():
        content = webhooks[name]["post"]["requestBody"]["content"]["application/json"]
        recorded[name] = {"name": name, **written(directory / f"{name}.json", body)}
        recorded[name] |= {"schema": content["schema"]["$ref"].rpartition("/")[2], "signature": signature}
    return [recorded[name] for name in webhooks]


def deliveries(wanted: set[str]) -> dict[str, tuple[bytes, str]]:
    """Return the body and the signature of each webhook, of one call that is answered and one that is not."""
    arrived: Queue[tuple[bytes, str]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((body, self.headers[SIGNATURE]))
            answer = json.dumps({"result": {"status": "shipped"}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    webhooks = {"webhook_url": address, "tool_webhook_url": address}
    found: dict[str, tuple[bytes, str]] = {}
    with pamela.sandbox.run(speed=100, webhook_secret=SECRET) as sandbox, client_of(sandbox) as client:
        for to in (NUMBER, "+15005550001"):
            client.post(f"{API}/calls", json=call(to, webhooks=webhooks, tools=[TOOL])).raise_for_status()
        while wanted - found.keys():
            body, signature = arrived.get(timeout=30)
            payload = json.loads(body)
            found.setdefault(payload.get("event", "tool.invocation"), (body, signature))
    server.shutdown()
    return found


def record_errors(directory: Path) -> list[dict[str, Any]]:
    """Record an answer with each error, and return what the manifest says of them."""
    directory.mkdir(parents=True)
    recorded = []
    for name, request in ERRORS.items():
        with pamela.sandbox.run() as sandbox, client_of(sandbox) as client:
            response = request(client)
        if not response.is_error:
            sys.exit(f"{name} was answered {response.status_code}: {response.text}")
        file = written(directory / f"{name}.json", response.content)
        recorded.append({"name": name, **file, "schema": "ErrorBody", "status": response.status_code})
        recorded[-1]["code"] = code_of(response.json())
    return recorded


def code_of(body: dict[str, Any]) -> int | None:
    detail = body.get("detail", body)
    if not isinstance(detail, dict):
        return None
    found: int | None = detail.get("error_code", detail.get("error", {}).get("code"))
    return found


def client_of(sandbox: pamela.sandbox.Sandbox) -> Client:
    return Client(base_url=sandbox.base_url, headers={"Authorization": f"Bearer {sandbox.api_key}"})


def written(file: Path, body: bytes) -> dict[str, str]:
    """Write a body, and return what the manifest says of every file."""
    file.write_bytes(body)
    return {"file": f"{file.parent.name}/{file.name}", "sha256": hashlib.sha256(body).hexdigest()}


if __name__ == "__main__":
    main()
