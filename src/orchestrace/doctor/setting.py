"""The settings in effect, and where each comes from. Of headers it shows names alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.exceptions import ConfigurationError
from orchestrace.export.receiver import resolve
from orchestrace.export.setting import GENERAL, HTTP, is_switched_off, named_protocol, setting
from orchestrace.export.signal import SIGNALS, TRACES, Signal
from orchestrace.journal.bounds import AGE_VARIABLE, SIZE_VARIABLE, as_age, as_size, stated_bounds
from orchestrace.journal.location import VARIABLE, default_folder
from orchestrace.recording.switch import VARIABLES
from orchestrace.settings import Settings

__all__ = ["check"]

_DEFAULTS: Final = {"ENDPOINT": None, "PROTOCOL": HTTP, "TIMEOUT": "10", "COMPRESSION": "none"}
_CHECK: Final = "settings"


def check(settings: Settings) -> Iterator[Finding]:
    """Say what is in effect, and what cannot be followed."""
    for name in VARIABLES:
        if os.environ.get(name, "").strip().lower() == "true":
            yield Finding(_CHECK, PROBLEM, "everything is switched off", f"{name} is true.", f"unset {name}")
    yield from _followed(settings)
    yield _service(settings)
    for signal in SIGNALS:
        yield from _of_signal(signal, settings)
    yield from _headers(settings)
    yield from _journal(settings)


def _journal(settings: Settings) -> Iterator[Finding]:
    folder = settings.journal
    where = "journal=" if folder else VARIABLE if os.environ.get(VARIABLE, "").strip() else "default"
    yield Finding(_CHECK, OK, f"journal {folder or default_folder()} ({where})")
    try:
        bounds = stated_bounds()
    except ConfigurationError as error:
        yield Finding(_CHECK, PROBLEM, "a setting cannot be followed", str(error), "Correct it.")
        return
    said = [name for name in (AGE_VARIABLE, SIZE_VARIABLE) if os.environ.get(name, "").strip()]
    kept = f"journal keeps {as_age(bounds.max_age)} and {as_size(bounds.max_bytes)}"
    yield Finding(_CHECK, OK, f"{kept} ({', '.join(said) or 'default'})")


def _followed(settings: Settings) -> Iterator[Finding]:
    try:
        off = is_switched_off()
        found = resolve(endpoint=settings.endpoint, protocol=settings.protocol, headers=settings.headers)
    except ConfigurationError as error:
        yield Finding(_CHECK, PROBLEM, "a setting cannot be followed", str(error), "Correct it.")
        return
    if off:
        do = "unset OTEL_TRACES_EXPORTER"
        yield Finding(_CHECK, WARNING, "no traces are sent", "OTEL_TRACES_EXPORTER is none.", do)
    elif found is None or TRACES.name not in found.targets:
        why = "No endpoint is set for traces: runs are in the journal alone."
        do = f"export {GENERAL}ENDPOINT=http://localhost:4318"
        yield Finding(_CHECK, WARNING, "no traces are sent", why, do)


def _of_signal(signal: Signal, settings: Settings) -> Iterator[Finding]:
    for name, default in _DEFAULTS.items():
        said = setting(signal, name, getattr(settings, name.lower(), None))
        of = "" if signal is TRACES else f" of {signal.name}"
        if said is not None and (signal is TRACES or said.own):
            yield Finding(_CHECK, OK, f"{name.lower()}{of} {_shown(said.value)} ({said.where}{'=' * said.explicit})")
        elif said is None and name == "PROTOCOL" and (word := _named(signal)):
            yield Finding(_CHECK, OK, f"protocol{of} {word} (OTEL_{signal.word}_EXPORTER)")
        elif said is None and default is not None and signal is TRACES:
            yield Finding(_CHECK, OK, f"{name.lower()} {default} (default)")


def _named(signal: Signal) -> str | None:
    try:
        return named_protocol(signal)
    except ConfigurationError:
        return None  # told above


def _service(settings: Settings) -> Finding:
    if settings.service_name:
        return Finding(_CHECK, OK, f"service {settings.service_name} (service_name=)")
    for variable in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        value = os.environ.get(variable, "").strip()
        if value and (variable == "OTEL_SERVICE_NAME" or "service.name=" in value):
            return Finding(_CHECK, OK, f"service named ({variable})")
    return Finding(
        _CHECK,
        WARNING,
        "the service has no name in the environment",
        "Unless the program gives one, backends show unknown_service.",
        "export OTEL_SERVICE_NAME=…, or configure(service_name=…)",
    )


def _headers(settings: Settings) -> Iterator[Finding]:
    names = sorted(settings.headers or ())
    if names:
        yield Finding(_CHECK, OK, f"headers {', '.join(names)} (headers=)")
    for signal in SIGNALS:
        said = setting(signal, "HEADERS")
        if said is not None and (signal is TRACES or said.own):
            pairs = (pair.partition("=")[0].strip() for pair in said.value.split(",") if "=" in pair)
            yield Finding(_CHECK, OK, f"headers {', '.join(sorted(pairs)) or 'that cannot be read'} ({said.where})")


def _shown(value: str) -> str:
    if "@" not in value and "?" not in value:
        return value
    try:
        url = urlsplit(value)
    except ValueError:
        return "that cannot be read"
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
