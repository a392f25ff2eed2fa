"""What handlers and tools find around them in Flask and Django."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import flask
import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

import pamela.integrations.django as on_django
from pamela.endpoint import WebhookEndpoint
from pamela.integrations.flask import webhook_view
from pamela.tools import ToolRegistry
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook

from .conftest import SECRET, event_body, invocation_body
from .servers import serve_wsgi, set_django_views


def send(address: str, body: bytes) -> Any:
    headers = {SIGNATURE_HEADER: sign_webhook(body, SECRET)}
    answer = httpx.post(f"{address}/hook", content=body, headers=headers, trust_env=False)
    return json.loads(answer.content)


def test_flasks_contexts_are_there_for_handlers_and_tools() -> None:
    tools = ToolRegistry()
    endpoint = WebhookEndpoint(SECRET, tools=tools)
    seen: list[Any] = []

    @endpoint.on("*")
    def note(event: Any) -> None:
        seen.append((flask.current_app.config["SHOP"], flask.request.path))

    @tools.tool
    def shop() -> list[str]:
        """Say which shop."""
        return [flask.current_app.config["SHOP"], flask.request.path]

    app = flask.Flask(__name__)
    app.config["SHOP"] = "acme"
    app.add_url_rule("/hook", view_func=webhook_view(endpoint), methods=["POST"])
    with serve_wsgi(app) as address:
        send(address, event_body())
        assert seen == [("acme", "/hook")]
        assert send(address, invocation_body("shop", "corr_1"))["result"] == ["acme", "/hook"]


def test_a_tools_database_connection_is_its_own_and_closed_afterwards() -> None:
    tools = ToolRegistry()
    used: list[sqlite3.Connection] = []

    @tools.tool
    def count() -> int:
        """Ask the database."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 41 + 1")
            used.append(connection.connection)
            (number,) = cursor.fetchone()
        return int(number)

    set_django_views(hook=on_django.webhook_view(WebhookEndpoint(SECRET, tools=tools)))
    with serve_wsgi(WSGIHandler()) as address:
        assert send(address, invocation_body("count", "corr_1"))["result"] == 42
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        used[0].execute("SELECT 1")
