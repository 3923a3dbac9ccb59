"""What runs after `configure()`: a provider, the pipeline behind it, the journal and the sender."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider

from orchestrace import accounting, outcomes
from orchestrace.balance import Balance, Flushed
from orchestrace.exceptions import ConfigurationError
from orchestrace.export.console import Printer
from orchestrace.export.forwarder import Forwarder
from orchestrace.export.pace import configured_pace
from orchestrace.export.receiver import Receiver, resolve
from orchestrace.export.setting import is_switched_off, prints
from orchestrace.export.signal import TRACES
from orchestrace.export.signals import Signals, build_signals
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.dispatch import Dispatch
from orchestrace.journal.journal import Journal
from orchestrace.journal.ledger import Ledger
from orchestrace.journal.outcome_records import open_records
from orchestrace.journal.store import NOT_LOST
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

_LOST: Final = "neither disk nor memory had room"
_PRINTING: Final = 0.5
_STOPPING: Final = 0.05
"""Seconds for the last request to end: it is in the journal, whatever becomes of it."""
_SHORTEST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.1

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
    dispatch: Dispatch | None
    forwarder: Forwarder | None
    sends: bool
    printer: Printer | None
    signals: Signals
    processor: Processor

    @property
    def destination(self) -> str | None:
        """Where spans are sent, without credentials."""
        return self.forwarder.receiver.destination if self.forwarder is not None and self.sends else None

    def balance(self) -> Balance:
        """Return what became of the spans that ended in this process."""
        with self._ledger() as ledger:
            return self._account(ledger)[0]

    def flush(self, timeout: float) -> Flushed:
        """Wait until all that ended is in the journal, and acknowledged if it has a receiver; say whether it was."""
        deadline = time.monotonic() + timeout
        self.signals.flush()
        stored = self.journal.flush(timeout)
        printed = self.printer is None or self.printer.flush(timeout)
        if self.forwarder is not None:
            self.forwarder.hurry()
        account = self._wait(deadline)
        # What was acknowledged needs no database; what is neither there nor acknowledged waits.
        return self._flushed(*account, stored=(stored or self.forwarder is not None) and printed)

    def stop(self, timeout: float, *, patience: float | None = None) -> None:
        """
        Take nothing more; store and send what there is, for at most `timeout` seconds.

        With `patience` it waits that many seconds at most for the next acknowledgement: what does not come is kept.
        """
        self.processor.sinks = ()
        tracer.use(None)
        outcomes.use(None)
        naming.use(CURRENT)
        begun = time.monotonic()
        deadline = begun + timeout
        try:
            self.signals.flush(leaving=True)
            accounting.observe(None)
            self.journal.flush(min(timeout, patience or timeout))
            if self.printer is not None:
                self.printer.flush(min(timeout, _PRINTING))
            if self.forwarder is not None:
                self.forwarder.hurry()
                self._wait(deadline, patience, begun)
                self.forwarder.stop(_STOPPING)
        finally:
            self.signals.stop()
            self.journal.close()

    def _wait(self, deadline: float, patience: float | None = None, begun: float = 0.0) -> tuple[Balance, int]:
        """
        Wait until nothing of this process waits any more, as long as something arrives now and then; return what waits.

        The first acknowledgement has `patience` seconds from `begun` on: storing what there is came out of them.
        """
        pause, until = _SHORTEST_PAUSE, deadline if patience is None else begun + patience
        with self._ledger() as ledger:
            balance, signals = self._account(ledger)
            arrived = balance.delivered
            while self.forwarder is not None and (balance.waiting or signals) and time.monotonic() < until:
                if patience is not None and self.forwarder.is_put_off:
                    break
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                balance, signals = self._account(ledger)
                if patience is not None and balance.delivered > arrived:
                    arrived, until = balance.delivered, min(time.monotonic() + patience, deadline)
        return balance, signals

    def _ledger(self) -> closing[Ledger]:
        return closing(Ledger(self.journal.folder, self.journal.header().process))

    def _account(self, ledger: Ledger) -> tuple[Balance, int]:
        """Return the balance, and how many log records and metrics wait."""
        stored, signals = ledger.read()
        parts = [stored]
        if self.dispatch is not None:
            parts.append(self.dispatch.balance)
        if self.journal.lost_spans:
            parts.append(Balance(dropped={_LOST: self.journal.lost_spans}))
        known = Balance.sum(parts)
        ahead = max(0, self.journal.ended_spans - known.ended)
        return Balance(known.delivered, known.waiting + ahead, known.refused, known.dropped), signals

    def _flushed(self, balance: Balance, signals: int, *, stored: bool) -> Flushed:
        lost = {reason: spans for reason, spans in balance.dropped.items() if reason not in NOT_LOST}
        missing = [
            ("not everything is in the journal's database", not stored),
            (f"{balance.waiting} spans wait for {self.destination}", self.forwarder and balance.waiting),
            (f"{signals} batches of metrics and logs wait for {self.destination}", self.forwarder and signals),
            (f"{balance.refused} spans were refused", balance.refused),
            (f"{sum(lost.values())} spans were dropped ({', '.join(lost)})", lost),
        ]
        why = "; ".join(words for words, holds in missing if holds)
        return Flushed(not why, balance, why)


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
    receiver = _receiver(settings, wanted=wanted) if settings.export is not False else None
    sends = wanted and not is_switched_off() and (receiver is None or TRACES.name in receiver.targets)
    addressee = Addressee(receiver.id, receiver.destination) if receiver is not None else None
    journal = Journal(folder, resource=_values(resource), receiver=addressee, withheld=not sends)
    dispatch, forwarder = _forwarder(journal, receiver, resource) if receiver is not None else (None, None)
    printer = Printer(resource) if wanted and prints() else None
    signals = build_signals(receiver, resource, journal, isolated=settings.isolated)
    tracer.use(own if private else None, apart=private)
    if not private:
        _provide(present if own is None else own)
    processor.sinks = (journal,) if printer is None else (journal, printer)
    naming.use(settings.conventions)
    if forwarder is not None:
        journal.start()
    outcomes.use(partial(open_records, journal.folder))
    running = Running(settings, journal, dispatch, forwarder, sends, printer, signals, processor)
    accounting.observe(running.balance)
    return running


def _forwarder(journal: Journal, receiver: Receiver, resource: Resource) -> tuple[Dispatch, Forwarder]:
    dispatch = Dispatch(
        journal.folder,
        Addressee(receiver.id, receiver.destination),
        service=str(resource.attributes.get(SERVICE_NAME, "")),
        overflow=journal.overflow,
        header=journal.header,
    )
    forwarder = Forwarder(receiver, dispatch, configured_pace())
    journal.when_used = forwarder.start
    journal.worker.is_eager = lambda: dispatch.is_leading
    return dispatch, forwarder


def _folder(settings: Settings) -> Path | None:
    if settings.journal is None:
        return None
    folder = Path(settings.journal).expanduser()
    if folder.is_file():
        msg = f"configure(journal={str(settings.journal)!r}) names a file: give it a folder, which need not exist."
        raise ConfigurationError(msg)
    return folder


def _receiver(settings: Settings, *, wanted: bool) -> Receiver | None:
    found = resolve(endpoint=settings.endpoint, protocol=settings.protocol, headers=settings.headers)
    if found is None and wanted and settings.export and not is_switched_off():
        msg = "configure(export=True) has nowhere to send to: give it endpoint=, or set OTEL_EXPORTER_OTLP_ENDPOINT."
        raise ConfigurationError(msg)
    return found


def _values(resource: Resource) -> dict[str, AttributeValue]:
    values: dict[str, AttributeValue] = {}
    for name, value in resource.attributes.items():
        if isinstance(value, (str, bool, int, float)):
            values[name] = value
        elif isinstance(value, tuple):
            values[name] = [str(item) for item in value]
    return values


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
