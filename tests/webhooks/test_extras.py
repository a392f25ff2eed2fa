"""What is not installed is named with the command that installs it."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from pamela.tools import RedisInvocationStore, SQLInvocationStore
from pamela.webhooks import create_tool_handler


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        ("flask", "flask", "flask"),
        ("fastapi", "fastapi", "fastapi"),
        ("starlette", "starlette.routing", "fastapi"),
        ("django", "django.db", "django"),
    ],
)
def test_a_framework(module: str, missing: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("pamela.integrations.", "pamela._webhooks.adapters."))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=rf"need {missing}: pip install 'thisispamela\[{extra}\]'"):
        import_module(f"pamela.integrations.{module}")


def test_a_tool_handler_that_is_called_as_in_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = create_tool_handler("whsec_example")(lambda payload: None)
    monkeypatch.setitem(sys.modules, "flask", None)
    with pytest.raises(ModuleNotFoundError, match=r"without a request need flask: pip install 'thisispamela\[flask\]'"):
        handler()


def test_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ModuleNotFoundError, match=r"in Redis need redis: pip install 'thisispamela\[redis\]'"):
        RedisInvocationStore("redis://127.0.0.1")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ModuleNotFoundError, match=r"in databases need sqlalchemy: pip install 'thisispamela\[sql\]'"):
        SQLInvocationStore("sqlite://")
