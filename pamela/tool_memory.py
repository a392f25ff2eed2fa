"""The stores of tool invocations under the name that their module had."""

from ._tools.stores import InMemory, InvocationMemory, SQLiteMemory

__all__ = ["InMemory", "InvocationMemory", "SQLiteMemory"]
