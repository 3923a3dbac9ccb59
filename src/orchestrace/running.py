"""What runs after `configure()`: a provider, the pipeline behind it, the journal and the sender."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from orchestrace import accounting, outcomes
from orchestrace.balance import Flushed
from orchestrace.delivery import Delivery
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
from orchestrace.journal.location import folder_named
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.journal.outcome_records import open_records
from orchestrace.pipeline import providers
from orchestrace.pipeline.latecomer import DISTRIBUTION
from orchestrace.pipeline.processor import Processor
from orchestrace.recording import naming, tracer
from orchestrace.settings import CURRENT, Settings
from orchestrace.typing import AttributeValue

__all__ = ["Running", "start"]

_PRINTING: Final = 0.5
_STORING: Final = 0.1
"""Seconds for metrics to be stored, also where no time is left."""
_STOPPING: Final = 0.05
"""Seconds for the last request to end: it is in the journal, whatever becomes of it."""
_SAVING: Final = 0.4
"""Seconds for what is not: it is taken to the disk, if there is room again."""


@dataclass(frozen=True, slots=True)
class Running:
    """One configuration in force."""

    settings: Settings
    delivery: Delivery
    sends: bool
    printer: Printer | None
    signals: Signals
    processor: Processor

    @property
    def journal(self) -> Journal:
        """Where all that is recorded comes first."""
        return self.delivery.journal

    @property
    def destination(self) -> str | None:
        """Where spans are sent, without credentials."""
        forwarder = self.delivery.forwarder
        return forwarder.receiver.destination if forwarder is not None and self.sends else None

    def flush(self, timeout: float) -> Flushed:
        """Wait until all that ended is in the journal, and acknowledged if it has a receiver; say whether it was."""
        deadline = time.monotonic() + timeout
        forwarder = self.delivery.forwarder
        if forwarder is not None and self.signals:
            # Metrics last: what has arrived by then is a figure, too.
            self.journal.flush(timeout)
            forwarder.hurry()
            self.delivery.wait(deadline)
        self.signals.flush()
        stored = self.journal.flush(max(deadline - time.monotonic(), _STORING))
        printed = self.printer is None or self.printer.flush(timeout)
        if forwarder is not None:
            forwarder.hurry()
        # What was acknowledged needs no database; what is neither there nor acknowledged waits.
        return self.delivery.flushed(deadline, stored=(stored or forwarder is not None) and printed)

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
        try:
            self.journal.flush(min(timeout, patience or timeout))
            if self.printer is not None:
                self.printer.flush(min(timeout, _PRINTING))
            waiting = self._send(begun + timeout, patience, begun)
            # Last, as in `flush`. Where anything waits still, nobody is waited for any more: all of it is stored.
            self.signals.flush(leaving=True)
            accounting.observe(None)
            if not waiting and self.signals:
                left = max(begun + timeout - time.monotonic(), 0.0)
                self.journal.flush(min(left, patience or left))
                self._send(begun + timeout, patience, time.monotonic())
            if (forwarder := self.delivery.forwarder) is not None:
                forwarder.stop(_STOPPING)
                if self.delivery.dispatch is not None and self.delivery.dispatch.balance.waiting:
                    forwarder.wait(_SAVING)
        finally:
            # Whoever closes the database last folds its log into the file, and who only reads cannot.
            self.delivery.ledger.close()
            self.signals.stop()
            self.journal.close()

    def _send(self, deadline: float, patience: float | None, begun: float) -> int:
        """Have all be sent that is stored, and wait for it; return how much waits still."""
        if self.delivery.forwarder is None:
            return 0
        self.delivery.forwarder.hurry()
        balance, signals = self.delivery.wait(deadline, patience, begun)
        return balance.waiting + signals


def start(settings: Settings) -> Running:
    """Put `settings` into force. Raises ConfigurationError."""
    present = trace.get_tracer_provider()
    private = settings.isolated or providers.takes_no_processor(present)
    joins = not private and providers.is_foreign(present)
    resource = _resource(settings, present if joins else None)
    processor = Processor([]) if private else providers.shared
    own = providers.make(resource, processor) if private or isinstance(present, trace.ProxyTracerProvider) else None
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
        providers.join(present if own is None else own)
    processor.sinks = (journal,) if printer is None else (journal, printer)
    if joins:
        providers.catch_up(present)
    naming.use(settings.conventions)
    if forwarder is not None:
        journal.start()
    outcomes.use(partial(open_records, journal.folder))
    delivery = Delivery(journal, dispatch, forwarder, Ledger(journal.folder))
    accounting.observe(delivery.balance)
    return Running(settings, delivery, sends, printer, signals, processor)


def _forwarder(journal: Journal, receiver: Receiver, resource: Resource) -> tuple[Dispatch, Forwarder]:
    dispatch = Dispatch(
        journal.folder,
        Addressee(receiver.id, receiver.destination),
        service=str(resource.attributes.get(SERVICE_NAME, "")),
        memory=partial(MemoryOutbox, journal.refuge.overflow, journal.header, journal.appender),
    )
    forwarder = Forwarder(receiver, dispatch, configured_pace())
    journal.when_used = forwarder.start
    journal.worker.is_eager = lambda: dispatch.is_leading
    return dispatch, forwarder


def _folder(settings: Settings) -> Path | None:
    if settings.journal is None:
        return None
    folder = folder_named(settings.journal)
    if _is_file(folder):
        msg = f"configure(journal={str(settings.journal)!r}) names a file: give it a folder, which need not exist."
        raise ConfigurationError(msg)
    return folder


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # below a folder that this user may not enter, who knows
        return path.is_file()
    return False


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


def _resource(settings: Settings, joined: object) -> Resource:
    # The spans of a provider that is joined are its resource's, wherever they are read.
    known = getattr(joined, "resource", None)
    theirs = known.attributes if isinstance(known, Resource) else {}
    named = {SERVICE_NAME: settings.service_name} if settings.service_name else {}
    return Resource.create({**DISTRIBUTION, **theirs, **(settings.resource_attributes or {}), **named})
