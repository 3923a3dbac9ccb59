"""What runs after `configure()`: a provider, the pipeline behind it, the journal and the sender."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.endpoint import build_sender, is_switched_off
from orchestrace.export.sender import Sender
from orchestrace.export.signals import Signals, build_signals
from orchestrace.journal.journal import Journal
from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.id_generator import configured_id_generator
from orchestrace.pipeline.latecomer import DISTRIBUTION, watch
from orchestrace.pipeline.limits import configured_limits
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.sampler import KeepRuns, configured_sampler, is_always_on
from orchestrace.recording import naming, tracer
from orchestrace.settings import CURRENT, Settings
from orchestrace.typing import AttributeValue

__all__ = ["Running", "start"]

_LOG = logging.getLogger("orchestrace")

_shared: Final = Processor([])
"""One for the life of the process: a provider has no way to lose a processor again."""

_joined: Final[list[trace.TracerProvider]] = []
"""Providers that have it."""

_made: Final[list[trace.TracerProvider]] = []
"""Those of them that are ours."""


@dataclass(frozen=True, slots=True)
class Running:
    """One configuration in force."""

    settings: Settings
    journal: Journal
    sender: Sender | None
    signals: Signals
    processor: Processor

    def flush(self, timeout: float) -> bool:
        """Wait until all that ended is ingested and acknowledged; True if it was, in time."""
        deadline = time.monotonic() + timeout
        others = self.signals.flush()
        stored = self.journal.flush(timeout)
        sent = self.sender is None or self.sender.flush(max(deadline - time.monotonic(), 0.0))
        return others.wait(max(deadline - time.monotonic(), 0.0)) and self.signals.complete and sent and stored

    def stop(self, timeout: float) -> None:
        """Take nothing more; send and store what there is, for at most `timeout` seconds."""
        self.processor.sinks = ()
        tracer.use(None)
        naming.use(CURRENT)
        deadline = time.monotonic() + timeout
        others = self.signals.flush(leaving=True)
        try:
            if self.sender is not None:
                self.sender.shutdown(timeout)
            others.wait(max(deadline - time.monotonic(), 0.0))
        finally:
            self.signals.stop()
            self.journal.close()


def start(settings: Settings) -> Running:
    """Put `settings` into force. Raises ConfigurationError."""
    resource = _resource(settings)
    present = trace.get_tracer_provider()
    private = settings.isolated or _takes_no_processor(present)
    joins = not private and _is_foreign(present)
    processor = Processor([]) if private else _shared
    own = _own(resource, processor) if private or isinstance(present, trace.ProxyTracerProvider) else None
    wanted = settings.export if settings.export is not None else not joins
    folder = _folder(settings)
    sender = _sender(settings, resource) if wanted else None
    signals = build_signals(
        resource,
        endpoint=settings.endpoint,
        protocol=settings.protocol,
        headers=settings.headers,
        wanted=settings.export is not False,
        isolated=settings.isolated,
    )
    journal = Journal(folder, resource=_values(resource))
    tracer.use(own if private else None, apart=private)
    if not private:
        _provide(present if own is None else own)
    processor.sinks = (journal,) if sender is None else (journal, sender)
    naming.use(settings.conventions)
    return Running(settings, journal, sender, signals, processor)


def _folder(settings: Settings) -> Path | None:
    if settings.journal is None:
        return None
    folder = Path(settings.journal).expanduser()
    if folder.is_file():
        msg = f"configure(journal={str(settings.journal)!r}) names a file: give it a folder, which need not exist."
        raise ConfigurationError(msg)
    return folder


def _sender(settings: Settings, resource: Resource) -> Sender | None:
    found = build_sender(resource, endpoint=settings.endpoint, protocol=settings.protocol, headers=settings.headers)
    if found is None and settings.export and not is_switched_off():
        msg = "configure(export=True) has nowhere to send to: give it endpoint=, or set OTEL_EXPORTER_OTLP_ENDPOINT."
        raise ConfigurationError(msg)
    return found


def _values(resource: Resource) -> dict[str, AttributeValue]:
    return {name: value for name, value in resource.attributes.items() if isinstance(value, (str, bool, int, float))}


def _resource(settings: Settings) -> Resource:
    named = {SERVICE_NAME: settings.service_name} if settings.service_name else {}
    return Resource.create({**DISTRIBUTION, **(settings.resource_attributes or {}), **named})


def _provide(provider: trace.TracerProvider) -> None:
    """Have the global provider make our spans: one of ours that becomes it, or one that is there and is joined."""
    if isinstance(provider, TracerProvider) and provider in _made:
        if trace.get_tracer_provider() is not provider:
            trace.set_tracer_provider(provider)
            watch(provider, _shared)
    elif provider not in _joined:
        provider.add_span_processor(_shared)  # type: ignore[attr-defined] # `start` has looked
        _joined.append(provider)
        sampler: Any = getattr(provider, "sampler", None)
        if not is_always_on(sampler):
            _LOG.warning(
                "orchestrace: the program's tracer provider has a sampler (%s): what it drops is not recorded. "
                "configure(isolated=True) records every run.",
                sampler.get_description(),
            )


def _own(resource: Resource, processor: Processor) -> TracerProvider:
    # It shuts down with us: the SDK's own exit hook costs seconds where nobody answers.
    provider = TracerProvider(
        KeepRuns(configured_sampler()),
        resource,
        shutdown_on_exit=False,
        active_span_processor=Fence(),  # type: ignore[no-untyped-call] # the SDK's
        id_generator=configured_id_generator(),
        span_limits=configured_limits(),
    )
    provider.add_span_processor(processor)
    _made.append(provider)
    return provider


def _is_foreign(provider: trace.TracerProvider) -> bool:
    return not isinstance(provider, trace.ProxyTracerProvider) and provider not in _made


def _takes_no_processor(provider: trace.TracerProvider) -> bool:
    """Tell whether a provider cannot be joined, so that our spans need another one; say so."""
    if not _is_foreign(provider) or hasattr(provider, "add_span_processor"):
        return False
    _LOG.warning(
        "orchestrace: the program's tracer provider (%s) takes no span processors. Runs are recorded as with "
        "configure(isolated=True): it sees nothing of ours, and its spans are not in the journal.",
        type(provider).__name__,
    )
    return True
