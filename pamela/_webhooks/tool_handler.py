"""Serve one function as a tool webhook in Flask, FastAPI, Starlette or Django."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._core.extras import needs_extra
from .._generated.models import ToolInvocation
from .adapters.generic import GenericAdapter
from .concurrency import call_async, is_async
from .handlers import check_takes
from .receiver import RequestRefusedError, WebhookReceiver
from .refusals import logger
from .responses import WebhookResponse

if TYPE_CHECKING:
    from .adapters.protocol import FrameworkAdapter

Handler = Callable[..., Any]

_ADAPTERS = {
    "flask": ("flask", "FlaskAdapter"),
    "werkzeug": ("flask", "FlaskAdapter"),
    "starlette": ("starlette", "StarletteAdapter"),
    "django": ("django", "DjangoAdapter"),
}
"""The module and name of the adapter, by the package of a request's class."""
_OK, _FAILED = 200, 400


def parse_tool_webhook(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a verified tool invocation as a plain dict.

    Args:
        payload: The JSON object from the body.

    Returns:
        A dict with the keys ``tool_name``, ``arguments``, ``call_id``, ``correlation_id``, ``call_session_id``,
        ``partner_id`` and ``project_id``. The last three are None if absent. If ``arguments`` is not an object, it is
        {}. A name or id that is a number is returned as text.

    Raises:
        ValueError: One of the first four fields is missing.

    Example:
        >>> payload = {"tool_name": "eta", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
        >>> parse_tool_webhook(payload)["project_id"] is None
        True
    """
    missing = [name for name in ToolInvocation._required if name not in payload]
    if missing:
        raise ValueError(f"Missing required fields: {', '.join(missing)}")
    parsed = {name: payload.get(name) for name in ToolInvocation._fields}
    if not isinstance(parsed["arguments"], dict):
        parsed["arguments"] = {}
    texts = {name: str(parsed[name]) for name in ToolInvocation._required if name != "arguments"}
    return {**parsed, **texts}


def create_tool_handler(secret: str | Sequence[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that makes a web handler of a function that handles tool invocations.

    The handler works in Flask, FastAPI, Starlette and Django. The function receives the verified payload, a dict, and
    returns the tool's result. It may be async if the framework accepts async handlers. Parameters after the payload
    get the framework's arguments, such as variables of the path. A parameter named ``request`` gets the request.

    The response is ``{"result": ..., "correlation_id": ...}``. A dict with the key ``result`` or ``error`` is sent
    unchanged. A request without a valid signature gets 401, and the function is not called. Use
    `pamela.tools.ToolRegistry` for several tools, argument checks, timeouts and repeated invocations.

    Args:
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.

    Returns:
        A decorator.

    Raises:
        ValueError: The secret is empty or contains a line break.
        TypeError: The function does not accept the payload. The decorator raises this error.

    Example:
        >>> @create_tool_handler("whsec_example")
        ... def check_order_status(payload):
        ...     return {"status": "shipped", "order": payload["arguments"]["order_id"]}
    """
    receiver = WebhookReceiver(secret)

    def decorate(function: Handler) -> Handler:
        check_takes(function, "payload", and_more=True)
        takes_request = "request" in [parameter.name for parameter in _parameters_after_payload(function)]

        @wraps(function)
        def handle(*args: Any, **values: Any) -> Any:
            request, adapter = _take_request(args, values, takes_request)
            try:
                payload = _check_invocation(adapter.read(receiver, request))
            except RequestRefusedError as refused:
                return adapter.to_response(refused.response)
            result = adapter.resolve(function(payload, *args[1:], **values))
            return _to_response(adapter, payload, result)

        @wraps(function)
        async def handle_async(*args: Any, **values: Any) -> Any:
            request, adapter = _take_request(args, values, takes_request)
            try:
                payload = _check_invocation(await adapter.read_async(receiver, request))
            except RequestRefusedError as refused:
                return adapter.to_response(refused.response)
            result = await call_async(function, payload, *args[1:], **values)
            return _to_response(adapter, payload, result)

        # FastAPI looks through decorators to decide whether a function is async.
        is_view_async = is_async(function) or is_async(inspect.unwrap(function))
        handler: Any = handle_async if is_view_async else handle
        handler.__signature__ = _signature(function)
        handler.csrf_exempt = True  # for Django: the signature authenticates the request
        return handler  # type: ignore[no-any-return]

    return decorate


def _take_request(args: tuple[Any, ...], values: dict[str, Any], takes_request: bool) -> tuple[Any, FrameworkAdapter]:
    if args:
        request = args[0]
    elif hasattr(values.get("request"), "headers"):
        request = values.pop("request")  # FastAPI passes everything by name
    else:
        with needs_extra("flask", "Tool handlers that are called without a request"):
            from flask import request  # Only Flask does not pass the request to its views.

    if takes_request:
        values.setdefault("request", request)  # A path variable named "request" takes precedence.
    return request, _adapter_for(request)


def _adapter_for(request: Any) -> FrameworkAdapter:
    for cls in type(request).__mro__:
        found = _ADAPTERS.get(cls.__module__.partition(".")[0])
        if found:
            module, name = found
            adapter: FrameworkAdapter = getattr(import_module(f"{__package__}.adapters.{module}"), name)()
            return adapter
    return GenericAdapter()


def _check_invocation(payload: dict[str, Any]) -> dict[str, Any]:
    # Arguments may be null, as they could be in version 1.
    missing = [
        name
        for name in ToolInvocation._required
        if name not in payload or (name != "arguments" and payload[name] in (None, ""))
    ]
    if missing:
        logger.warning("Refused a tool invocation: it lacks %s.", ", ".join(missing))
        raise RequestRefusedError(WebhookResponse.of_json(400, {"error": "Invalid body"}))
    return payload


def _to_response(adapter: FrameworkAdapter, payload: Mapping[str, Any], result: Any) -> Any:
    if isinstance(result, adapter.response_type):
        return result
    status = None
    match result:
        case (Mapping() as content, int() as code):
            result, status = content, code
    if not (isinstance(result, Mapping) and ("result" in result or "error" in result)):
        result = {"result": result}
    if status is None:
        status = _OK if "result" in result else _FAILED
    content = {"correlation_id": payload["correlation_id"], **result}
    return adapter.to_response(WebhookResponse.of_json(status, content))


def _signature(function: Handler) -> inspect.Signature:
    """Return the signature that frameworks see: the request instead of the payload, then the other parameters."""
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
