from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.conventions import ROLE, TENANT
from orchestrace.journal.decoding import decode
from orchestrace.journal.encoding import FORMAT, Header, encode, encode_header, encode_more, encode_rest, encode_start
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.booleans() | INT64 | FLOAT | TEXT
ATTRIBUTES = st.dictionaries(TEXT, VALUE | st.lists(TEXT) | st.lists(INT64) | st.lists(FLOAT) | st.lists(st.booleans()))
HEX = st.text("0123456789abcdef", min_size=16, max_size=16)
SPANS = st.builds(
    SpanRecord,
    trace_id=HEX,
    span_id=HEX,
    parent_id=st.none() | HEX,
    name=TEXT,
    kind=st.integers(0, 4),
    start=INT64,
    end=st.none() | INT64,
    status=st.sampled_from(["UNSET", "OK", "ERROR"]),
    status_message=st.none(),
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(EventRecord, TEXT, INT64, ATTRIBUTES), max_size=2),
    links=st.lists(st.builds(LinkRecord, HEX, HEX, ATTRIBUTES), max_size=2),
    scope=TEXT,
    scope_version=TEXT,
    trace_state=TEXT,
    sampled=st.booleans(),
)
ODD = {
    "nan": math.nan,
    "infinite": [1.0, -math.inf],
    "large": 2**70,
    "bytes": b"\xff",
    "surrogate \ud800": "half \udc80",
    "strange": object(),
    "plain": "stays",
}
AS_TEXT = {
    "nan": "NaN",
    "infinite": [1.0, "-Infinity"],
    "large": "1180591620717411303424",
    "bytes": "/w==",
    "surrogate \ufffd": "half \ufffd",
    "strange": "object",
    "plain": "stays",
}


class TestEncode:
    @given(SPANS)
    @settings(deadline=None)
    def test_comes_back_the_same(self, record: SpanRecord) -> None:
        """Every field, whatever it holds of what attributes may hold."""
        assert record == decode(encode(record))

    def test_a_span_in_full(self, span: Callable[..., SpanRecord]) -> None:
        """What stands in files: it does not change without a new format."""
        record = span(
            parent_id="0" * 15 + "2",
            end=1_764_000_009_000_000_000,
            status="ERROR",
            status_message="no",
            attributes={"a": "é", "b": (1, 2)},
            events=[EventRecord("exception", 5, {"c": True})],
            links=[LinkRecord("b" * 32, "c" * 16, {})],
            scope="scope",
            scope_version="1",
            trace_state="x=y",
            sampled=False,
        )

        assert {
            "type": "span",
            "trace_id": "a" * 32,
            "span_id": "0000000000000001",
            "parent_id": "0000000000000002",
            "name": "span 1",
            "kind": 0,
            "start": 1_764_000_001_000_000_000,
            "end": 1_764_000_009_000_000_000,
            "status": "ERROR",
            "status_message": "no",
            "attributes": {"a": "é", "b": [1, 2]},
            "events": [{"name": "exception", "time": 5, "attributes": {"c": True}}],
            "links": [{"trace_id": "b" * 32, "span_id": "c" * 16, "attributes": {}}],
            "scope": "scope",
            "scope_version": "1",
            "trace_state": "x=y",
            "sampled": False,
            "attributes_size": len(b'{"a":"..","b":[1,2]}'),
        } == orjson.loads(encode(record))

    def test_a_span_that_started(self, span: Callable[..., SpanRecord]) -> None:
        """What is at its default takes no room; what is readable stays so."""
        assert (
            b'{"type":"span","trace_id":"' + b"a" * 32 + b'","span_id":"0000000000000001","name":"span 1","kind":0,'
            b'"start":1764000001000000000,"attributes_size":22,"attributes":{"greeting":"gr\xc3\xbc\xc3\x9fe"}}'
        ) == encode(span(attributes={"greeting": "grüße"}))

    @pytest.mark.parametrize("odd", ODD)
    def test_an_odd_value_costs_no_record(self, span: Callable[..., SpanRecord], odd: str) -> None:
        """Alone it takes the slow path; everything else of the record is as it was."""
        record = span(attributes={odd: ODD[odd], "other": 1})

        assert {**dict(zip(ODD, AS_TEXT.items(), strict=True))}[odd] in orjson.loads(encode(record))[
            "attributes"
        ].items()
        assert 1 == orjson.loads(encode(record))["attributes"]["other"]

    def test_odd_values_in_events_and_links(self, span: Callable[..., SpanRecord]) -> None:
        """As anywhere else."""
        record = span(events=[EventRecord("e", 1, dict(ODD))], links=[LinkRecord("b" * 32, "c" * 16, dict(ODD))])
        document = orjson.loads(encode(record))

        assert [AS_TEXT, AS_TEXT] == [document["events"][0]["attributes"], document["links"][0]["attributes"]]

    def test_odd_values_in_texts_of_the_span(self, span: Callable[..., SpanRecord]) -> None:
        """A name may be anything that a program calls itself."""
        document = orjson.loads(encode(span(name="\ud800", status="ERROR", status_message="\udfff")))

        assert ("\ufffd", "\ufffd") == (document["name"], document["status_message"])

    def test_strangers_objects_are_not_looked_into(self, span: Callable[..., SpanRecord]) -> None:
        """Orjson would write the fields of a dataclass."""

        @dataclasses.dataclass
        class Client:
            api_key: str

        assert b"secret" not in encode(span(attributes={"client": Client("secret")}))


class TestEncodeRest:
    def test_what_the_start_had_is_not_said_again(self, span: Callable[..., SpanRecord]) -> None:
        """But whose the span is, by which it can be forgotten."""
        begun: dict[str, Any] = {"prompt": "long", TENANT: "acme"}
        document = orjson.loads(encode_rest(span(end=9, attributes={**begun, "answer": 1}), begun))

        assert ({"answer": 1}, {TENANT: "acme"}) == (document["attributes"], document["rest"])

    @pytest.mark.parametrize("ended", [{"prompt": "other"}, {}, {"answer": 1}])
    def test_what_was_changed_makes_it_whole(self, span: Callable[..., SpanRecord], ended: dict[str, Any]) -> None:
        """Another value, or an attribute that is gone: nothing can be left out."""
        record = span(end=9, attributes=ended)

        assert encode(record) == encode_rest(record, {"prompt": "long"})

    def test_begins_as_its_start_did(self, span: Callable[..., SpanRecord]) -> None:
        """That need not be made again."""
        begun, ended = span(attributes={"a": 1}), span(end=9, status="OK", attributes={"a": 1, "b": 2})

        _, head = encode_start(begun)
        made = orjson.loads(encode_rest(ended, begun.attributes))

        assert made == orjson.loads(encode_rest(ended, begun.attributes, head))

    def test_unless_it_became_something_else(self, span: Callable[..., SpanRecord]) -> None:
        """The role is that of the end."""
        begun, ended = span(attributes={"a": 1}), span(end=9, attributes={"a": 1, ROLE: "agent"})

        _, head = encode_start(begun)

        assert "agent" == orjson.loads(encode_rest(ended, begun.attributes, head))["role"]


class TestEncodeMore:
    def test_says_what_is_new_of_a_span_that_runs(self, span: Callable[..., SpanRecord]) -> None:
        """What is said before it is there for the end, as if everything had been said at once."""
        begun = {"a": 1}
        record = span(attributes={**begun, "b": 2})
        payload, head = encode_more(record, begun)
        document = orjson.loads(payload)
        ended = span(end=9, attributes={**record.attributes, "c": 3})

        assert ({"b": 2}, {}, None) == (document["attributes"], document["rest"], document.get("end"))
        assert encode_rest(ended, record.attributes) == encode_rest(ended, record.attributes, head)


class TestEncodeHeader:
    @given(st.builds(Header, HEX, INT64, TEXT, INT64, TEXT, ATTRIBUTES))
    @settings(deadline=None)
    def test_comes_back_the_same(self, header: Header) -> None:
        """Who wrote it, and for which service."""
        assert header == decode(encode_header(header))

    def test_in_full(self) -> None:
        """The first frame of every segment, in every format."""
        header = Header("0123", 7, "host", 5, "0.1.0", {"service.name": "shop", "odd": math.nan})
        expected: dict[str, Any] = {
            "type": "header",
            "format": FORMAT,
            "process": "0123",
            "pid": 7,
            "host": "host",
            "start": 5,
            "version": "0.1.0",
            "resource": {"service.name": "shop", "odd": "NaN"},
        }

        assert expected == orjson.loads(encode_header(header))
