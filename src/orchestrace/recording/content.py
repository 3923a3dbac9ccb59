"""Whether content (prompts, answers, arguments, results) is recorded right here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context, create_key, get_current, get_value, set_value

from orchestrace.exceptions import ConfigurationError
from orchestrace.recording.scope import Scope

__all__ = ["LEVELS", "VARIABLE", "content", "is_recorded", "use"]

LEVELS: Final = ("full", "off")
VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""OpenTelemetry's own switch. Unset, we record: it is what this package is for."""

_ON: Final = frozenset({"", "span_only", "span_and_event", "true"})
"""Any other value switches content off: `no_content`, `event_only`, `false`, and what nobody knows."""

_KEY: Final = create_key("orchestrace-content")
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
    with Scope(set_value(_KEY, _checked(level))):
        yield


def is_recorded(context: Context | None = None) -> bool:
    """Tell whether content may stand on a span that starts in `context` (default: the current one)."""
    level = get_value(_KEY, get_current() if context is None else context)
    if level is None:
        level = _default or _from_environment()
    return level == "full"


def _checked(level: str) -> str:
    if level not in LEVELS:
        msg = f"content={level!r} is no level: use one of {', '.join(map(repr, LEVELS))}."
        raise ConfigurationError(msg)
    return level


def _from_environment() -> str:
    value = os.environ.get(VARIABLE, "").strip().lower()
    return "full" if value in _ON else "off"
