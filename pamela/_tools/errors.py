"""The exceptions of tools."""

from __future__ import annotations


class ToolError(Exception):
    """Raised by a tool to tell the agent what is wrong, in words that it can say: "There is no order 1042."."""


class InvalidArgumentsError(ValueError):
    """The arguments of an invocation do not fit; the message may be told to the agent."""
