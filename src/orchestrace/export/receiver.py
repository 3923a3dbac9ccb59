"""
Which receiver to send to: what the program said explicitly, else OpenTelemetry's own variables.

    OTEL_EXPORTER_OTLP_…   ENDPOINT, PROTOCOL, HEADERS, TIMEOUT, COMPRESSION, CERTIFICATE, CLIENT_KEY,
                           CLIENT_CERTIFICATE, INSECURE; each also as OTEL_EXPORTER_OTLP_TRACES_…, …_METRICS_…,
                           …_LOGS_…, which wins for its signal
    OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER, …_GRPC_…, and each with _TRACES_, _METRICS_, _LOGS_

They mean what they mean to the stock exporters. Two things are ours: nothing is sent where no endpoint is set (theirs
is localhost), and a setting that cannot work is an error at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestrace.export.resolving import target
from orchestrace.export.signal import SIGNALS, Signal
from orchestrace.export.target import Target

__all__ = ["Receiver", "resolve"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """
    Where this process sends: a target for each signal that is to be sent, by the signal's name.

    `id` is the same for all that send alike: to the same addresses, by the same protocols, with the same headers.
    """

    id: str
    destination: str
    targets: Mapping[str, Target]


def resolve(
    *,
    endpoint: str | None = None,
    protocol: str | None = None,
    headers: Mapping[str, str] | None = None,
    signals: Iterable[Signal] = SIGNALS,
) -> Receiver | None:
    """
    Return the receiver that is configured; None where nothing is to be sent.

    An argument goes before its variable; `headers` are added to the variable's. Over HTTP `endpoint` is a URL to which
    `/v1/traces`, `/v1/metrics` or `/v1/logs` is appended. Over gRPC it is a URL, or `host:port`, which means TLS unless
    OTEL_EXPORTER_OTLP_INSECURE is true. Raises ConfigurationError.
    """
    found = [target(signal, endpoint=endpoint, protocol=protocol, headers=headers or {}) for signal in signals]
    targets = {one.signal.name: one for one in found if one is not None}
    if not targets:
        return None
    destination = next(iter(targets.values())).destination
    return Receiver(_id(targets.values()), destination, MappingProxyType(targets))


def _id(targets: Iterable[Target]) -> str:
    said = [
        (one.signal.name, one.protocol, one.url, one.insecure, sorted(one.headers.items()))
        for one in sorted(targets, key=lambda one: one.signal.name)
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
