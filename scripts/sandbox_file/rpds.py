"""Collections that stay as they are, for the sandbox in one file, where `jsonschema` expects those of a native module.

The native `rpds` is another file for each version of Python and each system; the sandbox needs little of it, and has few
schemas, so that copies cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class HashTrieMap(dict[Any, Any]):
    """A map; what changes it returns another."""

    @classmethod
    def convert(cls, value: Mapping[Any, Any]) -> HashTrieMap:
        """Return a map with the keys and values of another."""
        return value if isinstance(value, cls) else cls(value)

    def insert(self, key: Any, value: Any) -> HashTrieMap:
        """Return a map that has a key, too."""
        return type(self)({**self, key: value})

    def update(self, *others: Any, **more: Any) -> HashTrieMap:  # type: ignore[override]
        """Return a map that has the keys of others, too."""
        changed = dict(self)
        for other in others:
            changed.update(other)
        return type(self)({**changed, **more})

    def remove(self, key: Any) -> HashTrieMap:
        """Return a map without a key.

        Raises:
            KeyError: The map does not have it.
        """
        changed = dict(self)
        del changed[key]
        return type(self)(changed)

    def discard(self, key: Any) -> HashTrieMap:
        """Return a map without a key, whether this one has it or not."""
        return self.remove(key) if key in self else self

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class HashTrieSet(frozenset[Any]):
    """A set; what changes it returns another."""

    def insert(self, value: Any) -> HashTrieSet:
        """Return a set that has a value, too."""
        return type(self)(self | {value})

    def update(self, *others: Iterable[Any]) -> HashTrieSet:
        """Return a set that has the values of others, too."""
        return type(self)(self.union(*others))

    def remove(self, value: Any) -> HashTrieSet:
        """Return a set without a value.

        Raises:
            KeyError: The set does not have it.
        """
        if value not in self:
            raise KeyError(value)
        return self.discard(value)

    def discard(self, value: Any) -> HashTrieSet:
        """Return a set without a value, whether this one has it or not."""
        return type(self)(self - {value})


class List(tuple[Any, ...]):
    """A list; what changes it returns another."""

    __slots__ = ()

    def __new__(cls, *values: Any) -> List:
        """Make a list of an iterable, or of several values."""
        return super().__new__(cls, values[0] if len(values) == 1 else values)

    def push_front(self, value: Any) -> List:
        """Return a list with a value before all others."""
        return type(self)([value, *self])
