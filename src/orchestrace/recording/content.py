"""Whether content (prompts, answers, arguments, results) is recorded right here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context, create_key, get_current, get_value, set_value

from orchestrace.exceptions import ConfigurationError
from orchestrace.recording.scope import Scope
from orchestrace.recording.variable import Variable

__all__ = ["LEVELS", "VARIABLE", "content", "is_recorded", "is_said", "on_events", "said_within", "use", "within"]

LEVELS: Final = ("full", "off")
VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""OpenTelemetry's own switch. Unset, we record: it is what this package is for."""

_ON_SPANS: Final = frozenset({"", "span_only", "span_and_event", "true"})
"""Any other value keeps content off spans: `no_content`, `event_only`, `false`, and what nobody knows."""

_ON_EVENTS: Final = frozenset({"event_only", "span_and_event", "true"})
"""Content stands on spans by default, and a second time on events only where that is asked for."""

_KEY: Final = create_key("orchestrace-content")
_variable: Final = Variable(VARIABLE)
_default: str | None = None


def use(level: str | None) -> None:
    """Set the level for the process; None leaves it to OpenTelemetry's variable. Raises ConfigurationError."""
    global _default  # noqa: PLW0603 - the process has one default
    _default = None if level is None else _checked(level)


@contextmanager
def content(level: str) -> Iterator[None]:
    """
    Record at `level` inside the block: "full", or "off" for nothing but names, numbers and times.

    The level holds for everything called in the block, in threads and tasks too. Raises ConfigurationError.
    """
    with Scope(within(get_current(), _checked(level))):
        yield


def within(context: Context, level: str) -> Context:
    """Return `context` with a level that holds in it."""
    return set_value(_KEY, level, context)


def said_within(context: Context) -> object:
    """Return the level that was set for a block around, or None."""
    return get_value(_KEY, context)


def is_recorded(context: Context | None = None) -> bool:
    """Tell whether content may stand on a span that starts in `context` (default: the current one)."""
    said = (get_current() if context is None else context).get(_KEY, _default)
    return _variable() in _ON_SPANS if said is None else said == "full"


def on_events(context: Context | None = None) -> bool:
    """
    Tell whether content may stand on an event (a log record) that is emitted in `context` (default: the current one).

    The program can forbid it, by "off"; that it is wanted there, only the variable can say.
    """
    said = (get_current() if context is None else context).get(_KEY, _default)
    return said != "off" and _variable() in _ON_EVENTS


def is_said() -> bool:
    """Tell whether OpenTelemetry's variable says anything."""
    return bool(_variable())


def _checked(level: str) -> str:
    if level not in LEVELS:
        msg = f"content={level!r} is no level: use one of {', '.join(map(repr, LEVELS))}."
        raise ConfigurationError(msg)
    return level
