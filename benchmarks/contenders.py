"""
What is compared: ourselves and our peers, each set up as its own documentation says, with content on.

A contender has two ways. `capture` has a tracer provider that keeps nothing: what it costs to look. `whole` goes
through to an OTLP/HTTP receiver: the peers by the SDK's own BatchSpanProcessor and exporter, ours by the journal.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

__all__ = ["CONTENDERS", "Contender", "Flush"]

Flush = Callable[[], None]
"""Waits until all that was recorded has gone where it goes."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the table: `package` by way of `way`."""

    package: str
    way: str
    start: Callable[[str], Flush]
    """Set this process up, with the address of a receiver."""

    @property
    def name(self) -> str:
        """How the table calls it."""
        return f"{self.package}, {self.way}"

    @property
    def version(self) -> str:
        """Which version is installed."""
        return metadata.version(self.package if self.package in PEERS else "orchestrace")


PEERS = {
    "opentelemetry-instrumentation-genai-openai": "opentelemetry.instrumentation.genai.openai",
    "openinference-instrumentation-openai": "openinference.instrumentation.openai",
    "opentelemetry-instrumentation-openai": "opentelemetry.instrumentation.openai",
}
"""
Packages, and the modules that have their `OpenAIInstrumentor`. The last one is OpenLLMetry's.

Not here: opentelemetry-instrumentation-openai-v2 2.4b0. It is frozen, and does not start beside the
opentelemetry-util-genai that its successor, the first of these, needs.
"""

_CONTENT = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
"""Has OpenTelemetry's own one record content; the others do anyway, and so do we."""


def _nothing() -> None:
    """Wait for nothing."""


def _bare(_: str) -> Flush:
    return _nothing


def _provider(endpoint: str | None) -> tuple[object, Flush]:
    from opentelemetry import trace  # noqa: PLC0415 - the bare client's process does without
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider  # noqa: PLC0415

    # Else 100 messages in single attributes, as OpenInference has them, would be dropped at no cost.
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=SpanLimits.UNSET), shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    if endpoint is None:
        return provider, _nothing
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))

    def flush() -> None:
        provider.force_flush()

    return provider, flush


def _peer(module: str, *, whole: bool) -> Callable[[str], Flush]:
    def start(endpoint: str) -> Flush:
        os.environ.update(_CONTENT)
        provider, flush = _provider(endpoint if whole else None)
        importlib.import_module(module).OpenAIInstrumentor().instrument(tracer_provider=provider)
        return flush

    return start


def _capture(_: str) -> Flush:
    import orchestrace  # noqa: PLC0415 - in the process of this contender alone

    _provider(None)
    orchestrace.instrument()
    return _nothing


def _configured(*, whole: bool, signals: bool = False) -> Callable[[str], Flush]:
    def start(endpoint: str) -> Flush:
        import orchestrace  # noqa: PLC0415 - as above

        if not signals:  # the peers send spans alone, too
            os.environ.update(OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none")
        journal = tempfile.mkdtemp(prefix="orchestrace-benchmark-")
        orchestrace.configure("benchmark", journal=journal, endpoint=endpoint if whole else None, export=whole)

        def flush() -> None:
            orchestrace.flush(60)

        return flush

    return start


CONTENDERS = (
    Contender("bare client", "nothing recorded", _bare),
    Contender("orchestrace", "capture", _capture),
    *(Contender(package, "capture", _peer(module, whole=False)) for package, module in PEERS.items()),
    Contender("orchestrace", "journal alone", _configured(whole=False)),
    Contender("orchestrace", "whole", _configured(whole=True)),
    Contender("orchestrace", "whole, with metrics", _configured(whole=True, signals=True)),
    *(Contender(package, "whole", _peer(module, whole=True)) for package, module in PEERS.items()),
)
