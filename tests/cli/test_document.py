from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from orchestrace import conventions as names
from orchestrace.cli.document import runs_document, trace_document
from orchestrace.journal.reader import Run
from orchestrace.records import EventRecord, LinkRecord, SpanRecord

Make = Callable[..., SpanRecord]
RUN = Run(
    trace_id="3c" * 16,
    span_id="1" * 16,
    kind="agent",
    name="Zoë",
    version=None,
    key=None,
    start=1,
    end=2,
    iterations=3,
    accepted=True,
    stop_reason="accepted",
    input_tokens=4,
    output_tokens=5,
    ending="returned",
    status="UNSET",
    error=None,
    summary="fine",
    scores=(0.4, 0.9),
)


class TestRuns:
    def test_are_a_list_of_their_fields(self) -> None:
        """All that is known, under the names it has in Python; None is null."""
        (read,) = json.loads(runs_document([RUN]))

        assert asdict(RUN) | {"scores": [0.4, 0.9]} == read

    def test_none_are_an_empty_list(self) -> None:
        """A program that asks gets an answer."""
        assert runs_document([]) == b"[]"

    def test_letters_are_not_escaped(self) -> None:
        """UTF-8, to be read by people as well."""
        assert '"name": "Zoë"' in runs_document([RUN]).decode()


class TestTraces:
    def test_spans_have_their_fields(self, make: Make) -> None:
        """Those of `SpanRecord`, events and links included."""
        span = make(
            {"a": 1, "b": [1.5]},
            events=[EventRecord("e", 7, {"c": '{"d":1}'})],
            links=[LinkRecord("a" * 32, "b" * 16)],
            status="ERROR",
            status_message="no",
        )
        document = json.loads(trace_document([span]))

        assert document == {
            "trace_id": span.trace_id,
            "spans": [
                {
                    "trace_id": span.trace_id,
                    "span_id": span.span_id,
                    "parent_id": None,
                    "name": "work",
                    "kind": 0,
                    "start": 0,
                    "end": 1_000_000_000,
                    "status": "ERROR",
                    "status_message": "no",
                    "attributes": {"a": 1, "b": [1.5]},
                    "events": [{"name": "e", "time": 7, "attributes": {"c": {"d": 1}}}],
                    "links": [{"trace_id": "a" * 32, "span_id": "b" * 16, "attributes": {}}],
                    "scope": "",
                    "scope_version": "",
                    "trace_state": "",
                    "sampled": True,
                }
            ],
        }

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ('{"a": [1, "ö"]}', {"a": [1, "ö"]}),
            ("[1]", [1]),
            ('{"n": 123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
            ("[" * 200 + "]" * 200, json.loads("[" * 200 + "]" * 200)),
            ('{"a": ', '{"a": '),
            ("[1e999]", "[1e999]"),
            ("7", "7"),
            ('"text"', '"text"'),
        ],
    )
    def test_json_in_attributes_is_json(self, make: Make, written: str, expected: object) -> None:
        """Objects and lists are no longer texts, every digit of them kept; other texts stay texts."""
        (span,) = json.loads(trace_document([make({"said": written})]))["spans"]

        assert {"said": expected} == span["attributes"]

    def test_text_that_looks_like_json_stays_text(self, make: Make) -> None:
        """A model that answers `[1]` has said a text, where its type is known."""
        said = {names.OUTPUT_VALUE: "[1]", names.OUTPUT_MIME_TYPE: "text/plain", names.INPUT_VALUE: "[1]"}
        (span,) = json.loads(trace_document([make(said)]))["spans"]

        assert said | {names.INPUT_VALUE: [1]} == span["attributes"]

    def test_no_spans_are_no_trace(self) -> None:
        """An object all the same."""
        assert json.loads(trace_document([])) == {"trace_id": None, "spans": []}
