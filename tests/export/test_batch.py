from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from orchestrace.export.batch import LARGEST_REQUEST, batches, encoded_bound
from orchestrace.export.readable import readable
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALAR = st.one_of(TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats())
ATTRIBUTES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(TEXT, SCALAR | st.lists(SCALAR), max_size=6)
IDS = {"trace_id": st.just("f" * 32), "span_id": st.just("f" * 16)}
SPANS = st.builds(
    SpanRecord,
    **IDS,
    parent_id=st.just("f" * 16),
    name=TEXT,
    kind=st.just(4),
    start=st.just(2**64 - 1),
    end=st.just(2**64 - 1),
    status=st.just("ERROR"),
    status_message=TEXT,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(EventRecord, TEXT, st.just(2**64 - 1), ATTRIBUTES), max_size=4),
    links=st.lists(st.builds(LinkRecord, **IDS, attributes=ATTRIBUTES), max_size=4),
    trace_state=st.sampled_from(["", "vendor=value"]),
).map(lambda record: readable(record, Resource.get_empty()))


def size(spans: list[ReadableSpan]) -> int:
    """Return how many bytes a request with `spans` has."""
    return encode_spans(spans).ByteSize()


class TestEncodedBound:
    @settings(deadline=None)
    @given(SPANS)
    def test_is_never_exceeded(self, span: ReadableSpan) -> None:
        """A span encodes to no more bytes than were counted for it."""
        assert size([span]) <= encoded_bound(span)

    def test_is_close_for_long_content(self, record: Callable[..., SpanRecord]) -> None:
        """What matters, long text of any script, is counted to the byte."""
        for text in ("x" * 100_000, "é" * 100_000, "字" * 100_000):
            span = readable(record(attributes={"content": text}), Resource.get_empty())

            assert encoded_bound(span) - size([span]) < 200


class TestBatches:
    @settings(deadline=None)
    @given(st.lists(SPANS, max_size=8), st.integers(1, 2_000))
    def test_nothing_is_lost_or_moved(self, spans: list[ReadableSpan], limit: int) -> None:
        """The requests together are the spans, in order."""
        assert spans == [span for batch in batches(spans, limit) for span in batch]

    @settings(deadline=None)
    @given(st.lists(SPANS, max_size=8), st.integers(1, 2_000))
    def test_a_request_of_several_keeps_the_limit(self, spans: list[ReadableSpan], limit: int) -> None:
        """Only a span that is too large by itself makes a request that is too large."""
        assert [] == [batch for batch in batches(spans, limit) if len(batch) > 1 and size(batch) > limit]

    def test_small_spans_go_together(self, record: Callable[..., SpanRecord]) -> None:
        """By default a request holds 3.5 MiB: two spans of one MiB, not a third and fourth of one."""
        long = [readable(record(n, attributes={"x": "x" * 2**20}), Resource.get_empty()) for n in range(1, 5)]

        assert [3, 1] == [len(batch) for batch in batches(long)]
        assert 3.5 * 2**20 == LARGEST_REQUEST
