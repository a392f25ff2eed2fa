"""The log of tools."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .._webhooks.log import log_escaped

if TYPE_CHECKING:
    from .._generated.models import ToolInvocation

logger = logging.getLogger("pamela.tools")


def log_failure(invocation: ToolInvocation, problem: str, *, exc_info: bool = False) -> None:
    """Log why a tool was not run or had no result. Text from the agent is escaped."""
    log_escaped(
        logger,
        logging.WARNING,
        "Tool %.100r failed for correlation id %.100r: %s",
        invocation.tool_name,
        invocation.correlation_id,
        problem,
        exc_info=exc_info,
        extra={"correlation_id": invocation.correlation_id},
    )
