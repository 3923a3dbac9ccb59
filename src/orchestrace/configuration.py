"""The composition root: the only place that knows both what records spans and what becomes of them."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from orchestrace import instrumentation, propagation
from orchestrace.balance import Flushed
from orchestrace.declared import application
from orchestrace.declared.reading import named
from orchestrace.exceptions import ConfigurationError, UnknownSettingError
from orchestrace.recording import content as content_level
from orchestrace.recording import finaliser
from orchestrace.recording.guard import faults, report
from orchestrace.recording.switch import is_off
from orchestrace.running import Running, start
from orchestrace.settings import Settings, meant
from orchestrace.taps import recipients
from orchestrace.typing import AttributeValue

__all__ = ["Status", "configure", "flush", "preconfigure", "shutdown", "status"]

P = ParamSpec("P")
T = TypeVar("T")

_LEAVING: Final = 5.0
_PATIENCE: Final = 0.5
"""Seconds: a process that ends waits so long for the next acknowledgement."""

_lock = threading.RLock()
_running: Running | None = None
_provisional = False
"""What runs was not asked for by the program itself, which may still say otherwise."""
_hooked = False


@dataclass(frozen=True, slots=True)
class Status:
    """
    What is in force in this process.

    `faults` counts failures of our own hooks by place. Of the spans that ended in this process `delivered` ones were
    acknowledged, `waiting` ones were not yet, `refused` ones were set aside because the receiver does not want them,
    and `dropped` ones, by reason, will not be sent: together they are all that ended.
    """

    configured: bool = False
    journal: Path | None = None
    destination: str | None = None
    instrumented: list[str] = field(default_factory=list)
    content: str = "full"
    ended: int = 0
    delivered: int = 0
    waiting: int = 0
    refused: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)


def _known_alone(function: Callable[P, T]) -> Callable[P, T]:
    """Make an argument that does not exist an error that says which one may have been meant."""
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                msg = f"configure() has no setting {name!r}.{meant(name, known)} It has: {', '.join(known)}."
                raise UnknownSettingError(msg)
        return function(*args, **kwargs)

    return checked


@_known_alone
def configure(  # noqa: PLR0913 - the settings of the whole package, each of which has a default
    service_name: str | None = None,
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    resource_attributes: Mapping[str, AttributeValue] | None = None,
    journal: str | Path | None = None,
    instrument: bool = True,
    content: str | None = None,
    agents: str | PathLike[str] | Mapping[str, Any] | None = None,
    isolated: bool = False,
    export: bool | None = None,
    conventions: str = "current",
    propagate_to: Sequence[str] | None = None,
) -> None:
    """
    Record this process: into the journal, and by OTLP to a receiver if one is set. Call it once, at start.

    Args:
        service_name: Whose spans they are; default: as the provider that is joined says, else `OTEL_SERVICE_NAME`.
        endpoint: An OTLP receiver, such as `http://localhost:4318`; default `OTEL_EXPORTER_OTLP_ENDPOINT`, else none.
        protocol: `http/protobuf` or `grpc`; default `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`.
        headers: Sent with every export, beside those of `OTEL_EXPORTER_OTLP_HEADERS`.
        resource_attributes: Beside those of `OTEL_RESOURCE_ATTRIBUTES`.
        journal: Its folder; default `ORCHESTRACE_JOURNAL`, else `orchestrace` in the user's state directory.
        instrument: Whether to tap the HTTP clients of the provider SDKs.
        content: "full", or "off" for names, numbers and times only; default: as
            `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says, else "full".
        agents: An agents file, or a mapping of the same form: what functions of the program are, said from outside;
            default `ORCHESTRACE_AGENTS`.
        isolated: Record through a provider of our own, also where the program has one, and show nobody else anything.
        export: Whether to send; default: unless the program has set a provider, which sends already.
        conventions: Which names to write: "current", "released" (core 1.41.1, as older dashboards have), or "both".
        propagate_to: Hosts of your own services, whose requests by `httpx` are to say whose run it is, such as
            `["billing.internal", "*.svc.cluster.local", "localhost:8001"]`; default `ORCHESTRACE_PROPAGATE_TO`.

    A tracer provider that the program has set is joined; else ours becomes the global one. A second call with the same
    arguments changes nothing. `ORCHESTRACE_DISABLED=true` and `OTEL_SDK_DISABLED=true` make it do nothing.

    Raises:
        ConfigurationError: A setting is unknown or malformed, or contradicts another or an earlier call.

    """
    settings = Settings(**locals())  # every argument is a setting
    if not is_off():
        _apply(settings)


def preconfigure(*, instrument: bool = True, agents: Mapping[str, Any] | None = None) -> None:
    """
    Configure as the variables say, for a program that may not know of us; if it calls `configure()`, that holds.

    `agents` stands for the file that `ORCHESTRACE_AGENTS` names. Raises ConfigurationError.
    """
    if not is_off():
        _apply(Settings(instrument=instrument, agents=agents), provisional=True)


def _apply(settings: Settings, *, provisional: bool = False) -> None:
    global _running, _provisional, _hooked  # noqa: PLW0603 - the process has one configuration
    with _lock:
        if _running is not None:
            if provisional or _running.settings == settings:
                _provisional = _provisional and provisional
                return
            if not _provisional:
                msg = "configure() was called before, with other arguments: call it once, or shutdown() in between."
                raise ConfigurationError(msg)
        agents = named(settings.agents)
        if _running is not None:
            shutdown()
        told = recipients.stated(settings.propagate_to)
        _provisional = provisional
        _running = start(settings)
        recipients.use(told)
        content_level.use(settings.content)
        propagation.adopt()
        if not _hooked:
            _hooked = True
            finaliser.at_exit(_leave)
            finaliser.ensure_running()
        if settings.instrument:
            instrumentation.instrument(agents)
        elif agents is not None:
            application.apply(agents)


def flush(timeout: float = 30.0) -> Flushed:
    """
    Wait, at most `timeout` seconds, until everything that has ended so far is stored and acknowledged by the receiver.

    Returns an object that is true only if that came to pass; it has the balance, and says why not. It is also true
    where nothing was configured. Never raises.
    """
    try:
        done = finaliser.drain(timeout)
        running = _running
        if running is None:
            return Flushed(done, why="" if done else "what the garbage collector ended is still being recorded")
        flushed = running.flush(timeout)
        return flushed if done else replace(flushed, complete=False)
    except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
        report("flush", error)
        return Flushed(complete=False, why=f"it failed: {type(error).__name__}")


def shutdown(timeout: float | None = None) -> None:
    """
    Flush, for at most `timeout` seconds, and stop recording. `configure()` may be called again. Never raises.

    By default it waits 0.5 s for the next acknowledgement, and 5 s altogether. What was not acknowledged by then stays
    in the journal: the next process sends it, or `orchestrace forward`.
    """
    if timeout is None:
        _stop(_LEAVING, _PATIENCE)
    else:
        _stop(timeout)


def _stop(timeout: float, patience: float | None = None) -> None:
    global _running
    with _lock:
        ending, _running = _running, None
        if ending is None:
            return
        try:
            finaliser.drain(timeout)
            propagation.release()
            application.withdraw()
            if ending.settings.instrument:
                instrumentation.uninstrument()
            content_level.use(None)
            recipients.use(None)
            ending.stop(timeout, patience=patience)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("shutdown", error)


def status() -> Status:
    """Return what is in force in this process."""
    known: dict[str, Any] = {"instrumented": instrumentation.tapped(), "faults": faults()}
    if (running := _running) is not None:
        balance = running.delivery.balance()
        known |= {"configured": True, "journal": running.journal.folder, "destination": running.destination}
        known |= {name: getattr(balance, name) for name in ("ended", "delivered", "waiting", "refused", "dropped")}
    return Status(content="full" if content_level.is_recorded() else "off", **known)


def _leave() -> None:
    shutdown()
