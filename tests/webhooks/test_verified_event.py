"""`verified_event`: views of one's own that get the event, in each framework, over sockets."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.views import View
from fastapi import Depends, FastAPI
from flask import Flask

import pamela.integrations.django as on_django
import pamela.integrations.fastapi as on_fastapi
import pamela.integrations.flask as on_flask
from pamela.events import WebhookEvent
from pamela.webhooks import SIGNATURE_HEADER, sign_webhook

from .conftest import SECRET, event_body
from .servers import serve_asgi, serve_wsgi, set_django_views

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def _flask() -> AbstractContextManager[str]:
    app = Flask(__name__)

    @app.post("/<shop>/sync")
    @on_flask.verified_event(SECRET)
    def sync_view(event: WebhookEvent, shop: str) -> dict[str, Any]:
        return {"seen": [shop, type(event).__name__]}

    @app.post("/<shop>/async")
    @on_flask.verified_event(SECRET)
    async def async_view(event: WebhookEvent, shop: str) -> dict[str, Any]:
        return {"seen": [shop, type(event).__name__]}

    return serve_wsgi(app)


Verified = Annotated[WebhookEvent, Depends(on_fastapi.verified_event(SECRET))]


def _fastapi() -> AbstractContextManager[str]:
    app = FastAPI()

    @app.post("/{shop}/sync")
    def sync_view(shop: str, event: Verified) -> dict[str, Any]:
        return {"seen": [shop, type(event).__name__]}

    @app.post("/{shop}/async")
    async def async_view(shop: str, event: Verified) -> dict[str, Any]:
        return {"seen": [shop, type(event).__name__]}

    return serve_asgi(app)


def _set_django_views() -> None:
    @on_django.verified_event(SECRET)
    def sync_view(request: HttpRequest, event: WebhookEvent, shop: str) -> JsonResponse:
        return JsonResponse({"seen": [shop, type(event).__name__]})

    @on_django.verified_event(SECRET)
    async def async_view(request: HttpRequest, event: WebhookEvent, shop: str) -> JsonResponse:
        return JsonResponse({"seen": [shop, type(event).__name__]})

    set_django_views(**{"<shop>__sync": sync_view, "<shop>__async": async_view})


def _django() -> AbstractContextManager[str]:
    _set_django_views()
    return serve_wsgi(WSGIHandler())


def _async_django() -> AbstractContextManager[str]:
    _set_django_views()
    return serve_asgi(ASGIHandler())


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("serve", [_flask, _fastapi, _django, _async_django])
def test_a_view_gets_the_event_and_nothing_that_is_not_one(serve: Any, colour: str) -> None:
    with serve() as address, httpx.Client(trust_env=False) as http:

        def send(body: bytes, secret: str = SECRET) -> httpx.Response:
            headers = {SIGNATURE_HEADER: sign_webhook(body, secret)}
            return http.post(f"{address}/acme/{colour}", content=body, headers=headers)

        assert send(event_body("call.failed")).json() == {"seen": ["acme", "CallFailedEvent"]}
        refused = send(event_body(), "whsec_other")
        assert refused.status_code == 401
        assert refused.json() in ({"error": "Invalid signature"}, {"detail": "Invalid signature"})
        assert send(event_body(timestamp="2020-01-01T00:00:00Z")).status_code == 401
        assert send(b"[]").status_code == 400
        assert send(b"x" * 2_000_000).status_code == 413


class CallableView:
    def __init__(self, view: Callable[..., Any]) -> None:
        self._view = view

    async def __call__(self, *args: Any, **values: Any) -> Any:
        return await self._view(*args, **values)


def passed_through(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def call(*args: Any, **values: Any) -> Any:
        return view(*args, **values)

    return call


def _flask_with(form: Any) -> AbstractContextManager[str]:
    async def view(event: WebhookEvent, shop: str) -> dict[str, Any]:
        return {"seen": [shop, event.event]}

    app = Flask(__name__)
    app.add_url_rule("/<shop>/events", "view", on_flask.verified_event(SECRET)(form(view)), methods=["POST"])
    return serve_wsgi(app)


def _set_django_view(form: Any) -> None:
    async def view(request: HttpRequest, event: WebhookEvent, shop: str) -> JsonResponse:
        return JsonResponse({"seen": [shop, event.event]})

    set_django_views(**{"<shop>__events": on_django.verified_event(SECRET)(form(view))})


def _django_with(form: Any) -> AbstractContextManager[str]:
    _set_django_view(form)
    return serve_wsgi(WSGIHandler())


def _async_django_with(form: Any) -> AbstractContextManager[str]:
    _set_django_view(form)
    return serve_asgi(ASGIHandler())


@pytest.mark.parametrize(
    "form",
    [CallableView, passed_through, lambda view: lambda *args, **values: view(*args, **values)],
    ids=["object", "decorated", "lambda"],
)
@pytest.mark.parametrize("serve", [_flask_with, _django_with, _async_django_with])
def test_an_async_view_is_awaited_in_whatever_form(serve: Any, form: Any) -> None:
    body = event_body()
    with serve(form) as address:
        headers = {SIGNATURE_HEADER: sign_webhook(body, SECRET)}
        answer = httpx.post(f"{address}/acme/events", content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"seen": ["acme", "call.queued"]})


class EventView(View):
    async def post(self, request: HttpRequest, event: WebhookEvent) -> JsonResponse:
        return JsonResponse({"seen": event.event})


@pytest.mark.parametrize(("serve", "handler"), [(serve_wsgi, WSGIHandler), (serve_asgi, ASGIHandler)])
def test_an_async_view_may_be_a_class_in_django(serve: Any, handler: Any) -> None:
    set_django_views(events=on_django.verified_event(SECRET)(EventView.as_view()))
    body = event_body()
    with serve(handler()) as address:
        headers = {SIGNATURE_HEADER: sign_webhook(body, SECRET)}
        answer = httpx.post(f"{address}/events", content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"seen": "call.queued"})


def test_fastapi_says_which_method_is_allowed() -> None:
    app = FastAPI()

    @app.api_route("/events", methods=["GET", "POST"])
    def view(event: Verified) -> None: ...

    with serve_asgi(app) as address:
        answer = httpx.get(f"{address}/events", trust_env=False)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json() == {"detail": "Method not allowed"}
