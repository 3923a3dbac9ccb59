"""Print spans to standard output, beside sending them or instead of it: for whoever looks at a program."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult

__all__ = ["Printing"]


class Printing(SpanExporter):
    """Print what is exported, and pass it on to `inner`, if there is one, whose word counts."""

    def __init__(self, inner: SpanExporter | None = None) -> None:
        self._inner = inner
        self._console = ConsoleSpanExporter(out=sys.stdout)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Print spans, as JSON, and pass them on."""
        printed = self._console.export(spans)
        return printed if self._inner is None else self._inner.export(spans)

    def shutdown(self) -> None:
        """Shut down what is passed to."""
        if self._inner is not None:
            self._inner.shutdown()
