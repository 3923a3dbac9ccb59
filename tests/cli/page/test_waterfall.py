from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli.page.waterfall import Axis, Bar
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]
SECOND = 1_000_000_000


class TestAxis:
    def test_places_spans_by_their_times(self, make: Make) -> None:
        """From the first start to the last end; what did not end is open."""
        whole, half = make(start=0, end=4 * SECOND), make(start=2 * SECOND, end=3 * SECOND)
        running = make(start=3 * SECOND, end=None)
        axis = Axis([whole, half, running])

        assert [Bar(0, 1000, open=False), Bar(500, 250, open=False), Bar(750, 250, open=True)] == list(
            map(axis.bar, [whole, half, running])
        )
        assert ["0.0 ms", "1.0 s", "2.0 s", "3.0 s", "4.0 s"] == axis.ticks()

    def test_nothing_is_nothing(self, make: Make) -> None:
        """No span, or one without a length, is no error; the latter is seen."""
        assert 0 == Axis([]).length
        assert Bar(0, 2, open=False) == Axis([make(start=5, end=5)]).bar(make(start=5, end=5))

    @given(st.lists(st.tuples(st.integers(0, 2**62), st.none() | st.integers(0, 2**62)), min_size=1))
    def test_every_bar_is_on_the_axis(self, times: list[tuple[int, int | None]]) -> None:
        """Also of clocks that went backwards."""
        spans = [SpanRecord("a" * 32, "b" * 16, None, "x", 0, start, end) for start, end in times]
        axis = Axis(spans)

        assert all(0 <= bar.left and 2 <= bar.width and bar.left + bar.width <= 1000.02 for bar in map(axis.bar, spans))
