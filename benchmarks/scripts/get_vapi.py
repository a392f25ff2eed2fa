"""One call after the other with vapi_server_sdk."""

from vapi import Vapi
from worker import API_KEY, BASE_URL, call_ids, repeat, serve

client = Vapi(token=API_KEY, base_url=BASE_URL)


def get_call() -> None:
    call = client.calls.get(next(call_ids))
    assert call.status == "ended"


serve(repeat(get_call))
