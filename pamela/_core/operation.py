"""The data of an operation and of its requests, without I/O. The generated modules use these classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .json_reader import read_json
from .validation import format_path, format_query, to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Protocol

    from .model import Model

T = TypeVar("T")

IDEMPOTENCY_HEADER = "Idempotency-Key"
IDEMPOTENCY_METADATA = "idempotency_key"
"""The key of `metadata` that contains the idempotency key of a call."""
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


_JSON_TYPES = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}


class ResponseParser:
    """Converts a response to the documented type.

    Args:
        model: The model of an object.
        items: The model of the objects in a list.
        wrapper: The field of an object that may contain the list.
        types: The Python types of the documented JSON values, if the response has no model.
        view: Converts such a value to the documented type.
        media_type: The media type of a body other than JSON, which is returned as bytes. For a stream of events, the
            other arguments describe each event.
        nullable: Whether null is documented.
        empty: Whether an empty body is documented.

    Without a model and types, any JSON and an empty body are valid.
    """

    __slots__ = ("empty", "items", "media_type", "model", "nullable", "types", "view", "wrapper")

    def __init__(
        self,
        model: type[Model] | None = None,
        items: type[Model] | None = None,
        wrapper: str | None = None,
        *,
        types: tuple[type, ...] = (),
        view: Callable[[Any], Any] | None = None,
        media_type: str = "",
        nullable: bool = False,
        empty: bool = False,
    ) -> None:
        self.model = model
        self.items = items
        self.wrapper = wrapper
        self.types = types
        self.view = view
        self.media_type = media_type
        self.nullable = nullable
        self.empty = empty or (model is None and items is None and not types and not media_type)

    def parse_bytes(self, content: bytes, content_type: str = "") -> Any:
        """Return the body of a response as its documented type.

        Args:
            content: The body.
            content_type: The `Content-Type` header, or "".

        Raises:
            ValueError: The body is not JSON.
            TypeError: The JSON does not have a documented type.
        """
        if not content and self.empty:
            return None
        if self.media_type:
            if not self.accepts(content_type):
                raise TypeError(f"expected {self.media_type}, got {_media_type_of(content_type)}")
            return content
        return self.parse(read_json(content))

    def accepts(self, content_type: str) -> bool:
        """Return whether a `Content-Type` header has the documented media type."""
        found = _media_type_of(content_type) or self.media_type
        return found in {self.media_type, "application/octet-stream"} or (
            self.media_type.endswith("/*") and found.startswith(self.media_type[:-1])
        )

    def parse_event(self, data: str) -> Any:
        """Return the data of an event as their documented type; as text if JSON is not documented.

        Raises:
            ValueError: The data are not JSON.
            TypeError: The JSON does not have a documented type.
        """
        has_shape = self.model is not None or self.items is not None or self.types
        return self.parse(read_json(data.encode())) if has_shape else data

    def parse(self, data: Any) -> Any:
        """Return a JSON value as its documented type.

        Raises:
            TypeError: The value does not have a documented type.
        """
        if self.model is not None and type(data) is dict:
            return self.model(data)
        if self.items is not None:
            listed = data.get(self.wrapper) if self.wrapper is not None and type(data) is dict else data
            if type(listed) is list:
                return [self.items(item) if type(item) is dict else item for item in listed]
        if (data is None and self.nullable) or (self.model is None and self.items is None and not self.types):
            return data
        if self.types and isinstance(data, self.types):
            return data if self.view is None else self.view(data)
        raise TypeError(f"expected {self}, got a JSON {_json_type(data)}")

    def __str__(self) -> str:
        """Return the names of the documented types."""
        shapes = [*(["an object"] if self.model else []), *(["a list"] if self.items else [])]
        if self.wrapper is not None:
            shapes.append(f"an object with a list in {self.wrapper!r}")
        names = dict.fromkeys(_JSON_TYPES[type_] for type_ in self.types)
        shapes += [f"{'an' if name == 'object' else 'a'} {name}" for name in names]
        return " or ".join([*shapes, *(["null"] if self.nullable else [])])


def _media_type_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _json_type(data: Any) -> str:
    return _JSON_TYPES.get(type(data), "null")


class Operation(Generic[T]):
    """An operation of the specification, or the operation of a raw request.

    It is idempotent if its HTTP method is, or if the specification marks it as idempotent.
    """

    __slots__ = ("idempotent", "method", "name", "parser", "path")

    def __init__(self, name: str, method: str, path: str, *, parser: ResponseParser, idempotent: bool = False) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.idempotent = idempotent or method in IDEMPOTENT_METHODS
        self.parser = parser


class Request(Generic[T]):
    """A request of an operation, with validated arguments. None is not sent, except for the fields in `nulls`.

    `files` has names and contents of files. A request with files is sent as multipart/form-data, any other as JSON. If
    `is_streamed` is true, the response is read as it arrives.
    """

    __slots__ = ("body", "files", "headers", "is_streamed", "operation", "path", "path_arguments", "query")

    def __init__(
        self,
        operation: Operation[T],
        *,
        path_arguments: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        wrapper: str | None = None,
        nulls: Collection[str] = (),
        files: Mapping[str, tuple[str, bytes] | None] | None = None,
    ) -> None:
        self.operation = operation
        self.path_arguments = {name: to_wire(name, value) for name, value in (path_arguments or {}).items()}
        self.path = format_path(operation.path, self.path_arguments)
        self.query = format_query(query or {})
        self.headers = {name: to_wire(name, value) for name, value in (headers or {}).items() if value is not None}
        if type(body) is dict:
            from .unset import UNSET

            sent = {name: value for name, value in body.items() if value is not UNSET}
            body = {name: value for name, value in sent.items() if value is not None or name in nulls}
        self.body = {wrapper: body} if wrapper else body
        self.files = {name: file for name, file in (files or {}).items() if file is not None}
        if operation.parser.media_type:
            self.headers["Accept"] = operation.parser.media_type
        self.is_streamed = False

    def streamed(self) -> Request[Any]:
        """Return a copy whose execution returns an open response, to be read as it arrives."""
        self.is_streamed = True
        self.headers["Accept-Encoding"] = "identity"
        return self


if TYPE_CHECKING:

    class Executor(Protocol):
        """Executes requests: `PamelaClient`."""

        def _execute(self, request: Request[T]) -> T: ...

    class AsyncExecutor(Protocol):
        """Executes requests with `await`: `AsyncPamelaClient`."""

        async def _execute(self, request: Request[T]) -> T: ...
