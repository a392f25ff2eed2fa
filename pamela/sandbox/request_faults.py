"""Faulty responses for fault injection: lost, cut off or slow ones, and reset connections."""

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .errors import failure
from .fault_injection import PlannedFault, RequestFault

_SLOW_PIECES = 100
_SLOW_SECONDS = 0.02
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: closing the connection resets it."""

_REASONS = {
    429: "Too many requests.",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Connections(dict[tuple[str, int], asyncio.Transport]):
    """The open connections of a server, by the address of the client."""

    def protocol(self) -> type[asyncio.Protocol]:
        """Return a protocol class for uvicorn that registers its connections here."""
        return type("Protocol", (_EnteringProtocol, _http_protocol()), {"open_connections": self})


class _EnteringProtocol(asyncio.Protocol):
    """Registers a connection, and passes everything on to a protocol of uvicorn."""

    open_connections: Connections
    client: tuple[str, int] | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.client is not None:
            self.open_connections[self.client] = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.client is not None:
            self.open_connections.pop(self.client, None)
        super().connection_lost(error)


def _http_protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol: httptools if it is installed, because it is faster than h11."""
    try:
        from .http_reader import HttpReader
    except ImportError:  # for example in the single-file sandbox, which has no compiled packages
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    return HttpReader


def refusal(fault: PlannedFault) -> Exception | None:
    """Return the error response that replaces the request, or None."""
    if fault.status is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return failure(fault.status, _REASONS.get(fault.status, f"A fault was injected: {fault.status}."), headers)


class FaultyResponse(Response):
    """Sends a response with a fault, or resets the connection."""

    def __init__(self, response: Response | None, fault: RequestFault, connections: Connections) -> None:
        super().__init__()
        self._response = response
        self._fault = fault
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._response
        match self._fault:
            case "slow_answer" if response is not None:
                await _send_slowly(response, send)
            case "cut_answer" if response is not None:
                await send(_start(response))
                half = len(response.body) // 2
                await send({"type": "http.response.body", "body": bytes(response.body[:half]), "more_body": True})
                await self._close(scope, reset=False)
            case _:
                await self._close(scope, reset=self._fault == "reset")

    async def _close(self, scope: Scope, *, reset: bool) -> None:
        transport = self._connections.get(tuple(scope["client"] or ()))
        if transport is None:
            raise RuntimeError("There is no connection to close.")
        # The bytes written so far must arrive first.
        for _ in range(100):
            if not transport.get_write_buffer_size():
                break
            await asyncio.sleep(0.01)
        connection: Any = transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
        # The server notices soon that the connection is lost, and then expects no response.
        for _ in range(3):
            await asyncio.sleep(0)


def _start(response: Response) -> dict[str, Any]:
    return {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}


async def _send_slowly(response: Response, send: Send) -> None:
    await send(_start(response))
    body = bytes(response.body)
    size = max(1, -(-len(body) // _SLOW_PIECES))
    for position in range(0, len(body), size):
        await asyncio.sleep(_SLOW_SECONDS)
        piece = body[position : position + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
