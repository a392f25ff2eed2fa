"""The operations of the Pamela API: checks each request against the specification and carries it out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import clock, magic
from .call_record import CallRecord
from .call_runner import WrongStateError
from .calls import Selection
from .errors import coded, failure, rate_limited
from .idempotency import fingerprint
from .magic import Outcome
from .page_access import read_project
from .request_faults import FaultyResponse, refusal
from .requests import read_body, size_of
from .service import Service
from .specification import Issue, OperationSpec

# The specification states these in words only: with a default in the schema, every client would send it.
DEFAULT_LIMIT, DEFAULT_OFFSET = 50, 0

_SLOW_SECONDS = 5.0
_MOST_BYTES_SHOWN_AT_ONCE = 1024 * 1024


@dataclass(frozen=True)
class ApiRequest:
    """A valid request to an operation."""

    project_id: str
    path: Mapping[str, str]
    parameters: Mapping[str, Any]
    body: Any

    @property
    def idempotency_key(self) -> str | None:
        return self.parameters.get("Idempotency-Key")


class Api:
    """The operations, each a method of its `operationId` in the specification."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connections = service.connections
        self._store = service.store
        self._calls = service.calls
        self._call_runner = service.call_runner
        self._tools = service.tools

    async def respond(self, operation: OperationSpec, http_request: Request) -> Response:
        """Check a request against the specification and carry it out."""
        project_id = read_project(http_request, operation.id, self._service)
        faults = self._service.projects.get(project_id).faults
        fault = self._service.planned_faults.take(project_id, operation.id, faults)
        if fault is not None and (refused := refusal(fault)) is not None:
            raise refused
        if fault is not None and fault.fault == "reset":
            return FaultyResponse(None, "reset", self._connections)
        response = await self._carry_out(operation, project_id, http_request)
        if fault is None or fault.fault is None:
            return response
        return FaultyResponse(response, fault.fault, self._connections)

    async def _carry_out(self, operation: OperationSpec, project_id: str, http_request: Request) -> Response:
        body = None if operation.body is None else await read_body(http_request)
        await self._service.specification.get_ready()
        parameters, issues = operation.read_parameters(http_request.query_params, http_request.headers)
        if operation.body is not None:
            issues += await operation.body.find_body_issues(body, size_of(http_request))
        if issues:
            raise _refusal(operation, body, issues)
        carry_out = getattr(self, operation.id, None)
        if carry_out is None:
            raise failure(501, f"The sandbox does not have the operation {operation.id} yet.")
        response: Response = await carry_out(ApiRequest(project_id, http_request.path_params, parameters, body))
        return response

    async def create_call(self, request: ApiRequest) -> Response:
        project_id, body = request.project_id, request.body
        self._refuse_webhook_hosts(body)
        await self._service.workload.wait_to_place()
        with self._store.transaction():
            if (earlier := self._created_before("create_call", request)) is not None:
                return _replayed(self._call(project_id, earlier).to_api())
            script = self._service.scripts.take(project_id, body)
            if script is not None and script["outcome"] is not None:
                outcome = Outcome(script["outcome"])
            else:
                outcome = magic.outcome(body["to"], body.get("country"))
            refused = self._refusal_by_outcome(project_id, body, outcome)
            if refused is None:
                call = self._call_runner.place(project_id, body, outcome, script)
                self._keep_key("create_call", request, call.id)
        if refused is not None:
            raise refused
        match outcome:
            case Outcome.SLOW_ANSWER:
                await self._wait(_SLOW_SECONDS)
            case Outcome.ANSWER_LOST:
                raise failure(504, "Gateway Timeout")
        return JSONResponse(call.to_api(), 201)

    async def get_call(self, request: ApiRequest) -> Response:
        return JSONResponse(self._call(request.project_id, request.path["call_id"]).to_api())

    async def list_calls(self, request: ApiRequest) -> Response:
        parameters = request.parameters
        limit, offset = parameters.get("limit", DEFAULT_LIMIT), parameters.get("offset", DEFAULT_OFFSET)
        selection = Selection(
            status=parameters.get("status_filter"),
            created_from=clock.from_text(parameters["start_date"]) if "start_date" in parameters else None,
            created_before=clock.from_text(parameters["end_date"]) if "end_date" in parameters else None,
        )
        calls, total = self._calls.page(request.project_id, selection, limit, offset)

        def show() -> Response:
            return JSONResponse(page([call.to_api() for call in calls], total, limit, offset))

        if sum(len(call.request_json) + len(call.transcript_json) for call in calls) <= _MOST_BYTES_SHOWN_AT_ONCE:
            return show()
        # Each call may have 1 MiB of metadata, so this page is written while other requests are served.
        return await asyncio.to_thread(show)

    async def cancel_call(self, request: ApiRequest) -> Response:
        with self._store.transaction():
            call = self._call(request.project_id, request.path["call_id"])
            try:
                self._call_runner.cancel(call)
            except WrongStateError as error:
                raise failure(409, str(error)) from None
        return JSONResponse({**call.to_api(), "success": True, "message": "Call cancelled."})

    async def hangup_call(self, request: ApiRequest) -> Response:
        with self._store.transaction():
            call = self._call(request.project_id, request.path["call_id"])
            try:
                self._call_runner.hang_up(call)
            except WrongStateError as error:
                raise failure(409, str(error)) from None
        return JSONResponse({**call.to_api(), "success": True, "message": "Call ended."})

    async def register_tool(self, request: ApiRequest) -> Response:
        with self._store.transaction():
            earlier = self._created_before("register_tool", request)
            tool_id = earlier or self._tools.register(request.project_id, request.body["tool"])
            if earlier is None:
                self._keep_key("register_tool", request, tool_id)
        self._service.changes.publish("tools", request.project_id)
        tool = self._tool(request.project_id, tool_id)
        message = f"Tool {tool['name']} registered."
        answer = {"success": True, "message": message, "tool_id": tool_id, "tool": tool}
        return JSONResponse(answer, 201) if earlier is None else _replayed(answer)

    async def list_tools(self, request: ApiRequest) -> Response:
        return JSONResponse(self._tools.active(request.project_id))

    async def delete_tool(self, request: ApiRequest) -> Response:
        with self._store.transaction():
            tool = self._tool(request.project_id, request.path["tool_id"])
            self._tools.deactivate(tool["id"])
        self._service.changes.publish("tools", request.project_id)
        message = f"Tool {tool['name']} deactivated."
        return JSONResponse({"success": True, "message": message, "tool_id": tool["id"]})

    async def get_usage(self, request: ApiRequest) -> Response:
        project = self._service.projects.get(request.project_id)
        period = request.parameters.get("period", clock.month_of(self._service.clock.now()))
        answer = {
            "partner_id": project.partner_id,
            "project_id": project.id,
            "period": period,
            **self._calls.usage(project.id, period),
            "quota": {"partner_limit": None, "project_limit": None},
        }
        return JSONResponse(answer)

    def _call(self, project_id: str, call_id: str) -> CallRecord:
        call = self._calls.get(call_id, project_id)
        if call is None:
            raise coded(404, "CALL_NOT_FOUND", f"Call {call_id[:100]} not found.", {"call_id": call_id[:100]})
        return call

    def _tool(self, project_id: str, tool_id: str) -> dict[str, Any]:
        tool = self._tools.get(project_id, tool_id)
        if tool is None:
            raise failure(404, f"Tool {tool_id[:100]} not found.")
        return tool

    def _created_before(self, operation: str, request: ApiRequest) -> str | None:
        if request.idempotency_key is None:
            return None
        keys = self._service.idempotency_keys
        return keys.created_with(request.project_id, operation, request.idempotency_key, request.body)

    def _keep_key(self, operation: str, request: ApiRequest, created_id: str) -> None:
        if request.idempotency_key is not None:
            keys = self._service.idempotency_keys
            keys.keep(request.project_id, operation, request.idempotency_key, request.body, created_id)

    def _refuse_webhook_hosts(self, body: Mapping[str, Any]) -> None:
        hosts = self._service.webhook_hosts
        issues = [
            Issue(loc=["body", "webhooks", name], msg=hosts.explain(url), type="webhook_host")
            for name, url in body.get("webhooks", {}).items()
            if isinstance(url, str) and not hosts.allows(url)
        ]
        if issues:
            raise failure(422, issues)

    def _refusal_by_outcome(self, project_id: str, body: Mapping[str, Any], outcome: Outcome) -> Exception | None:
        """Return the error that a call's number, country or script causes, None if the call is accepted."""
        match outcome:
            case Outcome.INVALID_NUMBER:
                return _invalid_number(body["to"])
            case Outcome.NO_NUMBER_FOR_COUNTRY:
                country = _country(body)
                message = f"No phone number is available for country {country}."
                return coded(409, "NO_NUMBER_FOR_COUNTRY", message, {"country": country})
            case Outcome.UNSUPPORTED_COUNTRY:
                country = _country(body)
                return coded(409, "UNSUPPORTED_COUNTRY", f"Country {country} is not supported.", {"country": country})
            case Outcome.RATE_LIMITED:
                return rate_limited("RATE_LIMIT", "Too many requests.")
            case Outcome.RATE_LIMITED_ONCE if self._toggle_first(project_id, body):
                return rate_limited("RATE_LIMIT", "Too many requests.")
            case Outcome.SERVER_ERROR:
                return failure(500, "Internal Server Error")
            case Outcome.UNAVAILABLE_ONCE if self._toggle_first(project_id, body):
                return failure(503, "Service Unavailable")
        return None

    def _toggle_first(self, project_id: str, body: Mapping[str, Any]) -> bool:
        """Return whether a request is the first of two equal ones, and remember it for the next time."""
        self._service.failed_once ^= {(project_id, fingerprint(body))}
        return (project_id, fingerprint(body)) in self._service.failed_once

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._service.stopping.wait()
        except TimeoutError:
            pass


def page(items: list[dict[str, Any]], total: int, limit: int, offset: int) -> dict[str, Any]:
    """Return a page in the API's format."""
    end = offset + len(items)
    has_more = bool(items) and end < total
    return {
        "items": items,
        "total": total,
        "limit": limit,
        "offset": offset,
        "has_more": has_more,
        "next_offset": end if has_more else None,
    }


def _replayed(answer: dict[str, Any]) -> Response:
    return JSONResponse(answer, 200, {"Idempotent-Replayed": "true"})


def _refusal(operation: OperationSpec, body: Any, issues: list[Issue]) -> Exception:
    only_number = [(issue["loc"], issue["type"]) for issue in issues] == [(["body", "to"], "pattern")]
    if operation.id == "create_call" and only_number:
        return _invalid_number(body["to"])
    return failure(422, issues)


def _invalid_number(number: str) -> Exception:
    message = f"{number[:100]} is not a valid phone number; write it in E.164 form, as +1234567890."
    return coded(400, "INVALID_PHONE_NUMBER", message, {"to": number[:100]})


def _country(body: Mapping[str, Any]) -> str:
    country: str = body.get("country", "US")
    return country.upper()
