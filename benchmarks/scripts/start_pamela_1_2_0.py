"""From the start of the process to the first call answered, with thisispamela 1.2.0."""

import os

from pamela import PamelaClient

client = PamelaClient(api_key="pk_live_benchmark", base_url=os.environ["BENCHMARK_BASE_URL"])
call = client.get_call("call_000001")
print(call["status"], flush=True)
