"""Spans of OpenTelemetry: one for an operation, one for each attempt, and those of httpx's instrumentation beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from pamela import AuthenticationError, CallServerError

from ..http.conftest import Make
from ..http.proxy import Fault, Proxy
from ..http.scripted import Scripted


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer", lambda name, version=None: provider.get_tracer(name, version))
    return provider


@pytest.fixture
def exporter(provider: TracerProvider) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def instrumented(provider: TracerProvider) -> Iterator[None]:
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield
    instrumentor.uninstrument()


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_an_operation_and_its_attempts(
    exporter: InMemorySpanExporter, scripted: Scripted, make: Make, waits: list[float]
) -> None:
    scripted.answers = [(503, {}, b""), (200, {"X-Request-Id": "req_1"}, {"id": "call_1"})]
    make(scripted.base_url).get_call("call_1")
    first, second, operation = exporter.get_finished_spans()
    assert operation.name == "get_call"
    assert operation.kind is SpanKind.INTERNAL
    assert operation.status.status_code is StatusCode.UNSET
    for attempt in (first, second):
        assert attempt.name == "GET /api/b2b/v1/calls/{call_id}"
        assert attempt.kind is SpanKind.CLIENT
        assert attempt.parent is not None
        assert attempt.parent.span_id == operation.context.span_id
        assert attributes(attempt)["http.request.method"] == "GET"
        assert attributes(attempt)["url.full"] == f"{scripted.base_url}/api/b2b/v1/calls/call_1"
        assert attributes(attempt)["server.address"] == "127.0.0.1"
        assert attributes(attempt)["server.port"] == scripted.server.server_port
    assert attributes(first)["http.response.status_code"] == 503
    assert attributes(first)["error.type"] == "503"
    assert "http.request.resend_count" not in attributes(first)
    assert attributes(second)["http.request.resend_count"] == 1
    assert attributes(second)["pamela.request_id"] == "req_1"
    contexts = [headers["traceparent"].split("-")[2] for _, _, headers, _ in scripted.requests]
    assert contexts == [f"{attempt.context.span_id:016x}" for attempt in (first, second)]


def test_an_operation_that_fails(exporter: InMemorySpanExporter, scripted: Scripted, make: Make) -> None:
    scripted.answers = [(500, {}, {"detail": "failed"})]
    with pytest.raises(CallServerError):
        make(scripted.base_url).create_call("+1234567890", "Order a pizza")
    _, operation = exporter.get_finished_spans()
    assert operation.status.status_code is StatusCode.ERROR
    assert attributes(operation)["error.type"] == "CallServerError"
    assert attributes(operation)["pamela.ambiguous"] is True
    assert attributes(operation)["pamela.attempts"] == 1


def test_a_raw_request_has_no_id_in_the_name_of_its_spans(
    exporter: InMemorySpanExporter, scripted: Scripted, make: Make
) -> None:
    scripted.answers = [(200, {}, {"id": "voice_1"})]
    make(scripted.base_url).request("GET", "/api/b2b/v1/voices/voice_1")
    attempt, operation = exporter.get_finished_spans()
    assert (attempt.name, operation.name) == ("GET", "GET")
    assert "url.template" not in attributes(attempt)
    assert attributes(operation)["pamela.operation"] == "GET /api/b2b/v1/voices/voice_1"


def test_no_secret_is_traced(exporter: InMemorySpanExporter, scripted: Scripted, make: Make) -> None:
    scripted.answers = [(401, {}, {"detail": "no"})]
    with pytest.raises(AuthenticationError):
        make(scripted.base_url).list_tools()
    assert "pk_live_" not in str([span.to_json() for span in exporter.get_finished_spans()])


@pytest.mark.usefixtures("instrumented")
def test_beside_the_instrumentation_of_httpx(exporter: InMemorySpanExporter, proxy: Proxy, make: Make) -> None:
    proxy.faults.append(Fault.HTML_502)
    make(proxy.base_url).list_tools()
    theirs = [span for span in exporter.get_finished_spans() if "http.status_code" in attributes(span)]
    assert [attributes(span)["http.status_code"] for span in theirs] == [502, 200]
    assert "pk_live_" not in str([attributes(span) for span in theirs])
