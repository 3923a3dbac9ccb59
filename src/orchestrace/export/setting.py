"""
OpenTelemetry's variables for exporters: that of a signal, else the general one, as the stock exporters read them.

    OTEL_TRACES_EXPORTER   otlp (the default), console, both, or none; otlp_proto_http and otlp_proto_grpc name the
                           protocol, too; likewise OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER, without console
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.signal import TRACES, Signal

__all__ = ["GENERAL", "GRPC", "HTTP", "Setting", "is_switched_off", "named_protocol", "prints", "sends", "setting"]

GENERAL: Final = "OTEL_EXPORTER_OTLP_"
GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"

_CONSOLE: Final = "console"
_NONE: Final = "none"
_OTLP: Final = {"otlp": None, "otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP}
"""OpenTelemetry's words for the exporters that are ours, and the protocol that each names."""


@dataclass(frozen=True, slots=True)
class Setting:
    """
    A setting's value and where it was said, as a message names it.

    It is `explicit` where the program says it, and `own` where it is a variable of one signal.
    """

    value: str
    where: str
    explicit: bool = False
    own: bool = False

    def __str__(self) -> str:
        return f"{self.where}={self.value!r}"


def setting(signal: Signal, name: str, argument: str | None = None) -> Setting | None:
    """Return what was said: by the program in `argument`, in the signal's variable, or in the general one."""
    if argument:
        return Setting(argument, name.lower(), explicit=True)
    for variable, own in ((f"{GENERAL}{signal.word}_{name}", True), (GENERAL + name, False)):
        # An empty variable is an unset one: OpenTelemetry says so.
        if found := os.environ.get(variable, "").strip():
            return Setting(found, variable, own=own)
    return None


def sends(signal: Signal) -> bool:
    """Tell whether a signal is to be sent, where there is an endpoint. Raises ConfigurationError for a wrong word."""
    return not _OTLP.keys().isdisjoint(_words(signal))


def named_protocol(signal: Signal) -> str | None:
    """Return the protocol that the word for a signal's exporter names."""
    return next((protocol for word, protocol in _OTLP.items() if protocol and word in _words(signal)), None)


def prints() -> bool:
    """Tell whether OTEL_TRACES_EXPORTER has `console` in it: whoever runs the program wants to look at spans."""
    return _CONSOLE in _words(TRACES)


def is_switched_off() -> bool:
    """Tell whether OTEL_TRACES_EXPORTER is `none`: whoever runs the program wants nothing sent."""
    return _words(TRACES) == {_NONE}


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
