"""The tools of an application: run them for the agent, and deploy them to the account."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, Unpack, overload

from .._core.suggestions import shorten
from .._generated.models import ToolInvocation
from .._webhooks.concurrency import run_in_thread
from .._webhooks.handlers import check_takes
from .._webhooks.responses import WebhookResponse
from .deployment import carry_out, confirm_plan, confirm_plan_async, run, run_async
from .deployment_plan import make_plan
from .error_texts import INVALID_ARGUMENTS, UNKNOWN_TOOL
from .errors import InvalidArgumentsError
from .function_tools import FunctionTool, ToolOverrides
from .invocation import ToolRun
from .leases import LEASE_SECONDS, LeaseKeeper
from .log import log_failure, logger
from .responses import ToolResponse
from .stores.memory import MemoryInvocationStore
from .stores.version_2_0 import Version20Store, as_invocation_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .deployment import AsyncToolClient, ToolClient
    from .deployment_plan import DeploymentPlan
    from .invocation import ToolScope
    from .stores.protocol import InvocationStore

P = ParamSpec("P")
R = TypeVar("R")


class ToolRegistry:
    """The tools of an application. It runs invocations and deploys the tools to the account.

    Args:
        name: The name of the registry. `deploy` needs it: it marks the tools in the account with it.
        store: Remembers invocations. The default is a `MemoryInvocationStore`, for one process.
        lease_seconds: How long an invocation counts as running after its process last extended the lease, in seconds.
            The process extends the lease three times in this time.
        memory: The old name of `store`. Version 3.0 removes it.

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

    def __init__(
        self,
        name: str | None = None,
        *,
        store: InvocationStore | None = None,
        lease_seconds: float = LEASE_SECONDS,
        memory: object | None = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"The name of a tool registry is a str, not {type(name).__name__}. Give a store as store=..."
            )
        if isinstance(store, type) or isinstance(memory, type):
            raise TypeError("A store is an object, not a class. Write store=MemoryInvocationStore().")
        if store is not None and memory is not None:
            raise TypeError("memory=... is the old name of store=... Give one of the two.")
        self.name = name
        given = store if store is not None else memory
        self._store = MemoryInvocationStore() if given is None else as_invocation_store(given)
        self._leases = LeaseKeeper(self._store, lease_seconds)
        self._tools: dict[str, FunctionTool[..., Any]] = {}

    @overload
    def tool(self, function: Callable[P, R], /) -> FunctionTool[P, R]: ...

    @overload
    def tool(self, /, **overrides: Unpack[ToolOverrides]) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...

    def tool(self, function: Callable[..., Any] | None = None, /, **overrides: Unpack[ToolOverrides]) -> Any:
        """Make a tool of a function and add it to the registry.

        Args:
            function: The function. Leave it out to use `tool(...)` as a decorator with settings.
            **overrides: The settings of the function `pamela.tool`.

        Returns:
            The tool, or a decorator that returns the tool if `function` is left out.

        Raises:
            TypeError: The function has no JSON Schema, or a setting is unknown or has the wrong type.
            ValueError: The registry has a tool of this name, or a setting is out of range.
        """
        if function is None:
            return lambda each: self.add(FunctionTool(each, **overrides))
        return self.add(FunctionTool(function, **overrides))

    def add(self, tool: FunctionTool[P, R]) -> FunctionTool[P, R]:
        """Add a tool to the registry.

        Args:
            tool: The tool, as the function `pamela.tool` makes it.

        Returns:
            The same tool.

        Raises:
            ValueError: The registry has a tool of this name.
            TypeError: The argument is not a tool, or the tool needs a database connection that the invocation store
                does not have.
        """
        if not isinstance(tool, FunctionTool):
            raise TypeError(
                f"{shorten(tool)} is not a tool. Make one of a function, and add it, with tools.tool(function)."
            )
        if tool.name in self._tools:
            raise ValueError(f"There are two tools named {tool.name!r}. Rename one of them with name=...")
        self._check_store_serves(tool)
        self._tools[tool.name] = tool
        return tool

    def definitions(self) -> list[dict[str, Any]]:
        """Return the definitions of all tools for the API, for example for `create_call(tools=...)`."""
        return [each.definition() for each in self._tools.values()]

    def invoke(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> WebhookResponse:
        """Run the tool of a verified invocation.

        The function runs in a new thread. If it is async, its coroutine runs on an event loop of the package. It runs
        once for each correlation id: a repeated invocation gets the response of the first one.

        Args:
            payload: The JSON object from the body of the request. Verify its signature before.
            scope: Returns a context manager. The tool runs in it, in the tool's thread.

        Returns:
            The response to send: 200 with ``{"result": ..., "correlation_id": ...}``, or 400 with
            ``{"error": ..., "correlation_id": ...}`` for an unknown tool, invalid arguments, an exception, a timeout, or a
            correlation id that came before with another tool, call or other arguments. The log has the cause.

        Raises:
            TypeError: The payload is not a mapping.
        """
        run = self._prepare(payload, scope, None)
        if isinstance(run, WebhookResponse):
            return run
        try:
            return run_in_thread(run).result(run.remaining)
        except TimeoutError:
            return run.give_up()

    async def invoke_async(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> WebhookResponse:
        """Run the tool of a verified invocation.

        An async function runs on the running event loop, a sync function in a new thread. It runs once for each correlation
        id: a repeated invocation gets the response of the first one.

        Args:
            payload: The JSON object from the body of the request. Verify its signature before.
            scope: Returns a context manager. The tool runs in it, in the tool's thread.

        Returns:
            The response to send: 200 with ``{"result": ..., "correlation_id": ...}``, or 400 with
            ``{"error": ..., "correlation_id": ...}`` for an unknown tool, invalid arguments, an exception, a timeout, or a
            correlation id that came before with another tool, call or other arguments. The log has the cause.

        Raises:
            TypeError: The payload is not a mapping.
        """
        run = self._prepare(payload, scope, asyncio.get_running_loop())
        if isinstance(run, WebhookResponse):
            return run
        try:
            return await asyncio.wait_for(asyncio.wrap_future(run_in_thread(run)), run.remaining)
        except TimeoutError:
            return run.give_up()

    def _check_store_serves(self, tool: FunctionTool[..., Any]) -> None:
        if tool.takes_connection and not hasattr(self._store, "transaction"):
            raise TypeError(
                f"The tool {tool.name} asks for a sqlalchemy.Connection, which {type(self._store).__name__} does not have. "
                "Use ToolRegistry(store=SQLInvocationStore(engine))."
            )
        if isinstance(self._store, Version20Store) and (tool.once is not None or tool.after_crash != "refuse"):
            raise TypeError(
                f"The tool {tool.name} has once=... or after_crash='run', which a store with begin, finish and recall does "
                "not know. Give the store the methods claim, extend, complete and get."
            )

    def _prepare(
        self, payload: Mapping[str, Any], scope: ToolScope, loop: asyncio.AbstractEventLoop | None
    ) -> ToolRun | WebhookResponse:
        if not isinstance(payload, Mapping):
            raise TypeError(
                f"payload={shorten(payload)} is not the object that was posted. Give the body parsed: json.loads(body)."
            )
        invocation = ToolInvocation(payload)
        if not _is_well_formed(invocation):
            logger.warning("Refused a tool invocation: it lacks one of %s.", ", ".join(ToolInvocation._required))
            return WebhookResponse.of_json(400, {"error": "Invalid body"})
        function_tool = self._tools.get(invocation.tool_name)
        if function_tool is None:
            log_failure(invocation, "there is no such tool")
            return ToolResponse.of_error(invocation, UNKNOWN_TOOL)
        try:
            function = function_tool.bind(invocation)
        except InvalidArgumentsError as error:
            log_failure(invocation, f"invalid arguments: {error}")
            return ToolResponse.of_error(invocation, f"{INVALID_ARGUMENTS}{error}")
        except Exception:
            log_failure(invocation, "the conversion of its arguments raised an exception", exc_info=True)
            return ToolResponse.of_error(invocation, f"{INVALID_ARGUMENTS}invalid value")
        return ToolRun(function_tool, function, invocation, self._store, self._leases, scope, loop)

    def plan(self, client: ToolClient) -> DeploymentPlan:
        """Return the changes that `deploy` would make to the account, without making them.

        Args:
            client: A `PamelaClient` of the account.

        Returns:
            The plan. `print(plan)` shows the changes.

        Raises:
            TypeError: `client` is not a `PamelaClient`.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            PamelaError: The account's tools could not be listed.
        """
        _check_client(client)
        return make_plan(self.name, self.definitions(), client.list_tools())

    async def plan_async(self, client: AsyncToolClient) -> DeploymentPlan:
        """Return the changes that `deploy_async` would make to the account, without making them.

        Args:
            client: An `AsyncPamelaClient` of the account.

        Returns:
            The plan. `print(plan)` shows the changes.

        Raises:
            TypeError: `client` is not an `AsyncPamelaClient`.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            PamelaError: The account's tools could not be listed.
        """
        _check_async_client(client)
        return make_plan(self.name, self.definitions(), await client.list_tools())

    def deploy(self, client: ToolClient, *, confirm: Callable[[DeploymentPlan], bool] | None = None) -> DeploymentPlan:
        """Make the tools of the account equal to the tools of this registry.

        It registers missing tools, replaces changed tools and removes tools that the registry no longer has. It changes
        only tools with this registry's mark, and tools without a mark that have the name of a tool of this registry. It
        registers a new version before it deletes the old one.

        Several processes may deploy at the same time. When the last of them is done, the account has one copy of each
        tool: the version that was registered last.

        Args:
            client: A `PamelaClient` of the account.
            confirm: Called with the plan before any change. It returns whether to make the changes. The plan is always
                logged.

        Returns:
            The plan. It is false if there was nothing to change.

        Raises:
            TypeError: `client` is not a `PamelaClient`, or `confirm` does not accept the plan or is async. Nothing was
                changed.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            DeploymentError: A request failed. `done` and `not_done` list the changes. Deploy again to make the rest.
            PamelaError: The account's tools could not be listed. Nothing was changed.
        """
        _check_confirm(confirm)
        plan = self.plan(client)
        if confirm_plan(plan, confirm):
            run(carry_out(plan), client)
        return plan

    async def deploy_async(
        self, client: AsyncToolClient, *, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None = None
    ) -> DeploymentPlan:
        """Make the tools of the account equal to the tools of this registry.

        It registers missing tools, replaces changed tools and removes tools that the registry no longer has. It changes
        only tools with this registry's mark, and tools without a mark that have the name of a tool of this registry. It
        registers a new version before it deletes the old one.

        Several processes may deploy at the same time. When the last of them is done, the account has one copy of each
        tool: the version that was registered last.

        Args:
            client: An `AsyncPamelaClient` of the account.
            confirm: Called with the plan before any change. It returns whether to make the changes, and may be async.
                The plan is always logged.

        Returns:
            The plan. It is false if there was nothing to change.

        Raises:
            TypeError: `client` is not an `AsyncPamelaClient`, or `confirm` does not accept the plan. Nothing was changed.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            DeploymentError: A request failed. `done` and `not_done` list the changes. Deploy again to make the rest.
            PamelaError: The account's tools could not be listed. Nothing was changed.
        """
        _check_confirm(confirm)
        plan = await self.plan_async(client)
        if await confirm_plan_async(plan, confirm):
            await run_async(carry_out(plan), client)
        return plan

    sync = deploy
    """The old name of `deploy`. Version 3.0 removes it."""
    sync_async = deploy_async
    """The old name of `deploy_async`. Version 3.0 removes it."""


def _check_client(client: Any) -> None:
    if isinstance(client, type) or not callable(getattr(client, "list_tools", None)):
        raise TypeError(f"client={shorten(client)} is not a client. Give a PamelaClient of the account.")
    if inspect.iscoroutinefunction(client.list_tools):
        raise TypeError(
            f"{type(client).__name__} is async. Write await tools.deploy_async(client), or give a PamelaClient."
        )


def _check_async_client(client: Any) -> None:
    if isinstance(client, type) or not callable(getattr(client, "list_tools", None)):
        raise TypeError(f"client={shorten(client)} is not a client. Give an AsyncPamelaClient of the account.")
    if hasattr(client, "__enter__") and not inspect.iscoroutinefunction(client.list_tools):
        raise TypeError(
            f"{type(client).__name__} is not async. Write tools.deploy(client), or give an AsyncPamelaClient."
        )


def _check_confirm(confirm: Any) -> None:
    if confirm is not None:
        check_takes(confirm, "plan", what="confirm")


def _is_well_formed(invocation: ToolInvocation) -> bool:
    texts = (invocation.tool_name, invocation.call_id, invocation.correlation_id)
    return all(isinstance(each, str) and each for each in texts) and isinstance(invocation.arguments, dict)
