"""Web applications on real sockets, in threads of the test process."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import uvicorn
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from werkzeug.serving import WSGIRequestHandler, make_server

import pamela.integrations.django as on_django
import pamela.integrations.fastapi as on_fastapi
import pamela.integrations.flask as on_flask
import pamela.integrations.starlette as on_starlette
from pamela.integrations.asgi import asgi_app
from pamela.integrations.wsgi import wsgi_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pamela.endpoint import WebhookEndpoint

PATH = "/webhooks/pamela"


class _QuietRequestHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@contextmanager
def serve_wsgi(application: Any) -> Iterator[str]:
    """Serve a WSGI application; gives its base address."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_asgi(application: Any) -> Iterator[str]:
    """Serve an ASGI application; gives its base address."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_config=None, lifespan="auto"))
    started = threading.Event()
    startup = server.startup

    async def start_and_tell(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = start_and_tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(20)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def set_django_views(**views: Callable[..., Any]) -> None:
    """Give Django its settings, and one path for each view."""
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(tempfile.mkdtemp(), "database")}
            },
            LOGGING_CONFIG=None,
            MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
            SECRET_KEY="only for tests",
        )
        import django

        django.setup()
    urlconf: Any = ModuleType("urlconf")
    urlconf.urlpatterns = [path(route.replace("__", "/"), view) for route, view in views.items()]
    settings.ROOT_URLCONF = urlconf


def _flask(endpoint: WebhookEndpoint) -> Any:
    app = Flask(__name__)
    app.register_blueprint(on_flask.webhook_blueprint(endpoint, PATH))
    return app


def _fastapi(endpoint: WebhookEndpoint) -> Any:
    app = FastAPI()
    app.include_router(on_fastapi.webhook_router(endpoint, PATH))
    return app


def _starlette(endpoint: WebhookEndpoint) -> Any:
    return Starlette(routes=[on_starlette.webhook_route(endpoint, PATH)])


def _django(endpoint: WebhookEndpoint) -> Any:
    set_django_views(webhooks__pamela=on_django.webhook_view(endpoint))
    return WSGIHandler()


def _async_django(endpoint: WebhookEndpoint) -> Any:
    set_django_views(webhooks__pamela=on_django.async_webhook_view(endpoint))
    return ASGIHandler()


FRAMEWORKS = {
    "wsgi": (wsgi_app, serve_wsgi),
    "asgi": (asgi_app, serve_asgi),
    "flask": (_flask, serve_wsgi),
    "fastapi": (_fastapi, serve_asgi),
    "starlette": (_starlette, serve_asgi),
    "django": (_django, serve_wsgi),
    "django-async": (_async_django, serve_asgi),
}


@contextmanager
def serve(framework: str, endpoint: WebhookEndpoint) -> Iterator[str]:
    """Serve an endpoint in a framework; gives its address."""
    make_application, serve_application = FRAMEWORKS[framework]
    with serve_application(make_application(endpoint)) as address:
        yield f"{address}{PATH}"
