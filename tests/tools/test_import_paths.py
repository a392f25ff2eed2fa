"""The public import paths of tools, those of version 2.0 among them."""

from __future__ import annotations

from importlib import import_module

import pytest

from pamela import tool_memory, tools

NAMES = {
    "pamela": "DeploymentError FunctionTool ToolError ToolInvocation ToolRegistry tool",
    "pamela.tools": "DeploymentError DeploymentPlan FunctionTool InvocationRecord InvocationState InvocationStore "
    "MemoryInvocationStore RedisInvocationStore SQLInvocationStore SQLiteInvocationStore ToolError "
    "ToolInvocation ToolRegistry ToolResponse tool",
    "pamela.tool_memory": "InMemory InvocationMemory SQLiteMemory",
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in NAMES for name in NAMES[module].split()])
def test_names_can_be_imported(module: str, name: str) -> None:
    assert getattr(import_module(module), name) is not None


def test_old_names_are_the_new_ones() -> None:
    assert tool_memory.InMemory is tools.MemoryInvocationStore
    assert tool_memory.SQLiteMemory is tools.SQLiteInvocationStore
    assert tools.ToolRegistry.sync is tools.ToolRegistry.deploy
    assert tools.ToolRegistry.sync_async is tools.ToolRegistry.deploy_async
