"""docs/troubleshooting.md says what is said to each mistake; `UPDATE_DOCS=1` writes its tables."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import logging
import os
import pickle
import re
import sys
import warnings
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

import pamela
import pamela.sandbox
from pamela import AsyncPamelaClient, PamelaClient, WebhookEndpoint
from pamela.sandbox import Sandbox

from .mistakes import ASYNC, MISTAKES, Mistake

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
BEGIN, END = "<!-- mistakes: begin -->\n", "<!-- mistakes: end -->\n"
TO, TASK = "+12025550100", "Order a pizza"


def names(sandbox: Sandbox, key: str) -> dict[str, Any]:
    client = PamelaClient(key, sandbox.base_url)
    public = {name: getattr(pamela, name) for name in pamela.__all__}
    return public | {
        "key": key,
        "base_url": sandbox.base_url,
        "client": client,
        "async_client": AsyncPamelaClient(key, sandbox.base_url),
        "endpoint": WebhookEndpoint("whsec_example"),
        "call": client.create_call(TO, TASK),
        "to": TO,
        "task": TASK,
        "url": "https://acme.test/",
        "secret": "whsec_example",
        "signature": "0" * 64,
        "date": date,
        "httpx": httpx,
        "pickle": pickle,
        "sys": sys,
    }


def run(mistake: Mistake, namespace: dict[str, Any]) -> None:
    exec(mistake.setup, namespace)
    code = compile(mistake.code, "program", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if mistake.subject == ASYNC:

        async def main() -> None:
            result = eval(code, namespace)
            if inspect.isawaitable(result):
                await result

        asyncio.run(main())
    else:
        exec(code, namespace)


def said(mistake: Mistake, sandbox: Sandbox, key: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is said to a mistake: the exception, the warnings, the log."""
    namespace = names(sandbox, key)
    client, call_id = namespace["client"], namespace["call"]["id"]
    heard = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            run(mistake, namespace)
        except Exception as error:
            heard.append(f"{type(error).__name__}: {error}")
        namespace.clear()  # a coroutine that was not awaited says so when it goes
        gc.collect()
    heard += [f"{each.category.__name__}: {each.message}" for each in caught if each.category is not ResourceWarning]
    heard += [f"log: {each.getMessage()}" for each in caplog.records if each.name.startswith("pamela.webhooks")]
    client.close()
    return [clean(each, sandbox, call_id) for each in heard]


def clean(text: str, sandbox: Sandbox, call_id: str) -> str:
    text = text.replace(sandbox.base_url, "http://127.0.0.1:8400")
    text = re.sub(r"call_[0-9a-f]{8,}", "call_8Zk2vQ", text.replace(call_id, "call_8Zk2vQ"))
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return " ".join(text.split())


def cell(text: str) -> str:
    return text.replace("|", "\\|")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_page(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    tables = []
    for subject, mistakes in groupby(MISTAKES, key=lambda mistake: mistake.subject):
        tables += [f"\n### {subject}\n", "| you write | you are told |", "|---|---|"]
        for number, mistake in enumerate(mistakes):
            caplog.clear()
            with monkeypatch.context() as patch:
                for name, value in mistake.environment:
                    patch.setenv(name, value.format(base_url=still_sandbox.base_url))
                if mistake.code.endswith("# without Flask"):
                    patch.setitem(sys.modules, "flask", None)
                    for name in ("pamela.integrations.flask", "pamela._webhooks.adapters.flask"):
                        patch.delitem(sys.modules, name, raising=False)
                heard = said(mistake, still_sandbox, f"pk_live_{subject.split()[0].lower()}{number}", caplog)
            assert heard, f"Nothing is said to {mistake.code}"
            code = "<br>".join(f"`{line}`" for line in mistake.code.splitlines())
            tables.append(f"| {cell(code)} | {cell('<br>'.join(heard))} |")
    text = "\n".join(tables).lstrip("\n") + "\n"
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    present, _, tail = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(f"{head}{BEGIN}{text}{END}{tail}")
        return
    assert present == text


def test_there_are_forty() -> None:
    assert len(MISTAKES) >= 40
    assert len({mistake.code for mistake in MISTAKES}) == len(MISTAKES)
