"""The sandbox as an ASGI application: the routes of the specification, and the sandbox's own endpoints."""

import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .api import Api
from .control_api import ControlApi
from .errors import failure
from .page import Page
from .page_security import PageSecurity, headers_of_reference
from .request_log import LogRequests
from .service import Service
from .specification import Specification
from .store import DatabaseError
from .workload import Workload

_REFERENCE = Path(__file__).with_name("reference.html")

Handler = Callable[[Request], Awaitable[Response]]


def create_app(service: Service) -> ASGIApp:
    """Return the application that serves a sandbox."""
    app = Starlette(
        routes=[
            *_api_routes(service),
            *_routes(_document_handlers(service.specification)),
            *_routes(ControlApi(service).handlers),
            *_routes(Page(service).handlers),
        ],
        exception_handlers={
            HTTPException: _respond_failure,
            DatabaseError: _respond_database_error,
            Exception: _respond_fault,
        },
    )
    app.router.redirect_slashes = False
    secured = PageSecurity(app, service.allowed_hosts, service.page_token)
    with_headers = _WithHeaders(secured, service.specification, service.workload)
    return LogRequests(with_headers, service.requests, service.page_token)


def _api_routes(service: Service) -> list[Route]:
    api = Api(service)
    handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
    for operation in service.specification.operations:
        handlers[operation.path][operation.method] = partial(api.respond, operation)
    # An id may contain a slash: escaped in the path, unescaped here. So routes that end in a word are tried first.
    paths = sorted(handlers, key=lambda path: path.endswith("}"))
    return _routes({path.replace("}", ":path}"): handlers[path] for path in paths})


def _routes(handlers: Mapping[str, Mapping[str, Handler]]) -> list[Route]:
    return [Route(path, _Resource(methods)) for path, methods in handlers.items()]


def _document_handlers(specification: Specification) -> dict[str, dict[str, Handler]]:
    async def as_yaml(request: Request) -> Response:
        return Response(specification.source, media_type="application/yaml")

    async def as_json(request: Request) -> Response:
        return JSONResponse(specification.document)

    async def reference(request: Request) -> Response:
        if not _REFERENCE.exists():
            raise failure(404, "This installation has no reference page. Read /openapi.yaml instead.")
        page = _REFERENCE.read_bytes()
        return Response(page, headers=headers_of_reference(page), media_type="text/html")

    return {"/openapi.yaml": {"GET": as_yaml}, "/openapi.json": {"GET": as_json}, "/reference": {"GET": reference}}


class _Resource:
    """The handlers of one path, by method."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise failure(405, "Method Not Allowed", {"Allow": ", ".join(sorted(self._handlers))})
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)


class _WithHeaders:
    """Adds the request id and the idempotency key to the headers of every response, errors included."""

    def __init__(self, app: ASGIApp, specification: Specification, workload: Workload) -> None:
        self._app = app
        self._workload = workload
        self._specification = specification
        self._idempotency_key = specification.parameter("IdempotencyKey")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(self._idempotency_key.name)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The body may be a stream that lasts for hours.
                begun.end()
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = f"req_{secrets.token_hex(8)}"
                if key is not None:
                    await self._specification.get_ready()
                    if not self._idempotency_key.read(key)[1]:
                        headers[self._idempotency_key.name] = key
            await send(message)

        begun = self._workload.begin_request()
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            begun.end()


async def _respond_failure(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - that is what it is registered for
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def _respond_fault(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": "Internal Server Error"}, 500)


async def _respond_database_error(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 503)
