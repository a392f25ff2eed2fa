"""The old names of the invocation stores. Version 3.0 removes them. Use `pamela.tools`."""

from ._tools.stores.memory import MemoryInvocationStore
from ._tools.stores.protocol import InvocationStore
from ._tools.stores.sqlite import SQLiteInvocationStore

InMemory = MemoryInvocationStore
InvocationMemory = InvocationStore
SQLiteMemory = SQLiteInvocationStore

__all__ = ["InMemory", "InvocationMemory", "SQLiteMemory"]
