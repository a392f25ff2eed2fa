"""The tools of an application: served to the agent, and deployed to the account."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, Unpack, overload

from .._core.suggestions import shorten
from .._generated.models import ToolInvocation
from .._webhooks.concurrency import run_in_thread
from .._webhooks.handlers import check_takes
from .._webhooks.responses import WebhookResponse
from .deployment import carry_out, confirm_plan, confirm_plan_async, run, run_async
from .deployment_plan import make_plan
from .errors import InvalidArgumentsError
from .function_tools import FunctionTool, ToolOverrides
from .invocation import ToolRun
from .leases import LEASE_SECONDS, LeaseKeeper
from .log import log_failure, logger
from .responses import ToolResponse
from .stores.memory import MemoryInvocationStore
from .stores.version_2_0 import Version20Store, as_invocation_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .deployment import AsyncToolClient, ToolClient
    from .deployment_plan import DeploymentPlan
    from .invocation import ToolScope
    from .stores.protocol import InvocationStore

P = ParamSpec("P")
R = TypeVar("R")


class ToolRegistry:
    """The tools of an application.

    Args:
        name: Marks the tools in the Pamela account as this registry's, for `deploy`. Serving needs no name.
        store: Where invocations are remembered; in this process, if absent.
        lease_seconds: How long an invocation counts as running after the last sign of life from its process. The
            sign is given three times in this time.
        memory: The name until 3.0 of `store`.

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
                f"The name of a tool registry is a str, not {type(name).__name__}. A store is given as store=..."
            )
        if isinstance(store, type) or isinstance(memory, type):
            raise TypeError("A store is an object, not a class: store=MemoryInvocationStore(), say.")
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
        """Make a tool of a function, as the function `tool` does, and add it."""
        if function is None:
            return lambda each: self.add(FunctionTool(each, **overrides))
        return self.add(FunctionTool(function, **overrides))

    def add(self, tool: FunctionTool[P, R]) -> FunctionTool[P, R]:
        """Add a tool, and return it.

        Raises:
            ValueError: There is one of this name.
            TypeError: It is not a tool, or needs what the invocation store does not have.
        """
        if not isinstance(tool, FunctionTool):
            raise TypeError(
                f"{shorten(tool)} is not a tool. tools.tool(function) makes one of a function, and adds it."
            )
        if tool.name in self._tools:
            raise ValueError(f"There are two tools named {tool.name!r}. Give one another name: name=...")
        self._check_store_serves(tool)
        self._tools[tool.name] = tool
        return tool

    def definitions(self) -> list[dict[str, Any]]:
        """Return all tools as the API takes them, for `create_call(tools=...)` for example."""
        return [each.definition() for each in self._tools.values()]

    def invoke(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> WebhookResponse:
        """Run the tool of an invocation that has been verified, and return the response.

        The function runs in a thread of its own; what it returns to be awaited, as an async one does, runs on an event
        loop kept for this. It runs once for a correlation id: a repeat gets the response that the first got or will get.

        Args:
            payload: The object that was posted.
            scope: A context that the tool's thread enters first.

        Returns:
            200 and ``{"result": ..., "correlation_id": ...}``, or 400 and ``{"error": ..., "correlation_id": ...}`` for an
            unknown tool, invalid arguments, an exception or a timeout. The cause of an error is in the log.
        """
        run = self._prepare(payload, scope, None)
        if isinstance(run, WebhookResponse):
            return run
        try:
            return run_in_thread(run).result(run.remaining)
        except TimeoutError:
            return run.give_up()

    async def invoke_async(self, payload: Mapping[str, Any], *, scope: ToolScope = nullcontext) -> WebhookResponse:
        """Run the tool of an invocation that has been verified, and return the response.

        An async function runs on the running event loop, a sync one in a thread of its own. It runs once for a
        correlation id: a repeat gets the response that the first got or will get.

        Args:
            payload: The object that was posted.
            scope: A context that the tool's thread enters first.

        Returns:
            200 and ``{"result": ..., "correlation_id": ...}``, or 400 and ``{"error": ..., "correlation_id": ...}`` for an
            unknown tool, invalid arguments, an exception or a timeout. The cause of an error is in the log.
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
                f"The tool {tool.name} asks for a sqlalchemy.Connection, which {type(self._store).__name__} does not give. "
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
        invocation = ToolInvocation(payload)
        if not _is_well_formed(invocation):
            logger.warning("Refused a tool invocation: it lacks one of %s.", ", ".join(ToolInvocation._required))
            return WebhookResponse.of_json(400, {"error": "Invalid body"})
        function_tool = self._tools.get(invocation.tool_name)
        if function_tool is None:
            log_failure(invocation, "there is no such tool")
            return ToolResponse.of_error(invocation, "Unknown tool")
        try:
            function = function_tool.bind(invocation)
        except InvalidArgumentsError as error:
            log_failure(invocation, f"invalid arguments: {error}")
            return ToolResponse.of_error(invocation, f"Invalid arguments: {error}")
        except Exception:
            log_failure(invocation, "the conversion of its arguments raised an exception", exc_info=True)
            return ToolResponse.of_error(invocation, "Invalid arguments: invalid value")
        return ToolRun(function_tool, function, invocation, self._store, self._leases, scope, loop)

    def plan(self, client: ToolClient) -> DeploymentPlan:
        """Return what `deploy` would do to the tools of the account; `str()` of it is for people.

        Args:
            client: A `PamelaClient` of the account.

        Raises:
            TypeError: `client` is no `PamelaClient`.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            PamelaError: The account's tools could not be listed.
        """
        _check_client(client)
        return make_plan(self.name, self.definitions(), client.list_tools())

    async def plan_async(self, client: AsyncToolClient) -> DeploymentPlan:
        """Return what `deploy_async` would do to the tools of the account; `str()` of it is for people.

        Args:
            client: An `AsyncPamelaClient` of the account.

        Raises:
            TypeError: `client` is no `AsyncPamelaClient`.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            PamelaError: The account's tools could not be listed.
        """
        _check_async_client(client)
        return make_plan(self.name, self.definitions(), await client.list_tools())

    def deploy(self, client: ToolClient, *, confirm: Callable[[DeploymentPlan], bool] | None = None) -> DeploymentPlan:
        """Make the tools of the account those of this registry.

        What is missing is registered, what changed is replaced, what is gone is removed: of the tools that carry this
        registry's mark, and of those without a mark that have a name of this registry. No other tool is touched. A new
        tool is registered before the old one is deleted. Any number of processes may deploy at once: the account has one
        copy of each tool when the last of them is done, of different versions the one that was registered last.

        Args:
            client: A `PamelaClient` of the account.
            confirm: Is passed the plan before anything is done, and returns whether to go on. The plan is logged anyway.

        Returns:
            The plan. It is empty, and false, if there is nothing to do.

        Raises:
            TypeError: `client` is no `PamelaClient`, or `confirm` does not take the plan or is async. Nothing was done.
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            DeploymentError: A request failed. It says what was done and what was not; deploy again for the rest.
            PamelaError: The account's tools could not be listed. Nothing was done.
        """
        _check_confirm(confirm)
        plan = self.plan(client)
        if confirm_plan(plan, confirm):
            run(carry_out(plan), client)
        return plan

    async def deploy_async(
        self, client: AsyncToolClient, *, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None = None
    ) -> DeploymentPlan:
        """Make the tools of the account those of this registry.

        What is missing is registered, what changed is replaced, what is gone is removed: of the tools that carry this
        registry's mark, and of those without a mark that have a name of this registry. No other tool is touched. A new
        tool is registered before the old one is deleted. Any number of processes may deploy at once: the account has one
        copy of each tool when the last of them is done, of different versions the one that was registered last.

        Args:
            client: An `AsyncPamelaClient` of the account.
            confirm: Is passed the plan before anything is done, and returns whether to go on; it may be async. The plan
                is logged anyway.

        Returns:
            The plan. It is empty, and false, if there is nothing to do.

        Raises:
            ValidationError: The registry has no name, or a tool of the same name belongs to another registry.
            DeploymentError: A request failed. It says what was done and what was not; deploy again for the rest.
            PamelaError: The account's tools could not be listed. Nothing was done.
        """
        _check_confirm(confirm)
        plan = await self.plan_async(client)
        if await confirm_plan_async(plan, confirm):
            await run_async(carry_out(plan), client)
        return plan

    sync = deploy
    """The name until 3.0 of `deploy`."""
    sync_async = deploy_async
    """The name until 3.0 of `deploy_async`."""


def _check_client(client: Any) -> None:
    if isinstance(client, type) or not callable(getattr(client, "list_tools", None)):
        raise TypeError(f"client={shorten(client)} is no client. Give a PamelaClient of the account.")
    if inspect.iscoroutinefunction(client.list_tools):
        raise TypeError(
            f"{type(client).__name__} is async. Write await tools.deploy_async(client), or give a PamelaClient."
        )


def _check_async_client(client: Any) -> None:
    if isinstance(client, type) or not callable(getattr(client, "list_tools", None)):
        raise TypeError(f"client={shorten(client)} is no client. Give an AsyncPamelaClient of the account.")
    if hasattr(client, "__enter__") and not hasattr(client, "__aenter__"):
        raise TypeError(
            f"{type(client).__name__} is not async. Write tools.deploy(client), or give an AsyncPamelaClient."
        )


def _check_confirm(confirm: Any) -> None:
    if confirm is not None:
        check_takes(confirm, "plan", what="confirm")


def _is_well_formed(invocation: ToolInvocation) -> bool:
    texts = (invocation.tool_name, invocation.call_id, invocation.correlation_id)
    return all(isinstance(each, str) and each for each in texts) and isinstance(invocation.arguments, dict)
