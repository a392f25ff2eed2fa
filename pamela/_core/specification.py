"""The contract that this package was made from, as it comes with the package."""

from importlib.resources import files


def openapi_document() -> str:
    """Give the OpenAPI document of the API.

    Returns:
        The document, OpenAPI 3.1 in YAML.

    Example:
        >>> from pamela import openapi_document
        >>> openapi_document().splitlines()[0]
        'openapi: 3.1.0'
    """
    return (files("pamela") / "openapi.yaml").read_text(encoding="utf-8")
