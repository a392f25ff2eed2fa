"""The base of the generated models: a JSON object as a dict, with typed attributes as views of it.

A view converts its value when it is read. A value without the documented type is returned unchanged.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, date, datetime
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from enum import Enum

    E = TypeVar("E", bound=Enum)

M = TypeVar("M", bound="Model")

_fromisoformat = datetime.fromisoformat  # one look-up for all dates of a page

_making = threading.RLock()
"""Held while objects are replaced by models, so that all threads get the same model and no change to it is lost. It is
reentrant, because a signal handler can run while this thread holds it."""


def _renew_lock() -> None:
    """Replace the lock in a child process, because no thread there would release the old one."""
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


class Model(dict[str, Any]):
    """A JSON object with typed attributes.

    Example:
        >>> from pamela import Call
        >>> call = Call({"id": "call_1", "status": "queued"})
        >>> call["id"], call.id, call.status, call.started_at
        ('call_1', 'call_1', <CallStatus.QUEUED: 'queued'>, None)
    """

    __slots__ = ()  # Without an instance dict, models take half the time, and misspelled attributes fail.
    _fields: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:

        def _get(self, name: str) -> Any: ...

    else:
        _get = dict.get

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Make the model a type for pydantic and FastAPI, which accepts any JSON object."""
        from pydantic_core import core_schema

        any_object = core_schema.dict_schema(core_schema.str_schema())
        return core_schema.no_info_after_validator_function(cls.from_dict, any_object)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object.

        Args:
            source: The JSON object, as a mapping.
        """
        return cls(source)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object as a plain dict."""
        return dict(self)


class ModelList(list[M]):
    """A list of models in a model. Its copies and pickles are plain lists."""

    __slots__ = ("_kind",)
    _kind: type[M]

    def __reduce__(self) -> Any:
        return list, (list(self),)


class UnreadModelList(ModelList[M]):
    """A list of JSON objects that become models at the first access.

    A page of calls has hundreds of transcript lines, and most programs read few of them. After the first access, the
    list is a `ModelList`.
    """

    __slots__ = ()

    def __radd__(self, other: list[Any]) -> list[Any]:
        return other + list(self)


def _make_models(objects: Any) -> None:
    with _making:
        if objects.__class__ is ModelList:
            return  # Another thread has read it since.
        # Functions such as `dataclasses.asdict` copy a list with `type(copied)(...)`. Such a copy has no kind.
        kind = getattr(objects, "_kind", None)
        if kind is not None:
            models = [kind(item) if type(item) is dict else item for item in list.__iter__(objects)]
            list.__setitem__(objects, slice(None), models)
        objects.__class__ = ModelList


def _reading(name: str) -> Any:
    """Return a method of `list` that first turns the objects of an unread list into models."""
    method = getattr(list, name)

    @wraps(method)
    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        if type(self) is UnreadModelList:
            _make_models(self)
        return method(self, *args, **kwargs)

    return read


_READING = (
    *("__add__", "__getitem__", "__iter__", "__mul__", "__reversed__", "__rmul__", "copy", "pop", "sort"),
    # Objects that a caller puts into a list stay what they are, as in any other list.
    *("__delitem__", "__iadd__", "__imul__", "__setitem__", "append", "extend", "insert", "remove", "reverse"),
)
for _name in _READING:
    setattr(UnreadModelList, _name, _reading(_name))


def as_datetime(value: Any) -> Any:
    """View ISO 8601 text as an aware datetime; text without an offset means UTC."""
    if value is None:
        return None
    try:
        # `parse_iso` starts with this, too. It is enough for almost every date, and faster.
        moment = _fromisoformat(value)
    except (TypeError, ValueError):
        try:
            moment = parse_iso(value)
        except (TypeError, ValueError):
            return value
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def as_date(value: Any) -> Any:
    """View ISO 8601 text as a date."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def as_datetimes(value: Any) -> Any:
    """View a list of ISO 8601 texts as aware datetimes."""
    return [as_datetime(item) for item in value] if type(value) is list else value


def parse_iso(value: str) -> datetime:
    """Return the datetime of ISO 8601 text in any of its forms.

    Raises:
        TypeError: The value is not text.
        ValueError: The text is not ISO 8601.
    """
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        from dateutil import parser
    try:
        return parser.isoparse(value)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def as_enum(kind: type[E], value: Any) -> Any:
    """View a value as a member of the enumeration, which accepts unknown values."""
    try:
        return kind._value2member_map_[value]
    except (KeyError, TypeError):
        pass
    try:
        return _member(kind, value)
    except (ValueError, TypeError):
        return value


def as_enums(kind: type[E], value: Any) -> Any:
    """View a list of values as members of the enumeration."""
    return [as_enum(kind, item) for item in value] if type(value) is list else value


@lru_cache(maxsize=256, typed=True)
def _member(kind: type[E], value: Any) -> E:
    return kind(value)


def as_model(owner: Model, name: str, kind: type[M]) -> Any:
    """View a nested object as its model, and store the model in the owner, so that changes to it are kept."""
    value = owner.get(name)
    if type(value) is dict:
        with _making:
            value = owner.get(name)
            if type(value) is dict:
                value = owner[name] = kind(value)
    return value


def as_lines(owner: Model, name: str, kind: type[M]) -> list[M]:
    """View a list of objects as models, and a text as a model for each line. An absent value becomes []."""
    value = owner.get(name)
    if isinstance(value, str):
        return [kind(line) for line in _lines_of(value)]
    if not isinstance(value, list):
        return []
    items = as_models(owner, name, kind)
    return [item if isinstance(item, kind) else kind(text=str(item)) for item in items if item is not None]


def _lines_of(text: str) -> Iterator[dict[str, str]]:
    """Yield speaker and text of each line. Without a word and a colon on every line, the speaker is omitted."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [re.fullmatch(r"(\w{1,30}):\s+(.+)", line) for line in lines]
    for line, match in zip(lines, found, strict=True):
        yield {"speaker": match[1], "text": match[2]} if match and all(found) else {"text": line}


def nest_models(owner: Model, name: str, kind: type[M]) -> None:
    """Replace the objects in a nested list of the owner with models."""
    value = owner.get(name)
    if type(value) is list:
        unread = owner[name] = UnreadModelList(value)
        unread._kind = kind


def as_models(owner: Model, name: str, kind: type[M]) -> Any:
    """View the objects in a nested list as their models."""
    value = owner.get(name)
    # The objects are models, or become models when read, unless the list was replaced or extended.
    if type(value) is not UnreadModelList and isinstance(value, list) and value and type(value[-1]) is dict:
        with _making:
            value[:] = [to_model(kind, item) for item in value]
    return value


def to_model(kind: type[M], value: Any) -> Any:
    """Return a JSON object as its model, and any other value unchanged."""
    return kind(value) if type(value) is dict else value


def to_variant(discriminator: str, kinds: Mapping[str, type[Model]], value: Any) -> Any:
    """Return a JSON object as the model that its discriminator field names. With an unknown name, it stays a dict."""
    if type(value) is dict and isinstance(name := value.get(discriminator), str) and name in kinds:
        return kinds[name](value)
    return value


def as_nested(owner: Model, name: str, nest: Callable[[Any], Any]) -> Any:
    """View the nested objects of a field as models, and store them in the owner."""
    with _making:
        value = owner.get(name)
        nested = nest(value)
        if nested is not value:
            owner[name] = nested
        return nested


def nest_in_list(nest: Callable[[Any], Any], value: Any) -> Any:
    """Replace the objects in a list with models."""
    if type(value) is list:
        value[:] = [nest(item) for item in value]
    return value


def nest_in_map(nest: Callable[[Any], Any], value: Any) -> Any:
    """Replace the values of a map with models."""
    if type(value) is dict:
        value.update({key: nest(item) for key, item in value.items()})
    return value


def view_list(view: Callable[[Any], Any], value: Any) -> Any:
    """View the items of a list."""
    return [view(item) for item in value] if type(value) is list else value


def view_map(view: Callable[[Any], Any], value: Any) -> Any:
    """View the values of a map."""
    return {key: view(item) for key, item in value.items()} if type(value) is dict else value
