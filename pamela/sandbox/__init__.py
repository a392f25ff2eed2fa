"""The sandbox: a local Pamela for development and tests. It needs `pip install 'thisispamela[sandbox]'`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .control import SandboxError, SandboxProject, describe_delivery
    from .options import SandboxOptions
    from .options import SandboxOptions as Options
    from .server import Sandbox, run, serve
    from .store import DatabaseError

__all__ = [
    "DatabaseError",
    "Options",
    "Sandbox",
    "SandboxError",
    "SandboxOptions",
    "SandboxProject",
    "describe_delivery",
    "run",
    "serve",
]

_HOMES = {
    "DatabaseError": "store",
    "Sandbox": "server",
    "SandboxError": "control",
    "SandboxOptions": "options",
    "SandboxProject": "control",
    "run": "server",
    "describe_delivery": "control",
    "serve": "server",
}
_EXTRA = ("jsonschema", "referencing", "starlette", "uvicorn", "yaml")
_OLD_NAMES = {"Options": "SandboxOptions"}
"""Old names with their new names. Version 3.0 removes them."""


def __getattr__(name: str) -> Any:
    name = _OLD_NAMES.get(name, name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _EXTRA:
            message = f"The sandbox needs {missing}: pip install 'thisispamela[sandbox]'"
            raise ModuleNotFoundError(message, name=missing) from None
        raise
    return getattr(module, name)
