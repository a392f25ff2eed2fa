"""Sends the sandbox requests that nobody would send, and says whether it failed and how long it ever paused.

    python benchmarks/sandbox_fuzz.py [--requests 20000] [--seed 1]

It ends with status 1 if there was an answer of 5xx, a connection that broke, or a sandbox that is no longer there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONNECTIONS = 8
API = "/api/b2b/v1"
KEYS = [f"pk_live_fuzz_{number}" for number in range(50)]
WORDS = ["order", "1042", "cancel", "2026-12-05", "do not", "é\U0001f600", "a" * 50, "\n", "{tool}", "%00", "'; DROP"]


class Maker:
    """Makes requests up, the same ones for the same seed."""

    def __init__(self, seed: int, receiver_port: int) -> None:
        self.chance = random.Random(seed)
        self.receiver = f"http://127.0.0.1:{receiver_port}"
        self.ids = ["call_0"]

    def request(self) -> tuple[str, str, dict[str, str], bytes]:
        """Return a method, a path, headers and a body."""
        maker = self.chance.choices(
            [self.create_call, self.tool, self.look, self.act, self.control, self.nonsense], [30, 15, 20, 10, 20, 5]
        )[0]
        method, path, body = maker()
        headers = {"Authorization": f"Bearer {self.chance.choice(KEYS)}"}
        if self.chance.random() < 0.03:
            headers["Authorization"] = self.chance.choice(["", "Bearer", "Basic x", "Bearer sk_x"])
        data = b""
        if body is not None:
            headers["Content-Type"] = "application/json" if self.chance.random() < 0.97 else "text/plain"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            if self.chance.random() < 0.05:
                data = self.spoil(data)
        if self.chance.random() < 0.1:
            headers["Idempotency-Key"] = self.chance.choice(["once", "x" * 300, f"key-{self.chance.randrange(100)}"])
        return method, path, headers, data

    def spoil(self, data: bytes) -> bytes:
        position = self.chance.randrange(len(data) + 1)
        return self.chance.choice(
            [
                data[:position],
                data[:position] + bytes([self.chance.randrange(256)]) + data[position:],
                b"[" * 50_000,
                b'{"a":' * 200 + b"1" + b"}" * 200,
                b'{"to": NaN}',
                b'{"n": ' + b"9" * 5000 + b"}",
                b"\xff\xfe",
            ]
        )

    def text(self) -> str:
        return " ".join(self.chance.choice(WORDS) for _ in range(self.chance.randrange(1, 6)))

    def value(self, depth: int = 0) -> Any:
        makers: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self.chance.random() < 0.5,
            lambda: self.chance.choice([0, -1, 1.5, 10**30, 1e308, 5e-324, 2**63, 10**400]),
            self.text,
            lambda: self.chance.choice(["1e100000000", "x" * 10_000, "", "NaN", "null"]),
        ]
        if depth < 4:
            makers += [
                lambda: [self.value(depth + 1) for _ in range(self.chance.randrange(4))],
                lambda: {self.text(): self.value(depth + 1) for _ in range(self.chance.randrange(4))},
            ]
        return self.chance.choice(makers)()

    def schema(self, depth: int = 0) -> dict[str, Any]:
        chance = self.chance
        kind = chance.choice(["object", "array", "string", "number", "integer", "boolean", "null", "odd", "hostile"])
        match kind:
            case "object" if depth < 3:
                return {
                    "type": "object",
                    "properties": {self.text(): self.schema(depth + 1) for _ in range(chance.randrange(5))},
                }
            case "array":
                return {"type": "array", "items": self.schema(depth + 1), "minItems": chance.choice([0, 1, 3, 10**9])}
            case "string":
                return {"type": "string", chance.choice(["minLength", "maxLength"]): chance.choice([0, 5, 10**12])}
            case "number" | "integer":
                bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
                return {"type": kind, **{name: chance.choice([0, 1, -5, 2.5, 10**300, 1e-300]) for name in bounds[:2]}}
            case "hostile":
                return chance.choice(
                    [
                        {"type": "number", "minimum": "1e100000000"},
                        {"type": "number", "multipleOf": 5e-324, "minimum": 1e308},
                        {"type": "string", "pattern": "^(a+)+$"},
                        {"type": "string", "pattern": "(a|a)*b" * 10},
                        {"type": "string", "pattern": "a?" * 30 + "a" * 30},
                        {"type": "string", "pattern": "("},
                        {"$ref": "#"},
                        {"$ref": "#/" + "a/" * 50_000},
                        {"allOf": [{"$ref": "#"}] * 50},
                        {"properties": {f"p{number}": {"$ref": "#"} for number in range(200)}},
                        {"const": "x" * 200_000},
                        {"enum": [["x"] * 20_000]},
                        {"properties": {f"p{number}": {"type": "integer"} for number in range(900)}},
                    ]
                )
            case _:
                return {chance.choice(["type", "items", "enum", "format", "default", "const", "x"]): self.value()}

    def tools(self) -> list[dict[str, Any]]:
        count = self.chance.choice([0, 1, 2, 5, 500])
        if count == 500:
            schema = {"properties": {f"p{number}": {"type": "integer"} for number in range(60)}}
            return [{"name": f"t{number}", "description": "x", "input_schema": schema} for number in range(count)]
        return [
            {"name": self.text() + "x", "description": self.text(), "input_schema": self.schema(), "timeout_ms": 500}
            for _ in range(count)
        ]

    def create_call(self) -> tuple[str, str, Any]:
        to = self.chance.choice(["+1234567890", "+15005550001", "+15005550002", "+15005550003", "+15005550005"])
        body: dict[str, Any] = {"to": to, "task": self.text() + "x"}
        if self.chance.random() < 0.6:
            body["tools"] = self.tools()
        if self.chance.random() < 0.6:
            body["webhooks"] = {
                name: f"{self.receiver}/{self.chance.randrange(10)}"
                for name in ("webhook_url", "tool_webhook_url")
                if self.chance.random() < 0.8
            }
        if self.chance.random() < 0.2:
            body["max_duration_seconds"] = self.chance.choice([1, 5, 299, 3600])
        if self.chance.random() < 0.2:
            body["locale"] = self.chance.choice(["es", "fr-FR", "de_DE", "", "x" * 100])
        if self.chance.random() < 0.15:
            body[self.chance.choice(["task", "to", "metadata", "voice", "tools", "webhooks", "xyzzy"])] = self.value()
        return "POST", f"{API}/calls", body

    def tool(self) -> tuple[str, str, Any]:
        (tool, *_) = [*self.tools(), {"name": "x", "description": "x", "input_schema": self.schema()}]
        return "POST", f"{API}/tools", {"tool": tool}

    def call_id(self) -> str:
        if self.chance.random() < 0.1:
            return self.chance.choice(["%00", "a%2Fb", "x" * 3000, "%ff"])
        return self.chance.choice(self.ids)

    def look(self) -> tuple[str, str, Any]:
        queries = ["", "?limit=1", "?limit=100", "?limit=-1", "?offset=99999999999", "?status_filter=queued", "?x=%00"]
        paths = [f"{API}/calls", f"{API}/tools", f"{API}/usage", "/sandbox/deliveries", "/sandbox", "/sandbox/project"]
        paths += ["/openapi.json", "/sandbox/scripts", "/sandbox/clock", "/sandbox/usage/daily"]
        paths += [f"{API}/calls/{self.call_id()}", f"/sandbox/calls/{self.call_id()}"]
        return "GET", self.chance.choice(paths) + self.chance.choice(queries), None

    def act(self) -> tuple[str, str, Any]:
        return "POST", f"{API}/calls/{self.call_id()}/{self.chance.choice(['cancel', 'hangup'])}", None

    def control(self) -> tuple[str, str, Any]:
        call = f"/sandbox/calls/{self.call_id()}"
        probability = self.chance.choice([0, 0.3, 1, -1, "x"])
        fault = self.chance.choice(["duplicate", "reorder", "wrong_signature", "seed", "nothing"])
        script = {
            "says": [self.text() + "x" for _ in range(self.chance.randrange(4))],
            "outcome": self.chance.choice(["answered", "busy", "no answer", "broken off", "bussy"]),
            "after": self.chance.choice([None, 0, 5, 1e9]),
            "tools": self.chance.choice([None, [], [{"name": "t1"}], [{"name": "x", "arguments": {"a": 1}}]]),
        }
        return self.chance.choice(
            [
                ("POST", f"{call}/take", {}),
                ("POST", f"{call}/say", {"text": self.text() + "x"}),
                ("POST", f"{call}/invoke", {"name": self.text()}),
                ("POST", f"{call}/finish", {"outcome": "broken off"}),
                ("POST", f"{call}/release", {}),
                ("POST", "/sandbox/scripts", script),
                ("DELETE", "/sandbox/scripts", {}),
                ("PUT", "/sandbox/faults", {fault: probability}),
                ("PUT", "/sandbox/project", {"webhook_url": self.value(4)}),
                ("POST", "/sandbox/clock/advance", {"seconds": self.chance.choice([1, 3600, -1, 1e300])}),
                ("PUT", "/sandbox/clock", {"now": self.chance.choice(["2020-01-01T00:00:00Z", "now", 5])}),
                ("POST", "/sandbox/seed", {"calls": self.chance.choice([10, -1]), "days": 3}),
                ("POST", "/sandbox/verify", {"body": self.text(), "signature": self.text()}),
                ("POST", "/sandbox/tools/x/invoke", {}),
                ("POST", "/sandbox/reset", {}),
            ]
        )

    def nonsense(self) -> tuple[str, str, Any]:
        method = self.chance.choice(["GET", "PUT", "PATCH", "TEAPOT", "HEAD", "OPTIONS", "DELETE"])
        return (
            method,
            self.chance.choice(["/", "//", "/api", f"{API}/calls/", "/sandbox/x", "/%00", "/" + "x" * 3000]),
            None,
        )


class Connection:
    """One connection, made anew whenever the sandbox has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {each}" for name, each in headers.items())]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        content = b""
        if method != "HEAD" and b"content-length: " in head:
            content = await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r")[0]))
        if b"connection: close" in head or status == 400:
            writer.close()
            self._streams = None
        return status, content


async def answer_oddly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random) -> None:
    """Answer a webhook as no good receiver would."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split(b"\r")[0]))
            answer = chance.choice(
                [
                    b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"result": 1 }',
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                    b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
                    b"nonsense",
                    b"",
                ]
            )
            if chance.random() < 0.1:
                await asyncio.sleep(0.3)
            writer.write(answer)
            if not answer or not answer.startswith(b"HTTP/1.1 200 OK\r\nContent-Length"):
                break
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    writer.close()


def processor_ms(process: int) -> float:
    """Return how long a process has worked, to the hundredth of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def fuzz(port: int, process: int, requests: int, seed: int) -> tuple[Counter[int], list[str], list[float], float]:
    """Return what came of the requests.

    That is how often each status came, what went wrong, how many milliseconds a simple request took meanwhile, and how
    long the sandbox worked at most before it answered one: on a busy machine that is the part that is its own.
    """
    chance = random.Random(seed)
    answering: set[asyncio.Task[None]] = set()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(answer_oddly(reader, writer, chance))
        answering.add(task)
        task.add_done_callback(answering.discard)

    receiver = await asyncio.start_server(connect, "127.0.0.1", 0)
    maker = Maker(seed, receiver.sockets[0].getsockname()[1])
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    pauses: list[float] = []
    longest_work = 0.0
    left = requests

    async def send() -> None:
        nonlocal left
        connection = Connection(port)
        while left > 0:
            left -= 1
            method, path, headers, body = maker.request()
            what = f"{method} {path[:200]} {body[:1000]!r}"
            try:
                async with asyncio.timeout(60):
                    status, content = await connection.send(method, path, headers, body)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                wrong.append(f"{what}: {error!r}")
                connection = Connection(port)
                continue
            statuses[status] += 1
            if status >= 500:
                wrong.append(f"{what}: {status} {content[:200]!r}")
            if status == 201 and path == f"{API}/calls":
                maker.ids = [*maker.ids[-50:], json.loads(content)["id"]]

    async def watch() -> None:
        nonlocal longest_work
        connection = Connection(port)
        while True:
            await asyncio.sleep(0.01)
            began, worked = time.perf_counter(), processor_ms(process)
            await connection.send("GET", "/sandbox/clock", {"Authorization": "Bearer pk_live_watch"}, b"")
            pauses.append((time.perf_counter() - began) * 1000)
            longest_work = max(longest_work, processor_ms(process) - worked)

    watching = asyncio.create_task(watch())
    async with asyncio.TaskGroup() as sending:
        for _ in range(CONNECTIONS):
            sending.create_task(send())
    watching.cancel()
    receiver.close()
    return statuses, wrong, sorted(pauses), longest_work


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    command = [sys.executable, "-m", "pamela.sandbox", "--port", "0", "--speed", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            port = int(sandbox.stdout.readline().rpartition(":")[2])
            statuses, wrong, pauses, work = asyncio.run(fuzz(port, sandbox.pid, asked.requests, asked.seed))
            has_ended = sandbox.poll() is not None
        finally:
            sandbox.terminate()
            _, said = sandbox.communicate(timeout=30)
    print(
        f"{asked.requests} requests: {', '.join(f'{number} x {status}' for status, number in sorted(statuses.items()))}"
    )
    print(
        f"  a simple request took {pauses[len(pauses) // 2]:.0f} ms in the middle, {pauses[-1]:.0f} ms at the longest"
    )
    print(f"  before an answer to it the sandbox worked for {work:.0f} ms at the longest")
    for each in wrong[:20]:
        print(f"  wrong: {each}")
    if said:
        print(f"  it said: {said[-3000:]}")
    print(f"  {len(wrong)} answers were wrong{', and the sandbox has ended' if has_ended else ''}")
    return 1 if wrong or has_ended or said else 0


if __name__ == "__main__":
    sys.exit(main())
