"""Notifies the watchers of a sandbox, such as its page, of changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["call", "delivery", "request", "project", "scripts", "tools", "clock", "reset"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change in a project. `id` is that of the call or delivery, and empty for other kinds."""

    kind: Kind
    project_id: str
    id: str = ""


Listener = Callable[[Change], None]


class Changes:
    """Passes changes to listeners, immediately and on the sandbox's event loop. Listeners must be fast."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._wakers: list[Callable[[], None]] = []

    def add_listener(self, listener: Listener, on_stop: Callable[[], None] | None = None) -> Callable[[], None]:
        """Call `listener` with each change, and `on_stop` at the end; return a function that removes both."""
        self._listeners.append(listener)
        if on_stop is not None:
            self._wakers.append(on_stop)
        return lambda: self._listeners.remove(listener)

    def wake(self) -> None:
        """Call each `on_stop`, because no more changes come."""
        for waker in tuple(self._wakers):
            waker()

    def publish(self, kind: Kind, project_id: str, id: str = "") -> None:  # noqa: A002 - the field's name
        """Notify all listeners. Call it after the change is committed."""
        if self._listeners:
            change = Change(kind, project_id, id)
            for listener in tuple(self._listeners):
                listener(change)
