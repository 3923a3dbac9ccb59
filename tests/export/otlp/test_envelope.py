from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource

from orchestrace.export.otlp import (
    Encoded,
    batches,
    encode_log,
    encode_resource,
    encode_scope,
    encode_span,
    request,
    schema_url,
    size,
)
from orchestrace.export.readable import readable
from orchestrace.records import LogRecord, SpanRecord

TRACE = "0af7651916cd43dd8448eb211c80319c"


def record(number: int, scope: str = "orchestrace") -> SpanRecord:
    """Return a span with an id and a scope."""
    return SpanRecord(TRACE, f"{number:016x}", None, f"span {number}", 0, 1, 2, scope=scope, scope_version="1")


def encoded(span: SpanRecord, service: str = "a") -> Encoded:
    """Encode a span of a service."""
    scope = encode_scope(span.scope, span.scope_version)
    return Encoded(encode_resource({"service.name": service}), scope, schema_url(span.scope), encode_span(span))


ITEMS = st.lists(
    st.builds(
        Encoded,
        st.sampled_from([encode_resource({"service.name": name}) for name in ("a", "b" * 200)]),
        st.sampled_from([encode_scope(name) for name in ("", "s", "t" * 300)]),
        st.sampled_from(["", "u", "é" * 100]),
        st.integers(0, 400).map(lambda length: b"\x2a" + bytes((length & 0x7F,)) + b"n" * (length & 0x7F)),
    ),
    max_size=12,
)


class TestRequest:
    def test_is_what_the_stock_encoder_writes(self) -> None:
        """Resources and scopes hold their spans, which keep their order."""
        spans = [record(1), record(2), record(3, "other"), record(4, "other")]
        ours = ExportTraceServiceRequest.FromString(request([encoded(span) for span in spans]))

        assert encode_spans([readable(span, Resource({"service.name": "a"})) for span in spans]) == ours

    def test_neighbours_share_what_they_have_in_common(self) -> None:
        """Those that stand apart do not: order comes first."""
        items = [
            encoded(record(1)),
            encoded(record(2), "b"),
            encoded(record(3), "b"),
            encoded(record(4, "other"), "b"),
            encoded(record(5)),
        ]
        sent = ExportTraceServiceRequest.FromString(request(items)).resource_spans

        assert [[1], [2, 1], [1]] == [[len(scoped.spans) for scoped in one.scope_spans] for one in sent]

    def test_holds_logs_as_well(self) -> None:
        """Their requests have the same numbers."""
        item = Encoded(encode_resource({}), encode_scope("s"), "u", encode_log(LogRecord(1, 2, "said")))
        sent = ExportLogsServiceRequest.FromString(request([item, item]))

        assert ["said", "said"] == [one.event_name for one in sent.resource_logs[0].scope_logs[0].log_records]
        assert "u" == sent.resource_logs[0].scope_logs[0].schema_url

    def test_of_nothing_is_nothing(self) -> None:
        """An empty request is valid, and no bytes."""
        assert (b"", 0, []) == (request([]), size([]), list(batches([])))

    def test_metrics_stand_behind_each_other(self) -> None:
        """Two requests are one: that is how protobuf's lists are written."""
        scopes = [ScopeMetrics(metrics=[Metric(name=name)]) for name in ("a", "b")]
        requests = [
            ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics(scope_metrics=[scope])]) for scope in scopes
        ]
        both = ExportMetricsServiceRequest.FromString(b"".join(one.SerializeToString() for one in requests))

        assert ["a", "b"] == [one.scope_metrics[0].metrics[0].name for one in both.resource_metrics]


class TestSize:
    @given(ITEMS)
    def test_is_that_of_the_request(self, items: list[Encoded]) -> None:
        """To the byte, without making it."""
        assert len(request(items)) == size(items)

    @given(ITEMS)
    def test_an_item_adds_no_more_than_it_says(self, items: list[Encoded]) -> None:
        """Each says how many bytes it adds at most, wherever it stands."""
        for count in range(len(items)):
            assert size(items[: count + 1]) - size(items[:count]) <= items[count].size


class TestBatches:
    @given(ITEMS, st.integers(1, 2000), st.none() | st.integers(1, 5))
    def test_hold_everything_in_order_within_the_limits(
        self, items: list[Encoded], limit: int, count: int | None
    ) -> None:
        """Only an item that is larger alone exceeds the limit; no batch could have taken the next one."""
        found = list(batches(items, limit, count))

        assert items == [item for batch in found for item in batch]
        assert all(len(request(batch)) <= limit or len(batch) == 1 for batch in found)
        assert all(len(batch) == count or len(request([*batch, after[0]])) > limit for batch, after in pairwise(found))

    def test_default_fits_a_receiver_of_grpc(self) -> None:
        """Whose limit is 4 MiB unless somebody changed it."""
        item = Encoded(b"", b"", "", b"\x2a\x80\x80\x40" + b"n" * 2**20)
        found = list(batches([item] * 8))

        assert [3, 3, 2] == [len(batch) for batch in found]
        assert max(len(request(batch)) for batch in found) < 4 * 2**20


@pytest.mark.parametrize("length", [0, 127, 128, 16_384, 2_097_152])
def test_bodies_of_every_length_can_be_read(length: int) -> None:
    """Where the length of a length changes, too."""
    span = record(1)
    span.attributes = {"x": "x" * length}
    sent = ExportTraceServiceRequest.FromString(request([encoded(span)] * 2))

    assert [length] * 2 == [
        len(one.attributes[0].value.string_value) for one in sent.resource_spans[0].scope_spans[0].spans
    ]
