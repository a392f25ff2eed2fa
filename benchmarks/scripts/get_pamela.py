"""One call after the other with this package: every key of the dict and every typed attribute read."""

from worker import API_KEY, BASE_URL, call_ids, repeat, serve

from pamela import Call, PamelaClient

client = PamelaClient(API_KEY, BASE_URL)


def get_call() -> None:
    call = client.get_call(next(call_ids))
    assert call["status"] == "completed"
    for name in Call._fields:
        call.get(name)
        getattr(call, name)


serve(repeat(get_call))
