"""Bringing an account's tools in step with a registry, on the sandbox."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pamela import AsyncPamelaClient, PamelaClient, Tool
from pamela._tools import deployment
from pamela._tools.deployment import DeleteTool, ListTools, RegisterTool, carry_out, run
from pamela._tools.deployment_plan import make_plan
from pamela.errors import ConflictError, PamelaError, ValidationError
from pamela.sandbox import SandboxProject
from pamela.tools import DeploymentError, ToolRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pamela._tools.deployment_plan import DeploymentPlan
    from pamela.sandbox import Sandbox
    from pamela.tools import ToolOverrides

SCHEMA = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}


def registry_with(*names: str, registry: str | None = "acme-orders", **descriptions: str) -> ToolRegistry:
    """A registry of tools with these names; a description is the tool's name unless one is given."""
    tools = ToolRegistry(registry)
    for name in names:

        @tools.tool(name=name, description=descriptions.get(name, name), timeout_seconds=5)
        def function(order_id: str) -> str:
            return order_id

    return tools


def account(client: PamelaClient) -> dict[str, str]:
    """The ids of the account's tools by name."""
    return {tool["name"]: tool["id"] for tool in client.list_tools()}


def test_what_is_missing_is_registered_and_the_second_time_does_nothing(client: PamelaClient) -> None:
    tools = registry_with("a", "b")
    plan = tools.plan(client)
    assert account(client) == {}
    assert str(plan) == "+ register a\n+ register b"
    assert str(tools.deploy(client)) == str(plan)
    first = account(client)
    assert sorted(first) == ["a", "b"]
    again = tools.deploy(client)
    assert not again
    assert str(again) == "= keep a\n= keep b"
    assert account(client) == first


def test_the_account_has_the_definitions(client: PamelaClient) -> None:
    tools = registry_with("a")
    tools.deploy(client)
    (tool,) = client.list_tools()
    assert tool.input_schema is not None
    mark = tool.input_schema.pop("$comment")
    assert mark == 'Kept by the tool registry "acme-orders" of the Pamela SDK.'
    (definition,) = tools.definitions()
    assert {name: tool[name] for name in definition} == definition


def test_what_changed_is_replaced(client: PamelaClient) -> None:
    registry_with("a", "b").deploy(client)
    before = account(client)
    changed = registry_with("a", "b", a="Another.")
    plan = changed.plan(client)
    assert str(plan) == f"~ replace a ({before['a']}): description\n= keep b"
    changed.deploy(client)
    after = account(client)
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert [tool["description"] for tool in client.list_tools() if tool["name"] == "a"] == ["Another."]
    assert not changed.deploy(client)


def test_each_part_of_a_definition_counts(client: PamelaClient) -> None:
    definition: ToolOverrides = {
        "name": "a",
        "description": "It.",
        "input_schema": {"type": "object", "$comment": "Mine."},
        "output_schema": {},
        "timeout_seconds": 5,
    }
    changes: list[tuple[str, ToolOverrides]] = [
        ("input_schema", {"input_schema": {"type": "object", "$comment": "Still mine."}}),
        ("output_schema", {"output_schema": {"type": "string"}}),
        ("timeout_ms", {"timeout_seconds": 7}),
        ("description", {"description": "That."}),
    ]

    def registry() -> ToolRegistry:
        tools = ToolRegistry("acme-orders")
        tools.tool(**definition)(lambda **arguments: None)
        return tools

    registry().deploy(client)
    assert not registry().deploy(client)
    (tool,) = client.list_tools()
    assert tool["input_schema"]["$comment"].startswith("Mine. Kept by")
    for name, change in changes:
        definition.update(change)
        assert str(registry().deploy(client)).endswith(f": {name}")
        assert not registry().deploy(client)


def test_what_is_gone_is_removed_and_nothing_else(client: PamelaClient) -> None:
    client.register_tool("by_hand", "Mine.", SCHEMA)
    registry_with("theirs", registry="acme-billing").deploy(client)
    registry_with("a", "b").deploy(client)
    before = account(client)
    plan = registry_with("b").deploy(client)
    assert str(plan) == f"- remove a ({before['a']})\n= keep b"
    del before["a"]
    assert account(client) == before
    ToolRegistry("acme-orders").deploy(client)
    assert sorted(account(client)) == ["by_hand", "theirs"]


def test_a_tool_registered_by_hand_is_adopted_when_it_differs(client: PamelaClient) -> None:
    client.register_tool("a", "By hand.", SCHEMA)
    tools = registry_with("a")
    tools.deploy(client)
    assert [tool["description"] for tool in client.list_tools()] == ["a"]
    ToolRegistry("acme-orders").deploy(client)
    assert client.list_tools() == []


def test_a_tool_registered_by_hand_that_is_the_same_stays(client: PamelaClient) -> None:
    tools = registry_with("a")
    (definition,) = tools.definitions()
    client.register_tool(**definition)
    before = account(client)
    assert not tools.deploy(client)
    ToolRegistry("acme-orders").deploy(client)
    assert account(client) == before


def test_a_tool_that_was_registered_twice_is_there_once_afterwards(client: PamelaClient) -> None:
    tools = registry_with("a")
    tools.deploy(client)
    (marked,) = client.list_tools()
    client.register_tool("a", "a", marked["input_schema"], marked["output_schema"], marked["timeout_ms"])
    assert len(client.list_tools()) == 2
    assert tools.deploy(client)
    assert len(client.list_tools()) == 1
    assert not tools.deploy(client)


def test_a_tool_of_another_registry_is_an_error(client: PamelaClient) -> None:
    registry_with("a", registry="acme 'billing'").deploy(client)
    with pytest.raises(
        ValidationError, match="'a' belongs to the tool registry \"acme 'billing'\", not to 'acme-orders'"
    ):
        registry_with("a", "b").deploy(client)
    assert sorted(account(client)) == ["a"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_tool_of_another_registry_is_an_error_whatever_else_has_its_name(client: PamelaClient, order: int) -> None:
    registry_with("a", registry="acme-billing").deploy(client)
    client.register_tool("a", "By hand.", SCHEMA)
    tools = client.list_tools()[::order]
    with pytest.raises(ValidationError, match="'a' belongs to the tool registry 'acme-billing'"):
        make_plan("acme-orders", registry_with("a").definitions(), tools)


def test_a_schema_copied_from_the_account_is_marked_once(client: PamelaClient) -> None:
    def registry(name: str, schema: Mapping[str, Any], description: str) -> ToolRegistry:
        tools = ToolRegistry(name)
        tools.tool(name="a", description=description, input_schema=schema)(lambda **arguments: None)
        return tools

    def copied() -> dict[str, Any]:
        (tool,) = client.list_tools()
        schema: dict[str, Any] = tool["input_schema"]
        return schema

    registry("acme-orders", {**SCHEMA, "$comment": "Mine."}, "It.").deploy(client)
    again = registry("acme-orders", copied(), "That.")
    assert again.deploy(client)
    assert not again.deploy(client)
    assert copied()["$comment"] == 'Mine. Kept by the tool registry "acme-orders" of the Pamela SDK.'
    moved = registry("acme-billing", copied(), "That.")
    ToolRegistry("acme-orders").deploy(client)
    assert moved.deploy(client)
    assert not moved.deploy(client)
    assert copied()["$comment"] == 'Mine. Kept by the tool registry "acme-billing" of the Pamela SDK.'


MARK = "Kept by the tool registry {} of the Pamela SDK."


@pytest.mark.parametrize(
    ("entry", "plan"),
    [
        ({"id": "tool_1"}, "+ register a"),
        ({"name": "a"}, "+ register a"),
        ({"id": "tool_1", "name": ["a"]}, "+ register a"),
        ({"id": "tool_1", "name": "other", "input_schema": [MARK]}, "+ register a"),
        ({"id": "tool_1", "name": "other", "input_schema": {"$comment": MARK.format('"a" or "b"')}}, "+ register a"),
        ({"id": "tool_1", "name": "other", "input_schema": {"$comment": MARK.format(r'"\q"')}}, "+ register a"),
        ({"id": "tool_1", "name": "other", "input_schema": {"$comment": 5}}, "+ register a"),
        (
            {"id": "tool_1", "name": "a", "input_schema": "none"},
            "~ replace a (tool_1): description, output_schema, timeout_ms, input_schema",
        ),
        (
            {
                "id": "tool_1",
                "name": "old",
                "input_schema": {"$comment": MARK.format('"theirs"') + MARK.format('"acme-orders"')},
            },
            "+ register a\n- remove old (tool_1)",
        ),
    ],
)
def test_odd_tools_in_the_account_are_no_obstacle(entry: dict[str, Any], plan: str) -> None:
    assert str(make_plan("acme-orders", registry_with("a").definitions(), [Tool(entry)])) == plan


@pytest.mark.parametrize("name", [None, ""])
def test_a_registry_without_a_name_cannot_be_deployed(client: PamelaClient, name: str | None) -> None:
    with pytest.raises(ValidationError, match="has no name"):
        registry_with("a", registry=name).plan(client)


def test_the_plan_is_shown_before_anything_is_done(client: PamelaClient, caplog: pytest.LogCaptureFixture) -> None:
    shown = []

    def refuse(plan: object) -> bool:
        shown.append((str(plan), account(client)))
        return False

    tools = registry_with("a")
    with caplog.at_level(logging.INFO, "pamela.tools"):
        assert tools.deploy(client, confirm=refuse)
    assert shown == [("+ register a", {})]
    assert account(client) == {}
    assert "+ register a" in caplog.text
    tools.deploy(client, confirm=lambda plan: True)
    assert list(account(client)) == ["a"]
    tools.deploy(client, confirm=lambda plan: pytest.fail("there is nothing to confirm"))
    assert str(ToolRegistry("nothing").plan(client)) == "There are no tools of this registry."


async def refuse_later(plan: DeploymentPlan) -> bool:
    return False


def test_a_confirm_that_must_be_awaited_is_no_yes(client: PamelaClient) -> None:
    tools = registry_with("a")
    with pytest.raises(TypeError, match=r"refuse_later.* is async, and deploy does not await it. Use deploy_async"):
        tools.deploy(client, confirm=refuse_later)  # type: ignore[arg-type]
    futures: list[Future[bool]] = []

    def refuse_in_future(plan: DeploymentPlan) -> Future[bool]:
        futures.append(Future(loop=asyncio.new_event_loop()))
        return futures[0]

    with pytest.raises(TypeError, match=r"refuse_in_future.* is async"):
        tools.deploy(client, confirm=refuse_in_future)  # type: ignore[arg-type]
    futures[0].get_loop().close()
    assert account(client) == {}


def test_what_is_no_client_or_does_not_take_the_plan_is_refused_at_once(client: PamelaClient) -> None:
    tools: Any = registry_with("a")
    for thing in (None, "pk_example", PamelaClient):
        with pytest.raises(TypeError, match=r"client=.* is not a client. Give a PamelaClient"):
            tools.deploy(thing)
    for confirm in (True, lambda: True):
        with pytest.raises(TypeError, match=r"The confirm .* (is not a function|cannot be called with plan)"):
            tools.deploy(client, confirm=confirm)
    assert account(client) == {}


async def test_a_client_of_the_other_kind_is_refused(async_client: AsyncPamelaClient) -> None:
    tools: Any = registry_with("a")
    for method in (tools.deploy, tools.plan):
        with pytest.raises(TypeError, match=r"AsyncPamelaClient is async. Write await tools.deploy_async\(client\)"):
            method(async_client)
    for method in (tools.deploy_async, tools.plan_async):
        with PamelaClient("pk_example") as client, pytest.raises(TypeError, match="PamelaClient is not async"):
            await method(client)
        with pytest.raises(TypeError, match=r"is not a client. Give an AsyncPamelaClient"):
            await method(None)


async def test_the_async_client_awaits_confirm(async_client: AsyncPamelaClient) -> None:
    assert await registry_with("a").deploy_async(async_client, confirm=refuse_later)
    assert await async_client.list_tools() == []


async def test_the_async_client_does_the_same(async_client: AsyncPamelaClient) -> None:
    tools = registry_with("a", "b")
    assert str(await tools.plan_async(async_client)) == "+ register a\n+ register b"
    assert await tools.deploy_async(async_client)
    assert not await tools.deploy_async(async_client)
    assert await registry_with("b").deploy_async(async_client, confirm=lambda plan: True)
    assert [tool["name"] for tool in await async_client.list_tools()] == ["b"]


def test_a_definition_can_go_with_a_single_call(client: PamelaClient) -> None:
    call = client.create_call(to="+1234567890", task="Say hello", tools=registry_with("a", registry=None).definitions())
    assert call["id"]


# Several deployers, and a network that loses requests


class Service:
    """The client of an account, which notes the names of the account's tools after each request that changes them."""

    def __init__(self, client: PamelaClient, *, knows_keys: bool = True, allows_doubles: bool = True) -> None:
        self._client = client
        self._knows_keys = knows_keys
        self._allows_doubles = allows_doubles
        self.names: list[list[str]] = []
        self.fail: Callable[[str], PamelaError | None] = lambda request: None

    def list_tools(self) -> list[Tool]:
        self._maybe_fail("list")
        return self._client.list_tools()

    def register_tool(self, name: str, *args: Any, idempotency_key: str, **kwargs: Any) -> Any:
        self._maybe_fail(f"register {name}")
        if not self._allows_doubles and name in account(self._client):
            raise ConflictError(f"There is a tool named {name!r}.", status_code=409)
        key = idempotency_key if self._knows_keys else None
        registration = self._client.register_tool(name, *args, idempotency_key=key, **kwargs)
        self._note()
        return registration

    def delete_tool(self, tool_id: str) -> Any:
        self._maybe_fail("delete")
        deletion = self._client.delete_tool(tool_id)
        self._note()
        return deletion

    def _maybe_fail(self, request: str) -> None:
        error = self.fail(request)
        if error is not None:
            raise error

    def _note(self) -> None:
        self.names.append(sorted(tool["name"] for tool in self._client.list_tools()))


def test_a_new_tool_is_registered_before_the_old_one_is_deleted(client: PamelaClient) -> None:
    registry_with("a", "b", "c").deploy(client)
    service = Service(client)
    registry_with("a", "b", "c", a="Another.", b="Another.").deploy(service)
    assert service.names == [["a", "a", "b", "c"], ["a", "b", "c"], ["a", "b", "b", "c"], ["a", "b", "c"]]


def test_a_service_that_has_each_name_once_gets_the_old_one_deleted_first(client: PamelaClient) -> None:
    registry_with("a", "b").deploy(client)
    service = Service(client, allows_doubles=False)
    registry_with("a", "b", a="Another.").deploy(service)
    assert service.names == [["b"], ["a", "b"]]
    assert not registry_with("a", "b", a="Another.").deploy(client)


def test_such_a_service_gets_the_old_one_back_if_it_refuses_the_new_one(client: PamelaClient) -> None:
    registry_with("a").deploy(client)
    service = Service(client, allows_doubles=False)
    refusals = iter([None, ValidationError("No.", status_code=422), None])
    service.fail = lambda request: next(refusals) if request == "register a" else None
    with pytest.raises(DeploymentError, match=r"No\. Done: .*duplicates.* Not done: ~ replace a"):
        registry_with("a", a="Another.").deploy(service)
    assert [tool["description"] for tool in client.list_tools()] == ["a"]


@pytest.mark.parametrize("knows_keys", [True, False], ids=["a service with keys", "a service without"])
def test_of_deployers_with_one_plan_one_copy_remains(client: PamelaClient, knows_keys: bool) -> None:
    registry_with("a", "b", "gone").deploy(client)
    tools = registry_with("a", "b", "new", a="Another.")
    plans = [tools.plan(client) for _ in range(4)]
    service = Service(client, knows_keys=knows_keys)
    for plan in plans:
        run(carry_out(plan), service)
    assert sorted(tool["name"] for tool in client.list_tools()) == ["a", "b", "new"]
    assert not tools.deploy(client)
    assert {"a", "b"} <= set.intersection(*map(set, service.names))


@pytest.mark.parametrize("knows_keys", [True, False], ids=["a service with keys", "a service without"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 2), max_size=40))
def test_deployers_in_any_order_leave_one_copy(
    sandbox: Sandbox, client: PamelaClient, knows_keys: bool, order: list[int]
) -> None:
    ToolRegistry("acme-orders").deploy(client)
    registry_with("a", "gone").deploy(client)
    tools = registry_with("a", "new", a="Another.")
    service = Service(client, knows_keys=knows_keys)
    deployers = [carry_out(tools.plan(client)) for _ in range(3)]
    requests: list[Any] = [next(each) for each in deployers]
    for index in [*order, *([0, 1, 2] * 100)]:
        if requests[index] is not None:
            requests[index] = advance(deployers[index], requests[index], service)
    assert requests == [None] * 3
    assert sorted(tool["name"] for tool in client.list_tools()) == ["a", "new"]
    assert all("a" in names for names in service.names)


def deployer(tools: ToolRegistry) -> Any:
    """The requests of a deployer, that for the account's tools at its beginning included."""
    plan = make_plan(tools.name, tools.definitions(), (yield ListTools()))
    if plan:
        yield from carry_out(plan)


@pytest.mark.parametrize("knows_keys", [True, False], ids=["a service with keys", "a service without"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 3), max_size=60))
def test_deployers_of_two_versions_in_any_order_leave_one_copy_of_one_version(
    client: PamelaClient, knows_keys: bool, order: list[int]
) -> None:
    ToolRegistry("acme-orders").deploy(client)
    registry_with("a").deploy(client)
    service = Service(client, knows_keys=knows_keys)
    deployers = [deployer(registry_with("a", "new", a=version, new=version)) for version in ("4", "5", "4", "5")]
    requests: list[Any] = [next(each) for each in deployers]
    for index in [*order, *([0, 1, 2, 3] * 100)]:
        if requests[index] is not None:
            requests[index] = advance(deployers[index], requests[index], service)
    assert requests == [None] * 4
    assert sorted(tool["name"] for tool in client.list_tools()) == ["a", "new"]
    assert all("a" in names for names in service.names)


def test_what_another_deployer_deleted_meanwhile_is_registered_again(client: PamelaClient) -> None:
    deployment = deployer(registry_with("a", "b"))
    service = Service(client)
    request = next(deployment)
    while request is not None:
        if request == ListTools() and "b" in account(client) and len(service.names) == 2:
            service.delete_tool(account(client)["a"])
        request = advance(deployment, request, service)
    assert service.names[-2:] == [["b"], ["a", "b"]]


def advance(steps: Any, request: Any, service: Service) -> Any:
    """Send one request of a deployer, and return its next one, None at its end."""
    try:
        match request:
            case ListTools():
                return steps.send(service.list_tools())
            case RegisterTool(definition, key):
                return steps.send(service.register_tool(**definition, idempotency_key=key))
            case DeleteTool(tool_id):
                return steps.send(service.delete_tool(tool_id))
    except StopIteration:
        return None


def test_a_tool_that_comes_back_is_registered_again(client: PamelaClient) -> None:
    tools = registry_with("a")
    for _ in range(3):
        tools.deploy(client)
        assert sorted(account(client)) == ["a"]
        ToolRegistry("acme-orders").deploy(client)
        assert account(client) == {}


def test_after_a_long_chain_of_removed_tools_a_random_key_is_taken(
    client: PamelaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "_LONGEST_CHAIN", 2)
    test_a_tool_that_comes_back_is_registered_again(client)


def test_a_refused_definition_does_not_keep_out_the_others(client: PamelaClient) -> None:
    service = Service(client)
    service.fail = lambda request: ValidationError("Too long.", status_code=422) if request == "register a" else None
    with pytest.raises(DeploymentError) as caught:
        registry_with("a", "b").deploy(service)
    assert sorted(account(client)) == ["b"]
    assert caught.value.done == ("+ register b", "check for duplicates from other deployers")
    assert caught.value.not_done == ("+ register a",)
    assert caught.value.status_code == 422
    assert str(caught.value) == (
        "Too long. Done: + register b, check for duplicates from other deployers. Not done: + register a. "
        "Deploy again for the rest."
    )
    assert isinstance(caught.value.__cause__, ValidationError)


@pytest.mark.parametrize("fault", ["reset", "lost_answer"])
def test_a_deployment_that_breaks_off_is_finished_by_the_next(sandbox: Sandbox, api_key: str, fault: str) -> None:
    project = SandboxProject(sandbox.base_url, api_key)
    with PamelaClient(api_key, sandbox.base_url, max_retries=0) as client:
        registry_with("a", "b", "c", "d").deploy(client)
        before = account(client)
        changed = registry_with("a", "b", "c", "d", **dict.fromkeys("abc", "Another."))
        project.fail_next(fault=fault, count=1, operation="delete_tool")
        with pytest.raises(DeploymentError) as caught:
            changed.deploy(client)
        assert caught.value.done == ()
        assert [each.split()[2] for each in caught.value.not_done[:3]] == ["a", "b", "c"]
        assert set(account(client)) == set(before)
        changed.deploy(client)
        assert sorted(tool["name"] for tool in client.list_tools()) == ["a", "b", "c", "d"]
        assert not changed.deploy(client)


async def test_the_async_client_says_what_was_not_done(sandbox: Sandbox, api_key: str) -> None:
    project = SandboxProject(sandbox.base_url, api_key)
    await asyncio.to_thread(project.fail_next, 500, operation="register_tool")
    async with AsyncPamelaClient(api_key, sandbox.base_url, max_retries=0) as client:
        with pytest.raises(DeploymentError, match=r"Not done: \+ register a, \+ register b, check for duplicates"):
            await registry_with("a", "b").deploy_async(client)


def test_names_in_a_plan_are_escaped(client: PamelaClient) -> None:
    client.register_tool("a\n- remove b", "It.", {**SCHEMA, "$comment": MARK.format('"acme-orders"')})
    assert str(registry_with().plan(client)).startswith(r"- remove a\n- remove b (")
