"""The nine operations of the Pamela API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import clock, magic
from .calls import Call, Selection
from .contract import Issue, Operation
from .errors import coded, failure, rate_limited
from .idempotency import fingerprint
from .lives import WrongStateError
from .magic import Outcome
from .requests import read_body, read_key
from .service import Service

# The contract says these in words: a default in the schema would have every client send it.
DEFAULT_LIMIT, DEFAULT_OFFSET = 50, 0

_SLOW_SECONDS = 5.0


@dataclass(frozen=True)
class Question:
    """A request to an operation, found right."""

    project_id: str
    path: Mapping[str, str]
    parameters: Mapping[str, Any]
    body: Any

    @property
    def idempotency_key(self) -> str | None:
        return self.parameters.get("Idempotency-Key")


class Api:
    """The operations, each a method of its `operationId` in the contract."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._lives = service.lives
        self._tools = service.tools

    async def answer(self, operation: Operation, request: Request) -> Response:
        """Checks a request against the contract and carries it out."""
        key = read_key(request, operation.id)
        body = None if operation.body is None else await read_body(request)
        parameters, issues = operation.read_parameters(request.query_params, request.headers)
        issues += operation.body_issues(body)
        if issues:
            raise _refusal(operation, body, issues)
        question = Question(self._service.projects.of_key(key), request.path_params, parameters, body)
        carry_out = getattr(self, operation.id, None)
        if carry_out is None:
            raise failure(501, f"The sandbox does not have the operation {operation.id} yet.")
        response: Response = await carry_out(question)
        return response

    async def create_call(self, question: Question) -> Response:
        project_id, body = question.project_id, question.body
        outcome = magic.outcome(body["to"], body.get("country"))
        with self._store.transaction():
            if (earlier := self._created_earlier("create_call", question)) is not None:
                return _replayed(self._call(project_id, earlier).to_api())
            self._refuse_by_magic(project_id, body, outcome)
            call = self._lives.place(project_id, body, outcome)
            self._keep_key("create_call", question, call.id)
        match outcome:
            case Outcome.SLOW_ANSWER:
                await self._wait(_SLOW_SECONDS)
            case Outcome.ANSWER_LOST:
                raise failure(504, "Gateway Timeout")
        return JSONResponse(call.to_api(), 201)

    async def get_call(self, question: Question) -> Response:
        return JSONResponse(self._call(question.project_id, question.path["call_id"]).to_api())

    async def list_calls(self, question: Question) -> Response:
        asked = question.parameters
        limit, offset = asked.get("limit", DEFAULT_LIMIT), asked.get("offset", DEFAULT_OFFSET)
        selection = Selection(
            status=asked.get("status_filter"),
            created_from=clock.from_text(asked["start_date"]) if "start_date" in asked else None,
            created_before=clock.from_text(asked["end_date"]) if "end_date" in asked else None,
        )
        calls, total = self._lives.calls.page(question.project_id, selection, limit, offset)
        return JSONResponse(page([call.to_api() for call in calls], total, limit, offset))

    async def cancel_call(self, question: Question) -> Response:
        with self._store.transaction():
            call = self._call(question.project_id, question.path["call_id"])
            try:
                self._lives.cancel(call)
            except WrongStateError as error:
                raise failure(409, str(error)) from None
        return JSONResponse({**call.to_api(), "success": True, "message": "Call cancelled."})

    async def hangup_call(self, question: Question) -> Response:
        with self._store.transaction():
            call = self._call(question.project_id, question.path["call_id"])
            try:
                self._lives.hang_up(call)
            except WrongStateError as error:
                raise failure(409, str(error)) from None
        return JSONResponse({**call.to_api(), "success": True, "message": "Call ended."})

    async def register_tool(self, question: Question) -> Response:
        with self._store.transaction():
            earlier = self._created_earlier("register_tool", question)
            tool_id = earlier or self._tools.register(question.project_id, question.body["tool"])
            if earlier is None:
                self._keep_key("register_tool", question, tool_id)
        tool = self._tool(question.project_id, tool_id)
        message = f"Tool {tool['name']} registered."
        answer = {"success": True, "message": message, "tool_id": tool_id, "tool": tool}
        return JSONResponse(answer, 201) if earlier is None else _replayed(answer)

    async def list_tools(self, question: Question) -> Response:
        return JSONResponse(self._tools.active(question.project_id))

    async def delete_tool(self, question: Question) -> Response:
        with self._store.transaction():
            tool = self._tool(question.project_id, question.path["tool_id"])
            self._tools.deactivate(tool["id"])
        message = f"Tool {tool['name']} deactivated."
        return JSONResponse({"success": True, "message": message, "tool_id": tool["id"]})

    async def get_usage(self, question: Question) -> Response:
        project = self._service.projects.get(question.project_id)
        period = question.parameters.get("period", clock.month_of(self._service.clock.now()))
        answer = {
            "partner_id": project.partner_id,
            "project_id": project.id,
            "period": period,
            **self._lives.calls.usage(project.id, period),
            "quota": {"partner_limit": None, "project_limit": None},
        }
        return JSONResponse(answer)

    def _call(self, project_id: str, call_id: str) -> Call:
        call = self._lives.calls.get(call_id, project_id)
        if call is None:
            raise coded(404, "CALL_NOT_FOUND", f"Call {call_id[:100]} not found.", {"call_id": call_id[:100]})
        return call

    def _tool(self, project_id: str, tool_id: str) -> dict[str, Any]:
        tool = self._tools.get(project_id, tool_id)
        if tool is None:
            raise failure(404, f"Tool {tool_id[:100]} not found.")
        return tool

    def _created_earlier(self, operation: str, question: Question) -> str | None:
        if question.idempotency_key is None:
            return None
        keys = self._service.idempotency_keys
        return keys.created_with(question.project_id, operation, question.idempotency_key, question.body)

    def _keep_key(self, operation: str, question: Question, created_id: str) -> None:
        if question.idempotency_key is not None:
            keys = self._service.idempotency_keys
            keys.keep(question.project_id, operation, question.idempotency_key, question.body, created_id)

    def _refuse_by_magic(self, project_id: str, body: Mapping[str, Any], outcome: Outcome) -> None:
        """Raises what a call to a magic number or country is refused with, if it is."""
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
            case Outcome.RATE_LIMITED_ONCE if self._is_first(project_id, body):
                raise rate_limited("RATE_LIMIT", "Too many requests.")
            case Outcome.SERVER_ERROR:
                raise failure(500, "Internal Server Error")
            case Outcome.UNAVAILABLE_ONCE if self._is_first(project_id, body):
                raise failure(503, "Service Unavailable")

    def _is_first(self, project_id: str, body: Mapping[str, Any]) -> bool:
        """Tells whether this is the first of two equal requests; after the second, another first follows."""
        self._service.failed_once ^= {(project_id, fingerprint(body))}
        return (project_id, fingerprint(body)) in self._service.failed_once

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._service.stopping.wait()
        except TimeoutError:
            pass


def page(items: list[dict[str, Any]], total: int, limit: int, offset: int) -> dict[str, Any]:
    """Returns a page in the form that the API gives its pages."""
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


def _refusal(operation: Operation, body: Any, issues: list[Issue]) -> Exception:
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
