"""
Metrics and logs: a provider for each where the program has set none, and the way to the receiver behind it.

A global provider is set once a process, so ours stays when its configuration ends, with nothing behind it.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry import _logs, metrics
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.endpoint import LOGS, METRICS, Signal, connection
from orchestrace.recording import events
from orchestrace.recording.guard import report
from orchestrace.recording.measuring import meter

__all__ = ["Ending", "Signals", "build_signals"]


class _Way(ABC):
    """From a provider of ours to a receiver."""

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
        """Send what waits."""
        with suppress_instrumentation():
            self.provider.force_flush()


class _Metrics(_Way):
    signal = METRICS
    api = metrics.__name__
    current = staticmethod(metrics.get_meter_provider)
    become_current: Any = staticmethod(metrics.set_meter_provider)
    listen = staticmethod(meter.use)
    nobody = staticmethod(metrics.NoOpMeterProvider)

    def __init__(self, exporter: Any, resource: Resource) -> None:  # noqa: ANN401 - as in `endpoint`
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - 30 ms, where metrics are sent
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

        from orchestrace.export.relay import MetricRelay  # noqa: PLC0415

        self.relay = MetricRelay(exporter)
        reader = PeriodicExportingMetricReader(self.relay)
        self.provider = MeterProvider([reader], resource, shutdown_on_exit=False)


class _Logs(_Way):
    signal = LOGS
    api = _logs.__name__
    current = staticmethod(_logs.get_logger_provider)
    become_current: Any = staticmethod(_logs.set_logger_provider)
    listen = staticmethod(events.use)
    nobody = staticmethod(_logs.NoOpLoggerProvider)

    def __init__(self, _: Any, resource: Resource) -> None:  # noqa: ANN401 - as above
        from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 - 20 ms, where logs are sent
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415

        from orchestrace.export.relay import LogRelay  # noqa: PLC0415

        self.relay = LogRelay()
        self.provider = LoggerProvider(resource, shutdown_on_exit=False)
        self.provider.add_log_record_processor(BatchLogRecordProcessor(self.relay))


_WAYS: Final[tuple[type[_Way], ...]] = (_Metrics, _Logs)


class Ending:
    """Steps that are taken at once, each on a thread of its own: a receiver that does not answer holds up no other."""

    def __init__(self, steps: Iterable[Callable[[], None]]) -> None:
        self._threads = [threading.Thread(target=self._take, args=(step,), daemon=True) for step in steps]
        for thread in self._threads:
            thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until all are done; True if that came to pass within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX))
        return not any(thread.is_alive() for thread in self._threads)

    @staticmethod
    def _take(step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("metrics and logs", error)


class Signals:
    """The metrics and logs of one configuration, as far as they are ours to send."""

    def __init__(self, ways: Iterable[_Way] = ()) -> None:
        self._ways = list(ways)

    @property
    def complete(self) -> bool:
        """Tell whether everything that was sent has arrived, or was never wanted by the receiver."""
        return all(way.relay.complete for way in self._ways)

    def flush(self, *, leaving: bool = False) -> Ending:
        """Begin to send what waits; for whoever is `leaving`, nothing that has arrived before."""
        for way in self._ways:
            way.relay.repeats = not leaving
        return Ending(way.flush for way in self._ways)

    def stop(self) -> None:
        """Send no more. What is on its way is given up."""
        for kind in _WAYS:
            # What is recorded from now on must not wait in our providers for whoever uses them next.
            kind.listen(kind.nobody() if kind.is_ours() else None)
        for way in self._ways:
            way.relay.use(None)
            if way is not type(way).shared:
                Ending([way.provider.shutdown])


def build_signals(  # noqa: PLR0913 - the arguments of `configure()` that concern them
    resource: Resource,
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    wanted: bool = True,
    isolated: bool = False,
) -> Signals:
    """
    Have metrics and logs sent to the receiver that is configured, each unless the program has a provider for it.

    `isolated` ones go to nobody else, whatever the program has. Raises ConfigurationError.
    """
    kinds = [kind for kind in _WAYS if wanted and (isolated or not kind.is_theirs())]
    found = [connection(kind.signal, endpoint=endpoint, protocol=protocol, headers=headers) for kind in kinds]
    exporters = [(kind, _exporter(kind.signal, *one)) for kind, one in zip(kinds, found, strict=True) if one]
    ways = [_way(kind, exporter, resource, isolated=isolated) for kind, exporter in exporters]
    for kind in _WAYS:
        kind.listen(kind.nobody() if isolated else None)
    for way in ways:
        way.use(alone=isolated)
    return Signals(ways)


def _exporter(signal: Signal, connect: Callable[[], Any], destination: str) -> tuple[Any, str]:
    try:
        return connect(), destination
    except Exception as error:
        msg = f"The OTLP exporter cannot work with its settings ({error}): correct the {signal.variables}* variables."
        raise ConfigurationError(msg) from error


def _way(kind: type[Any], exporter: tuple[Any, str], resource: Resource, *, isolated: bool) -> _Way:
    way: _Way = kind(exporter[0], resource) if isolated or kind.shared is None else kind.shared
    if not isolated:
        kind.shared = way
    way.relay.use(*exporter, resource)
    return way
