"""Tells those who watch a sandbox, its page for one, what has changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["call", "delivery", "request", "project", "scripts", "tools", "clock", "reset"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a project is not as it was; `id` names the call or delivery, and is empty for other kinds."""

    kind: Kind
    project_id: str
    id: str = ""


Listener = Callable[[Change], None]


class Changes:
    """Passes changes on, at once and on the sandbox's event loop. Listeners must be quick."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._wakers: list[Callable[[], None]] = []

    def add_listener(self, listener: Listener, on_stop: Callable[[], None] | None = None) -> Callable[[], None]:
        """Have a listener called with each change from now on, and `on_stop` when no more come; return what ends that."""
        self._listeners.append(listener)
        if on_stop is not None:
            self._wakers.append(on_stop)
        return lambda: self._listeners.remove(listener)

    def wake(self) -> None:
        """Have those look who wait for changes, because no more come."""
        for waker in tuple(self._wakers):
            waker()

    def publish(self, kind: Kind, project_id: str, id: str = "") -> None:  # noqa: A002 - the field's name
        """Tell all listeners; called after the change is committed."""
        if self._listeners:
            change = Change(kind, project_id, id)
            for listener in tuple(self._listeners):
                listener(change)
