"""Objects of the user's own program as `module:attribute`, imported from the current directory."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .exit_codes import CommandError, ExitCode
from .output import prints_to_stderr
from .terminal import say

if TYPE_CHECKING:
    from pamela import ToolRegistry

T = TypeVar("T")


def load(target: str, *kinds: type[T]) -> T:
    """Import an object of the user's program.

    Args:
        target: `module:attribute`, with the module's full name.
        kinds: The allowed classes.

    Raises:
        CommandError: The object does not exist, has another class, or its import failed.
    """
    module, colon, attribute = target.partition(":")
    wanted = " or ".join(kind.__name__ for kind in kinds)
    if not (module and colon and attribute):
        raise CommandError(f"{target!r} is not module:attribute. Example: shop.tools:registry.", ExitCode.USAGE)
    found: Any = _import(module)
    for name in attribute.split("."):
        if not hasattr(found, name):
            there = ", ".join(each for each, value in vars(found).items() if isinstance(value, kinds)) or "none"
            message = f"{module} has no {attribute!r}. There is a {wanted} named: {there}."
            raise CommandError(message, ExitCode.USAGE)
        found = getattr(found, name)
    if not isinstance(found, kinds):
        message = f"{target} is a {type(found).__name__}. It must be a {wanted}."
        raise CommandError(message, ExitCode.USAGE)
    return found


def _import(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        with prints_to_stderr():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            message = f"There is no module {name!r} to import from {here}."
            raise CommandError(message, ExitCode.USAGE) from None
        raise _failed(name, error) from None
    except Exception as error:
        raise _failed(name, error) from None


def _failed(name: str, error: Exception) -> CommandError:
    say("".join(traceback.format_exception(error)).rstrip())
    return CommandError(f"Importing {name} failed: {type(error).__name__}.")


def load_registry(target: str) -> ToolRegistry:
    """Import a tool registry of the user's program, like `load`."""
    from pamela import ToolRegistry

    return load(target, ToolRegistry)
