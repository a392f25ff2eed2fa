"""Make tools of typed functions."""

from __future__ import annotations

import threading
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

from .._core.extras import needs_extra
from .._core.suggestions import shorten
from .._generated.models import ToolDefinition
from .._webhooks.concurrency import is_async

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._generated.models import ToolInvocation
    from .stores.protocol import AfterCrash

P = ParamSpec("P")
R = TypeVar("R")

_DEFAULT_TIMEOUT_MS: int = ToolDefinition._defaults["timeout_ms"]
_SHORTEST_TIMEOUT = 0.001
_LONGEST_ONCE = 86_400


class ToolOverrides(TypedDict, total=False):
    """The settings that `tool` accepts. They replace what it reads from the function.

    Attributes:
        name: The name of the tool.
        description: What the tool does and when to call it. The agent reads this text.
        input_schema: The schema of the arguments, as JSON Schema.
        output_schema: The schema of the result, as JSON Schema.
        timeout_seconds: Maximum duration of an invocation, in seconds. The default is 30.
        once: For how many seconds a repeat with equal arguments gets the first response. None means never.
        after_crash: What to do with a repeated invocation after its process died: ``"refuse"`` (the default) or ``"run"``.
    """

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    timeout_seconds: float
    once: float | None
    after_crash: AfterCrash


class FunctionTool(Generic[P, R]):
    """A function that the agent may call during a call. `tool` makes it. You can still call it as the function.

    Attributes:
        name: The name of the tool.
        description: What the tool does and when to call it. The agent reads this text.
        input_schema: The schema of the arguments, as JSON Schema.
        output_schema: The schema of the result, as JSON Schema, or None.
        timeout_seconds: Maximum duration of an invocation, in seconds.
        once: For how many seconds a repeat with equal arguments gets the first response, or None.
        after_crash: What to do with a repeated invocation after its process died: ``"refuse"`` or ``"run"``.
        takes_connection: Whether the function has a parameter of the type ``sqlalchemy.Connection``.
        is_async: Whether a call of the function always returns a coroutine.
    """

    __name__: str

    def __init__(self, function: Callable[P, R], **overrides: Unpack[ToolOverrides]) -> None:
        with needs_extra("tools", "Tools"):
            from .schemas import FunctionSchema

        _check_names(overrides)
        _check_function(function)
        self._function = function
        self._schema = FunctionSchema(function, overrides.get("input_schema"), overrides.get("output_schema"))
        self.name = _text("name", overrides.get("name", self._schema.name))
        self.description = _text("description", overrides.get("description", self._schema.description))
        self.input_schema = self._schema.input_schema
        self.output_schema = self._schema.output_schema
        self.timeout_seconds = _timeout(overrides.get("timeout_seconds", _DEFAULT_TIMEOUT_MS / 1000))
        self.once = _once(overrides.get("once"))
        self.after_crash: AfterCrash = _after_crash(overrides.get("after_crash", "refuse"))
        self.takes_connection = self._schema.connection_parameter is not None
        plain = self._schema.plain_function
        self.is_async: bool = plain.is_async if isinstance(plain, FunctionTool) else is_async(plain)
        if self.takes_connection and self.is_async:
            raise TypeError(
                f"The tool {self.name} is async and asks for a sqlalchemy.Connection, which would block the event loop. "
                "Make it a sync function; it runs in a thread of its own."
            )
        if not self.name.strip():
            raise ValueError(f"name={self.name!r} is empty. Name the tool.")
        if not self.description.strip():
            raise ValueError(f"The tool {self.name} has no description. Write a docstring, or give description=...")
        update_wrapper(self, self._schema.plain_function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<FunctionTool {self.name}>"

    def definition(self) -> dict[str, Any]:
        """Return the definition of the tool for the API, for example for `create_call(tools=[...])`."""
        definition = ToolDefinition(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            timeout_ms=round(self.timeout_seconds * 1000),
        )
        if self.output_schema is not None:
            definition["output_schema"] = self.output_schema
        return definition.to_dict()

    def bind(self, invocation: ToolInvocation) -> Callable[..., R]:
        """Return the function with the checked and converted arguments of an invocation.

        If the function has a parameter for a database connection, the result takes a connection.

        Args:
            invocation: The invocation.

        Raises:
            InvalidArgumentsError: The arguments do not fit the schema.
            Exception: A conversion of the user raised it.
        """
        arguments = self._schema.convert(invocation.arguments)
        if self._schema.invocation_parameter:
            arguments[self._schema.invocation_parameter] = invocation
        if self._schema.connection_parameter is None:
            return partial(self._function, **arguments)
        name = self._schema.connection_parameter
        return lambda connection: self._function(**arguments, **{name: connection})  # type: ignore[call-arg]

    def essential_arguments(self, invocation: ToolInvocation) -> Any:
        """Return the arguments of an invocation as JSON values. Invocations that ask for the same have equal values.

        Args:
            invocation: The invocation. Its arguments must fit the schema.
        """
        return self._schema.essential_arguments(invocation.arguments)

    def result_as_json(self, result: R) -> Any:
        """Return a result as a value that `json` can write.

        Args:
            result: The result of the function.
        """
        return self._schema.result_as_json(result)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...


@overload
def tool(**overrides: Unpack[ToolOverrides]) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(function: Callable[..., Any] | None = None, /, **overrides: Unpack[ToolOverrides]) -> Any:
    """Make a tool of a typed function, sync or async.

    The name of the tool is the function's name. The description is the docstring without its sections. The schemas come
    from the type hints, and the descriptions of the arguments from the docstring. A parameter of the type
    `ToolInvocation` gets the invocation, with the ids of its call, session and project.

    Args:
        function: The function. Leave it out to use `tool(...)` as a decorator with settings.
        **overrides: ``name``, ``description``, ``input_schema`` and ``output_schema`` (JSON Schema),
            ``timeout_seconds`` (the default is 30); ``once``, the seconds for which a repeat in the same call with
            equal arguments and another correlation id gets the first response; and ``after_crash``, what to do with a
            repeated invocation after its process died: ``"refuse"`` (the default) or ``"run"``.

    Returns:
        The tool, or a decorator that returns the tool if `function` is left out.

    Raises:
        TypeError: The function has no JSON Schema, or a setting is unknown or has the wrong type.
        ValueError: The name or description is empty, or a setting is out of range.

    Example:
        >>> @tool
        ... def check_order_status(order_id: str) -> str:
        ...     '''Look up an order by ID.'''
        ...     return "shipped"
        >>> check_order_status.input_schema["properties"]
        {'order_id': {'type': 'string'}}
    """
    return partial(FunctionTool, **overrides) if function is None else FunctionTool(function, **overrides)


def _check_names(overrides: Mapping[str, Any]) -> None:
    known = ToolOverrides.__annotations__
    for name in overrides:
        if name not in known:
            raise TypeError(f"{name}=... is not a setting of a tool. The settings are {', '.join(known)}.")


def _check_function(function: Any) -> None:
    if not callable(function) and not isinstance(function, classmethod):
        raise TypeError(
            f"{shorten(function)} is not a function. Write @tool above a function. Give settings by name: @tool(name='check_order')."
        )


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r} must be a str. Give the tool one: {name}='...'.")
    return value


def _timeout(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"timeout_seconds={seconds!r} must be a number of seconds.")
    if not _SHORTEST_TIMEOUT <= seconds <= threading.TIMEOUT_MAX:
        raise ValueError(
            f"timeout_seconds={seconds!r} must be at least {_SHORTEST_TIMEOUT} and at most {threading.TIMEOUT_MAX:.0f}."
        )
    return seconds


def _once(seconds: Any) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"once={seconds!r} must be a number of seconds.")
    if not 0 < seconds <= _LONGEST_ONCE:
        raise ValueError(f"once={seconds!r} must be above 0 and at most {_LONGEST_ONCE}, a day.")
    return seconds


def _after_crash(value: Any) -> Any:
    if value not in ("refuse", "run"):
        raise ValueError(f"after_crash={value!r} must be 'refuse' or 'run'.")
    return value
