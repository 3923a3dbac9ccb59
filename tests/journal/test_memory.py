from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from orchestrace.balance import Balance
from orchestrace.journal import memory as module
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.encoding import Header, encode
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.journal.outbox import TRACES
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.signals import encode_log
from orchestrace.records import LogRecord, SpanRecord

WRITER = Header("p", 1, "here", 1, "1", {"service.name": "shop"}, receiver=Addressee("5d", "http://collector:4318"))
LARGEST = 1 << 20


@pytest.fixture
def overflow() -> Overflow:
    """Return where records are that could not be written."""
    return Overflow()


@pytest.fixture
def memory(overflow: Overflow) -> Iterator[MemoryOutbox]:
    """Return the outbox of what overflowed."""
    memory = MemoryOutbox(overflow, lambda: WRITER)
    yield memory
    if memory._database is not None:
        memory._database.close()


def waiting(memory: MemoryOutbox) -> dict[int, str]:
    """Return the names of the spans that wait, by key."""
    outbox = memory.outbox()
    found = [] if outbox is None else outbox.waiting(TRACES, 99, 1 << 30)
    return {key: record.name for key, _, record in found if isinstance(record, SpanRecord)}


def deliver(memory: MemoryOutbox) -> None:
    """Have everything arrive."""
    outbox = memory.outbox()
    assert outbox is not None
    outbox.delivered(TRACES, list(waiting(memory)))


class TestMemoryOutbox:
    def test_is_none_before_something_overflowed(self, memory: MemoryOutbox) -> None:
        """Nobody pays for what is never used."""
        assert (None, Balance(), None) == (memory.outbox(), memory.balance(), memory._database)

    def test_has_what_is_to_be_sent(
        self, memory: MemoryOutbox, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """Spans and log records wait there for the receiver; what only started, or is nonsense, waits for nobody."""
        logged = LogRecord(1, 1, event_name="judged")
        for payload in (encode(span(1)), encode(span(1, end=1)), b"{}", b"nonsense", encode_log(logged)):
            overflow.put(payload)
        outbox = memory.outbox()
        assert outbox is not None
        ((_, process, record),) = outbox.waiting(TRACES, 9, 1 << 20)

        assert (span(1, end=1), {"service.name": "shop"}) == (record, outbox.resource(process))
        assert [logged] == [one for _, _, one in outbox.waiting("logs", 9, 1 << 20)]
        assert not overflow

    def test_leaves_what_runs_to_the_disk(
        self, memory: MemoryOutbox, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """Until it has ended: nobody sends it before, and a start that came to the disk would be interrupted there."""
        for payload in (encode(span(1)), encode(span(2)), encode(span(3)), encode(span(2, end=2))):
            overflow.put(payload)
        found = [*waiting(memory).values()]
        overflow.put(encode(span(3, end=3)))
        found_then = [*waiting(memory).values()]

        assert (["span 2"], ["span 2", "span 3"]) == (found, found_then)
        assert (encode(span(1)), None) == (overflow.take(), overflow.take())

    def test_is_accounted_for(self, memory: MemoryOutbox, overflow: Overflow, span: Callable[..., SpanRecord]) -> None:
        """What ended there is delivered, waiting, refused or dropped."""
        for number in range(3):
            overflow.put(encode(span(number, end=number + 1)))
        overflow.put(encode(span(9, end=9, sampled=False)))
        unsampled = {"not sampled": 1}
        outbox = memory.outbox()
        assert outbox is not None
        before = memory.balance()
        one, two, _ = waiting(memory)
        outbox.delivered(TRACES, [one])
        outbox.refused(TRACES, [two], "no")

        assert [Balance(waiting=3, dropped=unsampled), Balance(1, 1, 1, unsampled)] == [before, memory.balance()]

    def test_is_bounded(
        self,
        memory: MemoryOutbox,
        overflow: Overflow,
        span: Callable[..., SpanRecord],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What is too much stays where it overflowed to, which is bounded too; what has arrived makes room."""
        monkeypatch.setattr(module, "LARGEST", LARGEST)
        held = []
        for number in range(3):
            overflow.put(encode(span(number, end=number + 1, attributes={"long": "x" * LARGEST})))
            held.append(([*waiting(memory).values()], bool(overflow)))
        deliver(memory)
        after = [*waiting(memory).values()]
        deliver(memory)

        assert [(["span 0"], False), (["span 0"], True), (["span 0"], True)] == held
        assert (["span 1", "span 2"], {}, Balance(delivered=3)) == (after, waiting(memory), memory.balance())
