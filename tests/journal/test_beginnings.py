from __future__ import annotations

from collections.abc import Callable

from orchestrace.journal.beginnings import MOST, Beginnings
from orchestrace.records import SpanRecord


class TestBeginnings:
    def test_are_known_until_their_spans_end(self, span: Callable[..., SpanRecord]) -> None:
        """Once: who ends a span twice says everything the second time."""
        beginnings, begun = Beginnings(), span(attributes={"a": 1})
        beginnings.note(begun, {"name": "x"})

        begun.attributes["b"] = 2  # what is added to it afterwards was not there

        assert (({"a": 1}, {"name": "x"}), 0) == beginnings.take(span(end=9))
        assert (None, 0) == beginnings.take(span(end=9))

    def test_what_began_before_a_fork_is_the_parents(self, span: Callable[..., SpanRecord]) -> None:
        """Also that of its own parent; and it has no beginning in the child."""
        beginnings = Beginnings()
        beginnings.note(span(1), {"name": "x"})
        child = beginnings.forked()
        child.note(span(2), {"name": "x"})
        grandchild = child.forked()

        assert [False, False] == [beginnings.is_of_parent(span(number)) for number in (1, 2)]
        assert [True, False] == [child.is_of_parent(span(number)) for number in (1, 2)]
        assert [True, True] == [grandchild.is_of_parent(span(number)) for number in (1, 2)]
        assert (None, 0) == grandchild.take(span(1))

    def test_of_spans_that_never_end_some_are_forgotten(self, span: Callable[..., SpanRecord]) -> None:
        """The oldest: memory stays what it is."""
        beginnings = Beginnings()
        for number in range(MOST + 1):
            beginnings.note(span(number), {"name": "x"})

        assert beginnings.take(span(0))[0] is None
        assert beginnings.take(span(1))[0] is not None

    def test_that_wait_for_the_disk_are_known_until_they_come(self, span: Callable[..., SpanRecord]) -> None:
        """Or until they are said once more, and are on disk then; or until their spans end, and say everything."""
        beginnings, keys = Beginnings(), [(span(number).trace_id, span(number).span_id) for number in range(4)]
        beginnings.unwritten |= set(keys[:3])
        before = [beginnings.wanted(key, 640) for key in keys]
        came = [beginnings.came(key, 640) for key in (keys[0], keys[0], keys[3])]
        beginnings.note(span(1), {"name": "x"}, 640)
        beginnings.take(span(2, end=9))

        assert ([640, 640, 640, None], [True, False, False]) == (before, came)
        assert [0, 0, None, None] == [beginnings.wanted(key, 640) for key in keys]
        assert (None, 640) == beginnings.take(span(0, end=9))

    def test_that_a_start_is_on_disk_is_known_for_longer(self, span: Callable[..., SpanRecord]) -> None:
        """With the room that is kept free there, until the span has ended."""
        beginnings = Beginnings()
        for number in range(MOST + 1):
            beginnings.note(span(number), {"name": "x"}, 640)

        assert MOST + 1 == len(beginnings.rooms)
        assert (None, 640) == beginnings.take(span(0))
        assert (None, 0) == beginnings.take(span(0))
        assert MOST == len(beginnings.rooms)
