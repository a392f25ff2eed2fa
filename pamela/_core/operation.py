"""What an operation is and what a request of it holds: data, without I/O. The generated operations are made of these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .validation import query as write_query
from .validation import written

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .model import Model

T = TypeVar("T")

IDEMPOTENCY_HEADER = "Idempotency-Key"
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class Answer:
    """The documented shapes of an answer: an object of a model, a list of such objects, either, or any JSON."""

    __slots__ = ("items", "model")

    def __init__(self, model: type[Model] | None = None, items: type[Model] | None = None) -> None:
        self.model = model
        self.items = items

    def read(self, content: bytes) -> Any:
        """Give the JSON of an answer its type.

        Raises:
            ValueError: It is not JSON.
            TypeError: It is not of a documented shape.
        """
        if not content and self.model is None and self.items is None:
            return None
        return self.view(json.loads(content))

    def view(self, data: Any) -> Any:
        """Give the JSON value its type.

        Raises:
            TypeError: It is not of a documented shape.
        """
        if self.model is not None and type(data) is dict:
            return self.model(data)
        if self.items is not None and type(data) is list:
            return [self.items(item) if type(item) is dict else item for item in data]
        if self.model is None and self.items is None:
            return data
        raise TypeError(f"expected {self}, got a JSON {_json_type(data)}")

    def __str__(self) -> str:
        shapes = [*(["an object"] if self.model else []), *(["a list"] if self.items else [])]
        return " or ".join(shapes)


def _json_type(data: Any) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(data), "null")


class Operation(Generic[T]):
    """An operation: of the contract, or one that it does not have yet.

    It is idempotent where its HTTP method is, or where the contract says so.
    """

    __slots__ = ("answer", "idempotent", "method", "name", "path")

    def __init__(self, name: str, method: str, path: str, *, answer: Answer, idempotent: bool = False) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.idempotent = idempotent or method in IDEMPOTENT_METHODS
        self.answer = answer


class Request(Generic[T]):
    """A request of an operation, its arguments checked. What is None is not sent, but for the fields in `nulls`."""

    __slots__ = ("body", "headers", "operation", "path", "query")

    def __init__(
        self,
        operation: Operation[T],
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        wrapper: str | None = None,
        nulls: Collection[str] = (),
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = write_query(query or {})
        self.headers = {name: written(name, value) for name, value in (headers or {}).items() if value is not None}
        if type(body) is dict:
            body = {name: value for name, value in body.items() if value is not None or name in nulls}
        self.body = {wrapper: body} if wrapper else body
