"""The sandbox's own endpoints, below `/sandbox`: what users set, see and set off that the real service does not offer."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .._version import __version__
from . import magic
from .api import DEFAULT_LIMIT, DEFAULT_OFFSET, page
from .errors import failure
from .fault_injection import FaultInjection
from .projects import Settings
from .requests import read_body, read_key
from .service import Service
from .specification import Parameter, find_issues

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
_ADDRESS = {"type": ["string", "null"], "format": "uri"}

_SETTINGS = {
    "type": "object",
    "properties": {
        "webhook_url": _ADDRESS,
        "tool_webhook_url": _ADDRESS,
        "webhook_secret": {"type": ["string", "null"], "minLength": 1},
    },
    "additionalProperties": False,
}

_FAULTS = {
    "type": "object",
    "properties": {
        "duplicate": _PROBABILITY,
        "delay_seconds": {"type": "number", "minimum": 0, "maximum": 3600},
        "reorder": _PROBABILITY,
        "wrong_signature": _PROBABILITY,
        "seed": {"type": "integer"},
    },
    "additionalProperties": False,
}

_STATUS = {"type": "string", "enum": ["waiting", "pending", "sending", "delivered", "failed", "dropped"]}


class ControlApi:
    """The endpoints, each for the project of the key that a request carries."""

    def __init__(self, service: Service) -> None:
        self._service = service
        specification = service.specification
        self._settings = specification.validator(_SETTINGS)
        self._faults = specification.validator(_FAULTS)
        text = specification.validator({"type": "string"})
        self._filters = (
            specification.parameter("Limit"),
            specification.parameter("Offset"),
            Parameter("call_id", "query", is_integer=False, validator=text),
            Parameter("status", "query", is_integer=False, validator=specification.validator(_STATUS)),
        )
        self.handlers: Mapping[str, Mapping[str, Callable[[Request], Awaitable[Response]]]] = {
            "/": {"GET": self.describe},
            "/sandbox": {"GET": self.describe},
            "/sandbox/project": {"GET": self.get_project, "PUT": self.put_project},
            "/sandbox/faults": {"GET": self.get_faults, "PUT": self.put_faults},
            "/sandbox/misbehaviour": {"GET": self.get_faults, "PUT": self.put_faults},
            "/sandbox/deliveries": {"GET": self.list_deliveries},
            "/sandbox/deliveries/{delivery_id}": {"GET": self.get_delivery},
            "/sandbox/deliveries/{delivery_id}/redeliver": {"POST": self.redeliver},
            "/sandbox/reset": {"POST": self.reset},
        }

    async def describe(self, request: Request) -> Response:
        answer = {
            "name": "Pamela sandbox",
            "version": __version__,
            "speed": self._service.clock.speed,
            "openapi": "/openapi.yaml",
            "numbers": magic.NUMBERS,
            "countries": magic.COUNTRIES,
            "keys": {key: refusal.message for key, refusal in magic.KEYS.items()},
        }
        return JSONResponse(answer)

    async def get_project(self, request: Request) -> Response:
        return self._show_project(self._project_id(request))

    async def put_project(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await read_body(request)
        if issues := find_issues(self._settings, body):
            raise failure(422, issues)
        with self._service.store.transaction():
            self._service.projects.set(project_id, settings=Settings(**body))
        return self._show_project(project_id)

    async def get_faults(self, request: Request) -> Response:
        return self._show_faults(self._project_id(request))

    async def put_faults(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await read_body(request)
        if issues := find_issues(self._faults, body):
            raise failure(422, issues)
        with self._service.store.transaction():
            self._service.projects.set(project_id, faults=FaultInjection(**body))
        return self._show_faults(project_id)

    async def list_deliveries(self, request: Request) -> Response:
        project_id = self._project_id(request)
        asked: dict[str, Any] = {}
        issues = []
        for each in self._filters:
            if each.name in request.query_params:
                asked[each.name], wrong = each.read(request.query_params[each.name])
                issues += wrong
        if issues:
            raise failure(422, issues)
        limit, offset = asked.get("limit", DEFAULT_LIMIT), asked.get("offset", DEFAULT_OFFSET)
        deliveries = self._service.deliveries
        items, total = deliveries.page(project_id, asked.get("call_id"), asked.get("status"), limit, offset)
        return JSONResponse(page(items, total, limit, offset))

    async def get_delivery(self, request: Request) -> Response:
        project_id = self._project_id(request)
        delivery_id = request.path_params["delivery_id"]
        return _found(delivery_id, self._service.deliveries.get(project_id, delivery_id))

    async def redeliver(self, request: Request) -> Response:
        project_id = self._project_id(request)
        delivery_id = request.path_params["delivery_id"]
        with self._service.store.transaction():
            again = self._service.deliveries.redeliver(project_id, delivery_id)
        return _found(delivery_id, again, status=202)

    async def reset(self, request: Request) -> Response:
        self._service.reset(self._project_id(request))
        return JSONResponse({"success": True})

    def _project_id(self, request: Request) -> str:
        return self._service.projects.of_key(read_key(request, "sandbox"))

    def _show_project(self, project_id: str) -> Response:
        project = self._service.projects.get(project_id)
        secret = self._service.projects.secret(project)
        answer = {"project_id": project.id, "partner_id": project.partner_id, **asdict(project.settings)}
        return JSONResponse({**answer, "webhook_secret": secret})

    def _show_faults(self, project_id: str) -> Response:
        return JSONResponse(asdict(self._service.projects.get(project_id).faults))


def _found(delivery_id: str, delivery: dict[str, Any] | None, status: int = 200) -> Response:
    if delivery is None:
        raise failure(404, f"Delivery {delivery_id[:100]} not found.")
    return JSONResponse(delivery, status)
