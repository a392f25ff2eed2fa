"""Tools made of typed Python functions, and the registry that serves their invocations."""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

import attrs

from ._generated.models import ToolDefinition, ToolInvocation
from ._tools.deployment import is_approved, is_approved_async, make_plan
from ._tools.invocation import InvalidArgumentsError, ToolError, ToolRun, failure, log_failure, logger
from ._tools.stores import InMemory
from ._webhooks.background import run_in_thread
from ._webhooks.receiver import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ._tools.deployment import SyncPlan
    from ._tools.invocation import ToolScope
    from ._tools.stores import InvocationMemory
    from .client import AsyncPamelaClient, PamelaClient

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["FunctionTool", "ToolError", "ToolInvocation", "ToolRegistry", "tool"]

_DEFAULT_TIMEOUT_MS: Any = attrs.fields(ToolDefinition).timeout_ms.default
_SHORTEST_TIMEOUT = 0.001


class ToolOverrides(TypedDict, total=False):
    """What to take instead of what the function says."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    timeout_seconds: float


class FunctionTool(Generic[P, R]):
    """A function that the agent may call during a call. Made by `tool`; called like the function it was made of.

    Attributes:
        name: The name that the agent knows it by.
        description: What it does and when to call it.
        input_schema: The arguments, as JSON Schema.
        output_schema: The result, as JSON Schema, or None.
        timeout_seconds: How long it may take.
    """

    __name__: str

    def __init__(self, function: Callable[P, R], **overrides: Unpack[ToolOverrides]) -> None:
        try:
            from ._tools.schemas import FunctionSchema
        except ModuleNotFoundError as error:
            message = f"Tools need {error.name}: pip install 'thisispamela[tools]'"
            raise ModuleNotFoundError(message, name=error.name) from None

        _check_names(overrides)
        self._function = function
        self._schema = FunctionSchema(function, overrides.get("input_schema"), overrides.get("output_schema"))
        self.name = _text("name", overrides.get("name", getattr(function, "__name__", None)))
        self.description = _text("description", overrides.get("description", self._schema.description))
        self.input_schema = self._schema.input_schema
        self.output_schema = self._schema.output_schema
        self.timeout_seconds = _timeout(overrides.get("timeout_seconds", _DEFAULT_TIMEOUT_MS / 1000))
        if not self.name.strip():
            raise ValueError(f"name={self.name!r} is empty. Give the tool a name.")
        if not self.description.strip():
            raise ValueError(f"The tool {self.name} has no description. Write a docstring, or give description=...")
        update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<FunctionTool {self.name}>"

    def definition(self) -> dict[str, Any]:
        """Give the tool as the API takes it, for `create_call(tools=[...])` say."""
        definition = ToolDefinition(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            timeout_ms=round(self.timeout_seconds * 1000),
        )
        if self.output_schema is not None:
            definition.output_schema = self.output_schema
        return definition.to_dict()

    def bind(self, invocation: ToolInvocation) -> Callable[[], R]:
        """Check and convert the arguments of an invocation, and give the function with them.

        Raises:
            InvalidArgumentsError: The arguments do not fit the schema.
            Exception: What a conversion of the user's own raised.
        """
        arguments = self._schema.convert(invocation.arguments)
        if self._schema.invocation_parameter:
            arguments[self._schema.invocation_parameter] = invocation
        return partial(self._function, **arguments)

    def result_as_json(self, result: R) -> Any:
        """Give a result as what `json` can write."""
        return self._schema.result_as_json(result)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...


@overload
def tool(**overrides: Unpack[ToolOverrides]) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(function: Callable[..., Any] | None = None, /, **overrides: Unpack[ToolOverrides]) -> Any:
    """Make a tool of a typed function, sync or async.

    The name is the function's, the description its docstring without the sections, the schemas those of its type hints,
    with the docstring's words for each argument. A parameter typed `ToolInvocation` is given the invocation: its call,
    session and project.

    Args:
        function: The function.
        **overrides: ``name``, ``description``, ``input_schema`` and ``output_schema`` (JSON Schema), and
            ``timeout_seconds`` (30 if absent, published behaviour).

    Returns:
        The tool; without a function a decorator that makes it.

    Raises:
        TypeError: The function has no JSON Schema, or an override is unknown or of another type.
        ValueError: There is no name or description, or a timeout that nobody can wait for.

    Example:
        >>> @tool
        ... def check_order_status(order_id: str) -> str:
        ...     '''Look up an order by ID.'''
        ...     return "shipped"
        >>> check_order_status.input_schema["properties"]
        {'order_id': {'type': 'string'}}
    """
    return partial(FunctionTool, **overrides) if function is None else FunctionTool(function, **overrides)


class ToolRegistry:
    """The tools of an application.

    Args:
        name: Marks the tools in the Pamela account as this registry's, for `sync`. Serving needs no name.
        memory: Where answers are remembered; this process, if absent.

    Example:
        >>> tools = ToolRegistry("acme-orders")
        >>> @tools.tool
        ... def check_order_status(order_id: str) -> str:
        ...     '''Look up an order by ID.'''
        ...     return "shipped"
        >>> invocation = {"tool_name": "check_order_status", "arguments": {"order_id": "1042"},
        ...               "call_id": "call_1", "correlation_id": "corr_1"}
        >>> tools.invoke(invocation).body
        b'{"result": "shipped", "correlation_id": "corr_1"}'
    """

    def __init__(self, name: str | None = None, *, memory: InvocationMemory | None = None) -> None:
        self.name = name
        self._memory = memory if memory is not None else InMemory()
        self._tools: dict[str, FunctionTool[..., Any]] = {}

    @overload
    def tool(self, function: Callable[P, R], /) -> FunctionTool[P, R]: ...

    @overload
    def tool(self, /, **overrides: Unpack[ToolOverrides]) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...

    def tool(self, function: Callable[..., Any] | None = None, /, **overrides: Unpack[ToolOverrides]) -> Any:
        """Make a tool of a function, as the function `tool` does, and add it."""
        if function is None:
            return lambda each: self.add(FunctionTool(each, **overrides))
        return self.add(FunctionTool(function, **overrides))

    def add(self, tool: FunctionTool[P, R]) -> FunctionTool[P, R]:
        """Add a tool.

        Raises:
            ValueError: There is one of this name.
        """
        if tool.name in self._tools:
            raise ValueError(f"There are two tools named {tool.name!r}. Give one another name: name=...")
        self._tools[tool.name] = tool
        return tool

    def definitions(self) -> list[dict[str, Any]]:
        """Give all tools as the API takes them, for `create_call(tools=...)` say."""
        return [each.definition() for each in self._tools.values()]

    def invoke(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> Answer:
        """Answer an invocation that has been verified.

        The function runs in a thread of its own; what it returns to be awaited, as an async one does, on an event loop
        kept for such. It runs once for a correlation id: a repeat gets the answer that the first got or will get.

        Args:
            payload: The object that was posted.
            scope: A context that the tool's thread enters first.

        Returns:
            200 and ``{"result": ..., "correlation_id": ...}``, or 400 and ``{"error": ..., "correlation_id": ...}`` for an
            unknown tool, invalid arguments, an exception or a timeout (guide). What the error was is in the log.
        """
        run = self._prepare(payload, scope, None)
        if isinstance(run, Answer):
            return run
        try:
            return run_in_thread(run).result(run.timeout_seconds)
        except TimeoutError:
            return run.too_late()

    async def invoke_async(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> Answer:
        """As `invoke`. An async function runs on the running event loop."""
        run = self._prepare(payload, scope, asyncio.get_running_loop())
        if isinstance(run, Answer):
            return run
        try:
            return await asyncio.wait_for(asyncio.wrap_future(run_in_thread(run)), run.timeout_seconds)
        except TimeoutError:
            return run.too_late()

    def _prepare(
        self, payload: Mapping[str, Any], scope: ToolScope, loop: asyncio.AbstractEventLoop | None
    ) -> ToolRun | Answer:
        invocation = ToolInvocation(payload)
        if not _is_well_formed(invocation):
            logger.warning("Refused a tool invocation: it lacks one of %s.", ", ".join(ToolInvocation._required))
            return Answer.of_json(400, {"error": "Invalid body"})
        function_tool = self._tools.get(invocation.tool_name)
        if function_tool is None:
            log_failure(invocation, "there is no such tool")
            return failure(invocation, "Unknown tool")
        try:
            function = function_tool.bind(invocation)
        except InvalidArgumentsError as error:
            log_failure(invocation, f"invalid arguments: {error}")
            return failure(invocation, f"Invalid arguments: {error}")
        except Exception:
            log_failure(invocation, "the conversion of its arguments raised an exception", exc_info=True)
            return failure(invocation, "Invalid arguments: invalid value")
        return ToolRun(function_tool, function, invocation, self._memory, scope, loop)

    def plan(self, client: PamelaClient) -> SyncPlan:
        """Say what `sync` would do to the tools of the account; `str()` of it is for people.

        Raises:
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            PamelaError: The account's tools could not be listed.
        """
        return make_plan(self.name, self.definitions(), client.list_tools())

    async def plan_async(self, client: AsyncPamelaClient) -> SyncPlan:
        """As `plan`."""
        return make_plan(self.name, self.definitions(), await client.list_tools())

    def sync(self, client: PamelaClient, *, confirm: Callable[[SyncPlan], bool] | None = None) -> SyncPlan:
        """Bring the tools of the account in step with this registry.

        What is missing is registered, what changed is replaced, what is gone is removed: of the tools that carry this
        registry's mark, and of those without a mark that have a name of this registry. No other tool is touched.

        Args:
            client: A client of the account.
            confirm: Is shown the plan before anything is done, and says whether to go on. The plan is logged anyway.

        Returns:
            The plan. It is empty, and false, when there is nothing to do.

        Raises:
            TypeError: `confirm` is async. Nothing was done.
            ValidationError: As `plan`.
            PamelaError: A request failed. What was done until then remains; run it again for the rest.
        """
        plan = self.plan(client)
        if is_approved(plan, confirm):
            for tool_id in plan.tool_ids_to_delete:
                client.delete_tool(tool_id)
            for definition in plan.definitions_to_register:
                client.register_tool(**definition)
        return plan

    async def sync_async(
        self, client: AsyncPamelaClient, *, confirm: Callable[[SyncPlan], bool | Awaitable[bool]] | None = None
    ) -> SyncPlan:
        """As `sync`; `confirm` may be async."""
        plan = await self.plan_async(client)
        if await is_approved_async(plan, confirm):
            for tool_id in plan.tool_ids_to_delete:
                await client.delete_tool(tool_id)
            for definition in plan.definitions_to_register:
                await client.register_tool(**definition)
        return plan


def _check_names(overrides: Mapping[str, Any]) -> None:
    known = ToolOverrides.__annotations__
    for name in overrides:
        if name not in known:
            raise TypeError(f"{name}=... is nothing that a tool takes. It takes {', '.join(known)}.")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r} must be a str. Give the tool one: {name}='...'.")
    return value


def _timeout(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"timeout_seconds={seconds!r} must be a number of seconds.")
    if not _SHORTEST_TIMEOUT <= seconds <= threading.TIMEOUT_MAX:
        raise ValueError(
            f"timeout_seconds={seconds!r} must be at least {_SHORTEST_TIMEOUT} and at most {threading.TIMEOUT_MAX:.0f}."
        )
    return seconds


def _is_well_formed(invocation: ToolInvocation) -> bool:
    texts = (invocation.tool_name, invocation.call_id, invocation.correlation_id)
    return all(isinstance(each, str) and each for each in texts) and isinstance(invocation.arguments, dict)
