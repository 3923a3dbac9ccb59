from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from orchestrace.conventions import INPUT_MESSAGES, TRUNCATED
from orchestrace.export.otlp import encode_span
from orchestrace.export.shrinking import shrunk_span
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

Make = Callable[..., SpanRecord]

ROOM = 20_000
STACK = "Traceback (most recent call last):\n" + '  File "deep.py", line 1, in deep\n' * 5_000 + "ValueError: the cause"

VALUES = st.one_of(
    st.text(max_size=9),
    st.integers(0, 9_000).map("long text ".__mul__),
    st.lists(st.integers(), max_size=9).map(lambda found: json.dumps([found] * 99)),
    st.booleans(),
    st.floats(),
    st.lists(st.text(max_size=9), max_size=2_000),
    st.lists(st.booleans(), max_size=2_000),
)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=200), VALUES, max_size=9) | st.integers(0, 900).map(
    lambda number: {f"key {at}": at for at in range(number)}
)
EVENTS = st.lists(st.builds(EventRecord, st.text(max_size=300), st.just(5), ATTRIBUTES), max_size=4)
LINKS = st.lists(st.builds(LinkRecord, st.just("ab" * 16), st.just("cd" * 8), ATTRIBUTES), max_size=4)
SPANS = st.builds(
    SpanRecord,
    st.just("ab" * 16), st.just("cd" * 8), st.none(), st.text(max_size=900), st.just(0), st.just(1), st.just(2),
    st.just("ERROR"), st.none() | st.text(max_size=900), ATTRIBUTES,
    st.tuples(EVENTS, st.integers(1, 99)).map(lambda found: found[0] * found[1]),
    st.tuples(LINKS, st.integers(1, 99)).map(lambda found: found[0] * found[1]),
)  # fmt: skip


def sent(record: SpanRecord, room: int = ROOM) -> Span:
    """Return what a receiver reads of what is left of a span in so many bytes."""
    found = shrunk_span(record, room)
    assert found is not None
    assert len(found[1]) <= room
    assert encode_span(found[0]) == found[1]
    return Span.FromString(found[1])


def pairs(attributes: Any) -> dict[str, Any]:
    """Return attributes of texts and numbers by name."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def told(span: Span) -> list[str]:
    """Return what it says was cut."""
    [values] = [one.value.array_value.values for one in span.attributes if one.key == TRUNCATED]
    return [value.string_value for value in values]


class TestEvents:
    def test_a_stack_trace_keeps_both_ends(self, record: Make) -> None:
        """What it began with, and what was raised; its neighbours in the event stay whole."""
        event = {"exception.type": "ValueError", "exception.stacktrace": STACK}
        span = sent(record(attributes={"small": "s"}, events=[EventRecord("exception", 1, event)]))
        [read] = span.events
        kept = pairs(read.attributes)

        assert ("ValueError", 10_000) < (kept["exception.type"], len(kept["exception.stacktrace"]))
        assert kept["exception.stacktrace"].startswith("Traceback")
        assert kept["exception.stacktrace"].endswith("ValueError: the cause")
        assert (["exception.stacktrace"], "s") == (told(span), pairs(span.attributes)["small"])

    def test_of_many_those_near_the_ends_stay(self, record: Make) -> None:
        """In their order; how many are missing is said, and exceptions stay before all others."""
        events = [EventRecord(f"event {n}", n, {"n": "x" * 200}) for n in range(1, 5_001)]
        events[2_500].name = "exception"
        span = sent(record(events=events))
        times = [event.time_unix_nano for event in span.events]

        assert (1, 2_501, 5_000) == (times[0], times[len(times) // 2], times[-1])
        assert (sorted(times), 5_000) == (times, len(times) + span.dropped_events_count)
        assert (["events"], True) == (told(span), len(times) > 50)

    def test_with_many_attributes(self, record: Make) -> None:
        """The event counts what is missing of them."""
        span = sent(record(events=[EventRecord("e", 1, {f"key {n}": n for n in range(9_000)})]))
        [read] = span.events

        assert 9_000 == len(read.attributes) + read.dropped_attributes_count
        assert (["events"], 0, True) == (told(span), span.dropped_events_count, len(read.attributes) > 500)

    def test_with_a_name_like_a_text(self, record: Make) -> None:
        """It is cut, as a name of a span is."""
        span = sent(record(name="n" * 90_000, events=[EventRecord("e" * 90_000, 1)]))

        assert ("n" * 128, ["e" * 128]) == (span.name, [event.name for event in span.events])
        assert ["name", "events"] == told(span)


class TestLinks:
    def test_of_many_the_first_stay(self, record: Make) -> None:
        """How many are missing is said."""
        span = sent(record(links=[LinkRecord("ab" * 16, f"{n:016x}") for n in range(1, 5_001)]))

        assert 5_000 == len(span.links) + span.dropped_links_count
        assert (["links"], 1) == (told(span), int.from_bytes(span.links[0].span_id, "big"))

    def test_with_large_attributes(self, record: Make) -> None:
        """They are cut as those of a span; what is left out is counted."""
        many = {f"key {n}": n for n in range(9_000)}
        span = sent(record(links=[LinkRecord("ab" * 16, "cd" * 8, one) for one in ({"text": "x" * 90_000}, many)]))
        text, counted = span.links

        assert 5_000 < len(pairs(text.attributes)["text"]) < ROOM
        assert 9_000 == len(counted.attributes) + counted.dropped_attributes_count
        assert ["text", "links"] == told(span)


class TestAttributes:
    def test_of_thousands_those_of_the_conventions_stay(self, record: Make) -> None:
        """However late they came; of the others the first, and how many are missing is said."""
        many = {f"key {n}": n for n in range(9_000)} | {INPUT_MESSAGES: "[]"}
        span = sent(record(attributes=many))
        kept = pairs(span.attributes)

        assert ("[]", 0) == (kept[INPUT_MESSAGES], kept["key 0"])
        assert 9_001 == len(span.attributes) - 1 + span.dropped_attributes_count
        assert ["attributes"] == told(span)

    def test_lists_keep_their_beginning(self, record: Make) -> None:
        """As lists."""
        span = sent(record(attributes={"numbers": list(range(90_000)), "words": ["word"] * 90_000}))
        lists = {one.key: one.value.array_value.values for one in span.attributes}

        assert ["numbers", "words"] == told(span)
        assert list(range(500)) == [value.int_value for value in lists["numbers"][:500]]
        assert {"word"} == {value.string_value for value in lists["words"]}

    def test_many_names_of_what_was_cut_are_some(self, record: Make) -> None:
        """A list of names must not be what is large."""
        span = sent(record(attributes={f"{n} {'k' * 400}": "x" * 9_000 for n in range(200)}), 200_000)

        assert (101, "…") == (len(told(span)), told(span)[-1])

    def test_a_name_that_has_no_room_is_left_out(self, record: Make) -> None:
        """With its value."""
        span = sent(record(attributes={"k" * 90_000: 1, "small": "s"}))

        assert ({"small"}, 1) == ({*pairs(span.attributes)} - {TRUNCATED}, span.dropped_attributes_count)


class TestStatus:
    def test_its_message_is_cut(self, record: Make) -> None:
        """Whole exceptions stand there in some programs."""
        span = sent(record(status="ERROR", status_message="x" * 90_000))

        assert (["status"], True) == (told(span), 10_000 < len(span.status.message) < ROOM)


class TestShrunkSpan:
    @given(SPANS, st.integers(1_500, 30_000))
    @settings(max_examples=40)
    def test_is_valid_and_says_what_is_missing(self, record: SpanRecord, room: int) -> None:
        """Whatever it has: the same ids and times, no more than its room, and what is not there is counted."""
        before = encode_span(record)
        span = sent(record, room) if shrunk_span(record, room) else None
        whole = Span.FromString(before)

        assert span is not None or len(record.name) > 300
        assert span is None or (whole.trace_id, whole.span_id, whole.end_time_unix_nano) == (
            span.trace_id,
            span.span_id,
            span.end_time_unix_nano,
        )
        assert span is None or [len(whole.attributes) + 1, len(whole.events), len(whole.links)] == [
            len(span.attributes) + span.dropped_attributes_count,
            len(span.events) + span.dropped_events_count,
            len(span.links) + span.dropped_links_count,
        ]
        assert before == encode_span(record)

    def test_can_be_done_again(self, record: Make) -> None:
        """What was missing before is counted with what is missing now."""
        many = record(
            attributes={f"key {n}": "x" * 99 for n in range(500)},
            events=[EventRecord("e", n, {f"key {k}": "x" * 99 for k in range(9)}) for n in range(500)],
            links=[LinkRecord("ab" * 16, "cd" * 8) for _ in range(500)],
        )
        once = shrunk_span(many, 60_000)
        assert once is not None
        span = sent(once[0], 10_000)

        assert [500, 500, 500] == [
            len(span.attributes) - 1 + span.dropped_attributes_count,
            len(span.events) + span.dropped_events_count,
            len(span.links) + span.dropped_links_count,
        ]
        assert {9} == {len(event.attributes) + event.dropped_attributes_count for event in span.events}

    @pytest.mark.parametrize("room", [0, 30])
    def test_has_no_room_at_all(self, record: Make, room: int) -> None:
        """Ids alone are larger."""
        assert shrunk_span(record(attributes={"a": "x" * 90}), room) is None
