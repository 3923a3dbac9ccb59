from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace import conventions as names
from orchestrace.journal.encoding import Header, encode, encode_header, encode_rest
from orchestrace.journal.entry import Entry, begun_attributes, entry_of, joined, read
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEY = st.sampled_from(["attributes", "a", ',"attributes":', "ä", names.ROLE])
ATTRIBUTES = st.dictionaries(KEY, TEXT | st.integers(-9, 9) | st.lists(TEXT, max_size=2), max_size=4)
RECORDS = st.builds(
    SpanRecord,
    trace_id=st.just("a" * 32),
    span_id=st.just("b" * 16),
    parent_id=st.none() | TEXT,
    name=TEXT | st.just(',"attributes":{}'),
    kind=st.integers(0, 5),
    start=st.integers(0, 2**62),
    end=st.none() | st.integers(0, 2**62),
    status=st.sampled_from(["UNSET", "ERROR"]),
    status_message=st.none(),
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(EventRecord, TEXT, st.integers(0, 9), ATTRIBUTES), max_size=2),
    links=st.lists(st.builds(LinkRecord, TEXT, TEXT, ATTRIBUTES), max_size=1),
    sampled=st.booleans(),
)


def read_span(payload: bytes) -> Entry:
    """Read a payload that holds a span."""
    entry = read(payload)
    assert isinstance(entry, Entry)
    return entry


class TestRead:
    @given(RECORDS)
    @settings(deadline=None)
    def test_a_frame_says_what_its_span_says(self, record: SpanRecord) -> None:
        """Whatever stands in its texts: its attributes are found without parsing them."""
        assert entry_of(record) == read_span(encode(record))

    @given(RECORDS)
    @settings(deadline=None)
    def test_so_does_one_of_the_first_format(self, record: SpanRecord) -> None:
        """It did not say how long the attributes are."""
        document = orjson.loads(encode(record))
        del document["attributes_size"]

        assert entry_of(record) == read_span(orjson.dumps(document))

    @given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 255))
    @settings(deadline=None)
    def test_takes_any_bytes(self, noise: bytes, place: int, byte: int) -> None:
        """And a frame in which any byte is another: never an error."""
        whole = bytearray(encode(SpanRecord("a" * 32, "b" * 16, None, "x", 0, 1, attributes={"a": "b"})))
        whole[place % len(whole)] = byte

        assert read(noise) is None
        read(bytes(whole))

    def test_other_frames_are_what_they_are(self) -> None:
        """The header, for one."""
        header = Header("p", 1, "h", 2, "v", {})

        assert header == read(encode_header(header))

    def test_counts_verdicts(self, span: Callable[..., SpanRecord]) -> None:
        """So that spans without any need not be searched."""
        events = [EventRecord(names.EVALUATION_RESULT_EVENT, 1), EventRecord("exception", 2)]

        assert 1 == read_span(encode(span(events=events))).verdicts


class TestJoined:
    @pytest.mark.parametrize("begun", [{}, {"prompt": "long"}])
    @pytest.mark.parametrize("more", [{}, {"answer": [1]}])
    def test_start_and_rest_are_the_whole(
        self, span: Callable[..., SpanRecord], begun: dict[str, Any], more: dict[str, Any]
    ) -> None:
        """As if the frame of the end had said all of it."""
        record = span(end=9, attributes=begun | more)
        rest = read_span(encode_rest(record, begun))

        assert rest.rest
        assert entry_of(record) == joined(orjson.dumps(begun), rest)

    def test_to_what_has_ended_nothing_is_added_twice(self, span: Callable[..., SpanRecord]) -> None:
        """A frame may be read again; of two values the later one counts."""
        rest = read_span(encode_rest(span(end=9, attributes={"a": 1, "b": 2}), {"a": 1}))

        assert {"a": 1, "b": 2} == orjson.loads(joined(b'{"a":1,"b":3}', rest, ended=True).attributes)


class TestBegunAttributes:
    @given(RECORDS)
    @settings(deadline=None)
    def test_are_those_of_the_span(self, record: SpanRecord) -> None:
        """As they stand in its frame; a frame that has more behind them is not understood."""
        found = begun_attributes(encode(record))

        assert found == (None if record.events or record.links else read_span(encode(record)).attributes)

    @given(st.binary(max_size=40))
    @settings(deadline=None)
    def test_takes_any_bytes(self, noise: bytes) -> None:
        """Never an error."""
        assert begun_attributes(noise) is None
