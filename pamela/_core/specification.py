"""The OpenAPI specification in this package."""

from importlib.resources import files


def openapi_specification() -> str:
    """Return the OpenAPI specification of the API.

    Returns:
        The text of the specification: OpenAPI 3.1, in YAML.

    Example:
        >>> from pamela import openapi_specification
        >>> openapi_specification().splitlines()[0]
        'openapi: 3.1.0'
    """
    return (files(__name__.partition(".")[0]) / "openapi.yaml").read_text(encoding="utf-8")


openapi_document = openapi_specification
"""The old name of `openapi_specification`. Version 3.0 removes it."""
