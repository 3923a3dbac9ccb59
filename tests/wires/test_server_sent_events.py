from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.wires.server_sent_events import Event, json_events, plain_objects, split_events

LINE_ENDS = ["\n", "\r\n", "\r"]

texts = st.text("ab: \n", max_size=6) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = texts.map(lambda name: name.replace("\r", "").replace("\n", ""))
events = st.tuples(names, texts.map(lambda data: data.replace("\r", "")))
comments = st.sampled_from(["", ": keep-alive", "id: 7", "retry: 3000", "unknown", ":"])


def written(event: Event, comment: str, end: str) -> str:
    """Return an event as a server writes it."""
    name, data = event
    lines = [f"event: {name}", comment, *(f"data: {line}" for line in data.split("\n"))]
    return "".join(f"{line}{end}" for line in lines if line) + end


def bodies() -> st.SearchStrategy[tuple[list[Event], bytes]]:
    """Return events, and the body in which a server sends them."""
    sent = st.lists(st.tuples(events, comments), max_size=4)
    return st.builds(
        lambda sent, end: ([event for event, _ in sent], "".join(written(*each, end) for each in sent).encode()),
        sent,
        st.sampled_from(LINE_ENDS),
    )


class TestSplitEvents:
    @pytest.mark.parametrize("end", LINE_ENDS, ids=repr)
    def test_lines_end_in_any_way(self, end: str) -> None:
        """A line ends in LF, in CR LF, or in CR."""
        body = end.join(["event: a", "data: 1", "", "data: 2", "", ""]).encode()

        assert [("a", "1"), ("message", "2")] == split_events(body).events

    def test_data_of_several_lines_is_one_text(self) -> None:
        """The lines of an event's data are joined by a line feed."""
        assert [("message", "1\n\n2")] == split_events(b"data: 1\ndata\ndata: 2\n\n").events

    def test_one_space_belongs_to_the_field(self) -> None:
        """One space after the colon is no part of the data; there may be none, and further ones are."""
        assert [("message", "1"), ("message", " 1")] == split_events(b"data:1\n\ndata:  1\n\n").events

    def test_comments_and_unknown_fields_are_no_events(self) -> None:
        """A comment keeps the connection alive; ids and delays are of no interest here."""
        assert [("message", "1")] == split_events(b": alive\n\nid: 7\n\n:\n\nretry: 9\nfoo\ndata: 1\n\n").events

    def test_an_event_without_data_is_none(self) -> None:
        """A name without data is forgotten, for the next event too; empty data is data."""
        assert [("message", "")] == split_events(b"event: a\n\ndata:\n\n").events

    def test_a_mark_of_the_encoding_is_no_text(self) -> None:
        """A byte order mark at the beginning does not hide the first field."""
        assert [("message", "1")] == split_events(b"\xef\xbb\xbfdata: 1\n\n").events

    def test_only_line_ends_end_lines(self) -> None:
        """Characters that Python takes for line ends are text."""
        assert [("message", "a\u2028b\x85c\x0cd")] == split_events("data: a\u2028b\x85c\x0cd\n\n".encode()).events

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        """What is no UTF-8 costs that character alone."""
        assert [("message", "a\ufffdb")] == split_events(b"data: a\xffb\n\n").events

    @pytest.mark.parametrize(
        ("body", "rest"),
        [
            (b"data: 1\n\n", None),
            (b"data: 1\n\n: ali", None),
            (b"data: 1\n\n\n", None),
            (b"data: 1\n\ndata: 2", ("message", "2")),
            (b"data: 1\n\ndata: 2\n", ("message", "2")),
            (b"data: 1\n\nevent: a\nda", ("a", "")),
            (b"data: 1\n\ndat", ("message", "")),
        ],
        ids=repr,
    )
    def test_the_rest_is_what_has_begun(self, body: bytes, rest: Event | None) -> None:
        """An event without the blank line that ends it is no event yet, but it has begun."""
        split = split_events(body)

        assert ([("message", "1")], rest) == (split.events, split.rest)

    @given(sent=bodies())
    def test_whatever_is_sent_arrives(self, sent: tuple[list[Event], bytes]) -> None:
        """Any names and data come back, with any line ends and comments between them."""
        events, body = sent

        assert [(name or "message", data) for name, data in events] == split_events(body).events

    @given(sent=bodies(), data=st.data())
    def test_a_cut_body_has_the_first_events(self, sent: tuple[list[Event], bytes], data: st.DataObject) -> None:
        """Wherever a body is cut, the events before the cut stay the same."""
        whole, body = split_events(sent[1]).events, sent[1]
        some = split_events(body[: data.draw(st.integers(0, len(body)))]).events

        assert whole[: len(some)] == some

    @given(body=st.binary() | st.text("data: \r\n").map(str.encode), data=st.data())
    def test_any_bytes_are_split(self, body: bytes, data: st.DataObject) -> None:
        """Bytes that are no events at all raise nothing, and a cut changes nothing before it."""
        some = split_events(body[: data.draw(st.integers(0, len(body)))]).events

        assert split_events(body).events[: len(some)] == some


class TestJsonEvents:
    def test_events_without_an_object_are_left_out(self) -> None:
        """Marks of the end, texts and lists are for others to read."""
        sent = [("a", '{"b": 1}'), ("message", "[DONE]"), ("message", "[1]"), ("message", '{"b":'), ("c", "{}")]

        assert [("a", {"b": 1}), ("c", {})] == [*json_events(sent)]


class TestPlainObjects:
    @given(
        st.lists(
            st.sampled_from(['{"a":1}', "{}", "{", "}", "1", '{"a":[{}', "[DONE]", '{"b":"\\n\\n"}', "{}\r", "é"]),
            min_size=1,
        )
    )
    def test_are_those_of_the_events(self, data: list[str]) -> None:
        """Of a body of which nothing is left out; any other body is none."""
        body = "".join(f"data: {one}\n\n" for one in data).encode()
        told = plain_objects(body)
        read = [value for _, value in json_events(split_events(body).events)]

        assert told in (None, read)
        assert told is not None or [{"a": 1}] * len(data) != read

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"data: {}",
            b"data: {}\n\ndata: {",
            b"data: {}\n\ndata: [DONE]\n\n",
            b"event: a\ndata: {}\n\n",
            b"data: {}\n\n: alive\n\ndata: {}\n\n",
            b'data: {"a":"\xff"}\n\n',
            b"data: {}\r\n\r\n",
        ],
    )
    def test_are_none_of_any_other_body(self, body: bytes) -> None:
        """What is cut, named, commented, broken or of other lines is read line by line."""
        assert plain_objects(body) is None
