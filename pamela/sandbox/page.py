"""The sandbox's page: its files, and the endpoints below `/sandbox/page` that only it uses."""

import gzip
import hashlib
import html
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .._version import __version__
from . import clock
from .errors import failure
from .options import DEFAULT_KEY
from .page_access import read_scope
from .page_data import PageData
from .page_security import PAGE_HEADERS
from .service import Service
from .stream import ChangeLog, Stream

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
_MOST_ROWS = 500

Handler = Callable[[Request], Awaitable[Response]]


class Page:
    """The page's endpoints. A request needs a token of the page, or an API key, which limits it to its project."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._data = PageData(service)
        self._changes = ChangeLog(service.changes)
        stream = Stream(service, self._data, self._changes)
        self.handlers: Mapping[str, Mapping[str, Handler]] = {
            "/": {"GET": self.get_index},
            "/sandbox/web/{name:path}": {"GET": self.get_file},
            "/sandbox/stream": {"GET": stream.respond},
            "/sandbox/page": {"GET": self.get_session},
            "/sandbox/page/calls": {"GET": self.list_calls},
            "/sandbox/page/calls/{id:path}": {"GET": self.get_call},
            "/sandbox/page/deliveries": {"GET": self.list_deliveries},
            "/sandbox/page/deliveries/{id}": {"GET": self.get_delivery},
            "/sandbox/page/requests": {"GET": self.list_requests},
            "/sandbox/page/requests/{id}": {"GET": self.get_request},
            "/sandbox/page/tools": {"GET": self.list_tools},
            "/sandbox/page/usage": {"GET": self.get_usage},
        }

    async def get_index(self, request: Request) -> Response:
        """Return the HTML page, with its token."""
        token = html.escape(self._service.page_token.for_page(request))
        text = _file("index.html").decode().replace("{page_token}", token)
        return Response(text, media_type="text/html", headers=PAGE_HEADERS)

    async def get_file(self, request: Request) -> Response:
        name = request.path_params["name"]
        media_type = _TYPES.get(f".{name.rpartition('.')[2]}")
        if media_type is None or name not in _names():
            raise failure(404, f"There is no file {name[:100]}.")
        data = _file(name)
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("If-None-Match") == etag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            data = _compressed(name)
            headers["Content-Encoding"] = "gzip"
        return Response(data, media_type=media_type, headers=headers)

    async def get_session(self, request: Request) -> Response:
        """Return the data that the page loads first. A guest gets one project."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise failure(403, "Only the sandbox's own page may read this.")
        token = self._service.page_token.for_page(request)
        is_owners = token == self._service.page_token.owner
        now = self._service.clock.now()
        answer = {
            "token": token,
            "boot": self._changes.follow(),
            "version": __version__,
            "speed": self._service.clock.speed,
            "now": clock.to_text(now),
            "reference": resources.files(__package__).joinpath("reference.html").is_file(),
            "default_key": DEFAULT_KEY,
            "default_project": self._service.default_project,
            "is_owners": is_owners,
            "projects": self._data.projects() if is_owners else self._data.projects()[:1],
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def list_calls(self, request: Request) -> Response:
        limit, offset = _window(request)
        project_id = read_scope(request, self._service).project_id
        return JSONResponse(self._data.calls(project_id, _query(request), _statuses(request), limit, offset))

    async def get_call(self, request: Request) -> Response:
        project_id = read_scope(request, self._service).project_id
        call_id = request.path_params["id"]
        transcript_from = _number(request, "from", 0, 1_000_000)
        return _found("Call", call_id, self._data.call(project_id, call_id, transcript_from))

    async def list_deliveries(self, request: Request) -> Response:
        limit, offset = _window(request)
        project_id = read_scope(request, self._service).project_id
        return JSONResponse(self._data.deliveries(project_id, _query(request), _statuses(request), limit, offset))

    async def get_delivery(self, request: Request) -> Response:
        project_id = read_scope(request, self._service).project_id
        delivery_id = request.path_params["id"]
        return _found("Delivery", delivery_id, self._data.delivery(project_id, delivery_id))

    async def list_requests(self, request: Request) -> Response:
        limit, offset = _window(request)
        project_id = read_scope(request, self._service).project_id
        status_class = request.query_params.get("class", "")
        if status_class not in ("", "2", "3", "4", "5"):
            raise failure(422, f"{status_class[:100]!r} is not the first digit of a status.")
        return JSONResponse(self._data.requests(project_id, _query(request), status_class, limit, offset))

    async def get_request(self, request: Request) -> Response:
        project_id = read_scope(request, self._service).project_id
        request_id = request.path_params["id"]
        return _found("Request", request_id, self._data.request(project_id, request_id))

    async def list_tools(self, request: Request) -> Response:
        project_id = read_scope(request, self._service).project_id
        return JSONResponse({"items": self._data.tools(project_id)})

    async def get_usage(self, request: Request) -> Response:
        project_id = read_scope(request, self._service).project_id
        month = request.query_params.get("month") or clock.month_of(self._service.clock.now())
        if not _MONTH.fullmatch(month) or month < "0002":
            raise failure(422, f"{month[:100]!r} is not a month, such as 2026-03.")
        return JSONResponse(self._data.usage(project_id, month))


@cache
def _names() -> frozenset[str]:
    folder = resources.files(__package__).joinpath("web")
    views = (f"views/{each.name}" for each in folder.joinpath("views").iterdir())
    return frozenset({*(each.name for each in folder.iterdir() if each.is_file()), *views} - {"index.html"})


@cache
def _file(name: str) -> bytes:
    return resources.files(__package__).joinpath("web", *name.split("/")).read_bytes()


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_file(name), mtime=0)


def _window(request: Request) -> tuple[int, int]:
    return _number(request, "limit", 100, _MOST_ROWS), _number(request, "offset", 0, 2**53)


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not re.fullmatch("[0-9]{1,16}", text) or int(text) > most:
        raise failure(422, f"{name} is {text[:100]!r}; it must be a number from 0 to {most}.")
    return int(text)


def _query(request: Request) -> str:
    return request.query_params.get("q", "").strip()[:200]


def _statuses(request: Request) -> list[str]:
    return [each for each in request.query_params.get("status", "").split(",") if each][:20]


def _found(kind: str, given_id: str, found: dict[str, Any] | None) -> Response:
    if found is None:
        raise failure(404, f"{kind} {given_id[:100]} not found.")
    return JSONResponse(found)
