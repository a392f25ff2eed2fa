"""One call after the other with retell-sdk."""

from retell import Retell
from worker import API_KEY, BASE_URL, call_ids, repeat, serve

client = Retell(api_key=API_KEY, base_url=BASE_URL)


def get_call() -> None:
    call = client.call.retrieve(next(call_ids))
    assert call.call_status == "ended"


serve(repeat(get_call))
