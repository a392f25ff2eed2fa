"""What is measured: each comparison of this package with others, in rounds in which they take turns."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from processes import Worker, seconds_of_process, seconds_to_first_line
from stores import store_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

IN_FLIGHT = {10: 1.5, 50: 6.0, 200: 8.0}
"""Requests in flight, and how many times the rate of plain httpx is wanted."""


@dataclass
class Comparison:
    """A line of the table: this package, the other, a sample of each for every round."""

    what: str
    against: str
    unit: str
    ours: list[float]
    theirs: list[float]
    at_most: float | None = None
    at_least: float | None = None
    by_difference: bool = False
    """Whether the target is for the difference, not the ratio."""

    @property
    def result(self) -> float:
        """The median over the rounds: what disturbs a round disturbs both sides of it."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return median(ours - theirs if self.by_difference else ours / theirs for ours, theirs in pairs)

    @property
    def met(self) -> bool | None:
        if self.at_most is not None:
            return self.result <= self.at_most
        return None if self.at_least is None else self.result >= self.at_least


def take_turns(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure all, one after the other, as many times as there are rounds; the first time is to warm up."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds + 1):
        for name, measure in measures.items():
            samples[name].append(measure())
    return {name: measured[1:] for name, measured in samples.items()}


@dataclass
class Laboratory:
    """The Pythons of the contestants, and the server that answers them."""

    pythons: Mapping[str, Path]
    base_url: str

    def starts(self, scripts: Mapping[str, str], rounds: int = 25) -> dict[str, list[float]]:
        """Give the milliseconds until each script, in the environment named, has done its work in a new process."""

        def milliseconds(script: str, name: str) -> float:
            return seconds_to_first_line(self.pythons[name], script, self.base_url) * 1000

        return take_turns(rounds, {script: partial(milliseconds, script, name) for script, name in scripts.items()})

    def whole(self, scripts: Mapping[str, str], rounds: int = 25) -> dict[str, list[float]]:
        """Return the milliseconds that each script, in the environment named, takes as a whole process."""

        def milliseconds(script: str, name: str) -> float:
            return seconds_of_process(self.pythons[name], script, self.base_url) * 1000

        return take_turns(rounds, {script: partial(milliseconds, script, name) for script, name in scripts.items()})

    @contextmanager
    def workers(self, scripts: Mapping[str, str]) -> Iterator[dict[str, Worker]]:
        """Start each script in the environment named, for many measurements."""
        running = {script: Worker(self.pythons[name], script, self.base_url) for script, name in scripts.items()}
        try:
            yield running
        finally:
            for worker in running.values():
                worker.stop()

    def batches(self, scripts: Mapping[str, str], rounds: int, **arguments: Any) -> dict[str, list[float]]:
        """Give what each script measures in the environment named."""
        with self.workers(scripts) as workers:
            return take_turns(rounds, {script: partial(worker.ask, **arguments) for script, worker in workers.items()})


def importing(laboratory: Laboratory) -> list[Comparison]:
    what = "`from pamela import verify_webhook_signature`, over the bare interpreter"
    scripts = ("import_nothing", "import_hmac", "import_pamela")
    took = laboratory.starts(dict.fromkeys(scripts, "pamela"))
    bare = took["import_nothing"]
    ours, theirs = (
        [one - nothing for one, nothing in zip(took[script], bare, strict=True)]
        for script in ("import_pamela", "import_hmac")
    )
    return [Comparison(what, "`import hmac, hashlib, json`", "ms", ours, theirs, at_most=5, by_difference=True)]


def starting(laboratory: Laboratory) -> list[Comparison]:
    what = "process start to first answered `get_call`"
    ours, theirs = "start_pamela", "start_httpx"
    took = laboratory.starts({ours: "pamela", theirs: "httpx"})
    return [Comparison(what, "the same with plain httpx", "ms", took[ours], took[theirs], at_most=1.05)]


def commanding(laboratory: Laboratory) -> list[Comparison]:
    scripts = ("version_pamela", "version_click", "complete_pamela", "complete_click")
    took = laboratory.whole(dict.fromkeys(scripts, "pamela_cli"))
    return [
        Comparison(
            what,
            "a bare click program with as many commands",
            "ms",
            took[f"{kind}_pamela"],
            took[f"{kind}_click"],
            at_most=1.5,
        )
        for kind, what in (
            ("version", "`pamela --version`, the whole process"),
            ("complete", "completing `pamela ca`, the whole process"),
        )
    ]


def getting(laboratory: Laboratory) -> list[Comparison]:
    what = "`get_call`, sync, one after the other, dict and typed attributes read"
    scripts = {
        "get_pamela": "pamela",
        "get_httpx": "httpx",
        "get_pamela_1_2_0": "pamela_1_2_0",
        "get_retell": "retell",
        "get_vapi": "vapi",
    }
    took = in_microseconds(laboratory.batches(scripts, rounds=40, times=150))
    ours = took["get_pamela"]
    return [
        Comparison(what, "`httpx.Client.get(...).json()`", "µs", ours, took["get_httpx"], at_most=1.05),
        Comparison(what, "`thisispamela` 1.2.0", "µs", ours, took["get_pamela_1_2_0"], at_most=0.70),
        Comparison(what, "retell-sdk", "µs", ours, took["get_retell"], at_most=1.0),
        Comparison(what, "vapi_server_sdk", "µs", ours, took["get_vapi"], at_most=1.0),
    ]


def listing(laboratory: Laboratory) -> list[Comparison]:
    what = "`list_calls` of 100, every attribute of every call read"
    comparisons = []
    for environment, suffix, at_most in (("pamela", "", 1.2), ("pamela_fast", ", with `[fast]`", 0.95)):
        samples = laboratory.batches({"list_pamela": environment, "list_httpx": "httpx"}, rounds=40, times=25)
        took = in_microseconds(samples)
        ours, theirs = took["list_pamela"], took["list_httpx"]
        comparisons.append(Comparison(f"{what}{suffix}", "plain httpx and `json`", "µs", ours, theirs, at_most=at_most))
    return comparisons


def flying(laboratory: Laboratory) -> list[Comparison]:
    ours, theirs = "flight_pamela", "flight_httpx"
    comparisons = []
    for width, at_least in IN_FLIGHT.items():
        rate = laboratory.batches({ours: "pamela", theirs: "httpx"}, rounds=5, total=2000, width=width)
        what = f"2,000 `get_call`, asyncio, {width} in flight"
        against = "plain `httpx.AsyncClient`"
        comparisons.append(Comparison(what, against, "/s", rate[ours], rate[theirs], at_least=at_least))
    return comparisons


def threading(laboratory: Laboratory) -> list[Comparison]:
    slow = replace(laboratory, base_url=f"{laboratory.base_url}/slow")
    ours, theirs = "threads_pamela", "threads_httpx"
    rate = slow.batches({ours: "pamela", theirs: "httpx"}, rounds=5, total=4000, width=200)
    what = "4,000 `get_call`, 200 threads, the server takes 50 ms"
    return [Comparison(what, "plain `httpx.Client`", "/s", rate[ours], rate[theirs], at_least=1.2)]


def iterating(laboratory: Laboratory) -> list[Comparison]:
    with laboratory.workers({"iterate_pamela": "pamela"}) as workers:
        page, everything = (workers["iterate_pamela"].ask(calls=calls) / 1024 for calls in (100, 100_000))
    what = "100,000 calls through `iter_calls`, peak memory"
    return [Comparison(what, "one page of 100", "KiB", [everything], [page], at_most=1.1)]


def verifying(laboratory: Laboratory) -> list[Comparison]:
    with laboratory.workers({"verify_pamela": "pamela"}) as workers:
        ask = workers["verify_pamela"].ask
        kinds = ("bytes", "bytes, at least", "dict", "dict, at least")
        took = in_microseconds(take_turns(40, {kind: partial(ask, what=kind, times=2000) for kind in kinds}))
    return [
        Comparison(
            "webhook verification of raw bytes",
            "the bare HMAC of the same bytes",
            "µs",
            took["bytes"],
            took["bytes, at least"],
            at_most=1.3,
        ),
        Comparison(
            "webhook verification of a dict",
            "`json.dumps` and HMAC",
            "µs",
            took["dict"],
            took["dict, at least"],
            at_most=1.1,
        ),
    ]


def storing(laboratory: Laboratory) -> list[Comparison]:
    """Measure the invocation stores. Those whose server is not installed are left out."""
    few, many = 10_000, 1_000_000
    comparisons: list[Comparison] = []
    names = {
        "memory": "`MemoryInvocationStore`",
        "sqlite": "`SQLiteInvocationStore`",
        "redis": "`RedisInvocationStore`",
        "postgresql": "`SQLInvocationStore` on PostgreSQL",
    }
    with store_servers() as addresses, laboratory.workers({"stores_pamela": "pamela_stores"}) as workers:
        ask = workers["stores_pamela"].ask
        for kind, address in addresses.items():
            claims = {
                str(ids): partial(ask, what="claim", kind=kind, address=address, ids=ids, times=200)
                for ids in (few, many)
            }
            took = in_microseconds(take_turns(10, claims))
            what = f"a claim in {names[kind]} that remembers 1,000,000 ids"
            comparisons.append(Comparison(what, "10,000 ids", "µs", took[str(many)], took[str(few)], at_most=1.5))
        rates = take_turns(
            5,
            {
                kind: partial(ask, what="invoke", kind=kind, address=address, ids=few, times=500)
                for kind, address in addresses.items()
            },
        )
        against = names["memory"]
        comparisons += [
            Comparison(f"invocations of a tool, 8 at once, {names[kind]}", against, "/s", rates[kind], rates["memory"])
            for kind in addresses
            if kind != "memory"
        ]
    return comparisons


def in_microseconds(samples: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [seconds * 1e6 for seconds in measured] for name, measured in samples.items()}


ALL = (importing, starting, commanding, getting, listing, threading, flying, iterating, verifying, storing)
