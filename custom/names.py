"""The names that are taken: by generated modules, by the package, and by the clients."""

import ast
from collections.abc import Iterable, Iterator

import pamela

from .errors import unsupported
from .spec import ROOT

OF_GENERATED_MODULES = {
    "Any",
    "AsyncExecutor",
    "AsyncIterator",
    "AsyncOperationMethods",
    "BinaryIO",
    "ClassVar",
    "CursorPages",
    "Executor",
    "IntEnum",
    "Iterator",
    "Literal",
    "Mapping",
    "Model",
    "Operation",
    "OffsetPages",
    "OperationMethods",
    "Pages",
    "PathLike",
    "Request",
    "ResponseParser",
    "Sequence",
    "StrEnum",
    "T",
    "TypeVar",
    "Unset",
}
OF_TYPE_HINTS = {"bool", "bytes", "date", "datetime", "dict", "float", "int", "list", "str", "tuple"}
"""What type hints name, so that no method can have the name: those after it would mean the method."""
CLIENTS = ROOT / "pamela" / "client.py"


def check_classes(names: Iterable[str]) -> None:
    """Raise for a class that would have a taken name.

    Raises:
        GenerationError: There is one.
    """
    for name in sorted(names):
        if name in OF_GENERATED_MODULES:
            raise unsupported(f"The schema {name}", "has a name that the generated modules use themselves")
        if name in pamela._HOMES:
            raise unsupported(f"The schema {name}", "has a name that the package has already")


def of_clients() -> set[str]:
    """Return the names of the clients' attributes, as they are written by hand."""
    return {name for node in ast.parse(CLIENTS.read_text()).body for name in _attributes(node)}


def _attributes(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef) and node.name.endswith("Client"):
        for member in node.body:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                yield member.name
