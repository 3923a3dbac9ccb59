from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.journal.encoding import Header, encode, encode_header, encode_rest
from orchestrace.journal.entry import Entry, entry_of
from orchestrace.journal.notice import encode_ended
from orchestrace.journal.pairing import is_end, records_of
from orchestrace.journal.signals import encode_log
from orchestrace.records import EventRecord, LogRecord, SpanRecord

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(['"end":', ',"attributes":{}'])
BEGUN = st.dictionaries(WORDS, WORDS | st.integers(0, 9), max_size=3)


def frames(begun: SpanRecord, ended: SpanRecord) -> tuple[bytes, bytes]:
    """Return the frames of a span's start and end."""
    return encode(begun), encode_rest(ended, begun.attributes)


class TestIsEnd:
    def test_only_a_span_that_ended_is_one(self, span: Callable[..., SpanRecord]) -> None:
        """However it was written; no start, and nothing else."""
        begun, ended = frames(span(1, attributes={"a": 1}), span(1, end=9, attributes={"a": 1, "b": 2}))
        payloads = [begun, ended, encode(span(1, end=9)), encode_log(LogRecord(1, 1)), encode_ended(span(1, end=9))]

        assert [False, True, True, False, False] == [is_end(payload) for payload in payloads]


class TestRecordsOf:
    @given(BEGUN, BEGUN, WORDS, st.integers(0, 1))
    @settings(deadline=None)
    def test_start_and_end_are_one(
        self, begun: dict[str, object], more: dict[str, object], name: str, happened: int
    ) -> None:
        """Whatever stands in them; as if the end had said all of it."""
        both = {**begun, **{key: value for key, value in more.items() if key not in begun}}
        events = [EventRecord("e", 1)] * happened
        start = SpanRecord("a" * 32, "b" * 16, None, name, 0, 1, attributes=begun, events=events)  # type: ignore[arg-type]
        end = SpanRecord("a" * 32, "b" * 16, None, name, 0, 1, 9, attributes=both, events=events)  # type: ignore[arg-type]
        *first, last = records_of(frames(start, end))

        assert isinstance(last, Entry)
        if happened:  # a start with events is read: who stores both joins them
            assert (1, True) == (len(first), last.rest)
        else:
            assert ([], entry_of(end)) == (first, last)

    def test_the_order_is_that_of_the_beginnings(self, span: Callable[..., SpanRecord]) -> None:
        """Outer spans begin first, and end last."""
        (one, one_ends), (two, two_ends) = (frames(span(number), span(number, end=9)) for number in (1, 2))
        found = records_of([one, two, two_ends, one_ends, encode_log(LogRecord(1, 1))])

        assert ["span 1", "span 2", 1] == [one.name if isinstance(one, Entry) else one.time for one in found]  # type: ignore[union-attr]

    @pytest.mark.parametrize("length", [0, 27, 40, 89])
    def test_what_is_no_frame_is_none(self, span: Callable[..., SpanRecord], length: int) -> None:
        """Nor is a header a record."""
        assert [] == records_of([encode(span(1))[:length], encode_header(Header("p", 1, "h", 2, "v", {})), b"{}"])

    def test_of_a_start_that_says_everything_again_the_last_counts(self, span: Callable[..., SpanRecord]) -> None:
        """The end leaves out what that one has said; and none that comes late takes anything back."""
        first, again = (span(1, attributes=attributes) for attributes in ({"a": 1}, {"a": 1, "b": 2}))
        end = span(1, end=9, attributes={"a": 1, "b": 2, "c": 3})
        found = records_of([encode(first), encode(again), encode_rest(end, again.attributes)])

        assert [entry_of(end)] == found
        assert [entry_of(again)] == records_of([encode(first), encode(again)])

    def test_what_was_said_while_it_ran_is_joined_to_the_start(self, span: Callable[..., SpanRecord]) -> None:
        """Where that is there; the rest comes in its order, and who stores it puts it together."""
        first, more, end = (
            span(1, attributes=dict.fromkeys(names, 1), end=end)
            for names, end in (("a", None), ("ab", None), ("abc", 9))
        )
        payloads = [encode(first), encode_rest(more, first.attributes), encode_rest(end, more.attributes)]
        found: Sequence[object] = records_of([*payloads, encode(span(2)), *payloads[1:]])
        entries = [(one.end, one.attributes, one.rest) for one in found if isinstance(one, Entry)]

        assert [(None, b'{"a":1,"b":1}', False), (9, b'{"c":1}', True), (None, b"{}", False)] == entries[:3]
        assert [(None, b'{"b":1}', True), (9, b'{"c":1}', True)] == entries[3:]

    def test_what_still_runs_is_there(self, span: Callable[..., SpanRecord]) -> None:
        """So is an end without its start."""
        found: Sequence[object] = records_of([encode(span(1)), encode_rest(span(2, end=9), {})])

        assert [(1, None, False), (2, 9, True)] == [
            (int(one.span_id, 16), one.end, one.rest) for one in found if isinstance(one, Entry)
        ]
