"""Packages that only some commands need, and the error message if one is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .exit_codes import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Turn a failed import in the block into an error that names the extra to install.

    Raises:
        CommandError: A package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise CommandError(f"{what} needs {error.name}: pip install 'thisispamela[{extra}]'") from None
