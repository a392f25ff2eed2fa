"""One call after the other with thisispamela 1.2.0."""

from worker import API_KEY, BASE_URL, call_ids, repeat, serve

from pamela import PamelaClient

client = PamelaClient(api_key=API_KEY, base_url=BASE_URL)


def get_call() -> None:
    call = client.get_call(next(call_ids))
    assert call["status"] == "completed"


serve(repeat(get_call))
