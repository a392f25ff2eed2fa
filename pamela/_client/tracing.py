"""Spans of OpenTelemetry: one for an operation, and in it one for each attempt, with its context in the headers."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._http.attempt import Attempt, Failure, Outcome, Response
from ..errors import PamelaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Span, Tracer

    from .._core.operation import Operation


@contextmanager
def operation_span(tracer: Tracer, operation: Operation[Any]) -> Iterator[Span]:
    """Trace one operation with all its attempts. The span records the kind of our exceptions."""
    # The path of a raw request may contain ids, which the name of a span must not.
    name = operation.method if " " in operation.name else operation.name
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        span.set_attribute("pamela.operation", operation.name)
        try:
            yield span
        except PamelaError as error:
            _set_error(span, type(error).__name__, str(error))
            span.set_attribute("pamela.attempts", error.attempts)
            span.set_attribute("pamela.ambiguous", error.ambiguous)
            raise


@dataclass
class TracedAttempt:
    """An attempt with the context of its span in its headers, and its outcome."""

    attempt: Attempt
    outcome: Outcome | None = None


@contextmanager
def attempt_span(tracer: Tracer, attempt: Attempt) -> Iterator[TracedAttempt]:
    """Trace one attempt as a client span of the HTTP semantic conventions."""
    from opentelemetry.propagate import inject
    from opentelemetry.trace import SpanKind

    parts = urlsplit(attempt.url)
    attributes: dict[str, str | int] = {
        "http.request.method": attempt.method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        "url.full": attempt.url,
        "pamela.operation": attempt.operation,
    }
    if attempt.number > 1:
        attributes["http.request.resend_count"] = attempt.number - 1
    name = attempt.method
    if " " not in attempt.operation:  # A raw request has no template.
        name = f"{attempt.method} {attempt.template}"
        attributes["url.template"] = attempt.template
    with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes) as span:
        context: dict[str, str] = {}
        inject(context)
        traced = TracedAttempt(copy(attempt))
        traced.attempt.headers = {**attempt.headers, **context}
        yield traced
        _record_outcome(span, traced.outcome)


def _record_outcome(span: Span, outcome: Outcome | None) -> None:
    match outcome:
        case Response():
            span.set_attribute("http.response.status_code", outcome.status)
            request_id = outcome.headers.get("x-request-id")
            if request_id is not None:
                span.set_attribute("pamela.request_id", request_id)
            if outcome.status >= 400:
                _set_error(span, str(outcome.status), "")
        case Failure():
            _set_error(span, type(outcome.cause).__name__, outcome.problem)
        case PamelaError():
            _set_error(span, type(outcome).__name__, str(outcome))


def _set_error(span: Span, kind: str, description: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, description or None))
