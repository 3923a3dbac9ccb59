from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from orchestrace.cli.tree import render
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]
Read = Callable[..., str]
CASES = Path(__file__).with_name("cases")


class TestStory:
    def test_reads_as_the_case_says(self, story: list[SpanRecord], read: Read) -> None:
        """A run of two iterations: a tool, streams, a failed verdict, an answer that was cut off, and the error."""
        assert (CASES / "story.txt").read_text(encoding="utf-8") == read(render(story))

    def test_full_shows_what_was_left_out(self, story: list[SpanRecord], read: Read) -> None:
        """The whole prompt, few-shot examples, and the answer's body."""
        full = read(render(story, full=True))

        assert [] == [
            words
            for words in ("Write to {candidate.name}", 'warm-1: {"name": "Ada"}', '{"error": {"code":', "Traceback")
            if words not in full
        ]

    @pytest.mark.parametrize("width", [60, 80, 140])
    def test_fits_the_terminal(self, story: list[SpanRecord], read: Read, width: int) -> None:
        """No line is wider, and none ends in blanks."""
        lines = read(render(story), width).splitlines()

        assert [] == [line for line in lines if cell_len(line) > width or line != line.rstrip()]

    def test_order_does_not_matter(self, story: list[SpanRecord], read: Read) -> None:
        """Spans come as they ended, or as a database has them."""
        assert read(render(story)) == read(render(reversed(story)))


class TestShape:
    def test_several_tops(self, make: Make, read: Read) -> None:
        """Spans whose parents are elsewhere stand below each other."""
        spans = [make(name="one"), make(name="two", parent_id="e" * 16)]

        assert ["one  1.0 s", "two  1.0 s"] == [line for line in read(render(spans)).splitlines() if line[0] != " "]

    def test_nothing_is_nothing(self, read: Read) -> None:
        """No spans, no text."""
        assert read(render([])) == ""

    def test_deep_traces_stay_readable(self, make: Make, read: Read) -> None:
        """However often an agent calls itself, its words keep a column, and no recursion ends the command."""
        spans = [make({"input.value": "hi"}, f"depth {depth}", span_id=f"{depth:016x}") for depth in range(1200)]
        for outer, inner in pairwise(spans):
            inner.parent_id = outer.span_id

        lines = read(render(spans)).splitlines()

        assert "depth 1199  1.0 s" in lines[-2]
        assert max(map(cell_len, lines)) <= 100

    def test_terminals_without_lines_get_ascii(self, story: list[SpanRecord]) -> None:
        """The tree is drawn with what the encoding has."""

        class Latin(StringIO):
            encoding = "latin-1"

        console = Console(width=100, file=Latin(), highlight=False)
        console.print(render(story))
        drawn = console.file.getvalue()  # type: ignore[attr-defined]

        assert "|- iteration 1" in drawn
        assert "├" not in drawn

    @given(st.data())
    def test_any_spans_are_drawn(self, data: st.DataObject) -> None:
        """Whatever parents, times and statuses a trace has, each span that can be reached has its line."""
        ids = [f"{number:016x}" for number in range(6)]
        spans = [
            SpanRecord(
                trace_id="1" * 32,
                span_id=span_id,
                parent_id=data.draw(st.sampled_from([None, "e" * 16, *ids[:place]])),
                name=f"<{span_id}>",
                kind=0,
                start=data.draw(st.integers(0, 5)),
                end=data.draw(st.none() | st.integers(0, 5)),
                status=data.draw(st.sampled_from(["UNSET", "OK", "ERROR"])),
                status_message=data.draw(st.none() | st.text()),
            )
            for place, span_id in enumerate(ids)
        ]
        console = Console(width=80, file=StringIO(), highlight=False)
        console.print(render(spans, full=data.draw(st.booleans())))
        drawn = console.file.getvalue()  # type: ignore[attr-defined]

        assert [1] * 6 == [drawn.count(f"<{span_id}>") for span_id in ids]
