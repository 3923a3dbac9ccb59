from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, set_span_in_context

from orchestrace.pipeline.span_record import record_of
from orchestrace.records import EventRecord, LinkRecord


def made() -> tuple[Span, Span]:
    """Return a parent, and a child with everything that a span can have."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("scope", "2")
    parent = tracer.start_span("parent")
    child = tracer.start_span(
        "child",
        set_span_in_context(parent),
        SpanKind.CLIENT,
        {"a": ["x", "y"]},
        [Link(parent.get_span_context(), {"why": "retry"})],
        start_time=1,
    )
    child.add_event("happened", {"b": 1.5}, timestamp=2)
    child.set_status(Status(StatusCode.ERROR, "no luck"))
    return parent, child


class TestRecordOf:
    def test_everything_is_copied(self) -> None:
        """Names, ids, times, kind, status, attributes, events, links and scope."""
        parent, child = made()
        child.end(3)
        assert isinstance(child, ReadableSpan)
        record = record_of(child)
        above = f"{parent.get_span_context().trace_id:032x}", f"{parent.get_span_context().span_id:016x}"

        assert above == (record.trace_id, record.parent_id)
        assert f"{child.get_span_context().span_id:016x}" == record.span_id
        assert ("child", 2, 1, 3) == (record.name, record.kind, record.start, record.end)
        assert ("ERROR", "no luck") == (record.status, record.status_message)
        assert {"a": ("x", "y")} == record.attributes
        assert [EventRecord("happened", 2, {"b": 1.5})] == record.events
        assert [LinkRecord(*above, {"why": "retry"})] == record.links
        assert ("scope", "2", True) == (record.scope, record.scope_version, record.sampled)

    def test_a_running_span_has_no_end(self) -> None:
        """Its record is what is known now."""
        _, child = made()
        assert isinstance(child, ReadableSpan)

        assert record_of(child).end is None
