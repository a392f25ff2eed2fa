"""Repeats: of the agent, with another correlation id; of deliveries, after a process died; and exactly-once in SQL."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from sqlalchemy import Connection, create_engine, text

from pamela.tools import (
    FunctionTool,
    MemoryInvocationStore,
    SQLInvocationStore,
    SQLiteInvocationStore,
    ToolError,
    ToolInvocation,
    ToolRegistry,
)

from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Server


def invocation(tool_name: str, correlation_id: str, call_id: str = "call_1", **arguments: Any) -> dict[str, Any]:
    return {"tool_name": tool_name, "arguments": arguments, "call_id": call_id, "correlation_id": correlation_id}


class Till:
    """A registry with a tool that pays, whose runs can be seen and held."""

    def __init__(self, store: Any = None, **settings: Any) -> None:
        self.runs: list[str] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.registry = ToolRegistry(store=store, lease_seconds=settings.pop("lease_seconds", 30))

        @self.registry.tool(**settings)
        def pay(order: str, amount: float = 1) -> int:
            """Pay."""
            self.runs.append(order)
            self.began.set()
            assert self.go_on.wait(30)
            if order == "refused":
                raise ToolError("No.")
            return len(self.runs)

    def invoke(self, correlation_id: str, call_id: str = "call_1", **arguments: Any) -> Any:
        response = self.registry.invoke(invocation("pay", correlation_id, call_id, **arguments))
        return json.loads(response.body)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryInvocationStore() if request.param == "memory" else SQLiteInvocationStore(tmp_path / "invocations.db")


def test_a_repeat_of_the_agent_gets_the_first_ones_response(store: Any) -> None:
    till = Till(store, once=60)
    assert till.invoke("corr_1", order="1042", amount=5) == {"result": 1, "correlation_id": "corr_1"}
    assert till.invoke("corr_2", amount=5, order="1042") == {"result": 1, "correlation_id": "corr_2"}
    assert till.invoke("corr_2", amount=5, order="1042") == {"result": 1, "correlation_id": "corr_2"}
    assert till.invoke("corr_3", order="refused") == {"error": "No.", "correlation_id": "corr_3"}
    assert till.invoke("corr_4", order="refused") == {"error": "No.", "correlation_id": "corr_4"}
    assert till.runs == ["1042", "refused"]


def test_a_default_that_is_given_and_one_that_is_left_out_are_equal(store: Any) -> None:
    till = Till(store, once=60)
    assert till.invoke("corr_1", order="1042")["result"] == 1
    assert till.invoke("corr_2", order="1042", amount=1)["result"] == 1
    assert till.invoke("corr_3", order="1042", amount=1.0)["result"] == 1
    assert till.invoke("corr_4", order="1042", amount=2)["result"] == 2


@dataclass
class Address:
    city: str
    country: str = "US"


class Speed(Enum):
    SLOW = "slow"
    FAST = "fast"


def test_defaults_are_those_of_the_types_at_any_depth() -> None:
    def send(to: Address, stops: list[Address], speed: Speed = Speed.SLOW, note: str | None = None) -> None:
        """Send."""

    def essential(**arguments: Any) -> Any:
        return FunctionTool(send).essential_arguments(ToolInvocation(arguments=arguments))

    bare = essential(to={"city": "Rome"}, stops=[])
    assert essential(to={"city": "Rome", "country": "US"}, stops=[], speed="slow", note=None) == bare
    assert essential(to={"city": "Rome", "country": "IT"}, stops=[]) != bare
    assert essential(to={"city": "Rome"}, stops=[], speed="fast") != bare
    assert essential(to={"city": "Rome"}, stops=[], note="") != bare
    assert essential(to={"city": "Rome"}, stops=[{"city": "Nice"}]) != bare


def test_other_arguments_another_call_and_another_tool_are_no_repeats(store: Any) -> None:
    till = Till(store, once=60)
    till.registry.tool(name="tip", description="Tip.", once=60)(lambda order: till.runs.append(order))
    till.invoke("corr_1", order="1042")
    till.invoke("corr_2", order="1043")
    till.invoke("corr_3", "call_2", order="1042")
    till.registry.invoke(invocation("tip", "corr_4", order="1042"))
    assert till.runs == ["1042", "1043", "1042", "1042"]


def test_after_its_time_a_repeat_runs(store: Any) -> None:
    till = Till(store, once=0.05)
    assert till.invoke("corr_1", order="1042")["result"] == 1
    names = (f"corr_{number}" for number in range(2, 10_000))
    until(lambda: till.invoke(next(names), order="1042")["result"] == 2)
    assert till.invoke("corr_1", order="1042")["result"] == 1


def test_a_repeat_while_the_first_runs_waits_for_it(store: Any) -> None:
    till = Till(store, once=60)
    till.go_on.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(till.invoke, "corr_1", order="1042")
        assert till.began.wait(30)
        others = [pool.submit(till.invoke, f"corr_{number}", order="1042") for number in (2, 3)]
        till.go_on.set()
        assert [each.result()["result"] for each in (first, *others)] == [1, 1, 1]
    assert till.runs == ["1042"]


def test_a_late_result_is_what_the_agents_repeat_gets(store: Any) -> None:
    till = Till(store, once=60, timeout_seconds=0.2)
    till.go_on.clear()
    assert till.invoke("corr_1", order="1042")["error"] == "The tool did not answer in time"
    till.go_on.set()
    until(lambda: store.recall("corr_1") is not None)
    until(lambda: till.invoke("corr_2", order="1042") == {"result": 1, "correlation_id": "corr_2"})
    assert till.runs == ["1042"]


@pytest.mark.parametrize(
    ("setting", "error", "problem"),
    [
        ({"once": 0}, ValueError, "once=0 must be above 0"),
        ({"once": 100_000}, ValueError, "at most 86400, a day"),
        ({"once": True}, TypeError, "once=True must be a number of seconds"),
        ({"after_crash": "again"}, ValueError, "after_crash='again' must be 'refuse' or 'run'"),
    ],
)
def test_settings_that_cannot_be_are_errors(setting: Any, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        Till(**setting)
    with pytest.raises(ValueError, match="lease_seconds=0 must be a number of seconds above 0"):
        ToolRegistry(lease_seconds=0)


def test_after_a_crash_a_repeat_is_refused_or_runs_as_the_tool_says(tmp_path: Path) -> None:
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    for name in ("corr_1", "corr_2"):
        store.claim(name, owner="dead", lease_seconds=0.01)
    refusing, repeating = Till(store), Till(store, after_crash="run")
    assert refusing.invoke("corr_1", order="1042") == {"error": "The tool was interrupted", "correlation_id": "corr_1"}
    assert repeating.invoke("corr_2", order="1042") == {"result": 1, "correlation_id": "corr_2"}
    assert repeating.invoke("corr_1", order="1042")["error"] == "The tool was interrupted"
    assert (refusing.runs, repeating.runs) == ([], ["1042"])


def test_a_repeat_during_the_lease_waits_and_then_takes_over(tmp_path: Path) -> None:
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    store.claim("corr_1", owner="dead", lease_seconds=0.5)
    till = Till(store, after_crash="run")
    assert till.invoke("corr_1", order="1042")["result"] == 1


def test_a_lease_is_extended_for_as_long_as_the_tool_runs(tmp_path: Path) -> None:
    store = SQLiteInvocationStore(tmp_path / "invocations.db")
    till = Till(store, after_crash="run", lease_seconds=0.6)
    till.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(till.invoke, "corr_1", order="1042")
        assert till.began.wait(30)
        ends = leases(store)
        until(lambda: leases(store) > ends)
        ends = leases(store)
        until(lambda: leases(store) > ends)
        till.go_on.set()
        assert first.result()["result"] == 1
    until(lambda: till.registry._leases._pid is None)
    assert till.runs == ["1042"]


def leases(store: SQLiteInvocationStore) -> float:
    """When the only lease ends."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(store._path)) as connection:
        (ends,) = connection.execute("SELECT lease_until FROM pamela_invocations").fetchone()
    return float(ends)


# Exactly once


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def engine(
    request: pytest.FixtureRequest, server_for: Callable[[str], Server], tmp_path: Path
) -> Iterator[sqlalchemy.Engine]:
    match request.param:
        case "sqlite":
            address = f"sqlite:///{tmp_path / 'shop.db'}"
        case "postgresql":
            address = f"postgresql+psycopg://pamela@127.0.0.1:{server_for('postgresql').port}/postgres"
        case _:
            address = f"mysql+pymysql://root@127.0.0.1:{server_for('mariadb').port}/test"
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS orders"))
        connection.execute(text("DROP TABLE IF EXISTS shop_invocations"))
        connection.execute(text("CREATE TABLE orders (name VARCHAR(50))"))
    yield engine
    engine.dispose()


def orders(engine: sqlalchemy.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT name FROM orders")).scalars())


class Shop:
    """A tool that writes in the transaction in which its response is kept."""

    def __init__(self, engine: sqlalchemy.Engine, **settings: Any) -> None:
        self.engine = engine
        self.store = SQLInvocationStore(engine, table="shop_invocations")
        self.registry = ToolRegistry(store=self.store)
        self.before_the_end: Callable[[], object] = lambda: None

        @self.registry.tool(after_crash="run", **settings)
        def order(name: str, connection: Connection) -> str:
            """Order."""
            connection.execute(text("INSERT INTO orders VALUES (:name)"), {"name": name})
            self.before_the_end()
            return f"ordered {name}"

    def invoke(self, correlation_id: str, name: str) -> Any:
        return json.loads(self.registry.invoke(invocation("order", correlation_id, name=name)).body)


def test_what_a_tool_writes_is_committed_with_its_response(engine: sqlalchemy.Engine) -> None:
    shop = Shop(engine)
    (definition,) = shop.registry.definitions()
    assert list(definition["input_schema"]["properties"]) == ["name"]
    for _ in range(2):
        assert shop.invoke("corr_1", "tea") == {"result": "ordered tea", "correlation_id": "corr_1"}
    assert orders(engine) == ["tea"]


def test_what_a_tool_writes_is_rolled_back_when_it_raises(engine: sqlalchemy.Engine) -> None:
    shop = Shop(engine)

    def refuse() -> None:
        raise ToolError("There is no tea.")

    shop.before_the_end = refuse
    for _ in range(2):
        assert shop.invoke("corr_1", "tea")["error"] == "There is no tea."
    assert orders(engine) == []


def test_what_a_tool_writes_is_rolled_back_when_another_run_took_over(tmp_path: Path) -> None:
    # In two databases, as SQLite lets nobody write beside the tool's own transaction.
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (name VARCHAR(50))"))
    shop = Shop(engine)
    original = shop.store.complete

    def lose_the_claim_first(*args: Any, connection: Connection | None = None, **kwargs: Any) -> bool:
        if connection is not None:
            connection.execute(text("UPDATE shop_invocations SET owner = 'another'"))
        return original(*args, connection=connection, **kwargs)

    shop.store.complete = lose_the_claim_first  # type: ignore[method-assign]
    assert shop.invoke("corr_1", "tea")["error"] == "The tool failed"
    assert orders(engine) == []
    engine.dispose()


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], indirect=True)
def test_of_two_runs_one_commits(engine: sqlalchemy.Engine) -> None:
    shop = Shop(engine)

    def let_another_take_over() -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE shop_invocations SET lease_until = 0"))
        shop.before_the_end = lambda: None
        assert shop.invoke("corr_1", "tea") == {"result": "ordered tea", "correlation_id": "corr_1"}

    shop.before_the_end = let_another_take_over
    assert shop.invoke("corr_1", "tea") == {"result": "ordered tea", "correlation_id": "corr_1"}
    assert orders(engine) == ["tea"]


def test_after_a_crash_between_the_commit_and_all_that_follows_no_repeat_runs(engine: sqlalchemy.Engine) -> None:
    shop = Shop(engine, once=60)
    original = shop.store.complete

    def only_in_the_transaction(*args: Any, connection: Connection | None = None, **kwargs: Any) -> bool:
        return connection is None or original(*args, connection=connection, **kwargs)

    shop.store.complete = only_in_the_transaction  # type: ignore[method-assign]
    assert shop.invoke("corr_1", "tea")["result"] == "ordered tea"
    with engine.begin() as connection:
        connection.execute(text("UPDATE shop_invocations SET lease_until = 0"))
    for name in ("corr_2", "corr_1"):
        assert shop.invoke(name, "tea") == {"result": "ordered tea", "correlation_id": name}
    assert orders(engine) == ["tea"]


def test_a_commit_that_seemed_to_fail_is_looked_up(engine: sqlalchemy.Engine) -> None:
    from contextlib import contextmanager

    shop = Shop(engine)
    original = shop.store.transaction

    @contextmanager
    def lose_the_answer() -> Iterator[Connection]:
        with original() as connection:
            yield connection
        raise ConnectionError("the answer to COMMIT was lost")

    shop.store.transaction = lose_the_answer  # type: ignore[method-assign]
    for _ in range(2):
        assert shop.invoke("corr_1", "tea") == {"result": "ordered tea", "correlation_id": "corr_1"}
    assert orders(engine) == ["tea"]


def test_a_tool_that_asks_for_a_connection_needs_a_store_that_has_one() -> None:
    with pytest.raises(TypeError, match=r"asks for a sqlalchemy.Connection, which MemoryInvocationStore does not have"):

        @ToolRegistry().tool
        def order(connection: Connection) -> None:
            """Order."""


def test_an_async_tool_cannot_ask_for_a_connection() -> None:
    with pytest.raises(
        TypeError, match=r"async and asks for a sqlalchemy.Connection, which would block the event loop"
    ):

        @ToolRegistry().tool
        async def order(connection: Connection) -> None:
            """Order."""


def test_an_engine_that_commits_by_itself_has_no_transactions(server_for: Callable[[str], Server]) -> None:
    port = server_for("postgresql").port
    engine = create_engine(f"postgresql+psycopg://pamela@127.0.0.1:{port}/postgres", isolation_level="AUTOCOMMIT")
    transaction = SQLInvocationStore(engine).transaction()
    with pytest.raises(ValueError, match="isolation_level='AUTOCOMMIT', which has no transactions"), transaction:
        pytest.fail("it was opened")
    engine.dispose()
