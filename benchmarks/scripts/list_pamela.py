"""A page of 100 calls with this package: every typed attribute of every call read."""

from worker import API_KEY, BASE_URL, repeat, serve

from pamela import Call, PamelaClient

client = PamelaClient(API_KEY, BASE_URL)


def list_calls() -> None:
    page = client.list_calls(limit=100)
    for call in page["items"]:
        for name in Call._fields:
            getattr(call, name)


serve(repeat(list_calls))
