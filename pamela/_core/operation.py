"""What an operation is and what a request of it holds: data, without I/O. The generated modules are made of these."""

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
"""The key of `metadata` under which a call carries its idempotency key."""
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


_JSON_TYPES = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}


class ResponseParser:
    """Gives a response the type that the specification documents.

    Args:
        model: The model of an object.
        items: The model of the objects in a list.
        wrapper: The field of an object that has the list in it, where the service may send either.
        types: What `json` makes of the values that are documented, where there is no model.
        view: Returns such a value as what it is documented to be.
        media_type: What the body is where it is no JSON; it is returned as bytes. The rest is said of each event then.
        nullable: Whether null is documented.
        empty: Whether no body is documented.

    Without a model and types any JSON is right, and so is no body.
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
        """Return the body of a response as what it is documented to be.

        Args:
            content: The body.
            content_type: The header that says what it is; "" where there is none.

        Raises:
            ValueError: It is not JSON.
            TypeError: It is JSON of another shape than the documented ones.
        """
        if not content and self.empty:
            return None
        if self.media_type:
            if not self.accepts(content_type):
                raise TypeError(f"expected {self.media_type}, got {_media_type_of(content_type)}")
            return content
        return self.parse(read_json(content))

    def accepts(self, content_type: str) -> bool:
        """Whether a header says that a body is of the media type that is documented."""
        found = _media_type_of(content_type) or self.media_type
        return found in {self.media_type, "application/octet-stream"} or (
            self.media_type.endswith("/*") and found.startswith(self.media_type[:-1])
        )

    def parse_event(self, data: str) -> Any:
        """Return the data of an event as what they are documented to be; text where no JSON is.

        Raises:
            ValueError: They are not JSON.
            TypeError: They are JSON of another shape than the documented ones.
        """
        has_shape = self.model is not None or self.items is not None or self.types
        return self.parse(read_json(data.encode())) if has_shape else data

    def parse(self, data: Any) -> Any:
        """Return a JSON value as what it is documented to be.

        Raises:
            TypeError: It has another shape than the documented ones.
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
        """Name the documented shapes."""
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
    """An operation of the specification, or a raw request that stands for one.

    It is idempotent where its HTTP method is, or where the specification says so.
    """

    __slots__ = ("idempotent", "method", "name", "parser", "path")

    def __init__(self, name: str, method: str, path: str, *, parser: ResponseParser, idempotent: bool = False) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.idempotent = idempotent or method in IDEMPOTENT_METHODS
        self.parser = parser


class Request(Generic[T]):
    """A request of an operation, its arguments validated. What is None is not sent, but for the fields in `nulls`.

    `files` are names and contents of files; a request that has some is sent as multipart/form-data, any other as JSON.
    The response to one that `is_streamed` is read as it arrives.
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
        """Have the response read as it arrives: executing the request returns the response, still open."""
        self.is_streamed = True
        self.headers["Accept-Encoding"] = "identity"
        return self


if TYPE_CHECKING:

    class Executor(Protocol):
        """What carries requests out: `PamelaClient`."""

        def _execute(self, request: Request[T]) -> T: ...

    class AsyncExecutor(Protocol):
        """What carries requests out and is awaited: `AsyncPamelaClient`."""

        async def _execute(self, request: Request[T]) -> T: ...
