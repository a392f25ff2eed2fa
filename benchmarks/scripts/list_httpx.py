"""A page of 100 calls with plain httpx: every value of every call read from the JSON."""

import httpx
from worker import CALLS_URL, HEADERS, repeat, serve

client = httpx.Client(headers=HEADERS)


def list_calls() -> None:
    page = client.get(CALLS_URL, params={"limit": 100}).json()
    names = tuple(page["items"][0])
    for call in page["items"]:
        for name in names:
            call[name]


serve(repeat(list_calls))
