"""Templates with columns in braces, such as `Tell {name} that order {order} is here`. Filling them runs no code."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from .errors import CampaignError

_FORMATTER = string.Formatter()


def columns_of(template: Any) -> set[str]:
    """Return the columns in all texts of a template.

    Raises:
        CampaignError: The template is invalid: a brace is missing, or the braces contain more than a column.
    """
    if isinstance(template, Mapping):
        return {name for value in template.values() for name in columns_of(value)}
    if isinstance(template, list | tuple):
        return {name for value in template for name in columns_of(value)}
    return {name for name, _ in _parse(template)} - {""} if isinstance(template, str) else set()


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """Return a template with its columns replaced by their values."""
    if isinstance(template, Mapping):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    return "".join(literal + (values[name] if name else "") for name, literal in _parse(template))


def _parse(template: str) -> list[tuple[str, str]]:
    """Return the parts of a template: each column with the literal text before it."""
    try:
        parts = list(_FORMATTER.parse(template))
    except ValueError as error:
        raise CampaignError(f"{template!r} is not a template: {error}. Write {{{{ and }}}} for braces.") from None
    found = []
    for literal, name, specification, conversion in parts:
        if name is not None and (specification or conversion or not name or any(each in name for each in ".[]!:")):
            raise CampaignError(
                f"{template!r} has {{{name}{'!' + conversion if conversion else ''}"
                f"{':' + specification if specification else ''}}}. Write only the name of a column in braces."
            )
        found.append((name or "", literal))
    return found
