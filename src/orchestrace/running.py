"""What runs after `configure()`: a provider, the pipeline behind it, the journal and the sender."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.environment_variables import OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

from orchestrace.export.endpoint import build_sender
from orchestrace.export.sender import Sender
from orchestrace.journal.journal import Journal
from orchestrace.pipeline.processor import Processor
from orchestrace.recording import tracer
from orchestrace.settings import Settings
from orchestrace.typing import AttributeValue

__all__ = ["Running", "start"]

_DISTRIBUTION: Final = {"telemetry.distro.name": "orchestrace", "telemetry.distro.version": tracer.version()}

_processor: Final = Processor([])
"""One for the life of the process: a provider has no way to lose a processor again."""

_joined: Final[list[trace.TracerProvider]] = []
"""Providers that have it."""


@dataclass(frozen=True, slots=True)
class Running:
    """One configuration in force."""

    settings: Settings
    journal: Journal
    sender: Sender | None

    def flush(self, timeout: float) -> bool:
        """Wait until all that ended is ingested and acknowledged; True if it was, in time."""
        deadline = time.monotonic() + timeout
        stored = self.journal.flush(timeout)
        return (self.sender is None or self.sender.flush(max(deadline - time.monotonic(), 0.0))) and stored

    def stop(self, timeout: float) -> None:
        """Take nothing more; send and store what there is, for at most `timeout` seconds."""
        _processor.sinks = ()
        tracer.use(None)
        try:
            if self.sender is not None:
                self.sender.shutdown(timeout)
        finally:
            self.journal.close()


def start(settings: Settings) -> Running:
    """Put `settings` into force. Raises ConfigurationError."""
    resource = _resource(settings)
    joins = not settings.isolated and _is_foreign(trace.get_tracer_provider())
    wanted = settings.export if settings.export is not None else not joins
    sender = build_sender(
        resource, endpoint=settings.endpoint, protocol=settings.protocol, headers=settings.headers
    ) if wanted else None  # fmt: skip
    journal = Journal(_folder(settings), resource=_values(resource))
    _provide(resource, isolated=settings.isolated)
    _processor.sinks = (journal,) if sender is None else (journal, sender)
    return Running(settings, journal, sender)


def _folder(settings: Settings) -> Path | None:
    return None if settings.journal is None else Path(settings.journal).expanduser()


def _values(resource: Resource) -> dict[str, AttributeValue]:
    return {name: value for name, value in resource.attributes.items() if isinstance(value, (str, bool, int, float))}


def _resource(settings: Settings) -> Resource:
    named = {SERVICE_NAME: settings.service_name} if settings.service_name else {}
    return Resource.create({**_DISTRIBUTION, **(settings.resource_attributes or {}), **named})


def _provide(resource: Resource, *, isolated: bool) -> None:
    """Have a provider make our spans: the global one, which becomes ours if there is none, or a private one."""
    current = trace.get_tracer_provider()
    if isolated:
        tracer.use(_own(resource))
        return
    if isinstance(current, trace.ProxyTracerProvider):
        trace.set_tracer_provider(_own(resource))
    elif current not in _joined and (join := getattr(current, "add_span_processor", None)) is not None:
        join(_processor)
        _joined.append(current)
    tracer.use(None)


def _own(resource: Resource) -> TracerProvider:
    # The SDK's limit drops the oldest attributes first, which are the messages.
    limited = os.environ.get(OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT)
    limits = SpanLimits() if limited else SpanLimits(max_span_attributes=SpanLimits.UNSET)
    # It shuts down with us: the SDK's own exit hook costs seconds where nobody answers.
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(_processor)
    _joined.append(provider)
    return provider


def _is_foreign(provider: trace.TracerProvider) -> bool:
    return not isinstance(provider, trace.ProxyTracerProvider) and provider not in _joined
