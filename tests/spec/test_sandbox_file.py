"""The sandbox in one file runs on every Python that is there, with nothing installed; `make sandbox-file` makes it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rpds
from hypothesis import given
from hypothesis import strategies as st

from pamela import PamelaClient, ValidationError
from scripts.sandbox_file import rpds as pure

from .conftest import ROOT

FILE = ROOT / "build" / "pamela-sandbox.pyz"
VERSIONS = ("3.11", "3.12", "3.13")
KEYS = st.sampled_from("abc")
CHANGES = st.lists(st.tuples(st.sampled_from(["insert", "update", "remove", "discard"]), KEYS, st.integers()))


def interpreter(version: str) -> str | None:
    """Return a Python of a version, None if there is none on this machine, or only a name that leads nowhere."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = str(installed[-1]) if installed else shutil.which(f"python{version}")
    starts = found is not None and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    return found if starts else None


@pytest.fixture(params=VERSIONS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the file serves, run by a Python that finds no package, in an environment without a variable."""
    python = interpreter(request.param)
    if not FILE.exists():
        pytest.skip("the file is not there; run `make sandbox-file`")
    if python is None:
        pytest.skip(f"there is no Python {request.param}")
    command = [python, "-I", "-S", str(FILE), "--port=0", "--speed=100"]
    environment = {"HOME": str(tmp_path), "SHIV_ROOT": str(tmp_path / "shiv")}
    with subprocess.Popen(command, env=environment, cwd=tmp_path, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert ready is not None
            yield ready[0]
        finally:
            process.terminate()


@pytest.mark.slow
def test_serves_the_api(address: str) -> None:
    with PamelaClient("pk_live_sandbox", address) as client:
        call = client.create_call("+1234567890", "Test call")
        ended = client.wait_for_call(call.id, poll_interval=0.05, timeout=30)
        with pytest.raises(ValidationError, match="not a valid phone number"):
            client.create_call("+15005550011", "Test call")

        assert ended.status == "completed"
        assert ended.lines
        assert client.usage.get().call_count == 1


def test_versions_are_those_of_the_package() -> None:
    supported = (ROOT / "pyproject.toml").read_text()
    assert tuple(re.findall(r'"Programming Language :: Python :: (3\.\d+)"', supported)) == VERSIONS
    assert sys.version_info >= (3, 11)


@given(CHANGES)
def test_maps_are_as_those_of_the_native_module(changes: list[tuple[str, str, int]]) -> None:
    native: Any = rpds.HashTrieMap()
    ours: Any = pure.HashTrieMap()
    for change, key, value in changes:
        results = []
        for found in (native, ours):
            arguments = {"insert": (key, value), "update": ({key: value},)}.get(change, (key,))
            try:
                results.append(getattr(found, change)(*arguments))
            except KeyError:
                results.append(found)
        before = dict(native.items())
        assert dict(ours) == before
        native, ours = results
        assert dict(ours) == dict(native.items())
        assert hash(ours) == hash(pure.HashTrieMap.convert(dict(native.items())))


@given(CHANGES)
def test_sets_and_lists_are_as_those_of_the_native_module(changes: list[tuple[str, str, int]]) -> None:
    native: Any = rpds.HashTrieSet()
    ours: Any = pure.HashTrieSet()
    native_list: Any = rpds.List()
    our_list: Any = pure.List()
    for change, key, _ in changes:
        arguments = ([key],) if change == "update" else (key,)
        results = []
        for found in (native, ours):
            try:
                results.append(getattr(found, change)(*arguments))
            except KeyError:
                results.append(found)
        native, ours = results
        assert {*ours} == {*native}
        native_list, our_list = native_list.push_front(key), our_list.push_front(key)
        assert [*our_list] == [*native_list]
