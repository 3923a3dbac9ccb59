from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as SentResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from orchestrace.testing.otlp_decoding import decode_resources, decode_spans


class TestDecode:
    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            (AnyValue(), None),
            (AnyValue(bool_value=False), False),
            (AnyValue(bytes_value=b"x"), b"x"),
            (AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value="a")])), [1, "a"]),
            (
                AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(double_value=0.5))])),
                {"k": 0.5},
            ),
        ],
    )
    def test_every_value_is_read(self, sent: AnyValue, read: Any) -> None:
        """Whoever sent it, of whatever type it is."""
        span = Span(attributes=[KeyValue(key="x", value=sent)])
        resource = SentResource(attributes=[KeyValue(key="y", value=sent)])
        message = ExportTraceServiceRequest(
            resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=[span])])]
        )

        assert ({"x": read}, [{"y": read}]) == (decode_spans(message)[0].attributes, decode_resources(message))
