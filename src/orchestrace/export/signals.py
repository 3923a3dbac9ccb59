"""
Metrics and logs: a provider for each where the program has set none, and the way to the journal behind it.

A global provider is set once a process, so ours stays when its configuration ends, with nothing behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, metrics
from opentelemetry.sdk.resources import Resource

from orchestrace.export.receiver import Receiver
from orchestrace.export.signal import LOGS, METRICS, Signal
from orchestrace.recording import events
from orchestrace.recording.guard import report
from orchestrace.recording.measuring import meter

if TYPE_CHECKING:
    from orchestrace.export.relay import SignalSink

__all__ = ["Signals", "build_signals"]


class _Way(ABC):
    """From a provider of ours to the journal."""

    signal: Signal
    api: str
    shared: Any = None
    """The way whose provider is the global one, for the life of the process."""
    provider: Any
    relay: Any

    @staticmethod
    @abstractmethod
    def current() -> Any:  # noqa: ANN401 - the kinds of providers have no base in common
        """Return the global provider."""

    @staticmethod
    @abstractmethod
    def become_current(provider: Any) -> None:  # noqa: ANN401 - as above
        """Make a provider the global one."""

    @staticmethod
    @abstractmethod
    def listen(provider: Any) -> None:  # noqa: ANN401 - as above
        """Have what we record go to a provider; None is the global one."""

    @staticmethod
    @abstractmethod
    def nobody() -> Any:  # noqa: ANN401 - as above
        """Return a provider that hears nothing."""

    @classmethod
    def is_ours(cls) -> bool:
        """Tell whether the global provider is ours."""
        return cls.shared is not None and cls.current() is cls.shared.provider

    @classmethod
    def is_theirs(cls) -> bool:
        """Tell whether the program has set a provider itself. The API's own ones stand for one that is not there."""
        return not type(cls.current()).__module__.startswith(cls.api) and not cls.is_ours()

    def use(self, *, alone: bool) -> None:
        """Have what we record go this way: as everything of the program's does, or `alone`."""
        if alone:
            self.listen(self.provider)
        elif not self.is_ours():
            self.become_current(self.provider)

    def flush(self) -> None:
        """Pass on what waits here."""
        try:
            self.provider.force_flush()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("metrics and logs", error)


class _Metrics(_Way):
    signal = METRICS
    api = metrics.__name__
    current = staticmethod(metrics.get_meter_provider)
    become_current: Any = staticmethod(metrics.set_meter_provider)
    listen = staticmethod(meter.use)
    nobody = staticmethod(metrics.NoOpMeterProvider)

    def __init__(self, resource: Resource) -> None:
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - 30 ms, where metrics are sent

        from orchestrace.export.metric_reader import MetricReader  # noqa: PLC0415
        from orchestrace.export.relay import MetricRelay  # noqa: PLC0415

        self.relay = MetricRelay()
        reader = MetricReader(self.relay, meter.settle)
        self.provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter.be_patient(self.provider)


class _Logs(_Way):
    signal = LOGS
    api = _logs.__name__
    current = staticmethod(_logs.get_logger_provider)
    become_current: Any = staticmethod(_logs.set_logger_provider)
    listen = staticmethod(events.use)
    nobody = staticmethod(_logs.NoOpLoggerProvider)

    def __init__(self, resource: Resource) -> None:
        from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 - 20 ms, where logs are sent

        from orchestrace.export.relay import LogRelay  # noqa: PLC0415

        self.relay = LogRelay()
        self.provider = LoggerProvider(resource, shutdown_on_exit=False)
        self.provider.add_log_record_processor(self.relay)


_WAYS: Final[tuple[type[_Way], ...]] = (_Metrics, _Logs)


class Signals:
    """The metrics and logs of one configuration, as far as they are ours to send."""

    def __init__(self, ways: Iterable[_Way] = ()) -> None:
        self._ways = list(ways)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._ways)

    def flush(self, *, leaving: bool = False) -> None:
        """Pass on what waits; for whoever is `leaving`, nothing that was passed on before."""
        for way in self._ways:
            way.relay.repeats = not leaving
            way.flush()

    def stop(self) -> None:
        """Pass nothing more on."""
        for kind in _WAYS:
            # What is recorded from now on must not wait in our providers for whoever uses them next.
            kind.listen(kind.nobody() if kind.is_ours() else None)
        for way in self._ways:
            way.relay.use(None)
            if way is not type(way).shared:
                way.provider.shutdown()


def build_signals(
    receiver: Receiver | None, resource: Resource, sink: SignalSink, *, wanted: bool = True, isolated: bool = False
) -> Signals:
    """
    Have metrics and logs come to `sink`, each unless the program has a provider for it, or `receiver` does not want it.

    `isolated` ones go to nobody else, whatever the program has.
    """
    targets = receiver.targets if wanted and receiver is not None else {}
    kinds = [kind for kind in _WAYS if kind.signal.name in targets and (isolated or not kind.is_theirs())]
    ways = [_way(kind, sink, resource, isolated=isolated) for kind in kinds]
    for kind in _WAYS:
        kind.listen(kind.nobody() if isolated else None)
    for way in ways:
        way.use(alone=isolated)
    return Signals(ways)


def _way(kind: type[Any], sink: SignalSink, resource: Resource, *, isolated: bool) -> _Way:
    way: _Way = kind(resource) if isolated or kind.shared is None else kind.shared
    if not isolated:
        kind.shared = way
    way.relay.use(sink, resource)
    return way
