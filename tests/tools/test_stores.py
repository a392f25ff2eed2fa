"""The invocation stores: each does the same, once for everybody, and keeps within its limits."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, create_engine, text

from pamela import tool_memory
from pamela.tools import (
    InvocationRecord,
    InvocationState,
    MemoryInvocationStore,
    RedisInvocationStore,
    SQLInvocationStore,
    SQLiteInvocationStore,
    ToolRegistry,
)
from tests import servers

from .stores import KINDS, close, open_store, store_options
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.servers import Server

LASTING = [kind for kind in KINDS if kind != "memory"]
LEASE = 30.0


@pytest.fixture(params=KINDS)
def options(request: pytest.FixtureRequest, server_for: Callable[[str], Server], tmp_path: Path) -> dict[str, str]:
    return store_options(request.param, server_for, tmp_path)


@pytest.fixture
def make_store() -> Iterator[Callable[..., Any]]:
    """Open stores that are closed after the test."""
    opened: list[Any] = []

    def make(options: dict[str, str], **more: Any) -> Any:
        opened.append(open_store(options, **more))
        return opened[-1]

    yield make
    for each in opened:
        close(each)


@pytest.fixture
def store(options: dict[str, str], make_store: Callable[..., Any]) -> Any:
    return make_store(options)


def running(owner: str) -> InvocationRecord:
    return InvocationRecord(InvocationState.RUNNING, owner)


def test_an_invocation_belongs_to_the_first_that_claims_it(store: Any) -> None:
    assert store.get("corr_1") is None
    assert store.claim("corr_1", owner="a", lease_seconds=LEASE) == running("a")
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE) == running("a")
    assert store.get("corr_1") == running("a")
    assert store.claim("corr_2", owner="b", lease_seconds=LEASE).belongs_to("b")
    assert store.claim("CORR_1", owner="c", lease_seconds=LEASE).belongs_to("c")


def test_a_claim_that_is_repeated_with_the_same_token_is_the_same_claim(store: Any) -> None:
    for _ in range(3):
        assert store.claim("corr_1", owner="a", lease_seconds=LEASE).belongs_to("a")


@pytest.mark.parametrize("state", [InvocationState.DONE, InvocationState.FAILED])
def test_the_response_of_the_owner_is_kept(store: Any, state: InvocationState) -> None:
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    assert store.complete("corr_1", "not theirs", owner="b") is False
    assert store.complete("corr_1", '"response"', owner="a", state=state) is True
    kept = InvocationRecord(state, "a", '"response"')
    assert store.get("corr_1") == kept
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE) == kept
    assert store.claim("corr_1", owner="a", lease_seconds=LEASE) == kept
    assert store.complete("corr_1", '"response"', owner="a", state=state) is True
    assert store.complete("corr_1", "another", owner="a") is False
    assert store.complete("corr_1", "another", owner="b") is False
    assert store.extend("corr_1", owner="a", lease_seconds=LEASE) is False
    assert store.get("corr_1") == kept


def test_a_large_response_is_kept_whole(store: Any) -> None:
    response = '"' + "x" * 1_000_000 + '"'
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    assert store.complete("corr_1", response, owner="a")
    assert store.get("corr_1").response == response


def test_a_response_of_what_was_forgotten_is_kept(store: Any) -> None:
    assert store.complete("corr_1", "response", owner="a") is True
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE).response == "response"


@pytest.mark.parametrize("options", LASTING, indirect=True)
def test_what_a_dead_process_left_is_refused_or_runs_again(store: Any) -> None:
    for name in ("refused", "again", "alive"):
        store.claim(name, owner="a", lease_seconds=0.05 if name != "alive" else LEASE)
    until(lambda: store.get("refused").is_abandoned and store.get("again").is_abandoned)
    assert store.claim("refused", owner="b", lease_seconds=LEASE) == InvocationRecord(InvocationState.FAILED, "a")
    assert store.claim("refused", owner="c", lease_seconds=LEASE, after_crash="run").state == InvocationState.FAILED
    assert store.claim("again", owner="b", lease_seconds=LEASE, after_crash="run") == running("b")
    assert store.complete("again", "late", owner="a") is False
    assert store.extend("again", owner="a", lease_seconds=LEASE) is False
    assert store.claim("alive", owner="b", lease_seconds=LEASE, after_crash="run") == running("a")


@pytest.mark.parametrize("options", LASTING, indirect=True)
def test_a_run_that_was_only_slow_is_believed(store: Any) -> None:
    store.claim("corr_1", owner="a", lease_seconds=0.05)
    until(lambda: store.get("corr_1").is_abandoned)
    assert store.claim("corr_1", owner="a", lease_seconds=0.05).belongs_to("a")
    until(lambda: store.get("corr_1").is_abandoned)
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE).state == InvocationState.FAILED
    assert store.complete("corr_1", "at last", owner="a") is True
    assert store.claim("corr_1", owner="c", lease_seconds=LEASE).response == "at last"


@pytest.mark.parametrize("options", LASTING, indirect=True)
def test_a_lease_can_be_extended(store: Any) -> None:
    store.claim("corr_1", owner="a", lease_seconds=0.05)
    until(lambda: store.get("corr_1").is_abandoned)
    assert store.extend("corr_1", owner="b", lease_seconds=LEASE) is False
    assert store.extend("corr_1", owner="a", lease_seconds=LEASE) is True
    assert store.get("corr_1") == running("a")
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE, after_crash="run") == running("a")


def test_an_invocation_is_remembered_for_as_long_as_the_store_says(
    options: dict[str, str], make_store: Callable[..., Any]
) -> None:
    store = make_store(options, keep_seconds=0.05)
    for name, keep in (("short", None), ("long", 100)):
        store.claim(name, owner="a", lease_seconds=LEASE, keep_seconds=keep)
        store.complete(name, "response", owner="a", keep_seconds=keep)
    until(lambda: store.get("short") is None)
    assert store.get("long").response == "response"
    assert store.claim("short", owner="b", lease_seconds=LEASE).belongs_to("b")


def test_what_runs_is_remembered_however_short_others_are_kept(
    options: dict[str, str], make_store: Callable[..., Any]
) -> None:
    store = make_store(options, keep_seconds=0.001)
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    time.sleep(0.01)
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE) == running("a")


@pytest.mark.parametrize("options", ["sqlite", "sql-sqlite", "sql-postgresql", "sql-mariadb"], indirect=True)
def test_what_is_forgotten_is_deleted(options: dict[str, str], make_store: Callable[..., Any]) -> None:
    store = make_store(options, keep_seconds=0.01)
    for number in range(30):
        store.claim(f"corr_{number}", owner="a", lease_seconds=0.01 if number < 15 else LEASE)
    until(lambda: store.get("corr_14") is None)
    if isinstance(store, SQLInvocationStore):
        assert store.forget_expired() == 15
        assert store.forget_expired() == 0
    for number in range(100, 103):
        store.claim(f"corr_{number}", owner="a", lease_seconds=LEASE)
    assert store.get("corr_29") == running("a")
    if isinstance(store, SQLiteInvocationStore):
        with sqlite3.connect(options["path"]) as connection:
            assert connection.execute("SELECT count(*) FROM pamela_invocations").fetchone() == (18,)
        connection.close()


@pytest.mark.parametrize("options", ["memory", "sqlite"], indirect=True)
def test_the_oldest_responses_are_forgotten_but_nothing_that_runs(
    options: dict[str, str], make_store: Callable[..., Any]
) -> None:
    store = make_store(options, max_entries=3)
    store.claim("running", owner="a", lease_seconds=LEASE)
    for number in range(5):
        store.claim(f"corr_{number}", owner="a", lease_seconds=LEASE)
        store.complete(f"corr_{number}", "response", owner="a")
    assert [number for number in range(5) if store.get(f"corr_{number}")] == [2, 3, 4]
    assert store.claim("running", owner="b", lease_seconds=LEASE) == running("a")
    store.complete("running", "response", owner="a")
    assert store.get("running").response == "response"
    assert [number for number in range(5) if store.get(f"corr_{number}")] == [3, 4]


def test_the_store_in_memory_keeps_within_its_bytes() -> None:
    store = MemoryInvocationStore(max_bytes=10_000)
    for number in range(10):
        store.claim(f"corr_{number}", owner="a", lease_seconds=LEASE)
        store.complete(f"corr_{number}", "x" * 2_000, owner="a")
    kept: list[Any] = [store.get(f"corr_{number}") for number in range(10)]
    assert [each.response is not None for each in kept] == [False] * 8 + [True] * 2
    assert not store.claim("corr_0", owner="b", lease_seconds=LEASE).belongs_to("b")
    for number in range(100):
        store.complete(f"more_{number}", "x" * 2_000, owner="a")
    assert sum(store.get(f"more_{number}") is not None for number in range(100)) == 19
    store.complete("huge", "x" * 20_000, owner="a")
    assert store.get("huge") == InvocationRecord(InvocationState.DONE, "a")


def test_one_of_many_threads_wins(store: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            records = pool.map(
                lambda owner, name=f"corr_{number}": store.claim(name, owner=owner, lease_seconds=LEASE), "abcdefgh"
            )
            assert sum(record.belongs_to(owner) for record, owner in zip(records, "abcdefgh", strict=True)) == 1


@pytest.mark.parametrize("options", LASTING, indirect=True)
def test_one_of_many_threads_takes_over(store: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            name = f"corr_{number}"
            store.claim(name, owner="dead", lease_seconds=0.01)
            until(lambda name=name: store.get(name).is_abandoned)  # type: ignore[misc]

            def take_over(owner: str, name: str = name) -> bool:
                record = store.claim(name, owner=owner, lease_seconds=LEASE, after_crash="run")
                return bool(record.belongs_to(owner))

            assert sum(pool.map(take_over, "abcdefgh")) == 1


def _wins(options: dict[str, str], owner: str) -> int:
    store = open_store(options)
    won: int = sum(
        store.claim(f"corr_{number}", owner=owner, lease_seconds=LEASE).belongs_to(owner) for number in range(50)
    )
    close(store)
    return won


@pytest.mark.parametrize("options", LASTING, indirect=True)
def test_one_of_many_processes_wins(options: dict[str, str]) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as pool:
        assert sum(pool.map(_wins, [options] * 4, "abcd")) == 50


class StoreModel(RuleBasedStateMachine):
    """Random steps on a store, held against a dict that does what the protocol says."""

    make: Callable[[], Any]

    @initialize()
    def start(self) -> None:
        self.store = type(self).make()
        self.model: dict[str, InvocationRecord] = {}

    @rule(name=st.sampled_from("xy"), owner=st.sampled_from("abc"), after_crash=st.sampled_from(["refuse", "run"]))
    def claim(self, name: str, owner: str, after_crash: Any) -> None:
        expected = self.model.setdefault(name, running(owner))
        assert self.store.claim(name, owner=owner, lease_seconds=LEASE, after_crash=after_crash) == expected

    @rule(name=st.sampled_from("xy"), owner=st.sampled_from("abc"), response=st.sampled_from(["1", "2"]))
    def complete(self, name: str, owner: str, response: str) -> None:
        known = self.model.get(name)
        if known is None or (known.owner == owner and known.response is None):
            self.model[name] = InvocationRecord(InvocationState.DONE, owner, response)
        kept = self.model[name][1:3] == (owner, response)
        assert self.store.complete(name, response, owner=owner) is kept

    @rule(name=st.sampled_from("xy"), owner=st.sampled_from("abc"))
    def extend(self, name: str, owner: str) -> None:
        known = self.model.get(name)
        assert self.store.extend(name, owner=owner, lease_seconds=LEASE) is (known == running(owner))

    def teardown(self) -> None:
        close(self.store)

    @invariant()
    def knows_the_same(self) -> None:
        for name in "xy":
            assert self.store.get(name) == self.model.get(name)


def test_any_order_of_steps_does_what_the_protocol_says(options: dict[str, str]) -> None:
    names = count()

    def make() -> Any:
        of_their_own = {
            name: f"{value}_{next(names)}" if name in ("path", "prefix", "table") else value
            for name, value in options.items()
        }
        if options["kind"] == "sql-sqlite":
            of_their_own["engine"] += f"_{next(names)}"
        return open_store(of_their_own)

    model = type("Model", (StoreModel,), {"make": staticmethod(make)})
    model.TestCase.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)  # type: ignore[attr-defined]
    model.TestCase("runTest").runTest()  # type: ignore[attr-defined]


# SQLite


def test_a_file_that_is_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "invocations.db"
    store, other = SQLiteInvocationStore(path), SQLiteInvocationStore(path)
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    path.unlink()
    assert store.get("corr_1") is None
    assert other.claim("corr_2", owner="b", lease_seconds=LEASE).belongs_to("b")
    assert store.claim("corr_2", owner="a", lease_seconds=LEASE) == running("b")
    assert store.complete("corr_1", "response", owner="a") is True
    path.unlink()
    assert store.extend("corr_2", owner="b", lease_seconds=LEASE) is False


def test_a_claim_takes_no_more_steps_where_more_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: Counter[str] = Counter()
    step = "filling"
    connect = sqlite3.connect

    def counting(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_progress_handler(lambda: steps.update([step]), 1)
        return connection

    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    for ids in (100, 5_000):
        with closing(connect(tmp_path / "invocations.db")) as connection:
            rows = ((f"old_{ids}_{n}", "done", "a", 0, 0, time.time() + 99, "1", n + 1) for n in range(ids))
            connection.executemany("INSERT INTO pamela_invocations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.commit()
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", counting)
            for step in (f"claim beside {ids}", f"complete beside {ids}"):
                if step.startswith("claim"):
                    store.claim(f"new_{ids}", owner="a", lease_seconds=LEASE)
                else:
                    store.complete(f"new_{ids}", "1", owner="a")
    assert steps["claim beside 5000"] < 1.5 * steps["claim beside 100"]
    assert steps["complete beside 5000"] < 1.5 * steps["complete beside 100"]


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, and long enough to show it" * 50)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        SQLiteInvocationStore(tmp_path / "notes.txt")


def test_a_claim_waits_for_a_locked_file_no_longer_than_its_tool_may_take(tmp_path: Path) -> None:
    path = tmp_path / "invocations.db"
    store = SQLiteInvocationStore(path, busy_timeout=1000)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.claim("corr_1", owner="a", lease_seconds=LEASE, timeout_seconds=0.05)
    other.close()
    assert store.claim("corr_1", owner="a", lease_seconds=LEASE, timeout_seconds=0.05).belongs_to("a")


def test_a_file_of_version_2_0_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "invocations.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE invocations "
            "(number INTEGER PRIMARY KEY AUTOINCREMENT, correlation_id TEXT NOT NULL UNIQUE, answer TEXT)"
        )
        answer = (
            '[200, {"Content-Type": "application/json"}, "{\\"result\\": 3, \\"correlation_id\\": \\"answered\\"}"]'
        )
        connection.executemany(
            "INSERT INTO invocations (correlation_id, answer) VALUES (?, ?)",
            [("answered", answer), ("broken off", None)],
        )
    connection.close()
    registry = ToolRegistry(store=SQLiteInvocationStore(path))

    @registry.tool
    def note() -> None:
        """Must not run."""
        pytest.fail("it ran again")

    for name, expected in (("answered", b'{"result": 3, '), ("broken off", b'{"error": "The tool was interrupted", ')):
        payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": name}
        assert registry.invoke(payload).body.startswith(expected)


@pytest.mark.parametrize("seconds", [3600, -3600, 10**7, -(10**9)])
def test_no_lease_ends_because_somebody_sets_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    now = time.time()
    monkeypatch.setattr(
        "pamela._tools.stores.sqlite.time", SimpleNamespace(time=lambda: now + seconds, monotonic=time.monotonic)
    )
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE, after_crash="run") == running("a")


def test_a_lease_from_before_the_machine_was_restarted_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    store.claim("corr_1", owner="a", lease_seconds=LEASE)
    since_start = SimpleNamespace(time=time.time, monotonic=lambda: 1.0)
    monkeypatch.setattr("pamela._tools.stores.sqlite.time", since_start)
    assert store.claim("corr_1", owner="b", lease_seconds=LEASE, after_crash="run") == running("b")


# Redis and SQL


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("redis", lambda: servers.redis_server("--appendonly", "yes", "--appendfsync", "always")),
        ("sql-postgresql", servers.postgresql_server),
    ],
    ids=["redis", "postgresql"],
)
def test_a_server_that_crashed_and_is_back_is_used_again(
    kind: str, start: Callable[[], AbstractContextManager[Server]], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(servers.or_skip(start()))
        store = open_store(store_options(kind, lambda kind: server, tmp_path))
        stack.callback(close, store)
        registry = ToolRegistry(store=store)
        runs: list[str] = []

        @registry.tool
        def note(name: str) -> int:
            """Note the run."""
            runs.append(name)
            return len(runs)

        def invoke(name: str) -> int:
            arguments = {"name": name}
            payload = {"tool_name": "note", "arguments": arguments, "call_id": "call_1", "correlation_id": name}
            return registry.invoke(payload).status

        assert invoke("before") == 200
        server.kill()
        assert invoke("meanwhile") == 400
        server.start()
        assert [invoke(name) for name in ("before", "after")] == [200, 200]
        assert runs == ["before", "after"]


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["the store's", "the user's"])
def test_a_postgresql_that_stopped_holds_no_thread(
    server_for: Callable[[str], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    monkeypatch.setattr("pamela._tools.stores.sql.TIMEOUT", 1)
    monkeypatch.setattr("pamela._tools.stores.sql.LONGEST_STEP", 1.0)
    options = store_options("sql-postgresql", server_for, tmp_path)
    engine = create_engine(options["engine"], connect_args={"connect_timeout": 2})
    own: Any = {"engine": engine} if whose == "the user's" else {}
    store = open_store(options | own)
    registry = ToolRegistry(store=store)
    server = server_for("postgresql")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS stopped"))
        connection.execute(text("CREATE TABLE stopped (name VARCHAR(50))"))

    @registry.tool(timeout_seconds=2)
    def order(name: str, connection: Connection) -> None:
        """Order something, and stop the server."""
        connection.execute(text("INSERT INTO stopped VALUES (:name)"), {"name": name})
        if name == "tea":
            server.pause()

    def invoke(name: str) -> int:
        payload = {"tool_name": "order", "arguments": {"name": name}, "call_id": "call_1", "correlation_id": name}
        return registry.invoke(payload).status

    try:
        assert invoke("tea") == 400
        assert invoke("milk") == 400
        until(lambda: not any(thread.name == "pamela-tool" for thread in threading.enumerate()))
        server.resume()
        assert invoke("coffee") == 200
        with engine.connect() as connection:
            assert connection.execute(text("SELECT name FROM stopped")).scalars().all() == ["coffee"]
    finally:
        server.resume()
        close(store)
        engine.dispose()


def test_a_redis_that_forgot_its_scripts_is_no_obstacle(server_for: Callable[[str], Server], tmp_path: Path) -> None:
    import redis

    options = store_options("redis", server_for, tmp_path)
    with redis.Redis.from_url(options["client"], socket_timeout=5, decode_responses=True) as client:
        store = RedisInvocationStore(client, prefix=options["prefix"])
        store.claim("corr_1", owner="a", lease_seconds=LEASE)
        client.script_flush()
        assert store.claim("corr_1", owner="b", lease_seconds=LEASE) == running("a")
        store.complete("corr_1", "response é", owner="a")
        assert store.get("corr_1").response == "response é"  # type: ignore[union-attr]
        assert 259_000 < client.ttl(f"{options['prefix']}corr_1") <= 259_200


def test_a_redis_client_that_waits_for_ever_or_is_async_is_refused() -> None:
    import redis
    import redis.asyncio

    with pytest.raises(ValueError, match=r"no socket_timeout.*redis\.Redis\(\.\.\., socket_timeout=2\)"):
        RedisInvocationStore(redis.Redis(socket_timeout=None))
    asynchronous: Any = redis.asyncio.Redis()
    with pytest.raises(TypeError, match=r"Redis of redis.asyncio is async"):
        RedisInvocationStore(asynchronous)


@pytest.mark.parametrize(
    ("make", "error", "remedy"),
    [
        (lambda: SQLiteInvocationStore(":memory:"), ValueError, "use MemoryInvocationStore"),
        (lambda: SQLiteInvocationStore(""), ValueError, "use MemoryInvocationStore"),
        (lambda: SQLiteInvocationStore("file::memory:"), ValueError, "use MemoryInvocationStore"),
        (lambda: SQLiteInvocationStore("sqlite:///a.db"), ValueError, "the address to SQLInvocationStore"),
        (lambda: SQLiteInvocationStore(None), TypeError, "path=None must be the path"),  # type: ignore[arg-type]
        (lambda: SQLiteInvocationStore("no/such/folder.db"), sqlite3.OperationalError, "'no/such/folder.db' cannot"),
        (lambda: SQLiteInvocationStore("a.db", busy_timeout=-1), ValueError, "busy_timeout=-1 must be"),
        (lambda: SQLiteInvocationStore("a.db", busy_timeout="3"), ValueError, "busy_timeout='3'"),  # type: ignore[arg-type]
        (lambda: SQLInvocationStore("sqlite://"), ValueError, "is in memory.* Use a file"),
        (lambda: SQLInvocationStore(create_engine("sqlite://")), ValueError, "is in memory.* Use a file"),
        (lambda: SQLInvocationStore("postgres://u:hush@h/n"), ValueError, r"Write postgresql\+psycopg://"),
        (lambda: SQLInvocationStore("hush"), ValueError, "The address of a database must look like"),
        (lambda: SQLInvocationStore("postgresql+no://u:hush@h/n"), ValueError, "a driver that SQLAlchemy knows"),
        (lambda: SQLInvocationStore("oracle://u:hush@h/n"), ValueError, "no invocation store for oracle"),
        (lambda: SQLInvocationStore("postgresql+asyncpg://u:hush@h/n"), TypeError, "asyncpg is async"),
        (lambda: SQLInvocationStore("mysql+mysqldb://u:hush@h/n"), ModuleNotFoundError, "pip install MySQLdb"),
        (lambda: SQLInvocationStore("sqlite:///a.db", table=""), ValueError, "table='' must be the name"),
        (lambda: RedisInvocationStore(None), TypeError, "client=None must be a redis.Redis"),  # type: ignore[arg-type]
        (lambda: RedisInvocationStore("hush@localhost"), ValueError, "must look like redis://localhost:6379/0"),
        (lambda: RedisInvocationStore("redis://localhost", prefix=5), TypeError, "prefix=5"),  # type: ignore[arg-type]
    ],
)
def test_where_nothing_could_be_remembered_no_store_is_made(
    make: Callable[[], Any], error: type[Exception], remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=remedy) as caught:
        make()
    assert "hush" not in str(caught.value)


def test_a_program_that_keeps_a_file_in_wal_mode_keeps_nobody_out(tmp_path: Path) -> None:
    store = SQLiteInvocationStore(tmp_path / "store.db", busy_timeout=5)
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("SELECT count(*) FROM pamela_invocations").fetchall()
        assert store.claim("a", owner="one", lease_seconds=LEASE).belongs_to("one")
        assert store.complete("a", "response", owner="one")
        again = SQLiteInvocationStore(tmp_path / "store.db").claim("a", owner="two", lease_seconds=LEASE)
        assert again.response == "response"
    assert not store.claim("a", owner="two", lease_seconds=LEASE).belongs_to("two")


def test_a_database_that_has_not_been_tried_is_refused() -> None:
    from sqlalchemy import create_mock_engine

    with pytest.raises(TypeError, match=r"must be a sync SQLAlchemy Engine"):
        SQLInvocationStore(create_mock_engine("postgresql://", lambda *_: None))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [0, -1, float("nan"), "3", True])
@pytest.mark.parametrize("make", [MemoryInvocationStore, lambda **given: SQLiteInvocationStore(":memory:", **given)])
def test_limits_that_cannot_be_are_errors(make: Any, number: Any) -> None:
    with pytest.raises(ValueError, match=r"keep_seconds=.* must be a number of seconds above 0"):
        make(keep_seconds=number)
    with pytest.raises(ValueError, match=r"max_entries=.* must be a whole number, 1 or more"):
        make(max_entries=number)


# Stores of version 2.0


class DictStore:
    """A user's own store, with the method names of version 2.0."""

    def __init__(self) -> None:
        self.answers: dict[str, str | None] = {}

    def begin(self, correlation_id: str) -> bool:
        is_new = correlation_id not in self.answers
        self.answers.setdefault(correlation_id, None)
        return is_new

    def finish(self, correlation_id: str, answer: str) -> None:
        self.answers[correlation_id] = answer

    def recall(self, correlation_id: str) -> str | None:
        return self.answers.get(correlation_id)


class CountingStore(tool_memory.InMemory):
    """A built-in store with a method overridden under its name of version 2.0."""

    claims = 0

    def begin(self, correlation_id: str) -> bool:
        self.claims += 1
        return super().begin(correlation_id)


class NewStore(MemoryInvocationStore):
    """A store that has the old names as well, for programs that still use them."""

    def claim(self, *args: Any, **kwargs: Any) -> InvocationRecord:
        return super().claim(*args, **kwargs)

    def begin(self, correlation_id: str) -> bool:
        pytest.fail("the old name was used")


class NamedStore(NewStore):
    """Overrides nothing that counts."""


@pytest.mark.parametrize("make", [NewStore, NamedStore])
def test_a_store_with_both_names_is_used_by_the_new_ones(make: Callable[[], Any]) -> None:
    runs = []
    registry = ToolRegistry(store=make())
    registry.tool(name="note", description="Note.", once=5)(lambda: runs.append(1))
    for name in ("corr_1", "corr_2"):
        payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": name}
        assert registry.invoke(payload).status == 200
    assert runs == [1]


class ForgettingStore(tool_memory.InMemory):
    """A built-in store that keeps no answers, by an override under the name of version 2.0."""

    def finish(self, correlation_id: str, answer: str) -> None:
        pass


def test_each_name_of_version_2_0_that_is_overridden_counts() -> None:
    store = ForgettingStore()
    registry = ToolRegistry(store=store)
    registry.tool(name="note", description="Note.")(lambda: 1)
    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    assert registry.invoke(payload).status == 200
    assert store.recall("corr_1") is None


@pytest.mark.parametrize("make", [DictStore, CountingStore])
def test_a_store_with_the_method_names_of_version_2_0_still_works(make: Callable[[], Any]) -> None:
    store = make()
    registry = ToolRegistry(memory=store)
    runs = []

    @registry.tool
    def note() -> int:
        """Note the run."""
        runs.append(1)
        return len(runs)

    payload = {"tool_name": "note", "arguments": {}, "call_id": "call_1", "correlation_id": "corr_1"}
    assert registry.invoke(payload) == registry.invoke(payload)
    assert runs == [1]
    assert not isinstance(store, CountingStore) or store.claims == 2
    for setting in ({"once": 5}, {"after_crash": "run"}):
        with pytest.raises(TypeError, match=r"once=\.\.\. or after_crash='run', which a store with begin, finish and"):
            registry.tool(name="another", description="Another.", **setting)(lambda: None)


def test_the_method_names_of_version_2_0_still_work(store: Any) -> None:
    assert store.recall("corr_1") is None
    assert store.begin("corr_1") is True
    assert store.begin("corr_1") is False
    assert store.recall("corr_1") is None
    store.finish("corr_1", "answer é")
    assert store.begin("corr_1") is False
    assert store.recall("corr_1") == "answer é"
    store.finish("corr_2", "answer")
    assert store.recall("corr_2") == "answer"


def test_what_is_not_a_store_is_an_error_at_once() -> None:
    not_a_store: Any = {}
    with pytest.raises(
        TypeError, match=r"store=\{\} is not an invocation store: it has no method claim. pamela.tools has"
    ):
        ToolRegistry(store=not_a_store)
    with pytest.raises(TypeError, match=r"memory=\.\.\. is the old name of store"):
        ToolRegistry(store=MemoryInvocationStore(), memory=MemoryInvocationStore())
