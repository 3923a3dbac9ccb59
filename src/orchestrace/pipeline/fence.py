"""The span processors that a program adds to a provider of ours: what one of them raises costs nobody else a span."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, SynchronousMultiSpanProcessor

from orchestrace.recording.guard import report

__all__ = ["Fence"]


class Fence(SynchronousMultiSpanProcessor):
    """
    Call processors one after the other, as the SDK does, whatever any of them raises.

    The SDK lets it through, into the code that starts or ends a span, and leaves out those that come after. It is
    logged and counted instead, as our own faults are.
    """

    alone: SpanProcessor | None
    """The processor that was added, as long as there is one and no other."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add a processor, behind a fence."""
        super().add_span_processor(_Fenced(span_processor))

    @property
    def inside(self) -> tuple[SpanProcessor, ...]:
        """The processors that were added."""
        return tuple(one.inner for one in self._span_processors if isinstance(one, _Fenced))

    def __setattr__(self, name: str, value: object) -> None:
        # The SDK makes a new row for each that is added; it is asked for twice a span who stands there.
        super().__setattr__(name, value)
        if name == "_span_processors":
            row = self._span_processors
            self.alone = row[0].inner if len(row) == 1 and type(row[0]) is _Fenced else None


class _Fenced(SpanProcessor):
    def __init__(self, inner: SpanProcessor) -> None:
        self.inner: SpanProcessor = inner
        self._where = f"span processor {type(inner).__name__}"

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        try:
            self.inner.on_start(span, parent_context)
        except Exception as error:  # noqa: BLE001 - a stranger's
            report(self._where, error)

    def _on_ending(self, span: Span) -> None:
        # Newer versions of the SDK have it.
        try:
            getattr(self.inner, "_on_ending", lambda _: None)(span)
        except Exception as error:  # noqa: BLE001 - as above
            report(self._where, error)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            self.inner.on_end(span)
        except Exception as error:  # noqa: BLE001 - as above
            report(self._where, error)

    def shutdown(self) -> None:
        self.inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.inner.force_flush(timeout_millis)
