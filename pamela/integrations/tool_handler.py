"""What `create_tool_handler` makes: one function that is a web handler in Flask, FastAPI, Starlette and Django."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from .._core.strict_json import canonical_json
from .._webhooks.background import awaited, call_async, is_async, settled
from .._webhooks.receiver import Answer, RequestRefusedError, WebhookReader, logger
from ..webhooks import parse_tool_webhook

if TYPE_CHECKING:
    from collections.abc import Awaitable

Handler = Callable[..., Any]

_INTEGRATIONS = {"flask": "flask", "werkzeug": "flask", "starlette": "starlette", "django": "django"}
_OK, _FAILED = 200, 400


class _Integration(Protocol):
    """What the module of a framework has."""

    AnyResponse: Any

    def read_request(self, reader: WebhookReader, request: Any) -> dict[str, Any]: ...

    def read_request_async(self, reader: WebhookReader, request: Any) -> Awaitable[dict[str, Any]]: ...

    def to_response(self, answer: Answer) -> Any: ...

    def settled(self, result: Any) -> Any: ...


def tool_handler(secret: str | Sequence[str]) -> Callable[[Handler], Handler]:
    """As `pamela.webhooks.create_tool_handler`."""
    reader = WebhookReader(secret)

    def decorate(function: Handler) -> Handler:
        takes_request = "request" in [parameter.name for parameter in _parameters_after_payload(function)]

        @wraps(function)
        def handle(*args: Any, **values: Any) -> Any:
            request, integration = _request(args, values, takes_request)
            try:
                payload = _invocation(integration.read_request(reader, request))
            except RequestRefusedError as refused:
                return integration.to_response(refused.answer)
            result = integration.settled(function(payload, *args[1:], **values))
            return _response(integration, payload, result)

        @wraps(function)
        async def handle_async(*args: Any, **values: Any) -> Any:
            request, integration = _request(args, values, takes_request)
            try:
                payload = _invocation(await integration.read_request_async(reader, request))
            except RequestRefusedError as refused:
                return integration.to_response(refused.answer)
            result = await call_async(function, payload, *args[1:], **values)
            return _response(integration, payload, result)

        # FastAPI judges a function by what it wraps.
        is_view_async = is_async(function) or is_async(inspect.unwrap(function))
        handler: Any = handle_async if is_view_async else handle
        handler.__signature__ = _signature(function)
        handler.csrf_exempt = True  # for Django: the signature says who sent the request
        return handler  # type: ignore[no-any-return]

    return decorate


def _request(args: tuple[Any, ...], values: dict[str, Any], takes_request: bool) -> tuple[Any, _Integration]:
    if args:
        request = args[0]
    elif hasattr(values.get("request"), "headers"):
        request = values.pop("request")  # FastAPI hands over everything by name
    else:
        from flask import request  # Flask alone hands its request to no view

    if takes_request:
        values.setdefault("request", request)  # what is in the path comes first
    for cls in type(request).__mro__:
        name = _INTEGRATIONS.get(cls.__module__.partition(".")[0])
        if name:
            integration: Any = import_module(f"pamela.integrations.{name}")
            return request, integration
    return request, _OtherRequests()


class _OtherRequests:
    """Requests of no framework known here: they have ``headers`` and ``json``, and Flask's way of answering is used."""

    AnyResponse = ()

    def read_request(self, reader: WebhookReader, request: Any) -> dict[str, Any]:
        return reader.read("POST", request.headers, [_body(request.json() if callable(request.json) else request.json)])

    async def read_request_async(self, reader: WebhookReader, request: Any) -> dict[str, Any]:
        payload = await awaited(request.json() if callable(request.json) else request.json)
        return reader.read("POST", request.headers, [_body(payload)])

    def to_response(self, answer: Answer) -> Any:
        content = json.loads(answer.body)
        return content if answer.status == _OK else (content, answer.status)

    def settled(self, result: Any) -> Any:
        return settled(result)


def _body(payload: Any) -> bytes:
    try:
        return payload if isinstance(payload, bytes) else canonical_json(payload).encode()
    except (TypeError, ValueError, RecursionError):
        return b""


def _invocation(payload: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_tool_webhook(payload)
    except ValueError as error:
        logger.warning("Refused a tool invocation: %s", error)
        raise RequestRefusedError(Answer.of_json(400, {"error": "Invalid body"})) from None
    return payload


def _response(integration: _Integration, payload: Mapping[str, Any], result: Any) -> Any:
    if isinstance(result, integration.AnyResponse):
        return result
    status = None
    match result:
        case (Mapping() as content, int() as code):
            result, status = content, code
    if not (isinstance(result, Mapping) and ("result" in result or "error" in result)):
        result = {"result": result}
    if status is None:
        status = _OK if "result" in result else _FAILED
    return integration.to_response(Answer.of_json(status, {"correlation_id": payload["correlation_id"], **result}))


def _signature(function: Handler) -> inspect.Signature:
    """The signature for frameworks that call by it: the request instead of the payload, and the rest as it is."""
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=_request_type())
    rest = [parameter for parameter in _parameters_after_payload(function) if parameter.name != "request"]
    return inspect.Signature([request, *rest])


def _parameters_after_payload(function: Handler) -> list[inspect.Parameter]:
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:
        signature = inspect.signature(function)
    return list(signature.parameters.values())[1:]


def _request_type() -> Any:
    try:
        from starlette.requests import Request
    except ImportError:
        return inspect.Parameter.empty
    return Request
