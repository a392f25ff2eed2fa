"""The operations of the Pamela API: checks a request against the specification and carries it out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import clock, magic
from .call_runner import WrongStateError
from .calls import CallRecord, Selection
from .errors import coded, failure, rate_limited
from .idempotency import fingerprint
from .magic import Outcome
from .requests import read_body, read_key
from .service import Service
from .specification import Issue, OperationSpec

# The specification says these in words: a default in the schema would have every client send it.
DEFAULT_LIMIT, DEFAULT_OFFSET = 50, 0

_SLOW_SECONDS = 5.0


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
        self._store = service.store
        self._calls = service.calls
        self._call_runner = service.call_runner
        self._tools = service.tools

    async def respond(self, operation: OperationSpec, http_request: Request) -> Response:
        """Check a request against the specification and carries it out."""
        key = read_key(http_request, operation.id)
        body = None if operation.body is None else await read_body(http_request)
        parameters, issues = operation.read_parameters(http_request.query_params, http_request.headers)
        issues += operation.body_issues(body)
        if issues:
            raise _refusal(operation, body, issues)
        carry_out = getattr(self, operation.id, None)
        if carry_out is None:
            raise failure(501, f"The sandbox does not have the operation {operation.id} yet.")
        project_id = self._service.projects.of_key(key)
        response: Response = await carry_out(ApiRequest(project_id, http_request.path_params, parameters, body))
        return response

    async def create_call(self, request: ApiRequest) -> Response:
        project_id, body = request.project_id, request.body
        outcome = magic.outcome(body["to"], body.get("country"))
        with self._store.transaction():
            if (earlier := self._created_before("create_call", request)) is not None:
                return _replayed(self._call(project_id, earlier).to_api())
            self._refuse_by_magic(project_id, body, outcome)
            call = self._call_runner.place(project_id, body, outcome)
            self._keep_key("create_call", request, call.id)
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
        return JSONResponse(page([call.to_api() for call in calls], total, limit, offset))

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

    def _refuse_by_magic(self, project_id: str, body: Mapping[str, Any], outcome: Outcome) -> None:
        """Raise what a call to a magic number or country is refused with, if it is."""
        match outcome:
            case Outcome.INVALID_NUMBER:
                raise _invalid_number(body["to"])
            case Outcome.NO_NUMBER_FOR_COUNTRY:
                country = _country(body)
                message = f"No phone number is available for country {country}."
                raise coded(409, "NO_NUMBER_FOR_COUNTRY", message, {"country": country})
            case Outcome.UNSUPPORTED_COUNTRY:
                country = _country(body)
                raise coded(409, "UNSUPPORTED_COUNTRY", f"Country {country} is not supported.", {"country": country})
            case Outcome.RATE_LIMITED:
                raise rate_limited("RATE_LIMIT", "Too many requests.")
            case Outcome.RATE_LIMITED_ONCE if self._toggle_first(project_id, body):
                raise rate_limited("RATE_LIMIT", "Too many requests.")
            case Outcome.SERVER_ERROR:
                raise failure(500, "Internal Server Error")
            case Outcome.UNAVAILABLE_ONCE if self._toggle_first(project_id, body):
                raise failure(503, "Service Unavailable")

    def _toggle_first(self, project_id: str, body: Mapping[str, Any]) -> bool:
        """Count an equal request as the first or the second of two; return whether it is the first."""
        self._service.failed_once ^= {(project_id, fingerprint(body))}
        return (project_id, fingerprint(body)) in self._service.failed_once

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._service.stopping.wait()
        except TimeoutError:
            pass


def page(items: list[dict[str, Any]], total: int, limit: int, offset: int) -> dict[str, Any]:
    """Return a page in the form that the API gives its pages."""
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
