"""Reads the webhooks of the specification, with their examples and schemas."""

from __future__ import annotations

from typing import Any

from .extras import needs

_NAME = "urn:specification"


def load() -> dict[str, Any]:
    """Return the specification of this version.

    Raises:
        CommandError: The extra is missing.
    """
    from pamela import openapi_specification

    with needs("sandbox", "The specification as data"):
        import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads dates as text, as in JSON."""

        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    document: dict[str, Any] = yaml.load(openapi_specification(), Loader=Loader)  # noqa: S506 - a SafeLoader, made faster
    return document


def webhook_names(document: dict[str, Any]) -> list[str]:
    """Return the names of the webhooks: the events, and `tool.invocation`."""
    return list(document["webhooks"])


def example_of(document: dict[str, Any], webhook: str) -> dict[str, Any]:
    """Return the first example of a webhook's body."""
    content = document["webhooks"][webhook]["post"]["requestBody"]["content"]["application/json"]
    body: dict[str, Any] = next(iter(content["examples"].values()))["value"]
    return body


def issues_of(document: dict[str, Any], webhook: str, body: object) -> list[str]:
    """Return the errors in the body of a webhook, by its schema."""
    with needs("sandbox", "Checking what is sent"):
        from jsonschema import Draft202012Validator
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

    registry: Registry[Any] = Registry().with_resource(_NAME, DRAFT202012.create_resource(document))
    pointer = f"/webhooks/{webhook}/post/requestBody/content/application~1json/schema"
    validator = Draft202012Validator(
        {"$ref": f"{_NAME}#{pointer}"}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [
        f"{'.'.join(map(str, error.absolute_path)) or 'the body'}: {error.message[:300]}"
        for error in validator.iter_errors(body)
    ]
