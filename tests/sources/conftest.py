"""A span as each of those writes it that spans are read from."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrace.records import EventRecord, LinkRecord, SpanRecord

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "b7ad6b7169203331"
START = 1_764_000_000_123_456_000


@pytest.fixture
def record() -> SpanRecord:
    """Return a span that has one of everything; its times are whole microseconds, as Jaeger has them."""
    return SpanRecord(
        trace_id=TRACE,
        span_id=SPAN,
        parent_id=PARENT,
        name="chat gpt-4o",
        kind=2,
        start=START,
        end=START + 1_500_000_000,
        status="ERROR",
        status_message="refusé 📪",
        attributes={
            "text": "Zoë",
            "yes": True,
            "count": 2**53 + 1,
            "score": 0.5,
            "whole": 1.0,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.input.messages": '[{"role":"user"}]',
        },
        events=[EventRecord("exception", START + 1000, {"exception.type": "E"})],
        links=[LinkRecord(TRACE, "00f067aa0ba902b8")],
        scope="orchestrace",
        scope_version="0.1.0",
        trace_state="a=b",
    )


@pytest.fixture
def otlp() -> dict[str, Any]:
    """Return it as a line of the collector's file exporter."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
                "scopeSpans": [
                    {
                        "scope": {"name": "orchestrace", "version": "0.1.0"},
                        "spans": [
                            {
                                "traceId": TRACE,
                                "spanId": SPAN,
                                "parentSpanId": PARENT,
                                "traceState": "a=b",
                                "flags": 257,
                                "name": "chat gpt-4o",
                                "kind": 3,
                                "startTimeUnixNano": str(START),
                                "endTimeUnixNano": str(START + 1_500_000_000),
                                "attributes": [
                                    {"key": "text", "value": {"stringValue": "Zoë"}},
                                    {"key": "yes", "value": {"boolValue": True}},
                                    {"key": "count", "value": {"intValue": str(2**53 + 1)}},
                                    {"key": "score", "value": {"doubleValue": 0.5}},
                                    {"key": "whole", "value": {"doubleValue": 1}},
                                    {
                                        "key": "gen_ai.response.finish_reasons",
                                        "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}},
                                    },
                                    {"key": "gen_ai.input.messages", "value": {"stringValue": '[{"role":"user"}]'}},
                                    {"key": "nothing", "value": {}},
                                ],
                                "events": [
                                    {
                                        "timeUnixNano": str(START + 1000),
                                        "name": "exception",
                                        "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}],
                                    }
                                ],
                                "links": [{"traceId": TRACE, "spanId": "00f067aa0ba902b8"}],
                                "status": {"message": "refusé 📪", "code": 2},
                            }
                        ],
                    }
                ],
            }
        ]
    }


@pytest.fixture
def jaeger() -> dict[str, Any]:
    """Return it as Jaeger's page downloads it."""

    def tag(key: str, kind: str, value: object) -> dict[str, object]:
        return {"key": key, "type": kind, "value": value}

    return {
        "traceID": TRACE,
        "spans": [
            {
                "traceID": TRACE,
                "spanID": SPAN,
                "operationName": "chat gpt-4o",
                "references": [
                    {"refType": "CHILD_OF", "traceID": TRACE, "spanID": PARENT},
                    {"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": "00f067aa0ba902b8"},
                ],
                "startTime": START // 1000,
                "duration": 1_500_000,
                "tags": [
                    tag("text", "string", "Zoë"),
                    tag("yes", "bool", value=True),
                    tag("count", "int64", 2**53 + 1),
                    tag("score", "float64", 0.5),
                    tag("whole", "float64", 1),
                    tag("gen_ai.response.finish_reasons", "string", '["stop"]'),
                    tag("gen_ai.input.messages", "string", '[{"role":"user"}]'),
                    tag("span.kind", "string", "client"),
                    tag("error", "bool", value=True),
                    tag("otel.status_code", "string", "ERROR"),
                    tag("otel.status_description", "string", "refusé 📪"),
                    tag("otel.scope.name", "string", "orchestrace"),
                    tag("otel.scope.version", "string", "0.1.0"),
                    tag("w3c.tracestate", "string", "a=b"),
                    tag("internal.span.format", "string", "otlp"),
                ],
                "logs": [
                    {
                        "timestamp": START // 1000 + 1,
                        "fields": [tag("event", "string", "exception"), tag("exception.type", "string", "E")],
                    }
                ],
                "processID": "p1",
                "warnings": None,
            }
        ],
        "processes": {"p1": {"serviceName": "s", "tags": []}},
    }
