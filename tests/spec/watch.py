"""Holds all that passes between the tests and the sandboxes in this process against the specification.

`tests/conftest.py` switches it on. A test fails if a sandbox answered what the specification does not describe, accepted what
the specification forbids, or sent a webhook that the specification does not know. It is done as things pass, in little time and
without keeping anything, so that tests of many requests are what they are without it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from http import HTTPMethod
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from jsonschema_rs import Draft202012Validator, Registry
from starlette.datastructures import Headers

from pamela.sandbox.app import create_app
from pamela.sandbox.deliveries import Deliveries
from pamela.sandbox.page_security import TOKEN_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/b2b/v1/"
METHODS = {method.lower() for method in HTTPMethod}
MOST_SHOWN = 1000


class Schemas:
    """The schemas of a document, ready to judge values."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._registry = Registry([("urn:specification", document)])

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        absolute = json.loads(json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:specification#/'))
        return Draft202012Validator(absolute, registry=self._registry, validate_formats=True)


class Values:
    """The parameters of a request or the headers of an answer."""

    def __init__(self, described: dict[str, dict[str, Any]], schemas: Schemas) -> None:
        self._parts = {name: schemas.resolve(part) for name, part in described.items()}
        self._validators = {name: schemas.validator(part["schema"]) for name, part in self._parts.items()}
        self._integers = {name for name, part in self._parts.items() if part["schema"].get("type") == "integer"}

    def faults(self, values: Mapping[str, str]) -> Iterator[str]:
        for name, part in self._parts.items():
            if name not in values:
                if part.get("required"):
                    yield f"{name} is missing"
                continue
            value: str | int = values[name]
            if name in self._integers and re.fullmatch("-?[0-9]+", values[name]):
                value = int(values[name])
            for error in self._validators[name].iter_errors(value):
                yield f"{name}: {error.message}"


class Content:
    """The body of a request or an answer, by media type."""

    def __init__(self, described: dict[str, Any], schemas: Schemas) -> None:
        self._validators = {media: schemas.validator(part["schema"]) for media, part in described.items()}

    def faults(self, media_type: str, body: bytes) -> Iterator[str]:
        media = media_type.partition(";")[0].strip().lower()
        if not self._validators and not body:
            return
        if media not in self._validators:
            yield f"its media type is {media or 'missing'}"
            return
        try:
            value = json.loads(body) if media == "application/json" else body.decode()
            errors = list(self._validators[media].iter_errors(value))
        except (ValueError, RecursionError) as unreadable:
            yield f"it cannot be read: {unreadable}"
            return
        for error in errors:
            yield f"{'.'.join(map(str, error.instance_path)) or 'body'}: {error.message}"


@dataclass
class Answer:
    """An answer that the specification describes."""

    content: Content
    headers: Values


class Operation:
    """An operation or a webhook: what may be asked, and what may be answered.

    What is asked may have more fields than the specification lists, for clients are older and newer; what the sandbox says
    may not, for it is not to say what the specification does not.
    """

    def __init__(self, described: dict[str, Any], asked: Schemas, answered: Schemas) -> None:
        self._described, self._answered = described, answered
        parameters = [asked.resolve(parameter) for parameter in described.get("parameters", [])]
        self._query, self._headers = (
            Values({part["name"]: part for part in parameters if part["in"] == where}, asked)
            for where in ("query", "header")
        )
        self._body = Content(described.get("requestBody", {}).get("content", {}), asked)
        self._needs_key = bool(described["security"])

    @cached_property
    def _answers(self) -> dict[str, Answer]:
        described = {status: self._answered.resolve(each) for status, each in self._described["responses"].items()}
        return {
            status: Answer(
                Content(each.get("content", {}), self._answered), Values(each.get("headers", {}), self._answered)
            )
            for status, each in described.items()
        }

    def request_faults(self, query: Mapping[str, str], headers: Headers, body: bytes) -> Iterator[str]:
        # The sandbox's own page has its token instead of a key, which the specification knows nothing of.
        has_key = headers.get("Authorization", "").lower().startswith("bearer ") or TOKEN_HEADER in headers
        if self._needs_key and not has_key:
            yield "there is no key"
        yield from self._query.faults(query)
        yield from self._headers.faults(headers)
        if "requestBody" in self._described:
            yield from self._body.faults(headers.get("Content-Type", ""), body)

    def answer_faults(self, status: int, headers: Headers, body: bytes) -> Iterator[str]:
        answer = self._answers.get(str(status)) or self._answers.get(f"{status // 100}XX")
        if answer is None:
            yield f"there is no answer {status}"
            return
        yield from answer.headers.faults(headers)
        yield from answer.content.faults(headers.get("Content-Type", ""), body)


class SpecificationWatch:
    """Says what is wrong with what passes."""

    def __init__(self, document: dict[str, Any]) -> None:
        described, closed = Schemas(document), Schemas(_closed(document))
        self._operations = {
            (re.compile(re.sub(r"\{[^}]+}", "[^/]+", path)), method.upper()): Operation(operation, described, closed)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        }
        self._webhooks = {
            name: Operation(item["post"], closed, described) for name, item in document["webhooks"].items()
        }
        self._violations: list[str] = []

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch every sandbox that is started in this process from now on."""
        post = Deliveries._post

        async def watched_post(deliveries: Any, row: Any, headers: dict[str, str]) -> Any:
            name = "tool.invocation" if row["kind"] == "tool" else row["name"]
            self.see_delivery(name, Headers(headers), row["body"].encode())
            return await post(deliveries, row, headers)

        monkeypatch.setattr("pamela.sandbox.server.create_app", lambda service: self.watch(create_app(service)))
        monkeypatch.setattr(Deliveries, "_post", watched_post)

    def watch(self, app: ASGIApp) -> ASGIApp:
        """Watch what passes through an application."""

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
                # Whoever gets the answer may ask at once whether all was well.
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    self._see(scope, bytes(asked), messages, bytes(answered))
                await send(message)

            await app(scope, watched_receive, watched_send)

        return watched

    def _see(self, scope: Scope, asked: bytes, messages: Mapping[str, Message], answered: bytes) -> None:
        # What was cut off on its way is nobody's request.
        if scope["path"].startswith(API) and "http.disconnect" not in messages:
            start = messages["http.response.start"]
            self.see_exchange(scope, asked, start["status"], Headers(raw=start["headers"]), answered)

    def see_exchange(self, scope: Scope, asked: bytes, status: int, headers: Headers, answered: bytes) -> None:
        """Look at a request and its answer."""
        # An id may have an escaped slash in it, which must not be taken for one of the path's own.
        path = scope["raw_path"].decode("ascii")
        what = f"{scope['method']} {unquote(path)}, answered {status}"
        operation = next(
            (
                operation
                for (pattern, method), operation in self._operations.items()
                if method == scope["method"] and pattern.fullmatch(path)
            ),
            None,
        )
        if operation is None:
            if status not in {401, 404, 405}:
                self._violations.append(f"{what}: not in the specification")
            return
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        if status < 400 and (wrong := list(operation.request_faults(query, Headers(scope=scope), asked))):
            self._violations.append(f"{what}: the specification forbids the request: {'; '.join(wrong)}")
        if wrong := list(operation.answer_faults(status, headers, answered)):
            said = answered[:MOST_SHOWN].decode(errors="replace")
            self._violations.append(
                f"{what}: the specification does not describe the answer: {'; '.join(wrong)}\n{said}"
            )

    def see_delivery(self, name: str, headers: Headers, body: bytes) -> None:
        """Look at a webhook that is sent."""
        if name not in self._webhooks:
            self._violations.append(f"Webhook {name}: not in the specification")
        elif wrong := list(self._webhooks[name].request_faults({}, headers, body)):
            said = body[:MOST_SHOWN].decode(errors="replace")
            self._violations.append(f"Webhook {name}: {'; '.join(wrong)}\n{said}")

    def take_violations(self) -> list[str]:
        """Give what was wrong since the last time."""
        taken, self._violations = self._violations, []
        return taken


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
