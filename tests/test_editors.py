"""Editors see through the lazy package: they complete its names, and the methods and attributes behind them."""

from __future__ import annotations

import jedi
import pytest


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "from pamela import ",
            {"PamelaClient", "AsyncPamelaClient", "Call", "ToolRegistry", "verify_webhook_signature"},
        ),
        (
            "from pamela import PamelaClient; PamelaClient('pk_live_...').",
            {"create_call", "iter_calls", "wait_for_call", "find_call", "usage", "with_options", "register_tool"},
        ),
        ("from pamela import AsyncPamelaClient; AsyncPamelaClient().", {"create_call", "watch_call", "close"}),
        ("from pamela import PamelaClient; PamelaClient().get_call('call_1').", {"status", "transcript", "started_at"}),
        ("from pamela import CallStatus; CallStatus.", {"QUEUED", "COMPLETED"}),
        ("import pamela; pamela.", {"PamelaClient", "CallError", "tool"}),
    ],
)
def test_completion(code: str, expected: set[str]) -> None:
    completed = {completion.name for completion in jedi.Script(code).complete(line=1, column=len(code))}
    assert expected <= completed


def test_a_method_shows_its_arguments() -> None:
    code = "from pamela import PamelaClient; PamelaClient().create_call("
    (signature,) = jedi.Script(code).get_signatures(line=1, column=len(code))
    assert [parameter.name for parameter in signature.params][:3] == ["to", "task", "country"]
    assert "in E.164 form" in signature.docstring()
