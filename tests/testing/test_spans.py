from __future__ import annotations

import re

import pytest

from orchestrace.recording import finaliser
from orchestrace.records import SpanRecord
from orchestrace.testing import Memory, Spans

TREE = """\
invoke_agent Crafter orchestrace.iterations=2
  iteration 1 orchestrace.iteration.index=1
    chat gpt-4o ERROR
  iteration 2 orchestrace.iteration.index=2"""


def record(number: int, name: str, parent: int | None = None, **fields: object) -> SpanRecord:
    """Return a span that started at its number."""
    above = None if parent is None else f"{parent:016x}"
    return SpanRecord(f"{1:032x}", f"{number:016x}", above, name, 0, number, 100, **fields)


@pytest.fixture
def spans() -> Spans:
    """Return the spans of a run, in the order in which they ended."""
    return Spans(
        Memory(
            [
                record(3, "chat gpt-4o", 2, status="ERROR"),
                record(2, "iteration 1", 1, attributes={"orchestrace.iteration.index": 1}),
                record(4, "iteration 2", 1, attributes={"orchestrace.iteration.index": 2}),
                record(1, "invoke_agent Crafter", attributes={"orchestrace.iterations": 2}),
            ]
        )
    )


class TestTree:
    def test_is_drawn(self, spans: Spans) -> None:
        """A line a span: its name, the attributes that were asked for, a status that says something."""
        assert TREE == spans.tree("orchestrace.iterations", "orchestrace.iteration.index")

    def test_shows_names_alone(self, spans: Spans) -> None:
        """Attributes are shown where asked for."""
        assert re.sub(r" \S+=\d", "", TREE) == spans.tree()

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a b", "a b"),
            ("é", "é"),
            ("a\nb", '"a\\nb"'),
            (True, "true"),
            (1.5, "1.5"),
            (("stop", "length"), '["stop", "length"]'),
        ],
    )
    def test_value_stands_on_its_line(self, value: object, text: str) -> None:
        """Text is shown as it is unless it would tear the tree; other values are JSON."""
        assert f"a key={text}" == Spans(Memory([record(1, "a", attributes={"key": value})])).tree("key")

    def test_child_of_a_stranger_is_at_the_top(self) -> None:
        """A span whose parent was not captured stands at the left."""
        assert "a\nb" == Spans(Memory([record(2, "a", 1), record(3, "b", 1)])).tree()


class TestLookup:
    def test_by_name(self, spans: Spans) -> None:
        """All spans of a name are found."""
        assert [2] == [span.start for span in spans.named("iteration 1")]

    def test_one_is_the_only_one(self, spans: Spans) -> None:
        """The only span of a name, and its attributes."""
        assert (4, {"orchestrace.iteration.index": 2}) == (
            spans.one("iteration 2").start,
            spans.attributes("iteration 2"),
        )

    def test_none_shows_what_there_is(self, spans: Spans) -> None:
        """Who looks for a span that is not there sees what is."""
        with pytest.raises(AssertionError) as raised:
            spans.one("iteration 3")

        assert f"0 spans are named 'iteration 3', not one:\n{spans.tree()}" == str(raised.value)

    def test_several_are_not_one(self) -> None:
        """Which of two is meant cannot be known."""
        with pytest.raises(AssertionError, match=r"2 spans are named 'a', not one:\na\na"):
            Spans(Memory([record(1, "a"), record(2, "a")])).attributes("a")

    def test_nothing_is_told(self) -> None:
        """No span at all is said in words."""
        with pytest.raises(AssertionError, match=r"\(no spans\)"):
            Spans(Memory()).one("a")


class TestList:
    def test_reads_like_a_list(self, spans: Spans) -> None:
        """Length, items, slices, order and comparison are a list's."""
        assert (4, "chat gpt-4o", "invoke_agent Crafter") == (len(spans), spans[0].name, spans[-1].name)
        assert list(spans) == spans[:] == spans
        assert spans != []

    def test_is_live(self) -> None:
        """A span that ends later is seen later."""
        memory = Memory()
        spans = Spans(memory)
        memory.started(record(1, "a"))
        before = ([], ["a"]) == (list(spans), [span.name for span in spans.running])
        memory.ended(record(1, "a"))

        assert (True, ["a"], []) == (before, [span.name for span in spans], spans.running)

    def test_waits_for_what_the_collector_ended(self) -> None:
        """A call that was dropped ends on another thread; who looks sees it ended."""
        memory = Memory()
        finaliser.ensure_running()
        finaliser.later(lambda: memory.ended(record(1, "a")))

        assert ["a"] == [span.name for span in Spans(memory)]

    def test_shows_itself_as_a_tree(self, spans: Spans) -> None:
        """A failed assertion prints what can be read."""
        assert (f"<Spans\n{spans.tree()}\n>", "<Spans: none>") == (repr(spans), repr(Spans(Memory())))
