"""
What is compared: ourselves and our peers, each set up as its own documentation says, with content on.

A contender has two ways. `capture` has a tracer provider that keeps nothing: what it costs to look. `whole` goes
through to an OTLP/HTTP receiver: the peers by the SDK's own BatchSpanProcessor and exporter, ours by the journal. The
`floor` is no contender, but what none of them could go below (see floor.py).
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import floor
from interpreters import OURS

__all__ = ["CONTENDERS", "PEERS", "Contender", "Flush", "Peer", "named"]

Flush = Callable[[], None]
"""Waits until all that was recorded has gone where it goes."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the table: `label` by way of `way`, as the `package` that `environment` has installed."""

    label: str
    way: str
    environment: str
    package: str
    start: Callable[[str], Flush]
    """Set this process up, with the address of a receiver."""

    @property
    def name(self) -> str:
        """How the table calls it."""
        return f"{self.label}, {self.way}"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another one: `start` sets it up with the address of a receiver, or with None to keep nothing."""

    label: str
    environment: str
    package: str
    module: str
    """What a program imports of it."""
    start: Callable[[str | None], Flush]


_CONTENT = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
"""Has OpenTelemetry's own one record content; the others do anyway, and so do we."""
_SPANS_ALONE = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


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


def _instrumentor(module: str) -> Callable[[str | None], Flush]:
    def start(endpoint: str | None) -> Flush:
        os.environ.update(_CONTENT)
        provider, flush = _provider(endpoint)
        importlib.import_module(module).OpenAIInstrumentor().instrument(tracer_provider=provider)
        return flush

    return start


def _langfuse(endpoint: str | None) -> Flush:
    from langfuse import Langfuse  # noqa: PLC0415 - in the environments that have it
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider  # noqa: PLC0415

    class Deaf(TracerProvider):
        """Takes none of Langfuse's processors, which it always adds."""

        def add_span_processor(self, span_processor: SpanProcessor) -> None:
            """Leave it out."""

    keys = {"public_key": "pk-lf-none", "secret_key": "sk-lf-none"}
    client = Langfuse(**keys, base_url=endpoint, tracer_provider=None if endpoint else Deaf(shutdown_on_exit=False))
    importlib.import_module("langfuse.openai")
    return client.flush


def _logfire(endpoint: str | None) -> Flush:
    import logfire  # noqa: PLC0415 - in the environments that have it

    os.environ.update(_SPANS_ALONE)
    if endpoint is not None:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    logfire.configure(send_to_logfire=False, console=False, distributed_tracing=False)
    logfire.instrument_openai()

    def flush() -> None:
        logfire.force_flush()

    return flush


def _otel(environment: str, label: str, package: str, module: str) -> Peer:
    return Peer(label, environment, package, module, _instrumentor(module))


PEERS = (
    _otel(
        "genai-openai",
        "OpenTelemetry genai-openai",
        "opentelemetry-instrumentation-genai-openai",
        "opentelemetry.instrumentation.genai.openai",
    ),
    _otel(
        "openai-v2",
        "OpenTelemetry openai-v2",
        "opentelemetry-instrumentation-openai-v2",
        "opentelemetry.instrumentation.openai_v2",
    ),
    _otel(
        "openinference",
        "OpenInference",
        "openinference-instrumentation-openai",
        "openinference.instrumentation.openai",
    ),
    _otel("openllmetry", "OpenLLMetry", "opentelemetry-instrumentation-openai", "opentelemetry.instrumentation.openai"),
    Peer("Langfuse", "langfuse", "langfuse", "langfuse.openai", _langfuse),
    Peer("Logfire", "logfire", "logfire", "logfire", _logfire),
)


def _capture(_: str) -> Flush:
    import orchestrace  # noqa: PLC0415 - in the process of this contender alone

    _provider(None)
    orchestrace.instrument()
    return _nothing


def _configured(*, whole: bool, signals: bool = False) -> Callable[[str], Flush]:
    def start(endpoint: str) -> Flush:
        import orchestrace  # noqa: PLC0415 - as above

        if not signals:  # the peers send spans alone, too
            os.environ.update(_SPANS_ALONE)
        journal = tempfile.mkdtemp(prefix="orchestrace-benchmark-")
        orchestrace.configure("benchmark", journal=journal, endpoint=endpoint if whole else None, export=whole)

        def flush() -> None:
            orchestrace.flush(60)

        return flush

    return start


def _ours(way: str, start: Callable[[str], Flush]) -> Contender:
    return Contender(OURS, way, OURS, OURS, start)


def _peers(way: str) -> list[Contender]:
    def started(peer: Peer) -> Callable[[str], Flush]:
        return lambda endpoint: peer.start(endpoint if way == "whole" else None)

    return [Contender(one.label, way, one.environment, one.package, started(one)) for one in PEERS]


CONTENDERS = (
    Contender("bare client", "nothing recorded", "bare", "openai", _bare),
    Contender("floor", "bodies written", OURS, "openai", floor.written),
    Contender("floor", "read and sent, too", OURS, "openai", floor.sent),
    _ours("capture", _capture),
    *_peers("capture"),
    _ours("journal alone", _configured(whole=False)),
    _ours("whole", _configured(whole=True)),
    _ours("whole, with metrics", _configured(whole=True, signals=True)),
    *_peers("whole"),
)


def named(name: str) -> Contender:
    """Return the contender of a name."""
    return next(one for one in CONTENDERS if one.name == name)
