"""Holds all that passes between the tests and the sandboxes in this process against the contract.

`tests/conftest.py` switches it on. A test fails if a sandbox answered what the contract does not describe, accepted what
the contract forbids, or sent a webhook that the contract does not know.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from pamela.sandbox.app import create_app
from pamela.sandbox.deliveries import Deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pytest
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/b2b/v1/"
MOST_SHOWN = 1000


@dataclass
class Request:
    """A request as openapi-core reads it."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes
    content_type: str
    host_url: str


@dataclass
class Response:
    """An answer as openapi-core reads it."""

    status_code: int
    headers: Headers
    data: bytes
    content_type: str


@dataclass
class Delivery:
    """A webhook as openapi-core reads it."""

    name: str
    parameters: RequestParameters
    body: bytes
    method: str = "post"
    content_type: str = "application/json"


class ContractWatch:
    """Records what passes, and says what is wrong with it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._host = document["servers"][0]["url"]
        self._contract = OpenAPI.from_dict(document)
        self._closed = OpenAPI.from_dict(_closed(document))
        self._passed: list[tuple[Request, Response] | Delivery] = []
        self._lock = threading.Lock()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch every sandbox that is started in this process from now on."""
        post = Deliveries._post

        async def watched_post(deliveries: Any, row: Any, headers: dict[str, str]) -> Any:
            name = "tool.invocation" if row["kind"] == "tool" else row["name"]
            self.record(Delivery(name, RequestParameters(header=Headers(headers)), row["body"].encode()))
            return await post(deliveries, row, headers)

        monkeypatch.setattr("pamela.sandbox.server.create_app", lambda service: self.watch(create_app(service)))
        monkeypatch.setattr(Deliveries, "_post", watched_post)

    def watch(self, app: ASGIApp) -> ASGIApp:
        """Record what passes through an application."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            asked, answered = bytearray(), bytearray()
            messages: dict[str, Message] = {}

            async def watched_receive() -> Message:
                message = await receive()
                messages[message["type"]] = message
                asked.extend(message.get("body", b""))
                return message

            async def watched_send(message: Message) -> None:
                messages[message["type"]] = message
                answered.extend(message.get("body", b""))
                await send(message)

            await app(scope, watched_receive, watched_send)
            # What was cut off on its way is nobody's request.
            is_whole = "http.response.start" in messages and "http.disconnect" not in messages
            if is_whole and scope["path"].startswith(API):
                start = messages["http.response.start"]
                self.record((self._request(scope, bytes(asked)), _response(start, bytes(answered))))

        return watched

    def record(self, passed: tuple[Request, Response] | Delivery) -> None:
        """Keep an exchange or a delivery until `violations` is called."""
        with self._lock:
            self._passed.append(passed)

    def violations(self) -> list[str]:
        """Say what is wrong with all that passed since the last time."""
        with self._lock:
            all_passed, self._passed = self._passed, []
        found: list[str] = []
        for passed in all_passed:
            found += self._of_delivery(passed) if isinstance(passed, Delivery) else self._of_exchange(*passed)
        return found

    def _request(self, scope: Scope, body: bytes) -> Request:
        headers = _headers(scope["headers"])
        query = ImmutableMultiDict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        return Request(
            method=scope["method"].lower(),
            # An id may have an escaped slash in it, which must not be taken for one of the path's own.
            path=scope["raw_path"].decode("ascii"),
            parameters=RequestParameters(query=query, header=headers),
            body=body,
            content_type=headers.get("Content-Type", ""),
            host_url=self._host,
        )

    def _of_delivery(self, delivery: Delivery) -> Iterator[str]:
        for error in self._closed.iter_webhook_request_errors(delivery):
            yield f"Webhook {delivery.name}: {_explain(error)}\n{delivery.body[:MOST_SHOWN]!r}"

    def _of_exchange(self, request: Request, response: Response) -> Iterator[str]:
        what = f"{request.method.upper()} {unquote(request.path)}, answered {response.status_code}"
        faults = list(self._contract.iter_request_errors(request))
        if any(isinstance(fault, PathError) for fault in faults):
            if response.status_code not in {401, 404, 405}:
                yield f"{what}: not in the contract"
            return
        if faults and response.status_code < 400:
            yield f"{what}: the contract forbids the request: {'; '.join(map(_explain, faults))}"
        for error in self._closed.iter_response_errors(request, response):
            yield f"{what}: the contract does not describe the answer: {_explain(error)}\n{response.data[:MOST_SHOWN]!r}"


def _response(start: Mapping[str, Any], body: bytes) -> Response:
    headers = _headers(start["headers"])
    return Response(start["status"], headers, body, headers.get("Content-Type", ""))


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs])


def _closed(node: Any) -> Any:
    """Copy a document, allowing in its objects no more fields than they list."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if closed.get("type") == "object" and isinstance(closed.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def _explain(error: BaseException) -> str:
    reasons = getattr(error, "schema_errors", None) or getattr(error.__cause__, "schema_errors", ())
    return "; ".join(
        [type(error).__name__, *(f"{reason.json_path}: {reason.message}" for reason in reasons)]
        if reasons
        else [str(error)]
    )
