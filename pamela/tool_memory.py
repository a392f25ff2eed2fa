"""The invocation stores under the names that they have until 3.0. Use `pamela.tools`."""

from ._tools.stores.memory import MemoryInvocationStore
from ._tools.stores.protocol import InvocationStore
from ._tools.stores.sqlite import SQLiteInvocationStore

InMemory = MemoryInvocationStore
InvocationMemory = InvocationStore
SQLiteMemory = SQLiteInvocationStore

__all__ = ["InMemory", "InvocationMemory", "SQLiteMemory"]
