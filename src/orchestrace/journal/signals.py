"""
Log records and metrics in a journal: they wait there for their receiver, and are forgotten when they have arrived.

    {"type": "log", "time": ns, "observed": ns, "event_name": "…", "body": …, "attributes": {…}, "trace_id": "…",
     "span_id": "…", "severity": 9, …}
    {"type": "metrics", "time": ns, "data": "…"}      an ExportMetricsServiceRequest of OTLP, in base64

As in spans, what is at its default is left out.
"""

from __future__ import annotations

import base64
from dataclasses import fields
from typing import Any, Final

import orjson

from orchestrace.journal.plain import plain
from orchestrace.records import LogRecord, MetricsRecord

__all__ = ["LOGS", "LOG_TYPE", "METRICS", "METRICS_TYPE", "encode_log", "encode_metrics", "log_of", "metrics_of"]

LOG_TYPE: Final = "log"
METRICS_TYPE: Final = "metrics"

LOGS: Final = "logs"
METRICS: Final = "metrics"
"""Kinds of signals, as receivers call them."""

_FIELDS: Final = {field.name: field.default for field in fields(LogRecord)}
_TEXTS: Final = {"event_name", "trace_id", "span_id", "severity_text", "scope", "scope_version"}
_INTEGERS: Final = {"time", "observed", "severity"}
_INT64: Final = range(-(2**63), 2**63)
"""What a column of SQLite holds."""


def encode_log(record: LogRecord) -> bytes:
    """Return a log record as the payload of a frame, whatever its body and attributes hold."""
    said = {name: getattr(record, name) for name in _FIELDS}
    # By identity: a stranger's body is not to be compared, it may raise.
    document = {name: value for name, value in said.items() if value is not _FIELDS[name]}
    return orjson.dumps(plain({"type": LOG_TYPE, **document}))


def encode_metrics(record: MetricsRecord) -> bytes:
    """Return metrics as the payload of a frame."""
    return orjson.dumps(
        {"type": METRICS_TYPE, "time": record.time, "data": base64.b64encode(record.data).decode("ascii")}
    )


def log_of(document: dict[str, Any]) -> LogRecord | None:
    """Return the log record that a JSON object holds; a value of the wrong type sets nothing."""
    said = {name: value for name, value in document.items() if _is_right(name, value)}
    if "time" not in said or "observed" not in said:
        return None
    return LogRecord(**said)


def metrics_of(document: dict[str, Any]) -> MetricsRecord | None:
    """Return the metrics that a JSON object holds, None if they are broken."""
    time, data = document.get("time"), document.get("data")
    if type(time) is not int or time not in _INT64 or not isinstance(data, str):
        return None
    try:
        return MetricsRecord(time, base64.b64decode(data, validate=True))
    except ValueError:
        return None


def _is_right(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name in _INTEGERS:
        return type(value) is int and value in _INT64
    if name == "attributes":
        return isinstance(value, dict)
    return name == "body" or (name == "sampled" and isinstance(value, bool))
