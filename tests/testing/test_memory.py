from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from orchestrace.records import SpanRecord
from orchestrace.testing import Memory


def record(number: int, end: int | None = None) -> SpanRecord:
    """Return a span of trace 1."""
    return SpanRecord(f"{1:032x}", f"{number:016x}", None, f"span {number}", 0, 0, end)


class TestMemory:
    def test_keeps_spans_as_they_end(self) -> None:
        """Ended spans stand in the order of their ends."""
        memory = Memory()
        for number in (2, 1):
            memory.ended(record(number, 5))

        assert ["span 2", "span 1"] == [span.name for span in memory.spans]

    def test_knows_what_is_running(self) -> None:
        """A span is running from its start to its end."""
        memory = Memory()
        memory.started(record(1))
        memory.started(record(2))
        memory.ended(record(1, 5))

        assert [record(2)] == memory.running

    def test_can_be_filled(self) -> None:
        """Records from elsewhere can be looked at as captured ones."""
        assert [record(1, 5)] == Memory([record(1, 5)]).spans

    def test_takes_spans_from_many_threads(self) -> None:
        """Nothing is lost when spans end at the same time."""
        memory = Memory()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: (memory.started(record(number)), memory.ended(record(number, 5))), range(500)))

        assert (500, []) == (len(memory.spans), memory.running)
