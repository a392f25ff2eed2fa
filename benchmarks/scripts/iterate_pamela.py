"""Going through many calls: the peak of the memory that this takes, in bytes."""

import tracemalloc
from collections import deque
from itertools import islice

from worker import API_KEY, BASE_URL, serve

from pamela import PamelaClient

client = PamelaClient(API_KEY, BASE_URL)


def iterate(calls: int) -> float:
    deque(islice(client.iter_calls(), calls), maxlen=0)
    return float(tracemalloc.get_traced_memory()[1])


def measure(calls: int) -> float:
    tracemalloc.start()
    try:
        return iterate(calls)
    finally:
        tracemalloc.stop()


iterate(100)
serve(measure)
