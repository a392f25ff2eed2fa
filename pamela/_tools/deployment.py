"""Make the tools of an account equal to the tools of a registry. Several deployers may run at the same time.

The policy is a generator without I/O. It yields requests and takes their results, from sync and async clients.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import uuid
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._webhooks.concurrency import maybe_await
from ..errors import ConflictError, NotFoundError, PamelaError, ValidationError
from .deployment_plan import (
    DeploymentPlan,
    describe_registration,
    describe_removal,
    describe_replacement,
    find_doubles,
    find_missing,
)
from .errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .._generated.models import Tool

logger = logging.getLogger("pamela.tools")

_LONGEST_CHAIN = 50
"""Maximum number of idempotency keys to derive from a definition. If removed tools have used them all, the key is random."""
_MOST_LOOKS = 5
"""Maximum number of checks whether other deployers have deleted a registered tool."""


class ToolClient(Protocol):
    """The methods of a `PamelaClient` that a deployment uses."""

    def list_tools(self) -> list[Tool]:
        """Return the account's tools."""

    @property
    def register_tool(self) -> Callable[..., Any]:
        """Register a tool."""

    @property
    def delete_tool(self) -> Callable[[str], Any]:
        """Delete a tool by its id."""


class AsyncToolClient(Protocol):
    """The methods of an `AsyncPamelaClient` that a deployment uses."""

    async def list_tools(self) -> list[Tool]:
        """Return the account's tools."""

    @property
    def register_tool(self) -> Callable[..., Awaitable[Any]]:
        """Register a tool."""

    @property
    def delete_tool(self) -> Callable[[str], Awaitable[Any]]:
        """Delete a tool by its id."""


class ListTools(NamedTuple):
    """A request to list the account's tools."""


class RegisterTool(NamedTuple):
    """A request to register a tool. All requests with the same key register it once."""

    definition: Mapping[str, Any]
    idempotency_key: str


class DeleteTool(NamedTuple):
    """A request to delete a tool."""

    tool_id: str


Request = ListTools | RegisterTool | DeleteTool
Steps = Generator[Request, Any, None]


class _Change(NamedTuple):
    """One change of a plan, with the definition that it registers, if any."""

    description: str
    steps: Steps
    new: Mapping[str, Any] | None = None


def confirm_plan(plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool] | None) -> bool:
    """Log a plan, ask for confirmation, and return whether to carry it out.

    Raises:
        TypeError: `confirm` is async. Use `deploy_async`.
    """
    verdict = _verdict(plan, confirm)
    if inspect.isawaitable(verdict):
        if inspect.iscoroutine(verdict):
            verdict.close()
        raise TypeError(
            f"confirm={confirm!r} is async, and deploy does not await it. Use deploy_async, or a sync function."
        )
    return bool(verdict)


async def confirm_plan_async(
    plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None
) -> bool:
    """Log a plan, ask for confirmation, and return whether to carry it out. `confirm` may be async."""
    return bool(await maybe_await(_verdict(plan, confirm)))


def _verdict(
    plan: DeploymentPlan, confirm: Callable[[DeploymentPlan], bool | Awaitable[bool]] | None
) -> bool | Awaitable[bool]:
    logger.info("The plan for the account's tools:\n%s", plan)
    return confirm(plan) if plan and confirm is not None else bool(plan)


def carry_out(plan: DeploymentPlan) -> Steps:
    """Yield the requests of a plan. The caller sends in their results and throws in their exceptions.

    Raises:
        DeploymentError: A request failed. If the service refuses a definition, the others are still deployed. Any other
            failure ends the deployment.
    """
    changes = [_Change(describe_registration(new), _register(plan, new), new) for new in plan.register]
    changes += [_Change(describe_replacement(old, new), _replace(plan, old, new), new) for old, new in plan.replace]
    changes += [_Change(describe_removal(old), _delete(old["id"])) for old in plan.remove]
    registered: list[Mapping[str, Any]] = []
    changes.append(_Change("check for duplicates from other deployers", _settle(plan, registered)))
    done: list[str] = []
    refused: list[str] = []
    first_error: PamelaError | None = None
    for index, (description, steps, new) in enumerate(changes):
        try:
            yield from steps
        except (ValidationError, ConflictError) as error:
            refused.append(description)
            first_error = first_error or error
        except PamelaError as error:
            raise DeploymentError.of(
                error, done, [*refused, *(each.description for each in changes[index:])]
            ) from error
        else:
            done.append(description)
            registered += [new] if new is not None else []
    if first_error is not None:
        raise DeploymentError.of(first_error, done, refused) from first_error


def run(steps: Steps, client: ToolClient) -> None:
    """Send the requests of a deployment with a client."""
    result: Any = None
    failed = False
    while True:
        try:
            request = steps.throw(result) if failed else steps.send(result)
        except StopIteration:
            return
        failed = False
        try:
            match request:
                case ListTools():
                    result = client.list_tools()
                case RegisterTool(definition, key):
                    result = client.register_tool(**definition, idempotency_key=key)
                case DeleteTool(tool_id):
                    result = client.delete_tool(tool_id)
        except PamelaError as error:
            result, failed = error, True


async def run_async(steps: Steps, client: AsyncToolClient) -> None:
    """Send the requests of a deployment with an async client."""
    result: Any = None
    failed = False
    while True:
        try:
            request = steps.throw(result) if failed else steps.send(result)
        except StopIteration:
            return
        failed = False
        try:
            match request:
                case ListTools():
                    result = await client.list_tools()
                case RegisterTool(definition, key):
                    result = await client.register_tool(**definition, idempotency_key=key)
                case DeleteTool(tool_id):
                    result = await client.delete_tool(tool_id)
        except PamelaError as error:
            result, failed = error, True


def _register(plan: DeploymentPlan, definition: Mapping[str, Any], replaced_id: str = "") -> Steps:
    for _ in range(_LONGEST_CHAIN):
        registration = yield RegisterTool(definition, _key(plan.registry, definition, replaced_id))
        tool = registration.get("tool")
        if not isinstance(tool, dict) or tool.get("active") is not False:
            return
        # An earlier deployment used this key, and its tool has been deleted. The next key follows from that tool's id.
        replaced_id = str(tool.get("id"))
    yield RegisterTool(definition, uuid.uuid4().hex)


def _replace(plan: DeploymentPlan, old: Tool, new: Mapping[str, Any]) -> Steps:
    try:
        yield from _register(plan, new, old["id"])
    except ConflictError:
        # The service refuses two tools of the same name. The agent lacks the tool for a moment.
        yield from _delete(old["id"])
        try:
            yield from _register(plan, new, old["id"])
        except PamelaError:
            yield RegisterTool(_definition_of(old), uuid.uuid4().hex)
            raise
    else:
        yield from _delete(old["id"])


def _delete(tool_id: str) -> Steps:
    try:
        yield DeleteTool(tool_id)
    except NotFoundError:
        return  # another deployer was faster


def _settle(plan: DeploymentPlan, registered: Iterable[Mapping[str, Any]]) -> Steps:
    """Keep only the newest tool of each name, and register tools again that other deployers have deleted meanwhile."""
    for _ in range(_MOST_LOOKS):
        account = yield ListTools()
        for double in find_doubles(plan, account):
            yield from _delete(double["id"])
        missing = find_missing(registered, account)
        if not missing:
            return
        for new in missing:
            yield from _register(plan, new)


def _key(registry: str, definition: Mapping[str, Any], replaced_id: str) -> str:
    text = json.dumps([registry, definition, replaced_id], sort_keys=True)
    return f"pamela-deploy-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _definition_of(tool: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "description", "input_schema", "output_schema", "timeout_ms")
    return {name: tool[name] for name in names if tool.get(name) is not None}
