"""The optional dependencies: a missing one is reported with the command that installs it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def needs_extra(extra: str, feature: str) -> Iterator[None]:
    """Turn a missing module in the block into an error that names its extra.

    Args:
        extra: The name of the extra, as in ``thisispamela[flask]``.
        feature: What needs it, the subject of the error message, in the plural: "Webhooks in Flask".

    Raises:
        ModuleNotFoundError: A module that is imported in the block is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == __name__.partition(".")[0]:
            raise
        message = f"{feature} need {error.name}: pip install 'thisispamela[{extra}]'"
        raise ModuleNotFoundError(message, name=error.name) from None
