"""
Which receiver to send to: what the program said explicitly, else OpenTelemetry's own variables.

    OTEL_TRACES_EXPORTER            otlp (the default), console, both, or none; otlp_proto_http and otlp_proto_grpc
                                    name the protocol, too; likewise OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER,
                                    without console
    OTEL_EXPORTER_OTLP_…            ENDPOINT, PROTOCOL, HEADERS, TIMEOUT, COMPRESSION, CERTIFICATE, CLIENT_KEY,
                                    CLIENT_CERTIFICATE, INSECURE; each also as OTEL_EXPORTER_OTLP_TRACES_…, …_METRICS_…,
                                    …_LOGS_…, which wins for its signal
    OTEL_BSP_…                      MAX_QUEUE_SIZE, MAX_EXPORT_BATCH_SIZE, SCHEDULE_DELAY

The stock exporters read what stands in the variables, as in any other program. Two things are ours: nothing is sent
where no endpoint is set (theirs is localhost), and a setting that cannot work is an error at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.util.re import parse_env_headers

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.sender import Pace, Sender

__all__ = ["LOGS", "METRICS", "TRACES", "Signal", "build_sender", "connection", "is_switched_off"]

_GENERAL: Final = "OTEL_EXPORTER_OTLP_"
_GRPC: Final = "grpc"
_HTTP: Final = "http/protobuf"
_CONSOLE: Final = "console"
_NONE: Final = "none"
_OTLP: Final = {"otlp": None, "otlp_proto_grpc": _GRPC, "otlp_proto_http": _HTTP}
"""OpenTelemetry's words for the exporters that are ours, and the protocol that each names."""

_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_COMPRESSIONS: Final = ("none", "gzip", "deflate")

_Connect: TypeAlias = Callable[[], Any]
"""Make a stock exporter; their kinds have no base in common."""


@dataclass(frozen=True, slots=True)
class Signal:
    """
    One of the three kinds of telemetry: its word in variables, its path, and the stock exporters for it.

    `others` are words for exporters that a program has beside OTLP's, and that are none of our business.
    """

    word: str
    path: str
    module: str
    exporter: str
    others: frozenset[str] = frozenset()

    @property
    def variables(self) -> str:
        """What the names of its own variables begin with."""
        return f"{_GENERAL}{self.word}_"

    def exporter_by(self, transport: str) -> Callable[..., Any]:
        """Return the class of the stock exporter: 50 ms, 89 with gRPC, for whoever sends."""
        module = import_module(f"opentelemetry.exporter.otlp.proto.{transport}.{self.module}")
        found: Callable[..., Any] = getattr(module, self.exporter)
        return found


TRACES: Final = Signal("TRACES", "/v1/traces", "trace_exporter", "OTLPSpanExporter")
METRICS: Final = Signal(
    "METRICS", "/v1/metrics", "metric_exporter", "OTLPMetricExporter", frozenset({"console", "prometheus"})
)
LOGS: Final = Signal("LOGS", "/v1/logs", "_log_exporter", "OTLPLogExporter", frozenset({"console"}))


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting's value and where it was said, as a message names it."""

    value: str
    where: str
    explicit: bool = False

    def __str__(self) -> str:
        return f"{self.where}={self.value!r}"


def build_sender(
    resource: Resource,
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Sender | None:
    """
    Build the sender for the receiver that is configured; None where none is, or where OTEL_TRACES_EXPORTER is `none`.

    An argument goes before its variable; `headers` are added to the variable's. Over HTTP `endpoint` is a URL to which
    `/v1/traces` is appended unless it ends so. Over gRPC it is a URL, or `host:port`, which means TLS unless
    OTEL_EXPORTER_OTLP_INSECURE is true. Raises ConfigurationError.
    """
    found = connection(TRACES, endpoint=endpoint, protocol=protocol, headers=headers)
    if _CONSOLE in _words(TRACES):
        found = _printed(found)
    if found is None:
        return None
    connect, destination = found
    pace = _pace()
    try:
        return Sender(connect, resource, destination=destination, pace=pace)
    except Exception as error:
        msg = f"The OTLP exporter cannot work with its settings ({error}): correct the {_GENERAL}* variables."
        raise ConfigurationError(msg) from error


def connection(
    signal: Signal,
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[_Connect, str] | None:
    """
    Return how to make the exporter of a signal, and where it sends; None where nothing is to be sent.

    As in `build_sender`; the path that is appended is the signal's. Raises ConfigurationError.
    """
    receiver = _setting(signal, "ENDPOINT", "endpoint", endpoint)
    words = _words(signal)
    if receiver is None or not (words & _OTLP.keys()):
        return None
    named = next((by for word, by in _OTLP.items() if by and word in words), None)
    connect = _CONNECTIONS[_protocol(_setting(signal, "PROTOCOL", "protocol", protocol or named))]
    _check(signal)
    return connect(signal, receiver, headers or {}), _shown(receiver)


def is_switched_off() -> bool:
    """Tell whether OTEL_TRACES_EXPORTER is `none`: whoever runs the program wants nothing sent."""
    return _words(TRACES) == {_NONE}


def _printed(found: tuple[_Connect, str] | None) -> tuple[_Connect, str]:
    from orchestrace.export.console import Printing  # noqa: PLC0415 - for whoever looks at spans

    if found is None:
        return Printing, _CONSOLE
    connect, destination = found
    return lambda: Printing(connect()), f"{destination} and {_CONSOLE}"


def _setting(signal: Signal, name: str, argument: str, value: str | None = None) -> _Setting | None:
    if value:
        return _Setting(value, argument, explicit=True)
    for variable in (signal.variables + name, _GENERAL + name):
        # An empty variable is an unset one: OpenTelemetry says so.
        if found := os.environ.get(variable, "").strip():
            return _Setting(found, variable)
    return None


def _words(signal: Signal) -> set[str]:
    """Return what the variable for a signal's exporters says, as far as it is our business."""
    variable = f"OTEL_{signal.word}_EXPORTER"
    said = os.environ.get(variable, "")
    words = {word.strip().lower() for word in said.split(",")} - {""} or {"otlp"}
    known = {*_OTLP, _NONE, *([_CONSOLE] if signal is TRACES else [])}
    ours = words - signal.others
    if ours - known or (_NONE in words and len(words) > 1):
        offered = ", ".join(sorted(known - {_NONE}))
        msg = f"{variable}={said!r} cannot be followed: write one or several of {offered}, or none alone."
        raise ConfigurationError(msg)
    return ours


def _protocol(said: _Setting | None) -> str:
    word = _HTTP if said is None else said.value.lower()
    if word not in _CONNECTIONS:
        msg = f"{said} is no protocol that can be sent: write {_HTTP!r} (the default) or {_GRPC!r}."
        raise ConfigurationError(msg)
    return word


def _check(signal: Signal) -> None:
    timeout = _setting(signal, "TIMEOUT", "timeout")
    if timeout is not None and not _SECONDS.fullmatch(timeout.value):
        msg = f"{timeout} is no number of seconds: write one, or leave the variable out for 10."
        raise ConfigurationError(msg)
    compression = _setting(signal, "COMPRESSION", "compression")
    if compression is not None and compression.value.lower() not in _COMPRESSIONS:
        msg = f"{compression} is not known: write one of {', '.join(_COMPRESSIONS)}."
        raise ConfigurationError(msg)
    _check_files(signal)


def _check_files(signal: Signal) -> None:
    # The stock exporters log what they cannot read, and go on without it.
    said = {name: _setting(signal, name, name) for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")}
    for file in filter(None, said.values()):
        try:
            Path(file.value).read_bytes()
        except OSError as error:
            msg = f"{file} cannot be read ({error.strerror}): name a PEM file, or leave the variable out."
            raise ConfigurationError(msg) from error
    if said["CLIENT_KEY"] is not None and said["CLIENT_CERTIFICATE"] is None:
        msg = f"{said['CLIENT_KEY']} is of no use alone: set {_GENERAL}CLIENT_CERTIFICATE, too."
        raise ConfigurationError(msg)


def _http(signal: Signal, receiver: _Setting, headers: Mapping[str, str]) -> _Connect:
    url = _split(receiver)
    if url.scheme not in {"http", "https"} or not url.hostname:
        msg = (
            f"{receiver} is no address for {_HTTP}: write 'http://host:4318' or 'https://host:4318', "
            f"or choose the protocol {_GRPC!r}, which takes 'host:port' too."
        )
        raise ConfigurationError(msg)
    path = url.path.rstrip("/").removesuffix(TRACES.path) + signal.path
    explicit = url._replace(path=path).geturl() if receiver.explicit else None
    return partial(signal.exporter_by("http"), endpoint=explicit, headers=_merged(signal, headers))


def _grpc(signal: Signal, receiver: _Setting, headers: Mapping[str, str]) -> _Connect:
    from grpc import Compression  # type: ignore[import-untyped]  # noqa: PLC0415 - 89 ms, with the exporter

    url = _split(receiver)
    if any(space in receiver.value for space in " \t\n") or (url.scheme in {"http", "https"} and not url.hostname):
        msg = f"{receiver} is no address for {_GRPC}: write 'http://host:4317', 'https://host:4317' or 'host:port'."
        raise ConfigurationError(msg)
    compression = _setting(signal, "COMPRESSION", "compression")
    # The stock exporter raises for OpenTelemetry's own word `none`.
    plain = compression is not None and compression.value.lower() == "none"
    return partial(
        signal.exporter_by("grpc"),
        endpoint=receiver.value if receiver.explicit else None,
        headers=_merged(signal, headers),
        compression=Compression.NoCompression if plain else None,
    )


_CONNECTIONS: Final[dict[str, Callable[[Signal, _Setting, Mapping[str, str]], _Connect]]] = {
    _HTTP: _http,
    _GRPC: _grpc,
}


def _merged(signal: Signal, headers: Mapping[str, str]) -> dict[str, str] | None:
    if not headers:
        return None
    # Some stock exporters forget the variable's when they are given others; gRPC refuses capitals.
    said = _setting(signal, "HEADERS", "headers")
    merged = dict(parse_env_headers(said.value, liberal=True)) if said is not None else {}
    return merged | {name.lower(): value for name, value in headers.items()}


def _split(receiver: _Setting) -> SplitResult:
    try:
        return urlsplit(receiver.value)
    except ValueError as error:
        msg = f"{receiver} is no address ({error}): write 'http://host:port'."
        raise ConfigurationError(msg) from error


def _shown(receiver: _Setting) -> str:
    url = _split(receiver)
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _pace() -> Pace:
    usual = Pace()
    queue = _number("OTEL_BSP_MAX_QUEUE_SIZE", usual.queue)
    batch = _number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", usual.batch)
    delay = _number("OTEL_BSP_SCHEDULE_DELAY", int(usual.delay * 1000))
    return Pace(queue, min(batch, queue), delay / 1000)


def _number(variable: str, usual: int) -> int:
    said = os.environ.get(variable, "").strip()
    if not said:
        return usual
    if not said.isdecimal() or int(said) < 1:
        msg = f"{variable}={said!r} is no number of 1 or more: write one, or leave it out for {usual}."
        raise ConfigurationError(msg)
    return int(said)
