"""For mkdocstrings: what the docstrings of this package have, in the words that griffe looks for."""

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Read `Example:` as `Examples:`, which griffe knows as code with its output."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of what was found."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("Example:\n", "Examples:\n")
