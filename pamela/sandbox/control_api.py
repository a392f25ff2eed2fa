"""The sandbox's own endpoints, below `/sandbox`, which the real service does not have."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .._version import __version__
from ..webhooks import sign_webhook
from . import clock, magic
from .api import DEFAULT_LIMIT, DEFAULT_OFFSET, page
from .call_record import CallRecord
from .call_runner import WrongStateError
from .errors import coded, failure
from .fault_injection import FAULTS_SCHEMA, NEXT_FAULT_SCHEMA, FaultInjection, PlannedFault
from .page_access import read_project
from .projects import ProjectSettings
from .requests import read_body, size_of
from .scripts import MOST_SCRIPTS, SCRIPT_SCHEMA
from .service import Service
from .specification import Issue, Parameter

Handler = Callable[[Request], Awaitable[Response]]

_ADDRESS = {"type": ["string", "null"], "format": "uri"}
_STATUSES = ["waiting", "pending", "sending", "delivered", "failed", "dropped"]
_LONGEST_LINE = 10_000


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has no other fields."""
    return {"type": "object", "properties": properties, "required": required or [], "additionalProperties": False}


_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "settings": _object(
        webhook_url=_ADDRESS, tool_webhook_url=_ADDRESS, webhook_secret={"type": ["string", "null"], "minLength": 1}
    ),
    "faults": FAULTS_SCHEMA,
    "next_fault": NEXT_FAULT_SCHEMA,
    "script": SCRIPT_SCHEMA,
    "scripts": _object(["scripts"], scripts={"type": "array", "maxItems": MOST_SCRIPTS, "items": dict(SCRIPT_SCHEMA)}),
    "line": _object(
        ["text"],
        text={"type": "string", "minLength": 1, "maxLength": _LONGEST_LINE},
        speaker={"type": "string", "enum": ["user", "agent"]},
        reply={"type": "boolean"},
    ),
    "tool_use": _object(["name"], name={"type": "string", "minLength": 1}, arguments={"type": ["object", "null"]}),
    "tool_try": _object(arguments={"type": ["object", "null"]}),
    "end": _object(
        outcome={"type": "string", "enum": ["completed", "broken off"]},
        summary={"type": ["string", "null"], "maxLength": _LONGEST_LINE},
    ),
    "clock": _object(["now"], now={"type": "string", "format": "date-time"}),
    "advance": _object(["seconds"], seconds={"type": "number", "minimum": 0, "maximum": 100 * 366 * 86_400}),
    "seed": _object(
        days={"type": "integer", "minimum": 1, "maximum": 366},
        calls={"type": "integer", "minimum": 0},
        seed={"type": "integer"},
    ),
    "verify": _object(
        ["body", "signature"],
        body={"type": "string"},
        signature={"type": "string"},
        secret={"type": ["string", "null"], "minLength": 1},
    ),
}


class ControlApi:
    """The endpoints. Each acts on the project of the request's API key."""

    def __init__(self, service: Service) -> None:
        self._service = service
        specification = service.specification
        self._schemas = {name: specification.request_schema(schema) for name, schema in _SCHEMAS.items()}
        self._paging = (specification.parameter("Limit"), specification.parameter("Offset"))
        self._delivery_filters = (
            *self._paging,
            Parameter("call_id", "query", is_integer=False, schema=specification.request_schema({"type": "string"})),
            *(
                Parameter(name, "query", is_integer=False, schema=specification.request_schema({"enum": values}))
                for name, values in (
                    ("status", _STATUSES),
                    ("kind", ["event", "tool"]),
                    ("order", ["oldest", "newest"]),
                )
            ),
        )
        self._period = specification.request_schema({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})
        call, delivery = "/sandbox/calls/{call_id}", "/sandbox/deliveries/{delivery_id}"
        faults: dict[str, Handler] = {"GET": self.get_faults, "PUT": self.put_faults}
        self.handlers: Mapping[str, Mapping[str, Handler]] = {
            "/sandbox": {"GET": self.describe},
            "/sandbox/project": {"GET": self.get_project, "PUT": self.put_project},
            "/sandbox/scripts": {
                "GET": self.list_scripts,
                "PUT": self.put_scripts,
                "POST": self.add_script,
                "DELETE": self.delete_scripts,
            },
            "/sandbox/scripts/{script_id}": {"DELETE": self.delete_script},
            call: {"GET": self.get_call},
            f"{call}/take": {"POST": self.take_call},
            f"{call}/say": {"POST": self.say},
            f"{call}/invoke": {"POST": self.invoke_tool},
            f"{call}/finish": {"POST": self.finish_call},
            f"{call}/release": {"POST": self.release_call},
            "/sandbox/clock": {"GET": self.get_clock, "PUT": self.set_clock, "DELETE": self.reset_clock},
            "/sandbox/clock/advance": {"POST": self.advance_clock},
            "/sandbox/seed": {"POST": self.seed},
            "/sandbox/faults": faults,
            "/sandbox/misbehaviour": faults,
            "/sandbox/faults/next": {"POST": self.add_fault, "DELETE": self.clear_faults},
            "/sandbox/deliveries": {"GET": self.list_deliveries},
            delivery: {"GET": self.get_delivery},
            f"{delivery}/redeliver": {"POST": self.redeliver},
            "/sandbox/verify": {"POST": self.verify},
            "/sandbox/tools/{name}/invoke": {"POST": self.try_tool},
            "/sandbox/usage/daily": {"GET": self.daily_usage},
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
            "deliveries_late_by_seconds": round(self._service.deliveries.lateness, 3),
        }
        return JSONResponse(answer)

    # A project.

    async def get_project(self, request: Request) -> Response:
        return self._show_project(request, self._project_id(request))

    async def put_project(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "settings")
        hosts = self._service.webhook_hosts
        issues = [
            Issue(loc=["body", name], msg=hosts.explain(body[name]), type="webhook_host")
            for name in ("webhook_url", "tool_webhook_url")
            if body.get(name) and not hosts.allows(body[name])
        ]
        if issues:
            raise failure(422, issues)
        with self._service.store.transaction():
            self._service.projects.set(project_id, settings=ProjectSettings(**body))
        self._service.changes.publish("project", project_id)
        return self._show_project(request, project_id)

    async def reset(self, request: Request) -> Response:
        self._service.reset(self._project_id(request))
        return JSONResponse({"success": True})

    async def seed(self, request: Request) -> Response:
        project_id = self._project_id(request)
        wanted = {"days": 30, "calls": 3000, "seed": 1} | await self._body(request, "seed")
        most = self._service.keep_calls
        if wanted["calls"] > most:
            message = f"The sandbox keeps {most} calls that are over; start it with --keep-calls for more."
            raise failure(422, [Issue(loc=["body", "calls"], msg=message, type="maximum")])
        await self._service.make_history(project_id, **wanted)
        return JSONResponse({"calls": wanted["calls"]}, 201)

    async def daily_usage(self, request: Request) -> Response:
        project_id = self._project_id(request)
        period = request.query_params.get("period", clock.month_of(self._service.clock.now()))
        await self._service.specification.get_ready()
        if issues := self._period.find_issues(period, ["query", "period"]):
            raise failure(422, issues)
        return JSONResponse({"period": period, "days": self._service.calls.usage_by_day(project_id, period)})

    # Directing calls.

    async def list_scripts(self, request: Request) -> Response:
        return self._show_scripts(self._project_id(request))

    async def put_scripts(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "scripts")
        with self._service.store.transaction():
            self._service.scripts.remove(project_id)
            for script in body["scripts"]:
                self._service.scripts.add(project_id, script)
        self._service.changes.publish("scripts", project_id)
        return self._show_scripts(project_id)

    async def add_script(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "script")
        if self._service.scripts.count(project_id) >= MOST_SCRIPTS:
            raise failure(409, f"The project has {MOST_SCRIPTS} scripts; delete some: DELETE /sandbox/scripts.")
        with self._service.store.transaction():
            script = self._service.scripts.add(project_id, body)
        self._service.changes.publish("scripts", project_id)
        return JSONResponse(script, 201)

    async def delete_scripts(self, request: Request) -> Response:
        project_id = self._project_id(request)
        with self._service.store.transaction():
            self._service.scripts.remove(project_id)
        self._service.changes.publish("scripts", project_id)
        return self._show_scripts(project_id)

    async def delete_script(self, request: Request) -> Response:
        project_id = self._project_id(request)
        script_id = request.path_params["script_id"]
        with self._service.store.transaction():
            removed = self._service.scripts.remove(project_id, script_id)
        if not removed:
            raise failure(404, f"Script {script_id[:100]} not found.")
        self._service.changes.publish("scripts", project_id)
        return JSONResponse({"success": True})

    async def get_call(self, request: Request) -> Response:
        return JSONResponse(self._service.live_calls.describe(self._call(request)))

    async def take_call(self, request: Request) -> Response:
        return self._direct(request, self._service.live_calls.take)

    async def say(self, request: Request) -> Response:
        line: dict[str, Any] = {"speaker": "user", "reply": True} | await self._body(request, "line")
        live_calls = self._service.live_calls
        return self._direct(
            request, lambda call: live_calls.say(call, line["speaker"], line["text"], reply=line["reply"])
        )

    async def invoke_tool(self, request: Request) -> Response:
        use = await self._body(request, "tool_use")
        live_calls = self._service.live_calls
        return self._direct(request, lambda call: live_calls.invoke(call, use["name"], use.get("arguments")))

    async def finish_call(self, request: Request) -> Response:
        end = await self._body(request, "end")
        broken_off = end.get("outcome") == "broken off"
        live_calls = self._service.live_calls
        return self._direct(request, lambda call: live_calls.finish(call, end.get("summary"), broken_off=broken_off))

    async def release_call(self, request: Request) -> Response:
        return self._direct(request, self._service.live_calls.release)

    # The clock.

    async def get_clock(self, request: Request) -> Response:
        self._project_id(request)
        return self._show_clock()

    async def set_clock(self, request: Request) -> Response:
        self._project_id(request)
        body = await self._body(request, "clock")
        return self._set_clock(clock.from_text(body["now"]))

    async def reset_clock(self, request: Request) -> Response:
        self._project_id(request)
        return self._set_clock(None)

    async def advance_clock(self, request: Request) -> Response:
        self._project_id(request)
        body = await self._body(request, "advance")
        return self._set_clock(self._service.clock.now() + round(body["seconds"] * 1_000_000))

    # Faults.

    async def get_faults(self, request: Request) -> Response:
        return self._show_faults(self._project_id(request))

    async def put_faults(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "faults")
        with self._service.store.transaction():
            self._service.projects.set(project_id, faults=FaultInjection(**body))
        self._service.changes.publish("project", project_id)
        return self._show_faults(project_id)

    async def add_fault(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "next_fault")
        fault = PlannedFault(**body)
        operations = [each.id for each in self._service.specification.operations]
        if fault.operation is not None and fault.operation not in operations:
            message = f"There is no operation {fault.operation[:100]!r}; the operations are {', '.join(operations)}."
            raise failure(422, [Issue(loc=["body", "operation"], msg=message, type="enum")])
        if (fault.status is None) == (fault.fault is None):
            raise failure(422, [Issue(loc=["body"], msg="Give either a status or a fault.", type="oneOf")])
        if fault.fault == "unavailable":
            fault.status = 503
        self._service.planned_faults.add(project_id, fault)
        return JSONResponse(asdict(fault), 201)

    async def clear_faults(self, request: Request) -> Response:
        self._service.planned_faults.clear(self._project_id(request))
        return JSONResponse({"success": True})

    # Deliveries.

    async def list_deliveries(self, request: Request) -> Response:
        project_id = self._project_id(request)
        asked: dict[str, Any] = {}
        issues = []
        await self._service.specification.get_ready()
        for each in self._delivery_filters:
            if each.name in request.query_params:
                asked[each.name], wrong = each.read(request.query_params[each.name])
                issues += wrong
        if issues:
            raise failure(422, issues)
        limit, offset = asked.get("limit", DEFAULT_LIMIT), asked.get("offset", DEFAULT_OFFSET)
        items, total = self._service.deliveries.page(
            project_id,
            limit,
            offset,
            call_id=asked.get("call_id"),
            status=asked.get("status"),
            kind=asked.get("kind"),
            newest_first=asked.get("order") == "newest",
        )
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

    async def verify(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "verify")
        secret = body.get("secret") or self._service.projects.secret(self._service.projects.get(project_id))
        expected = sign_webhook(body["body"], secret)
        valid = hmac.compare_digest(expected, body["signature"].strip().lower().encode("ascii", "replace").decode())
        return JSONResponse({"valid": valid})

    async def try_tool(self, request: Request) -> Response:
        project_id = self._project_id(request)
        body = await self._body(request, "tool_try")
        settings = self._service.projects.get(project_id).settings
        if settings.tool_webhook_url is None:
            raise failure(409, "The project has no tool_webhook_url; set one with PUT /sandbox/project.")
        example = {"to": "+1234567890", "task": "Try a tool"}
        name = request.path_params["name"]
        use = self._service.tools.use(project_id, example, name, body.get("arguments"))
        if use.get("is_unknown"):
            raise failure(404, f"Tool {name[:100]} not found.")
        with self._service.store.transaction():
            delivery = self._service.deliveries.try_tool(
                project_id, settings.tool_webhook_url, name, use["arguments"], use["timeout_ms"]
            )
        return JSONResponse(delivery, 202)

    # Shared by all.

    def _project_id(self, request: Request) -> str:
        return read_project(request, "sandbox", self._service)

    async def _body(self, request: Request, schema: str) -> dict[str, Any]:
        self._project_id(request)
        body = await read_body(request)
        await self._service.specification.get_ready()
        if issues := await self._schemas[schema].find_body_issues(body, size_of(request)):
            raise failure(422, issues)
        valid: dict[str, Any] = body
        return valid

    def _call(self, request: Request) -> CallRecord:
        call_id = request.path_params["call_id"]
        call = self._service.calls.get(call_id, self._project_id(request))
        if call is None:
            raise coded(404, "CALL_NOT_FOUND", f"Call {call_id[:100]} not found.", {"call_id": call_id[:100]})
        return call

    def _direct(self, request: Request, action: Callable[[CallRecord], None]) -> Response:
        with self._service.store.transaction():
            call = self._call(request)
            try:
                action(call)
            except WrongStateError as error:
                raise failure(409, str(error)) from None
        return JSONResponse(self._service.live_calls.describe(call))

    def _set_clock(self, moment: int | None) -> Response:
        try:
            self._service.set_clock(moment)
        except ValueError as error:
            raise failure(422, [Issue(loc=["body"], msg=str(error), type="date-time")]) from None
        return self._show_clock()

    def _show_clock(self) -> Response:
        sandbox_clock = self._service.clock
        return JSONResponse(
            {
                "now": clock.to_text(sandbox_clock.now()),
                "speed": sandbox_clock.speed,
                "offset_seconds": sandbox_clock.offset / 1_000_000,
            }
        )

    def _show_project(self, request: Request, project_id: str) -> Response:
        project = self._service.projects.get(project_id)
        answer = {"project_id": project.id, "partner_id": project.partner_id, **asdict(project.settings)}
        is_default = project.settings.webhook_secret is None
        # Only the owner of the sandbox may read its default secret, on the page.
        if is_default and self._service.page_token.is_owners(request.headers):
            answer["webhook_secret"] = self._service.projects.secret(project)
        return JSONResponse({**answer, "webhook_secret_is_default": is_default})

    def _show_scripts(self, project_id: str) -> Response:
        return JSONResponse({"scripts": self._service.scripts.of_project(project_id)})

    def _show_faults(self, project_id: str) -> Response:
        return JSONResponse(asdict(self._service.projects.get(project_id).faults))


def _found(delivery_id: str, delivery: dict[str, Any] | None, status: int = 200) -> Response:
    if delivery is None:
        raise failure(404, f"Delivery {delivery_id[:100]} not found.")
    return JSONResponse(delivery, status)
