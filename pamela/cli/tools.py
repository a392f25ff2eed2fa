"""`pamela tools`: list, deploy, delete and try tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .completing import complete_tool_names
from .dry_run import dry_run_option, show_requests
from .exit_codes import CommandError, ExitCode
from .help import Group
from .json_values import put, read_data, read_pairs
from .objects import load_registry
from .output import Output, fields_of, output_options, prints_to_stderr, write_line
from .settings import Settings, connection_options
from .terminal import confirm, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pamela import PamelaClient
    from pamela.tools import DeploymentPlan

COLUMNS = ("id", "name", "active", "timeout_ms", "description")
PLAN_COLUMNS = ("action", "name", "tool_id")
REFUSED_BY_TOOL = 400

registry_argument = click.argument("registry", metavar="MODULE:REGISTRY")


@click.group(
    cls=Group,
    examples=(
        "pamela tools list",
        "pamela tools plan shop.tools:registry",
        "pamela tools deploy shop.tools:registry",
        "pamela tools invoke shop.tools:registry check_order_status --set order_id=A-1042",
    ),
)
def tools() -> None:
    """List, deploy, delete and try tools."""


@tools.command("list", examples=("pamela tools list", "pamela tools list --json | jq '.[].input_schema'"))
@output_options
@connection_options
def list_(settings: Settings, output: Output) -> None:
    """List the tools of the account."""
    from pamela import Tool

    with settings.client() as client:
        output.rows(client.list_tools(), COLUMNS, fields_of(Tool))


@tools.command(examples=("pamela tools plan shop.tools:registry", "pamela tools plan shop.tools:registry --json"))
@registry_argument
@output_options
@connection_options
def plan(settings: Settings, output: Output, registry: str) -> None:
    """Show what a deployment would change."""
    loaded = load_registry(registry)
    with settings.client() as client:
        output.rows(_steps(loaded.plan(client)), PLAN_COLUMNS)


def _steps(plan: DeploymentPlan) -> Iterator[Mapping[str, Any]]:
    for new in plan.register:
        yield {"action": "register", "name": new["name"], "tool_id": None}
    for old, new in plan.replace:
        yield {"action": "replace", "name": new["name"], "tool_id": old["id"]}
    for old in plan.remove:
        yield {"action": "remove", "name": old["name"], "tool_id": old["id"]}
    for name in plan.unchanged:
        yield {"action": "keep", "name": name, "tool_id": None}


@tools.command(
    examples=("pamela tools deploy shop.tools:registry", "pamela tools deploy shop.tools:registry --yes --jsonl")
)
@registry_argument
@click.option("-y", "--yes", is_flag=True, help="Deploy without asking.")
@dry_run_option
@output_options
@connection_options
def deploy(settings: Settings, output: Output, registry: str, yes: bool, dry_run: bool) -> None:
    """Make the tools of the account equal to the tools of a registry.

    The command shows the changes before it makes them. It does not change tools of other registries.
    """
    loaded = load_registry(registry)
    with settings.client() as client:
        plan = loaded.plan(client)
        if dry_run:
            show_requests(settings, *_requests(plan))
            return
        if not plan:
            say("Nothing to do: the account has these tools.")
        else:
            say(str(plan))
            confirm("Change the account's tools?", yes=yes, otherwise="The account's tools are not changed")
            plan = loaded.deploy(client)
        output.rows(_steps(plan), PLAN_COLUMNS)


def _requests(plan: DeploymentPlan) -> Iterator[Any]:
    for tool_id in plan.tool_ids_to_delete:
        yield lambda client, tool_id=tool_id: client.delete_tool(tool_id)
    for definition in plan.definitions_to_register:
        yield lambda client, definition=definition: client.register_tool(**definition)


@tools.command(examples=("pamela tools delete check_order_status", "pamela tools delete tool_4fTq9s --yes"))
@click.argument("tool", metavar="NAME_OR_ID", shell_complete=complete_tool_names)
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
@dry_run_option
@output_options
@connection_options
def delete(settings: Settings, output: Output, tool: str, yes: bool, dry_run: bool) -> None:
    """Delete a tool of the account."""
    from pamela import ToolDeletion

    with settings.client() as client:
        tool_id = _id_of(client, tool)
        if dry_run:
            show_requests(settings, lambda client: client.delete_tool(tool_id))
            return
        confirm(f"Delete the tool {tool}?", yes=yes, otherwise=f"The tool {tool} is not deleted")
        output.record(client.delete_tool(tool_id), ("tool_id", "success", "message"), fields_of(ToolDeletion))


def _id_of(client: PamelaClient, tool: str) -> str:
    found = [each for each in client.list_tools() if tool in (each.get("id"), each.get("name"))]
    active = [each for each in found if each.get("active") is not False]
    if not found:
        raise CommandError(f"There is no tool {tool!r}. `pamela tools list` shows all tools.", ExitCode.NOT_FOUND)
    if not active:
        raise CommandError(f"The tool {tool!r} is already deleted.", ExitCode.NOT_FOUND)
    if len(active) > 1:
        ids = ", ".join(each["id"] for each in active)
        raise CommandError(f"{len(active)} tools are named {tool!r}. Give the id of one: {ids}.", ExitCode.USAGE)
    return str(active[0]["id"])


@tools.command(
    examples=(
        "pamela tools invoke shop.tools:registry check_order_status --set order_id=A-1042",
        "pamela tools invoke shop.tools:registry check_order_status --data @arguments.json",
    )
)
@registry_argument
@click.argument("name", metavar="TOOL")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_pairs,
    help="An argument, as JSON or text. You can repeat the option.",
)
@click.option("-d", "--data", metavar="JSON", help="The arguments: JSON, @FILE, or - for stdin.")
def invoke(registry: str, name: str, assignments: list[tuple[str, Any]], data: str | None) -> None:
    """Run a tool of a registry in this process, and print its response.

    The command sends nothing to the service. To try a tool through your web server, use `pamela trigger
    tool.invocation`.
    """
    import secrets

    loaded = load_registry(registry)
    arguments = read_data(data) or {}
    for path, value in assignments:
        put(arguments, path, value)
    invocation = {
        "tool_name": name,
        "arguments": arguments,
        "call_id": "call_pamela_tools_invoke",
        "correlation_id": f"corr_{secrets.token_hex(8)}",
    }
    with prints_to_stderr():
        response = loaded.invoke(invocation)
    write_line(json.dumps(json.loads(response.body), indent=2, ensure_ascii=False))
    if response.status >= REFUSED_BY_TOOL:
        known = ", ".join(each["name"] for each in loaded.definitions())
        raise CommandError(f"The tool gave no result. The registry has {known}.")
