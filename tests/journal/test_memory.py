from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal import memory as module
from orchestrace.journal.accounts import DELIVERED, REFUSED
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.appender import Appender
from orchestrace.journal.decoding import decode
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.frames import SegmentReader
from orchestrace.journal.memory import MemoryOutbox
from orchestrace.journal.notice import Notice
from orchestrace.journal.outbox import TRACES
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.signals import encode_log, encode_metrics
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

if TYPE_CHECKING:
    from tests.journal.conftest import Book

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
        assert ((encode(span(1)), 0), None) == (overflow.take(), overflow.take())

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

    def test_says_on_disk_what_became_of_spans_that_started_there(
        self, overflow: Overflow, folder: Path, span: Callable[..., SpanRecord]
    ) -> None:
        """Of the others nobody there knows. What was kept free for that is free again."""
        appender = Appender(folder, lambda: b"first", size=4096)
        memory = MemoryOutbox(overflow, lambda: WRITER, appender)
        appender.append(b"starts", room=2 * 320)
        for number, room in ((1, 320), (2, 320), (3, 0)):
            overflow.put(encode(span(number, end=number)), room)
        one, two, three = waiting(memory)
        outbox = memory.outbox()
        assert outbox is not None
        outbox.delivered(TRACES, [one, three])
        outbox.refused(TRACES, [two], "no")
        appender.close()
        (path,) = folder.iterdir()
        with path.open("rb") as file:
            said = [decode(payload) for payload in SegmentReader(file)][2:]

        assert [
            Notice("a" * 32, f"{1:016x}", state=DELIVERED),
            Notice("a" * 32, f"{2:016x}", state=REFUSED, reason="no"),
        ] == said
        assert 0 == appender._room
        memory._database.close()  # type: ignore[union-attr]

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


class TestGiveBack:
    @pytest.fixture
    def appender(self, folder: Path) -> Iterator[Appender]:
        """Return the writing end of the journal."""
        made = Appender(folder, lambda: encode_header(WRITER))
        yield made
        made.close()

    @pytest.fixture
    def memory(self, overflow: Overflow, appender: Appender) -> Iterator[MemoryOutbox]:
        """Return an outbox in memory of a journal whose disk has room."""
        memory = MemoryOutbox(overflow, lambda: WRITER, appender)
        yield memory
        assert memory._database is not None
        memory._database.close()

    def test_what_its_receiver_does_not_take_comes_to_the_disk(
        self, memory: MemoryOutbox, overflow: Overflow, appender: Appender, book: Book, span: Callable[..., SpanRecord]
    ) -> None:
        """Of every signal; then it is counted there, and here no more."""
        appender.append(encode(span(1)), room=640)
        overflow.put(encode(span(1, end=span(7).start)), 640)
        overflow.put(encode(span(2, end=span(8).start)))
        overflow.put(encode_log(LogRecord(1, 1, event_name="judged")))
        overflow.put(encode_metrics(MetricsRecord(3, b"sums")))
        before = [*waiting(memory).values()]
        balances = []
        for _ in memory.give_back(now=True):
            book.take()
            balances.append((memory.balance().ended, accounts.balance_of(book.database, "p").ended))
        book.take()

        assert (["span 1", "span 2"], {}, 0) == (before, waiting(memory), appender._room)
        assert [(0, 0), (0, 2), (0, 2)] == balances
        assert [span(1, end=span(7).start), span(2, end=span(8).start)] == book.waiting()
        assert {"logs": 1, "metrics": 1} == dict(
            book.database.execute("SELECT kind, count(*) FROM signals GROUP BY kind")
        )
        assert (Balance(), Balance(waiting=2)) == (memory.balance(), accounts.balance_of(book.database, "p"))

    def test_is_for_what_waits_for_long(
        self, memory: MemoryOutbox, overflow: Overflow, span: Callable[..., SpanRecord]
    ) -> None:
        """And only while nothing arrives: what the receiver takes need not come to a disk that was full."""
        asked = []
        overflow.put(encode(span(1, end=1)))
        for came in (False, True, False):
            waiting(memory)
            if came:
                deliver(memory)
                overflow.put(encode(span(2, end=2)))
            asked.append(len(list(memory.give_back())))
            memory._asked_at -= 5
            asked.append(len(list(memory.give_back())))
            overflow.put(encode(span(1, end=1)))

        assert [0, 1, 0, 0, 0, 1] == asked

    def test_on_a_full_disk_it_stays(
        self,
        memory: MemoryOutbox,
        overflow: Overflow,
        span: Callable[..., SpanRecord],
        full_disk: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """In its order, and is counted."""
        for number in range(1, 4):
            overflow.put(encode(span(number, end=number)))
        waiting(memory)
        with full_disk():
            list(memory.give_back(now=True))

        assert ["span 1", "span 2", "span 3"] == [*waiting(memory).values()]
        assert Balance(waiting=3) == memory.balance()
