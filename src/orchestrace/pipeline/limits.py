"""
How much a span may hold: as OpenTelemetry's variables say, or all of it.

    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT       attributes of a span, else OTEL_ATTRIBUTE_COUNT_LIMIT, else no limit: the
                                          SDK's own, 128, drops the oldest first, and those are the messages
    OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_SPAN_LINK_COUNT_LIMIT, OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT,
    OTEL_LINK_ATTRIBUTE_COUNT_LIMIT       as the SDK has them
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT
                                          characters of a value; `recording.shortening` keeps our documents whole
"""

from __future__ import annotations

import os
from typing import Final

from opentelemetry.sdk.trace import SpanLimits

from orchestrace.exceptions import ConfigurationError

__all__ = ["configured_limits"]

_COUNTS: Final = ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")


def configured_limits() -> SpanLimits:
    """Return the limits for a provider of ours. Raises ConfigurationError."""
    is_limited = any(os.environ.get(name, "").strip() for name in _COUNTS)
    try:
        return SpanLimits(max_span_attributes=None if is_limited else SpanLimits.UNSET)
    except ValueError as error:
        msg = f"{error}: write a number, or leave the variable out."
        raise ConfigurationError(msg) from error
