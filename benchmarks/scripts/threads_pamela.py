"""Many threads that share a client, with this package."""

from worker import API_KEY, BASE_URL, call_ids, in_threads, serve

from pamela import PamelaClient

client = PamelaClient(API_KEY, BASE_URL, max_retries=0)


def get_call() -> None:
    assert client.get_call(next(call_ids)).status == "completed"


serve(lambda total, width: in_threads(get_call, total=total, width=width))
