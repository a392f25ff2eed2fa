"""From the start of the process to the first call answered, with plain httpx."""

import os

import httpx

# The address has no TLS. This package loads no certificates for such a one; httpx would, and take longer still.
client = httpx.Client(headers={"Authorization": "Bearer pk_live_benchmark"}, verify=False)
call = client.get(f"{os.environ['BENCHMARK_BASE_URL']}/api/b2b/v1/calls/call_000001").json()
print(call["status"], flush=True)
