"""Answers every request from memory, so that a measurement is of the client and of nothing else.

`python server.py` prints the port on 127.0.0.1 that it took and serves until it is terminated. What stands below
`/slow` is answered after 50 ms.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast
from urllib.parse import parse_qs

PAGE_SIZE = 100
SLOW = "/slow"
SLOW_SECONDS = 0.05
CALLS_IN_ALL = 100_000

LINES = (
    ("agent", "Hello, this is Pamela, calling for John from Acme. Do you have a minute?"),
    ("user", "Hi Pamela. Yes, what is it about?"),
    ("agent", "John would like to meet you next week. Would Tuesday or Wednesday suit you?"),
    ("user", "Tuesday is good, at ten, if he can come here."),
    ("agent", "He can. I have noted Tuesday at ten, at your office. Is there anything he should bring?"),
    ("user", "The figures of the last quarter. Thank you, bye."),
)


def call(number: int) -> dict[str, Any]:
    """A call that has ended, with all that the contract documents."""
    return {
        "id": f"call_{number:06}",
        "status": "completed",
        "call_session_id": f"session_{number:06}",
        "conversation_id": f"conv_{number:06}",
        "to": "+1234567890",
        "from_number": "+15550100000",
        "task": "Schedule a meeting for next week",
        "created_at": "2026-03-14T15:09:26Z",
        "updated_at": "2026-03-14T15:10:45Z",
        "started_at": "2026-03-14T15:09:31Z",
        "ended_at": "2026-03-14T15:10:45Z",
        "duration_seconds": 74,
        "billed_minutes": 2,
        "transcript": [
            {"speaker": speaker, "text": text, "timestamp": f"2026-03-14T15:09:{33 + 4 * index}Z"}
            for index, (speaker, text) in enumerate(LINES)
        ],
        "summary": "The meeting is set for Tuesday at 10:00, at the other side's office.",
        "metadata": {"ticket": "T-1042"},
    }


def call_of_retell() -> dict[str, Any]:
    """The same call with what retell-sdk's model requires, and the transcript as the text that it knows."""
    required = {
        "agent_id": "agent_1",
        "agent_version": 1,
        "call_id": "call_000001",
        "call_status": "ended",
        "call_type": "phone_call",
        "direction": "outbound",
        "to_number": "+1234567890",
    }
    return {**call(1), **required, "transcript": transcript_text()}


def call_of_vapi() -> dict[str, Any]:
    """The same call with what vapi_server_sdk's model requires."""
    required = {
        "orgId": "org_1",
        "status": "ended",
        "createdAt": "2026-03-14T15:09:26Z",
        "updatedAt": "2026-03-14T15:10:45Z",
    }
    return {**call(1), **required, "transcript": transcript_text()}


def transcript_text() -> str:
    return "".join(f"{speaker}: {text}\n" for speaker, text in LINES)


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def answer(body: bytes) -> bytes:
    head = [
        "HTTP/1.1 200 OK",
        "Date: Sat, 14 Mar 2026 15:10:45 GMT",
        "Server: uvicorn",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Request-Id: req_000001",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


# Two pages in turn: a client that passes over calls it has just seen must find new ones on the next page.
PAGES = [encode([call(page * PAGE_SIZE + index) for index in range(PAGE_SIZE)]) for page in (0, 1)]


def page_answer(query: str) -> bytes:
    """The page that is asked for, of a list that ends after `CALLS_IN_ALL` calls."""
    offset = int(parse_qs(query).get("offset", ["0"])[0])
    following = offset + PAGE_SIZE
    rest = encode(
        {
            "total": CALLS_IN_ALL,
            "limit": PAGE_SIZE,
            "offset": offset,
            "has_more": following < CALLS_IN_ALL,
            "next_offset": following if following < CALLS_IN_ALL else None,
        }
    )
    items = PAGES[offset // PAGE_SIZE % 2]
    return answer(b'{"items":' + items + b"," + rest[1:])


ANSWERS = {
    "/api/b2b/v1/calls": answer(encode(call(1))),
    "/v2/get-call": answer(encode(call_of_retell())),
    "/call": answer(encode(call_of_vapi())),
}
"""By what stands before the call's id in the path."""
ID = call(1)["id"].encode()
"""The id in them. Each answer has the id that is asked for, or this package would ask again on a new connection."""

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def answer_to(target: str) -> bytes:
    path, _, query = target.partition("?")
    if path == "/api/b2b/v1/calls":
        return page_answer(query)
    parent, _, call_id = path.rpartition("/")
    return ANSWERS.get(parent, NOT_FOUND).replace(ID, call_id.encode())  # as long as the other


class Connection(asyncio.Protocol):
    """One connection: reads heads of requests without a body, writes whole answers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.received = b""

    def data_received(self, data: bytes) -> None:
        *heads, self.received = (self.received + data).split(b"\r\n\r\n")
        for head in heads:
            target = head.split(b" ", 2)[1].decode()
            if target.startswith(SLOW):
                later = asyncio.get_running_loop().call_later
                later(SLOW_SECONDS, self.transport.write, answer_to(target.removeprefix(SLOW)))
            else:
                self.transport.write(answer_to(target))


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
