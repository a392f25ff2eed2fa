"""The models: responses of the API, webhook payloads, arguments, and enumerations.

Each class is loaded when it is first used. `pamela.Call` and `pamela.models.Call` are the same class.
"""

from __future__ import annotations

TYPE_CHECKING: bool = False  # the same as in typing, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from ._generated.exports import *  # noqa: F403
    from ._generated.exports import __all__ as __all__


def __getattr__(name: str) -> Any:
    from ._generated import models

    if name != "__all__" and name not in models.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(models, name)
    return value


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
