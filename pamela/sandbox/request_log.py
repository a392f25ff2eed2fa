"""The log of the last 1,000 requests to the API, with responses and durations."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import clock
from .changes import Changes
from .clock import Moment, SettableClock
from .options import DEFAULT_KEY
from .page_security import PROJECT_HEADER, PageToken
from .projects import Projects

API_PREFIX = "/api/b2b/v1/"
MOST_REQUESTS = 1_000

_MOST_BYTES_OF_A_BODY = 32 * 1024
_MOST_BYTES_OF_ALL_BODIES = 16 * 1024 * 1024
_ID_OF_NEW_CALL = re.compile(rb'\{"id":"([a-z0-9_]+)"')
"""The beginning of the sandbox's own response, so that its JSON does not need to be parsed."""
_HIDDEN_HEADERS = frozenset({"authorization", "cookie", "x-page-token"})


@dataclass(slots=True)
class LoggedBody:
    """The beginning of a body, and the length of the whole body."""

    data: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, chunk: bytes) -> None:
        room = _MOST_BYTES_OF_A_BODY - len(self.data)
        if room > 0:
            self.data += chunk[:room]
        self.size += len(chunk)

    @property
    def text(self) -> str | None:
        return self.data.decode(errors="replace") if self.size else None

    @property
    def is_truncated(self) -> bool:
        return self.size > len(self.data)


@dataclass(slots=True)
class LoggedRequest:
    """A request to the API, with its response."""

    seq: int
    at: Moment
    method: str
    path: str
    query: str
    project_id: str | None
    key: str | None
    from_page: bool
    request_headers: dict[str, str]
    request_body: LoggedBody = field(default_factory=LoggedBody)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: LoggedBody = field(default_factory=LoggedBody)
    id: str = ""
    status: int = 0
    duration_ms: float = 0.0
    error: str | None = None
    call_id: str | None = None

    def summary(self) -> dict[str, Any]:
        """Return the fields for a list."""
        return {
            "seq": self.seq,
            "id": self.id,
            "at": clock.to_text(self.at),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "duration_ms": self.duration_ms,
            "error": self.error,
            "project_id": self.project_id,
            "call_id": self.call_id,
            "from_page": self.from_page,
            "key": self.key,
        }

    def details(self) -> dict[str, Any]:
        """Return all fields."""
        return {
            **self.summary(),
            "user_agent": self.request_headers.get("user-agent"),
            "replayed": "idempotent-replayed" in self.response_headers,
            "request_headers": self.request_headers,
            "request_body": self.request_body.text,
            "request_truncated": self.request_body.is_truncated,
            "response_headers": self.response_headers,
            "response_body": self.response_body.text,
            "response_truncated": self.response_body.is_truncated,
        }


class RequestLog:
    """The last requests, oldest first, in limited memory."""

    def __init__(self, sandbox_clock: SettableClock, projects: Projects, changes: Changes) -> None:
        self._clock = sandbox_clock
        self._projects = projects
        self._changes = changes
        self._requests: deque[LoggedRequest] = deque(maxlen=MOST_REQUESTS)
        self._with_bodies: deque[LoggedRequest] = deque()
        self._bytes = 0
        self._last = 0
        self._key_names: dict[str, str] = {}
        self.on_request: Callable[[LoggedRequest], None] | None = None
        """Called with each request when it has been answered."""

    def begin(self, scope: Scope, *, from_page: bool) -> LoggedRequest:
        """Return the record of a new request."""
        headers = Headers(scope=scope)
        project_id, key = self._project_of(headers, from_page=from_page)
        self._last += 1
        return LoggedRequest(
            seq=self._last,
            at=self._clock.now(),
            method=scope["method"],
            path=scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0],
            query=scope["query_string"].decode("latin-1"),
            project_id=project_id,
            key=key,
            from_page=from_page,
            request_headers=_shown_headers(headers.items()),
        )

    def finish(self, request: LoggedRequest) -> None:
        """Add a request that was answered."""
        request.call_id = _call_id(request)
        if request.status >= 400:
            request.error = _error(request.response_body) or f"{request.status}"
        self._requests.append(request)
        self._limit_bodies(request)
        self._changes.publish("request", request.project_id or "", request.id)
        if self.on_request is not None:
            self.on_request(request)

    def get(self, request_id: str) -> LoggedRequest | None:
        return next((each for each in reversed(self._requests) if each.id == request_id), None)

    def all(self, project_id: str | None = None) -> Iterator[LoggedRequest]:
        """Return the requests of a project, or all, newest first."""
        return (each for each in reversed(self._requests) if project_id in (None, each.project_id))

    def forget(self, project_id: str | None = None) -> None:
        """Delete the requests of a project, or all."""
        kept = [] if project_id is None else [each for each in self._requests if each.project_id != project_id]
        self._requests.clear()
        self._requests.extend(kept)

    def key_name(self, project_id: str) -> str | None:
        """Return the masked key of a project, None if it has sent no request."""
        return self._key_names.get(project_id)

    def _project_of(self, headers: Headers, *, from_page: bool) -> tuple[str | None, str | None]:
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return (headers.get(PROJECT_HEADER) or None) if from_page else None, None
        project_id = self._projects.of_key(key)
        name = self._key_names.get(project_id)
        if name is None and len(self._key_names) < MOST_REQUESTS:
            name = self._key_names[project_id] = mask_key(key)
        return project_id, name or mask_key(key)

    def _limit_bodies(self, request: LoggedRequest) -> None:
        self._with_bodies.append(request)
        self._bytes += _bytes_of(request)
        while self._bytes > _MOST_BYTES_OF_ALL_BODIES or len(self._with_bodies) > MOST_REQUESTS:
            oldest = self._with_bodies.popleft()
            self._bytes -= _bytes_of(oldest)
            oldest.request_body.data.clear()
            oldest.response_body.data.clear()


class LogRequests:
    """Logs an application's requests to the API."""

    def __init__(self, app: ASGIApp, log: RequestLog, page_token: PageToken) -> None:
        self._app = app
        self._log = log
        self._page_token = page_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API_PREFIX):
            await self._app(scope, receive, send)
            return
        request = self._log.begin(scope, from_page=self._page_token.is_in(Headers(scope=scope)))
        began = time.perf_counter()

        async def receive_and_log() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                request.request_body.add(message.get("body", b""))
            return message

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                request.status = message["status"]
                request.id = headers.get("X-Request-Id", "")
                request.response_headers = _shown_headers(headers.items())
            elif message["type"] == "http.response.body":
                request.response_body.add(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive_and_log, send_and_log)
        finally:
            request.duration_ms = round((time.perf_counter() - began) * 1000, 3)
            if request.status:
                self._log.finish(request)


def mask_key(key: str) -> str:
    """Return a key with its secret part masked. The sandbox's own key is public, and is not masked."""
    if key == DEFAULT_KEY:
        return key
    prefix = next((each for each in ("pk_live_", "pk_test_") if key.startswith(each)), "")
    end = key[-4:] if len(key) >= 16 else ""
    return f"{prefix}…{end}"


def _shown_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: "(hidden)" if name in _HIDDEN_HEADERS else value for name, value in headers}


def _bytes_of(request: LoggedRequest) -> int:
    return len(request.request_body.data) + len(request.response_body.data)


def _call_id(request: LoggedRequest) -> str | None:
    things, _, rest = request.path.removeprefix(API_PREFIX).partition("/")
    if things != "calls":
        return None
    if rest:
        return rest.partition("/")[0]
    if request.method == "POST" and request.status < 300:
        if (match := _ID_OF_NEW_CALL.match(request.response_body.data)) is not None:
            return match[1].decode()
        body = _json(request.response_body)
        if isinstance(body, Mapping) and isinstance(body.get("id"), str):
            return str(body["id"])
    return None


def _error(body: LoggedBody) -> str | None:
    """Return the error message of a response, in one line."""
    match _json(body):
        case {"detail": {"error_code": code, "message": message}}:
            return f"{code} {message}"
        case {"detail": [*issues]}:
            return "; ".join(_issue(issue) for issue in issues[:5])
        case {"detail": str(detail)}:
            return detail
    return None


def _issue(issue: Any) -> str:
    where = ".".join(str(each) for each in issue.get("loc", [])[1:])
    return f"{where}: {issue.get('msg', '')}" if where else str(issue.get("msg", ""))


def _json(body: LoggedBody) -> Any:
    try:
        return json.loads(body.data)
    except ValueError:
        return None
