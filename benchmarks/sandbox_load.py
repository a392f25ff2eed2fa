"""Measures the sandbox under load: calls placed, reads meanwhile, deliveries and how late they are, and memory.

    python benchmarks/sandbox_load.py [--calls 10000] [--speed 5] [--json FILE]

A sandbox, a receiver and this program are processes of their own, on one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

KEY = "pk_live_load"
CONNECTIONS = 16
READS_A_SECOND = 50
QUIET_SECONDS = 5
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
TIMESTAMP = b'"timestamp":"'
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Arrivals:
    """What a receiver got: how many deliveries in each second, and how late they were."""

    per_second: dict[int, int] = field(default_factory=dict)
    lateness: list[float] = field(default_factory=list)


class Receiver(asyncio.Protocol):
    """A server that answers every POST at once and notes what it was."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            start = head.find(b"Content-Length: ") + 16
            stop = head.find(b"\r", start)
            size = int(head[start : stop if stop >= 0 else None])
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            self._transport.write(OK)
            now = time.time()
            second = int(now)
            self._arrivals.per_second[second] = self._arrivals.per_second.get(second, 0) + 1
            # A line was due when it was to be spoken, which is in the transcript; what else happened, when it did.
            is_line = b'"event":"call.transcript_update"' in body
            at = (body.rfind(TIMESTAMP) if is_line else body.find(TIMESTAMP)) + len(TIMESTAMP)
            stamp = datetime.fromisoformat(body[at : body.find(b'"', at)].decode())
            self._arrivals.lateness.append(now - stamp.timestamp())


def receive(pipe: Connection) -> None:
    """Run a receiver until told to stop, and send back what arrived."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        arrivals = Arrivals()
        server = await loop.create_server(lambda: Receiver(arrivals), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        while True:
            await loop.run_in_executor(None, pipe.recv)
            pipe.send(arrivals)

    asyncio.run(run())


class Api:
    """One connection to the sandbox, over which one request at a time goes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        start = answer.lower().find(b"content-length: ") + 16
        size = int(answer[start : answer.find(b"\r", start)])
        return int(answer[9:12]), await self._reader.readexactly(size)


@dataclass
class Figures:
    """What was measured, in calls and deliveries a second, milliseconds, seconds and MB."""

    placed_a_second: float
    read_p50_ms: float
    read_p99_ms: float
    read_longest_ms: float
    deliveries_a_second: float
    deliveries: int
    lateness_p50_s: float
    lateness_p99_s: float
    lateness_longest_s: float
    memory_mb: float
    processor_s: float


async def load(port: int, receiver_port: int, calls: int, to: str, receiver: Connection) -> dict[str, Any]:
    reads: list[float] = []
    ids: list[str] = []
    body = json.dumps(
        {
            "to": to,
            "task": "Schedule a meeting for next week",
            "max_duration_seconds": 299,
            "webhooks": {"webhook_url": f"http://127.0.0.1:{receiver_port}/"},
        }
    ).encode()
    left = calls

    async def place() -> None:
        nonlocal left
        api = await Api.connect(port)
        while left > 0:
            left -= 1
            status, answer = await api.send("POST", "/api/b2b/v1/calls", body)
            assert status == 201, (status, answer)
            ids.append(json.loads(answer)["id"])

    async def read() -> None:
        api = await Api.connect(port)
        turn = 0
        while True:
            await asyncio.sleep(1 / READS_A_SECOND)
            if ids:
                turn += 7919
                began = time.perf_counter()
                await api.send("GET", f"/api/b2b/v1/calls/{ids[turn % len(ids)]}")
                reads.append((time.perf_counter() - began) * 1000)

    reading = asyncio.create_task(read())
    began = time.perf_counter()
    async with asyncio.TaskGroup() as placing:
        for _ in range(CONNECTIONS):
            placing.create_task(place())
    placed = calls / (time.perf_counter() - began)
    last, quiet_since = -1, time.monotonic()
    loop = asyncio.get_running_loop()
    arrivals = Arrivals()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        await asyncio.sleep(0.5)
        receiver.send(None)
        arrivals = await loop.run_in_executor(None, receiver.recv)
        if len(arrivals.lateness) != last:
            last, quiet_since = len(arrivals.lateness), time.monotonic()
    reading.cancel()
    return {"placed": placed, "reads": sorted(reads), "arrivals": arrivals}


def quantile(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, int(len(values) * part))]


def measure(calls: int, speed: float, to: str) -> Figures:
    """Run a sandbox under load and return the figures."""
    pipe, its_end = multiprocessing.Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=receive, args=(its_end,), daemon=True)
    receiver.start()
    receiver_port = pipe.recv()
    command = [sys.executable, "-m", "pamela.sandbox", "--port", "0", "--speed", str(speed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            port = int(sandbox.stdout.readline().rpartition(":")[2])
            result = asyncio.run(load(port, receiver_port, calls, to, pipe))
            status = Path(f"/proc/{sandbox.pid}/status").read_text()
            fields = Path(f"/proc/{sandbox.pid}/stat").read_text().rpartition(")")[2].split()
            processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        finally:
            sandbox.terminate()
    receiver.terminate()
    lateness = sorted(result["arrivals"].lateness)
    seconds = sorted(result["arrivals"].per_second.values())
    reads = result["reads"]
    return Figures(
        placed_a_second=round(result["placed"]),
        read_p50_ms=round(quantile(reads, 0.5), 1),
        read_p99_ms=round(quantile(reads, 0.99), 1),
        read_longest_ms=round(reads[-1], 1),
        deliveries_a_second=quantile([float(each) for each in seconds], 0.9),
        deliveries=len(lateness),
        lateness_p50_s=round(quantile(lateness, 0.5), 3),
        lateness_p99_s=round(quantile(lateness, 0.99), 3),
        lateness_longest_s=round(lateness[-1], 3),
        memory_mb=round(memory),
        processor_s=round(processor, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--speed", type=float, default=5)
    parser.add_argument("--to", default="+1234567890")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/guides/sandbox.md")
    asked = parser.parse_args()
    began = datetime.now(UTC)
    figures = measure(asked.calls, asked.speed, asked.to)
    print(f"{asked.calls} calls at speed {asked.speed:g}, {(datetime.now(UTC) - began).total_seconds():.0f} s")
    for name, value in vars(figures).items():
        print(f"  {name.replace('_', ' ')}: {value:g}")
    if asked.write:
        write(asked.calls, asked.speed, figures)


def write(calls: int, speed: float, figures: Figures) -> None:
    """Write the figures between their marks in the page on the sandbox."""
    reads = f"{figures.read_p50_ms:g} and {figures.read_p99_ms:g} ms"
    lateness = f"{figures.lateness_p50_s:g} and {figures.lateness_p99_s:g} s"
    for_a_call = f"{figures.processor_s / calls * 1000:.1f} ms for a call with the {figures.deliveries / calls:.1f} deliveries of it"
    rows = [
        ("calls placed a second", f"{figures.placed_a_second:,.0f}", "at least 500"),
        ("a read meanwhile, in the middle and the slowest of a hundred", reads, "below 50 ms"),
        ("deliveries a second", f"{figures.deliveries_a_second:,.0f}", "at least 1,500"),
        ("how late an event is, in the middle and the latest of a hundred", lateness, "below 1 s"),
        ("memory", f"{figures.memory_mb:g} MB", "below 300 MB"),
        ("processor time", f"{figures.processor_s:g} s, {for_a_call}", ""),
    ]
    table = ["| what | measured | target |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    conditions = f"{os.cpu_count()} processors, load average {load}"
    note = (
        f"{calls:,} calls at speed {speed:g} with an address for events, in memory. The sandbox, the program that places and"
        f" reads calls and the receiver of events, each a process, shared the machine: {conditions}. An event of a line is"
        " late by the time from when the line was due to be spoken."
    )
    page = Path(__file__).parents[1] / "docs" / "guides" / "sandbox.md"
    before, _, rest = page.read_text().partition(BEGIN)
    text = "\n".join([*table, "", note])
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
