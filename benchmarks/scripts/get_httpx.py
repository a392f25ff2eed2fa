"""One call after the other with plain httpx: the answer's JSON."""

import httpx
from worker import CALLS_URL, HEADERS, call_ids, repeat, serve

client = httpx.Client(headers=HEADERS)


def get_call() -> None:
    call = client.get(f"{CALLS_URL}/{next(call_ids)}").json()
    assert call["status"] == "completed"


serve(repeat(get_call))
