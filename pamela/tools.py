"""Tools that the agent may call: typed functions, and the registry that serves and deploys them."""

from ._generated.models import ToolInvocation
from ._tools.deployment import DeploymentPlan
from ._tools.errors import ToolError
from ._tools.function_tools import FunctionTool, ToolOverrides, tool
from ._tools.registry import ToolRegistry
from ._tools.responses import ToolResponse
from ._tools.stores import InvocationStore, MemoryInvocationStore, SQLiteInvocationStore

__all__ = [
    "DeploymentPlan",
    "FunctionTool",
    "InvocationStore",
    "MemoryInvocationStore",
    "SQLiteInvocationStore",
    "ToolError",
    "ToolInvocation",
    "ToolOverrides",
    "ToolRegistry",
    "ToolResponse",
    "tool",
]
