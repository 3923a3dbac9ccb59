"""
Events that stand beside a span, as log records in its context: to the logger provider in use, or the global one.

As long as there is none, nothing is made. What an event has to say in words goes where the words of spans go, as long
as `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` does not tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context

from orchestrace.conventions import SCHEMA_URL
from orchestrace.recording import content
from orchestrace.recording.set_provider import SetProvider
from orchestrace.recording.tracer import SCOPE, version
from orchestrace.typing import Nanoseconds

if TYPE_CHECKING:
    from opentelemetry._logs import Logger, LoggerProvider

__all__ = ["DEBUG", "INFO", "WARN", "emit", "is_silent", "may_say", "use"]

DEBUG: Final = "DEBUG"
INFO: Final = "INFO"
WARN: Final = "WARN"

_NAME: Final = "event.name"
"""Where an event's name stood before log records had a field for it."""

_set_provider: Final = SetProvider("opentelemetry._logs", "get_logger_provider", "LOGGER")
_provider: LoggerProvider | None = None


def use(provider: LoggerProvider | None) -> None:
    """Emit with `provider` from now on; None means the global one, whenever it comes."""
    global _provider  # noqa: PLW0603 - the process has one
    _provider = provider
    _logger_of.cache_clear()


def is_silent() -> bool:
    """Tell whether nobody would hear of an event, because no provider was ever set."""
    return (_set_provider() if _provider is None else _heard_by()) is None


def may_say(*, recorded: bool) -> bool:
    """Tell whether an event may have words that a span may have if `recorded`."""
    return content.on_events() or (recorded and not content.is_said())


def emit(name: str, attributes: Mapping[str, Any], span: Span, *, severity: str, at: Nanoseconds) -> None:
    """Emit an event in the context of `span`. Its attributes may be structured: lists and mappings of values."""
    provider = _heard_by()
    if provider is None:
        return
    from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - 2 ms at import, wanted where logs are heard

    logger = _logger_of(provider)
    record = _record(name, attributes, span, timestamp=at, severity_text=severity)
    record.severity_number = SeverityNumber[severity]
    # SDKs before 1.37 send a record as it is, and have a class of their own whose records know these two.
    record.resource, record.dropped_attributes = getattr(logger, "resource", None), 0
    logger.emit(record)


def _record(name: str, attributes: Mapping[str, Any], span: Span, **known: Any) -> Any:  # noqa: ANN401 - see `emit`
    from opentelemetry._logs import LogRecord  # noqa: PLC0415 - as above

    try:
        where = set_span_in_context(span, Context())
        return LogRecord(**known, context=where, event_name=name, attributes=dict(attributes))
    except TypeError:  # before 1.35
        ids = span.get_span_context()
        known |= {"trace_id": ids.trace_id, "span_id": ids.span_id, "trace_flags": ids.trace_flags}
        return LogRecord(**known, attributes={_NAME: name, **attributes})


def _heard_by() -> LoggerProvider | None:
    if _provider is None:
        return _set_provider()  # type: ignore[no-any-return] # one of loggers
    return None if _set_provider.stands_in(_provider) else _provider


@lru_cache(maxsize=1)
def _logger_of(provider: LoggerProvider) -> Logger:
    return provider.get_logger(SCOPE, version(), SCHEMA_URL)
