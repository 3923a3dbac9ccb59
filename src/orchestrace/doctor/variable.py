"""Variables that nobody reads, or whose value does not do what one may think."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from typing import Final

from orchestrace.declared.reading import VARIABLE as AGENTS
from orchestrace.doctor.finding import PROBLEM, WARNING, Finding
from orchestrace.exceptions import ConfigurationError
from orchestrace.journal.bounds import AGE_VARIABLE, SIZE_VARIABLE
from orchestrace.journal.location import VARIABLE as JOURNAL
from orchestrace.recording.content import VARIABLE as CONTENT
from orchestrace.recording.switch import VARIABLES as SWITCHES
from orchestrace.settings import Settings
from orchestrace.taps.recipients import VARIABLE as PROPAGATE_TO
from orchestrace.taps.recipients import stated

__all__ = ["OURS", "check"]

OURS: Final = frozenset(
    {
        JOURNAL,
        AGENTS,
        "ORCHESTRACE_DISABLED",
        AGE_VARIABLE,
        SIZE_VARIABLE,
        "ORCHESTRACE_RECORDINGS",
        PROPAGATE_TO,
    }
)
"""Every variable of our own."""

_EXPORTER: Final = "OTEL_EXPORTER_OTLP_"
_LISTS: Final = ("opentelemetry.environment_variables", "opentelemetry.sdk.environment_variables")
_CLOSE: Final = 0.88
_CHECK: Final = "variables"
_LEVELS: Final = frozenset({"", "no_content", "span_only", "event_only", "span_and_event", "true", "false"})


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the names, and at values that are easily wrong."""
    del settings
    known = OURS | _opentelemetrys()
    for name in sorted(os.environ):
        if name in known or not name.startswith(("ORCHESTRACE_", "OTEL_", "OTLP_")):
            continue
        near = get_close_matches(name, known, 1, _CLOSE)
        if near or name.startswith(("ORCHESTRACE_", _EXPORTER)):
            do = f"Did you mean {near[0]}?" if near else f"unset {name}"
            yield Finding(_CHECK, WARNING, f"{name} is no variable that is known", "Nobody reads it.", do)
    for name in SWITCHES:
        said = os.environ.get(name, "").strip().lower()
        if said not in {"", "true", "false"}:
            yield Finding(_CHECK, WARNING, f"{name}={said} has no effect", "Only true switches off.", f"{name}=true")
    try:
        stated()
    except ConfigurationError as error:
        yield Finding(_CHECK, PROBLEM, f"{PROPAGATE_TO} cannot be followed", str(error), "leave that host out")
    if os.environ.get(CONTENT, "").strip().lower() not in _LEVELS:
        why = "Its value is none of the known ones, and so no prompt or answer is recorded."
        yield Finding(_CHECK, WARNING, "content is not recorded", why, f"export {CONTENT}=SPAN_ONLY")


def _opentelemetrys() -> frozenset[str]:
    found: set[str] = set()
    for module in map(import_module, _LISTS):
        found |= {value for name, value in vars(module).items() if name.startswith("OTEL_") and isinstance(value, str)}
    # Settings of one signal that exist for another are settings.
    kinds = {name.removeprefix(_EXPORTER + "TRACES_") for name in found if name.startswith(_EXPORTER + "TRACES_")}
    return frozenset(found | {f"{_EXPORTER}{signal}{kind}" for kind in kinds for signal in ("", "METRICS_", "LOGS_")})
