from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.records import SpanRecord
from orchestrace.span_tree import Branch, branches


def span(name: str, parent: str | None = None, start: int = 0, trace: str = "t") -> SpanRecord:
    """Return a span whose id is its name."""
    return SpanRecord(trace, name, parent, name, 0, start)


def drawn(tops: list[Branch]) -> list[str]:
    """Draw branches, one a line, one dash for each level."""
    return ["-" * depth + branch.span.name for top in tops for depth, branch in top.walk()]


class TestBranches:
    def test_children_stand_under_their_parent_in_order_of_time(self) -> None:
        """Whatever the order in which they ended."""
        spans = [span("leaf", "late", 4), span("late", "top", 3), span("early", "top", 2), span("top", None, 1)]

        assert ["top", "-early", "-late", "--leaf"] == drawn(branches(spans))

    def test_spans_that_started_together_stand_as_they_came(self) -> None:
        """A clock that stands still reverses nothing."""
        assert ["b", "a", "c"] == drawn(branches([span("b"), span("a"), span("c")]))

    def test_a_span_whose_parent_is_not_there_is_a_top(self) -> None:
        """It may be in another process, or still be running."""
        assert ["a", "-b"] == drawn(branches([span("a", "elsewhere", 1), span("b", "a", 2)]))

    def test_the_same_id_in_another_trace_is_another_span(self) -> None:
        """Ids are unique in their trace only."""
        assert ["a", "b"] == drawn(branches([span("a", None, 1), span("b", "a", 2, trace="u")]))

    def test_of_two_records_of_one_span_the_later_counts(self) -> None:
        """It started, and it ended."""
        assert [7] == [branch.span.start for branch in branches([span("a", start=1), span("a", start=7)])]

    def test_a_ring_of_parents_is_cut(self) -> None:
        """Whoever made such ids, no span is lost."""
        assert ["b", "-a"] == drawn(branches([span("a", "b", 1), span("b", "a", 2)]))
        assert ["a"] == drawn(branches([span("a", "a")]))

    def test_deep_traces_are_no_deeper_than_they_are_long(self) -> None:
        """Ten thousand levels need no stack."""
        spans = [span(str(depth), str(depth - 1) if depth else None, depth) for depth in range(3_000)]

        assert [(2_999, "2999")] == [(depth, one.span.name) for depth, one in branches(spans)[0].walk()][-1:]

    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), unique_by=lambda one: one[0]))
    def test_every_span_stands_in_one_place(self, made: list[tuple[int, int, int]]) -> None:
        """However their parents are chosen."""
        spans = [span(str(name), str(parent), start) for name, parent, start in made]
        names = [line.strip("-") for line in drawn(branches(spans))]

        assert sorted(str(name) for name, _, _ in made) == sorted(names)
