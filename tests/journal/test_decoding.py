from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.journal.decoding import attributes_of, decode, events_of, links_of
from orchestrace.journal.encoding import Header
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

SPAN = {"type": "span", "trace_id": "a" * 32, "span_id": "b" * 16, "name": "x", "kind": 0, "start": 1, "attributes": {}}
DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=5,
)


class TestDecode:
    @given(st.binary())
    def test_takes_any_bytes(self, payload: bytes) -> None:
        """What is no document says nothing."""
        assert decode(payload) is None

    @given(st.sampled_from(["span", "header"]), st.dictionaries(st.sampled_from([*SPAN, "end", "events"]), DOCUMENT))
    @settings(deadline=None)
    def test_takes_any_document(self, kind: str, document: dict[str, Any]) -> None:
        """With values of any type where others are expected."""
        decode(orjson.dumps(document | {"type": kind}))

    @pytest.mark.parametrize("document", [[], 1, {}, {"type": "later"}, {"type": "header"}, {"type": "span"}])
    def test_skips_what_it_does_not_know(self, document: object) -> None:
        """Types that come later, and objects without what they are known by."""
        assert decode(orjson.dumps(document)) is None

    @pytest.mark.parametrize("field", ["trace_id", "span_id", "start"])
    def test_a_span_without_its_identity_is_none(self, field: str) -> None:
        """Everything else can be missing."""
        assert decode(orjson.dumps({name: value for name, value in SPAN.items() if name != field})) is None

    def test_fields_that_come_later_are_no_obstacle(self) -> None:
        """A newer process may write to the same folder."""
        assert SpanRecord("a" * 32, "b" * 16, None, "x", 0, 1) == decode(orjson.dumps(SPAN | {"colour": "red"}))

    def test_a_value_of_the_wrong_type_sets_nothing(self) -> None:
        """Rather than something wrong; numbers that no column holds are no numbers."""
        odd = {"end": 2**63, "status": 5, "kind": True, "events": {}, "links": [1], "sampled": None, "attributes": [1]}

        assert SpanRecord("a" * 32, "b" * 16, None, "x", 0, 1) == decode(orjson.dumps(SPAN | odd))

    def test_a_header_of_another_format_is_read(self) -> None:
        """Its number is what tells others to leave the segment alone."""
        document = {"type": "header", "process": "p", "format": 9}

        assert Header("p", 0, "", 0, "", {}, 9) == decode(orjson.dumps(document))


class TestColumns:
    def test_attributes_from_text(self) -> None:
        """As a column of the database holds them; null is absent."""
        assert {"a": [1]} == attributes_of('{"a": [1], "b": null}')

    @pytest.mark.parametrize("value", [None, "", "no JSON", "[]", 1])
    def test_nothing_from_anything_else(self, value: object) -> None:
        """Never an error."""
        assert ({}, [], []) == (attributes_of(value), events_of(value), links_of(value))

    def test_events_and_links_from_text(self) -> None:
        """Those that have what makes one."""
        assert [EventRecord("e", 1, {"a": 1})] == events_of('[{"name": "e", "time": 1, "attributes": {"a": 1}}, {}, 1]')
        assert [LinkRecord("t", "s")] == links_of('[{"trace_id": "t", "span_id": "s"}, {"trace_id": 1}]')
