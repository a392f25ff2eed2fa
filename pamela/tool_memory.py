"""The invocation stores under the name that their module has until 3.0. Use `pamela.tools`."""

from ._tools.stores import InvocationStore, MemoryInvocationStore, SQLiteInvocationStore

InMemory = MemoryInvocationStore
InvocationMemory = InvocationStore
SQLiteMemory = SQLiteInvocationStore

__all__ = ["InMemory", "InvocationMemory", "SQLiteMemory"]
