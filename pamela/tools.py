"""Tools that the agent may call: typed functions, a registry that serves and deploys them, and invocation stores."""

from ._generated.models import ToolInvocation
from ._tools.deployment_plan import DeploymentPlan
from ._tools.errors import DeploymentError, ToolError
from ._tools.function_tools import FunctionTool, ToolOverrides, tool
from ._tools.registry import ToolRegistry
from ._tools.responses import ToolResponse
from ._tools.stores.memory import MemoryInvocationStore
from ._tools.stores.protocol import AfterCrash, InvocationRecord, InvocationState, InvocationStore
from ._tools.stores.redis import RedisInvocationStore
from ._tools.stores.sql import SQLInvocationStore
from ._tools.stores.sqlite import SQLiteInvocationStore

__all__ = [
    "AfterCrash",
    "DeploymentError",
    "DeploymentPlan",
    "FunctionTool",
    "InvocationRecord",
    "InvocationState",
    "InvocationStore",
    "MemoryInvocationStore",
    "RedisInvocationStore",
    "SQLInvocationStore",
    "SQLiteInvocationStore",
    "ToolError",
    "ToolInvocation",
    "ToolOverrides",
    "ToolRegistry",
    "ToolResponse",
    "tool",
]
