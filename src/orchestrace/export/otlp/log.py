"""A log record: OTLP's LogRecord, as the stock encoder writes it."""

from __future__ import annotations

from typing import Final

from orchestrace.export.otlp.value import attributes, nested
from orchestrace.export.otlp.wire import delimited, fixed64, identity, text
from orchestrace.records import LogRecord

__all__ = ["encode_log"]

_SEVERITIES: Final = range(1, 25)
_SAMPLED: Final = b"\x45\x01\x00\x00\x00"


def encode_log(record: LogRecord) -> bytes:
    """
    Return `record` as the body of a `LogRecord`.

    Raises ValueError for an id that is not hex of the right length.
    """
    return b"".join(
        (
            fixed64(b"\x09", record.time),
            b"\x10" + bytes((record.severity,)) if record.severity in _SEVERITIES else b"",
            delimited(b"\x1a", text(record.severity_text)) if record.severity_text else b"",
            delimited(b"\x2a", nested(record.body)),
            attributes(b"\x32", record.attributes, nested),
            _SAMPLED if record.sampled and record.trace_id is not None else b"",
            b"" if record.trace_id is None else b"\x4a\x10" + identity(record.trace_id, 16),
            b"" if record.span_id is None else b"\x52\x08" + identity(record.span_id, 8),
            fixed64(b"\x59", record.observed),
            delimited(b"\x62", text(record.event_name)) if record.event_name else b"",
        )
    )
