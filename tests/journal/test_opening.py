from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from orchestrace import conventions as names
from orchestrace.journal.opening import changes_role, opening_of, text_of
from orchestrace.records import SpanRecord


class TestOpeningOf:
    def test_is_what_is_known_at_the_start(self, span: Callable[..., SpanRecord]) -> None:
        """All but the attributes, which follow."""
        record = span(
            parent_id="0" * 15 + "2",
            attributes={names.ROLE: "agent", "other": 1},
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
            "role": "agent",
            "scope": "scope",
            "scope_version": "1",
            "trace_state": "x=y",
            "sampled": False,
        } == orjson.loads(opening_of(record) + "}")

    @pytest.mark.parametrize("field", ["name", "scope", "scope_version", "trace_state", "parent_id"])
    @pytest.mark.parametrize("text", ['"', "\\", "\n", "é", "\x7f"])
    def test_texts_may_be_any(self, span: Callable[..., SpanRecord], field: str, text: str) -> None:
        """They cannot break out of the document."""
        assert text == orjson.loads(opening_of(span(**{field: text})) + "}")[field]

    def test_spans_of_one_name_are_told_apart(self, span: Callable[..., SpanRecord]) -> None:
        """What is remembered of one is not said of another."""
        seen: list[Any] = [
            orjson.loads(opening_of(one) + "}")
            for one in (span(1, name="x"), span(2, name="x", kind=2, attributes={names.ROLE: "agent"}))
        ]

        assert [(0, None), (2, "agent")] == [(one["kind"], one.get("role")) for one in seen]


class TestChangesRole:
    @pytest.mark.parametrize("name", [names.ROLE, names.OPERATION_NAME, names.OUTCOME_NAME])
    def test_by_what_says_the_role(self, name: str) -> None:
        """And by nothing else."""
        assert (True, False) == (changes_role({name: "x"}), changes_role({"other": "x"}))


class TestTextOf:
    @pytest.mark.parametrize(
        ("value", "text"), [("é", '"é"'), (None, "null"), ("half \udc80", '"half \ufffd"'), ({"a": 2**70}, None)]
    )
    def test_is_json_whatever_it_is(self, value: object, text: str | None) -> None:
        """At a loss, where there is no other way."""
        assert text_of(value) == ('{"a":"1180591620717411303424"}' if text is None else text)
