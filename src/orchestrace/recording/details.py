"""The event that says all of a model call once more, for those who keep what was said in their logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import Span

from orchestrace import conventions as names
from orchestrace.recording import content, events
from orchestrace.recording.variable import Variable
from orchestrace.typing import Attributes, Nanoseconds

__all__ = ["EMIT_VARIABLE", "Details", "wanted"]

EMIT_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"
"""Unset, the event is emitted where content is to stand on it."""

_variable: Final = Variable(EMIT_VARIABLE)

_STRUCTURED: Final = frozenset(
    {
        names.SYSTEM_INSTRUCTIONS,
        names.INPUT_MESSAGES,
        names.OUTPUT_MESSAGES,
        names.TOOL_DEFINITIONS,
        names.REQUEST_PARAMETERS,
    }
)
"""What is JSON text on a span, where a value cannot have parts, and is not on an event."""


def wanted() -> Details | None:
    """Return what is to collect the details of a call that begins here; None where nobody wants them."""
    if events.is_silent():
        return None
    said = _variable()
    return Details() if said == "true" or (said != "false" and content.on_events()) else None


class Details:
    """The attributes of one call. `content` says whether its words are among them."""

    __slots__ = ("_told", "content")

    def __init__(self) -> None:
        self.content: bool = content.on_events()
        self._told: dict[str, Any] = {}

    def tell(self, attributes: Attributes) -> None:
        """Take attributes as they stand on the span."""
        self._told.update(attributes)

    def emit(self, span: Span, at: Nanoseconds) -> None:
        """Emit the event; the call has ended."""
        events.emit(names.INFERENCE_DETAILS_EVENT, _structured(self._told), span, severity=events.DEBUG, at=at)


def _structured(told: Mapping[str, Any]) -> dict[str, Any]:
    import orjson  # noqa: PLC0415 - 3 ms at import, wanted where this event is

    return {name: orjson.loads(value) if name in _STRUCTURED else value for name, value in told.items()}
