from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.journal.decoding import decode
from orchestrace.journal.signals import encode_log, encode_metrics, log_of, metrics_of
from orchestrace.records import LogRecord, MetricsRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGER = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGER | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
LOG = st.builds(
    LogRecord,
    INTEGER,
    INTEGER,
    event_name=TEXT,
    body=JSON,
    attributes=st.dictionaries(TEXT, JSON, max_size=3),
    trace_id=st.none() | TEXT,
    span_id=st.none() | TEXT,
    sampled=st.booleans(),
    severity=INTEGER,
    severity_text=TEXT,
    scope=TEXT,
    scope_version=TEXT,
)


class Touchy:
    """A value that cannot be compared, as arrays cannot."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


class TestEncodeLog:
    @given(LOG)
    def test_what_is_written_is_read(self, record: LogRecord) -> None:
        """Bodies and attributes of any depth, empty ones, and times at the ends of their range."""
        assert record == decode(encode_log(record))

    def test_what_is_at_its_default_is_left_out(self) -> None:
        """Most records have neither a body nor a name."""
        assert {"type": "log", "time": 1, "observed": 2, "attributes": {}} == orjson.loads(encode_log(LogRecord(1, 2)))

    @pytest.mark.parametrize(
        ("body", "written"),
        [
            (math.nan, "NaN"),
            (2**70, str(2**70)),
            (b"\xff", "/w=="),
            ({1: (True, "\ud800")}, {"1": [True, "\ufffd"]}),
            (Touchy(), f"{__name__}.Touchy"),
        ],
    )
    def test_what_json_cannot_hold_becomes_text(self, body: Any, written: object) -> None:
        """In the body as in attributes; a stranger's object is not even compared."""
        record = decode(encode_log(LogRecord(1, 2, body=body, attributes={"a": body})))

        assert LogRecord(1, 2, body=written, attributes={"a": written}) == record  # type: ignore[arg-type,dict-item]


class TestLogOf:
    @pytest.mark.parametrize("time", [None, "1", 1.0, True, 2**63])
    def test_without_a_time_there_is_none(self, time: object) -> None:
        """It has no place in any order, and none in a column."""
        assert (None, None) == (log_of({"time": time, "observed": 1}), log_of({"time": 1, "observed": time}))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("event_name", 5),
            ("attributes", []),
            ("trace_id", 5),
            ("sampled", "yes"),
            ("severity", 9.5),
            ("severity", True),
            ("of a later version", 1),
        ],
    )
    def test_a_value_of_the_wrong_type_sets_nothing(self, name: str, value: object) -> None:
        """Whoever wrote it was another version, or broken."""
        assert LogRecord(1, 2) == log_of({"time": 1, "observed": 2, name: value})


class TestMetrics:
    @given(st.builds(MetricsRecord, INTEGER, st.binary(max_size=40)))
    def test_what_is_written_is_read(self, record: MetricsRecord) -> None:
        """Byte by byte."""
        assert record == decode(encode_metrics(record))

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"time": 1},
            {"data": "eA=="},
            {"time": True, "data": "eA=="},
            {"time": 2**63, "data": "eA=="},
            {"time": 1, "data": 5},
            {"time": 1, "data": "e"},
            {"time": 1, "data": "e!"},
            {"time": 1, "data": "ü"},
        ],
    )
    def test_broken_ones_are_none(self, document: dict[str, Any]) -> None:
        """No record is better than a wrong one."""
        assert metrics_of(document) is None
