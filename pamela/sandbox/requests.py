"""Reads the API key and the body of a request, or raises the error response."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from .errors import coded, failure, rate_limited
from .magic import KEY_PREFIXES, KEYS
from .safe_json import read_json

MOST_BYTES = 1024 * 1024
MOST_BYTES_AT_ONCE = 16 * 1024
_MOST_BYTES_DRAINED = 64 * MOST_BYTES
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def read_key(request: Request, operation: str) -> str:
    """Return the API key of a request for an operation, if it is valid."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        message = "An API key is required; send it as Authorization: Bearer pk_live_..."
        raise coded(401, "KEY_REQUIRED", message, headers=_CHALLENGE)
    if not key.startswith(KEY_PREFIXES):
        message = f"The API key is invalid; keys start with {' or '.join(KEY_PREFIXES)}."
        raise coded(401, "INVALID_KEY", message, headers=_CHALLENGE)
    refusal = KEYS.get(key)
    if refusal is not None and (refusal.operations is None or operation in refusal.operations):
        if refusal.status == 429:
            raise rate_limited(refusal.code, refusal.message)
        raise coded(refusal.status, refusal.code, refusal.message)
    return key


async def read_body(request: Request) -> Any:
    """Return the JSON of a request's body."""
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise failure(415, f"Content-Type is {content_type[:100] or 'missing'}; send application/json.")
    data = await _read_limited(request)
    try:
        # Parsing a large body takes long, so other requests are served meanwhile.
        return read_json(data) if len(data) <= MOST_BYTES_AT_ONCE else await asyncio.to_thread(read_json, data)
    except ValueError as error:
        raise coded(400, "VALIDATION_ERROR", f"The body is not valid JSON: {error}.") from None


async def _read_limited(request: Request) -> bytes:
    data = bytearray()
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MOST_BYTES:
                data += chunk
            # A client that is still sending does not read a response that comes with a closed connection.
            elif size > _MOST_BYTES_DRAINED:
                break
    except ClientDisconnect:
        raise failure(400, "The connection was closed before the body was complete.") from None
    if size > MOST_BYTES:
        headers = {"Connection": "close"} if size > _MOST_BYTES_DRAINED else None
        raise failure(413, f"The body is larger than {MOST_BYTES} bytes.", headers)
    return bytes(data)


def size_of(request: Request) -> int:
    """Return the `Content-Length` of a request, or the maximum if it has none."""
    said = request.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else MOST_BYTES
