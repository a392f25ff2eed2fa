"""A service in memory for the benchmark of campaigns: places calls, and ends each after a while.

`python campaign_server.py SECONDS` prints the port on 127.0.0.1 that it took. Calls last SECONDS. It honours idempotency
keys, lists calls newest first, and counts requests: `GET /counts` answers how many there were of each kind.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qs

PATH = "/api/b2b/v1/calls"
TRANSCRIPT = [
    {"speaker": "agent", "text": "Hello, this is Pamela.", "timestamp": "2026-03-14T15:09:33Z"},
    {"speaker": "user", "text": "Hi Pamela. Thank you, bye.", "timestamp": "2026-03-14T15:09:37Z"},
]


class Service:
    """All calls: no more of each than the client may ask for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls: list[tuple[float, str, dict[str, str]]] = []
        self.by_key: dict[str, int] = {}
        self.counts = {"create": 0, "list": 0, "get": 0, "replayed": 0}

    def shown(self, number: int) -> dict[str, Any]:
        placed, to, metadata = self.calls[number]
        ended = time.time() - placed >= self.seconds
        moment = datetime.fromtimestamp(placed, UTC).isoformat()
        return {
            "id": f"call_{number}",
            "status": "completed" if ended else "in_progress",
            "to": to,
            "created_at": moment,
            "started_at": moment,
            "ended_at": moment if ended else None,
            "duration_seconds": 30 if ended else None,
            "billed_minutes": 1 if ended else None,
            "transcript": TRANSCRIPT if ended else None,
            "summary": "It is done." if ended else None,
            "metadata": metadata,
        }

    def create(self, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.counts["create"] += 1
        number = self.by_key.get(key)
        if number is not None:
            self.counts["replayed"] += 1
            return 200, self.shown(number)
        number = len(self.calls)
        self.by_key[key] = number
        self.calls.append((time.time(), body["to"], body.get("metadata", {})))
        return 201, self.shown(number)

    def page(self, query: str) -> tuple[int, Any]:
        self.counts["list"] += 1
        asked = parse_qs(query)
        limit, offset = int(asked["limit"][0]), int(asked.get("offset", ["0"])[0])
        start = len(self.calls) - 1 - offset
        numbers = range(start, max(-1, start - limit), -1)
        more = start - limit >= 0
        return 200, {
            "items": [self.shown(number) for number in numbers],
            "total": len(self.calls),
            "limit": limit,
            "offset": offset,
            "has_more": more,
            "next_offset": offset + limit if more else None,
        }

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        path, _, query = target.partition("?")
        if method == "POST" and path == PATH:
            return self.create(headers.get("idempotency-key", ""), json.loads(body))
        if path == PATH:
            return self.page(query)
        if path.startswith(f"{PATH}/"):
            self.counts["get"] += 1
            return 200, self.shown(int(path.rpartition("_")[2]))
        return 200, self.counts


class Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, rest = self.received.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.received = rest[length:]
            method, target, _ = first.split(" ")
            status, value = self.service.respond(method, target, headers, rest[:length])
            body = json.dumps(value, separators=(",", ":")).encode()
            key = headers.get("idempotency-key")
            echo = f"Idempotency-Key: {key}\r\n" if key else ""
            start = (
                f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n{echo}Content-Length: {len(body)}\r\n\r\n"
            )
            self.transport.write(start.encode() + body)


async def main(seconds: float) -> None:
    service = Service(seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
