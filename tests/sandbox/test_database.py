"""Databases that are damaged, full or read-only: what is said, and that all goes on when it can."""

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pamela.sandbox
from pamela.sandbox import DatabaseError, Sandbox
from pamela.sandbox.calls import Calls
from pamela.sandbox.store import Store

from .api import PREFIX, Api
from .waiting import until

CALL = {"to": "+1234567890", "task": "Test call"}


def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    database = tmp_path / "pamela.db"
    with pamela.sandbox.run(database=database) as sandbox, Api(sandbox, sandbox.api_key) as api:
        api.create()
    data = bytearray(database.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    database.write_bytes(data)

    with (
        pytest.raises(DatabaseError, match="damaged; move it away or delete it to begin anew"),
        pamela.sandbox.run(database=database),
    ):
        pytest.fail("it runs")


@pytest.fixture
def read_only_database() -> Iterator[Path]:
    """A database that this user may read and not write; root, who may write everything, is somebody else meanwhile."""
    directory = Path(tempfile.mkdtemp())
    database = directory / "pamela.db"
    with pamela.sandbox.run(database=database):
        pass
    database.chmod(0o444)
    directory.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield database
    finally:
        if is_root:
            os.seteuid(0)
        directory.chmod(0o755)
        shutil.rmtree(directory)


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_read_only_file_is_said_to_be(read_only_database: Path) -> None:
    with pytest.raises(DatabaseError, match="read-only; make both writable"):
        Store(read_only_database)


def in_the_database(sandbox: Sandbox, statement: str) -> int:
    """Run a statement in a sandbox's thread and return its value."""

    async def run() -> int:
        value: int = sandbox._server.service.store.value(statement)
        return value

    return asyncio.run_coroutine_threadsafe(run(), sandbox._loop).result()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("pamela.db", "The disk is full; free some space and try again"), (None, "keep fewer calls (--keep-calls)")],
)
def test_a_full_database_is_said_to_be_and_all_goes_on_when_it_is_not(
    name: str | None, remedy: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / name if name is not None else None
    caplog.set_level(logging.ERROR, "pamela.sandbox")
    with pamela.sandbox.run(database=database, speed=20) as sandbox, Api(sandbox, sandbox.api_key, judged=False) as api:
        going_on = api.create()
        # As if there were room for no more pages than there are now.
        pages = in_the_database(sandbox, "PRAGMA page_count")
        in_the_database(sandbox, f"PRAGMA max_page_count = {pages}")
        until(lambda: api.post(f"{PREFIX}/calls", json={**CALL, "instructions": "x" * 10_000}).status_code == 503)
        refused = api.post(f"{PREFIX}/calls", json={**CALL, "instructions": "x" * 10_000})
        assert refused.status_code == 503
        assert remedy in refused.text

        in_the_database(sandbox, "PRAGMA max_page_count = 1000000")
        assert api.wait_for_status(going_on["id"], "completed")["summary"]
        assert api.finish()["status"] == "completed"


def test_a_failure_to_write_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = True
    real_save = Calls.save

    def fail(calls: Calls, call: object) -> None:
        if failing:
            raise DatabaseError("The disk is full.")
        real_save(calls, call)  # type: ignore[arg-type]

    monkeypatch.setattr(Calls, "save", fail)
    with pamela.sandbox.run(speed=1000) as sandbox, Api(sandbox, sandbox.api_key) as api:
        call_id = api.create()["id"]
        assert api.call(call_id)["status"] == "queued"
        failing = False
        api.wait_for_status(call_id, "completed")
