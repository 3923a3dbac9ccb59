"""Where the spans of a provider become records: everything that we store or send passes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from orchestrace.pipeline.inherit import inherit
from orchestrace.pipeline.span_record import record_of
from orchestrace.recording import hosting
from orchestrace.recording.guard import report
from orchestrace.recording.keeper import keep
from orchestrace.records import Sink, SpanRecord

if TYPE_CHECKING:
    from orchestrace.pipeline.span import OwnSpan

__all__ = ["Processor"]


class Processor(SpanProcessor):
    """
    Hand every span of a provider to `sinks`, as a record: when it starts, and when it has ended.

    Spans of other libraries are given the identity of the run they belong to, and what was recorded of a model call
    that another library has a span for. Never raises.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self.sinks: tuple[Sink, ...] = tuple(sinks)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass on a span that has just started."""
        try:
            inherit(span, parent_context)
            if not hosting.started(span):
                return
            record = record_of(span)
            for sink in self.sinks:
                sink.started(record)
            keep(span, self)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("start of a span", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass on a span that has ended, with all that is known of it."""
        try:
            hosting.complete(record_of(span), self._ended)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("end of a span", error)

    def begun(self, span: OwnSpan) -> None:
        """Pass on a span of ours that has just started: it carries all that it inherits, and retells nothing."""
        try:
            if self.sinks:
                record = span.record()
                for sink in self.sinks:
                    sink.started(record)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("start of a span", error)

    def again(self, span: Any) -> None:  # noqa: ANN401 - any span that says what it holds
        """Pass on a span that runs once more, with what was said of it since it started."""
        try:
            record = record_of(span)
            if record.end is None:
                for sink in self.sinks:
                    sink.started(record)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("start of a span", error)

    def ended(self, span: OwnSpan) -> None:
        """Pass on a span of ours that has ended."""
        try:
            record = span.record()
            if hosting.stands_alone(span):
                for sink in self.sinks:
                    sink.ended(record)
            else:
                hosting.complete(record, self._ended)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("end of a span", error)

    def _ended(self, record: SpanRecord) -> None:
        # It may have waited for the end of a model call, in whose thread this runs then.
        try:
            for sink in self.sinks:
                sink.ended(record)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("end of a span", error)
