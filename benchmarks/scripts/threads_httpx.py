"""Many threads that share a client, with plain httpx."""

import httpx
from worker import CALLS_URL, HEADERS, call_ids, in_threads, serve

client = httpx.Client(headers=HEADERS, timeout=60)


def get_call() -> None:
    try:
        call = client.get(f"{CALLS_URL}/{next(call_ids)}").json()
    except httpx.ReadError:
        return get_call()  # "Bad file descriptor", which its pool does now and then under many threads
    assert call["status"] == "completed"
    return None


serve(lambda total, width: in_threads(get_call, total=total, width=width))
