"""
Which receiver to send to: what the program said explicitly, else OpenTelemetry's own variables.

    OTEL_TRACES_EXPORTER            otlp (the default) or none
    OTEL_EXPORTER_OTLP_…            ENDPOINT, PROTOCOL, HEADERS, TIMEOUT, COMPRESSION, CERTIFICATE, CLIENT_KEY,
                                    CLIENT_CERTIFICATE, INSECURE; each also as OTEL_EXPORTER_OTLP_TRACES_…, which wins
    OTEL_BSP_…                      MAX_QUEUE_SIZE, MAX_EXPORT_BATCH_SIZE, SCHEDULE_DELAY

The stock exporters read what stands in the variables, as in any other program. Two things are ours: nothing is sent
where no endpoint is set (theirs is localhost), and a setting that cannot work is an error at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import SplitResult, urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.util.re import parse_env_headers

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.sender import Pace, Sender

__all__ = ["build_sender"]

_GENERAL: Final = "OTEL_EXPORTER_OTLP_"
_TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_"
_PATH: Final = "/v1/traces"
_GRPC: Final = "grpc"
_HTTP: Final = "http/protobuf"


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
    if not _is_wanted():
        return None
    receiver = _setting("ENDPOINT", "endpoint", endpoint)
    if receiver is None:
        return None
    connect = _CONNECTIONS[_protocol(_setting("PROTOCOL", "protocol", protocol))](receiver, headers or {})
    pace = _pace()
    try:
        return Sender(connect, resource, destination=_shown(receiver), pace=pace)
    except Exception as error:
        msg = f"The OTLP exporter cannot work with its settings ({error}): correct the {_GENERAL}* variables."
        raise ConfigurationError(msg) from error


def _setting(name: str, argument: str, value: str | None = None) -> _Setting | None:
    if value:
        return _Setting(value, argument, explicit=True)
    for variable in (_TRACES + name, _GENERAL + name):
        # An empty variable is an unset one: OpenTelemetry says so.
        if found := os.environ.get(variable, "").strip():
            return _Setting(found, variable)
    return None


def _is_wanted() -> bool:
    said = os.environ.get("OTEL_TRACES_EXPORTER", "")
    words = {word.strip().lower() for word in said.split(",")} - {""}
    if words - {"otlp", "none"} or words == {"otlp", "none"}:
        msg = f"OTEL_TRACES_EXPORTER={said!r} cannot be followed: write otlp, or none (a list may repeat one of them)."
        raise ConfigurationError(msg)
    return words != {"none"}


def _protocol(said: _Setting | None) -> str:
    word = _HTTP if said is None else said.value.lower()
    if word not in _CONNECTIONS:
        msg = f"{said} is no protocol that can be sent: write {_HTTP!r} (the default) or {_GRPC!r}."
        raise ConfigurationError(msg)
    return word


def _http(receiver: _Setting, headers: Mapping[str, str]) -> Callable[[], SpanExporter]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - 50 ms

    url = _split(receiver)
    if url.scheme not in {"http", "https"} or not url.hostname:
        msg = (
            f"{receiver} is no address for {_HTTP}: write 'http://host:4318' or 'https://host:4318', "
            f"or choose the protocol {_GRPC!r}, which takes 'host:port' too."
        )
        raise ConfigurationError(msg)
    path = url.path.rstrip("/")
    explicit = url._replace(path=path if path.endswith(_PATH) else path + _PATH).geturl() if receiver.explicit else None
    return partial(OTLPSpanExporter, endpoint=explicit, headers=_merged(headers))


def _grpc(receiver: _Setting, headers: Mapping[str, str]) -> Callable[[], SpanExporter]:
    from grpc import Compression  # type: ignore[import-untyped]  # noqa: PLC0415 - 89 ms, with the exporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above

    url = _split(receiver)
    if any(space in receiver.value for space in " \t\n") or (url.scheme in {"http", "https"} and not url.hostname):
        msg = f"{receiver} is no address for {_GRPC}: write 'http://host:4317', 'https://host:4317' or 'host:port'."
        raise ConfigurationError(msg)
    compression = _setting("COMPRESSION", "compression")
    # The stock exporter raises for OpenTelemetry's own word `none`.
    plain = compression is not None and compression.value.lower() == "none"
    return partial(
        OTLPSpanExporter,
        endpoint=receiver.value if receiver.explicit else None,
        headers=_merged(headers),
        compression=Compression.NoCompression if plain else None,
    )


_CONNECTIONS: Final[dict[str, Callable[[_Setting, Mapping[str, str]], Callable[[], SpanExporter]]]] = {
    _HTTP: _http,
    _GRPC: _grpc,
}


def _merged(headers: Mapping[str, str]) -> dict[str, str] | None:
    if not headers:
        return None
    # Some stock exporters forget the variable's when they are given others; gRPC refuses capitals.
    said = _setting("HEADERS", "headers")
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
