"""Parts of specifications, with which tests change that of the API."""

from __future__ import annotations

from typing import Any

API = "/api/b2b/v1"


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(location: str, name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    required = location == "path"
    return {"name": name, "in": location, "required": required, "description": "A part.", "schema": schema, **more}


def response(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "The response.", "content": {"application/json": {"schema": schema}}}}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def fields(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "description": "A thing.", "properties": properties}


def operation(name: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["tools"],
        "summary": "Do something",
        "security": [{"bearerAuth": []}],
        "responses": response(ref("Tool")),
        **more,
    }


def add(document: dict[str, Any], path: str, method: str, added: dict[str, Any]) -> None:
    document["paths"].setdefault(f"{API}{path}", {})[method] = added
