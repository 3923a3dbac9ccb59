from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Message

from orchestrace.conventions import TRUNCATED
from orchestrace.export.otlp import encode_log
from orchestrace.export.shrinking_log import shrunk_log
from orchestrace.records import LogRecord

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.integers(0, 5_000).map("long ".__mul__),
    lambda inside: st.lists(inside, max_size=5) | st.dictionaries(st.text(min_size=1, max_size=9), inside, max_size=5),
    max_leaves=20,
)
MANY = st.integers(0, 3_000).map(lambda number: {f"key {at}": at for at in range(number)})
LONG = st.lists(st.integers(), max_size=20).map(lambda found: found * 500)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=20), NESTED, max_size=9) | MANY
LOGS = st.builds(LogRecord, st.just(1), st.just(2), st.just("event"), NESTED | LONG, ATTRIBUTES)


def told(record: LogRecord) -> Any:
    """Return what a record says was cut."""
    return record.attributes[TRUNCATED]


class TestShrunkLog:
    @given(LOGS, st.integers(5_000, 20_000))
    def test_fits_and_counts_what_is_missing(self, record: LogRecord, room: int) -> None:
        """Whatever it holds; it is the same event, and the record stays as it was."""
        before = encode_log(record)
        found = shrunk_log(record, room)
        assert found is not None
        read = Message.FromString(found[1])

        assert len(found[1]) <= room
        assert (1, 2, "event") == (read.time_unix_nano, read.observed_time_unix_nano, read.event_name)
        assert len(record.attributes) + 1 == len(read.attributes) + read.dropped_attributes_count
        assert before == encode_log(record)

    def test_long_texts_are_cut_and_named(self) -> None:
        """However deep they are; JSON stays JSON, and what is short stays whole."""
        document = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "long " * 9_000}]}])
        attributes: dict[str, Any] = {"messages": document, "nested": [{"a": "x" * 90_000}], "short": [1, "s"]}
        found = shrunk_log(LogRecord(1, 2, body={"text": "y" * 90_000}, attributes=attributes), 20_000)
        assert found is not None
        record = found[0]
        body: Any = record.body

        assert ["messages", "nested", "body"] == told(record)
        assert "user" == json.loads(str(record.attributes["messages"]))[0]["role"]
        assert [1, "s"] == record.attributes["short"]
        assert 1_000 < len(body["text"]) < 20_000

    def test_what_was_cut_before_is_told_with_it(self) -> None:
        """By the recording."""
        found = shrunk_log(LogRecord(1, 2, body="x" * 9_000, attributes={TRUNCATED: ["messages"]}), 5_000)

        assert found is not None
        assert ["messages", "body"] == told(found[0])

    @pytest.mark.parametrize("body", [b"x" * 9_000, {f"key {at}": 1 for at in range(9_000)}, [True] * 9_000])
    def test_everything_long_has_a_beginning(self, body: Any) -> None:
        """Of its own kind."""
        found = shrunk_log(LogRecord(1, 2, body=body), 5_000)

        assert found is not None
        assert (type(body), True) == (type(found[0].body), 10 < len(found[0].body) < 5_000)  # type: ignore[arg-type]

    def test_has_no_room_at_all(self) -> None:
        """Then it goes as it is."""
        assert shrunk_log(LogRecord(1, 2, event_name="e" * 9_000), 5_000) is None
