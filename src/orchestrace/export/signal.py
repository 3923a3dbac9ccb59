"""The three kinds of telemetry, and where each goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LOGS", "METRICS", "SIGNALS", "TRACES", "Signal"]


@dataclass(frozen=True, slots=True)
class Signal:
    """
    One kind of telemetry: its name, its word in variables, its path over HTTP, its method over gRPC.

    `others` are words for exporters that a program has beside OTLP's, and that are none of our business.
    """

    name: str
    word: str
    path: str
    method: str
    others: frozenset[str] = frozenset()


def _signal(name: str, service: str, *others: str) -> Signal:
    method = f"/opentelemetry.proto.collector.{service.lower()}.v1.{service.capitalize()}Service/Export"
    return Signal(name, name.upper(), f"/v1/{name}", method, frozenset(others))


TRACES: Final = _signal("traces", "trace")
METRICS: Final = _signal("metrics", "metrics", "console", "prometheus")
LOGS: Final = _signal("logs", "logs", "console")

SIGNALS: Final = (TRACES, METRICS, LOGS)
