"""OpenTelemetry's instrumentation of httpx sees every attempt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .conftest import Make
from .proxy import Fault, Proxy


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()


def test_a_span_an_attempt(spans: InMemorySpanExporter, proxy: Proxy, make: Make) -> None:
    proxy.faults.append(Fault.HTML_502)
    make(proxy.base_url).list_tools()
    seen = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert [attributes["http.status_code"] for attributes in seen] == [502, 200]
    assert "pk_live_" not in str(seen)
