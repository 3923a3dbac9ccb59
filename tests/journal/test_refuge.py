from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrace.journal.appender import Appender
from orchestrace.journal.encoding import encode
from orchestrace.journal.frames import SegmentReader
from orchestrace.journal.notice import ROOM
from orchestrace.journal.refuge import NOTICES, Refuge
from orchestrace.journal.segment import SUFFIX
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

FULL = OSError(errno.ENOSPC, "No space left on device")
Make = Callable[..., SpanRecord]


@pytest.fixture
def appender(folder: Path) -> Appender:
    """Return an appender whose segments begin with a word."""
    return Appender(folder, lambda: b"first", size=1 << 16)


@pytest.fixture
def refuge(appender: Appender) -> Refuge:
    """Return a refuge beside an appender."""
    return Refuge(appender)


def written(folder: Path) -> list[bytes]:
    """Return all payloads on disk but the first of each segment."""
    found: list[bytes] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with path.open("rb") as file:
            found += [*SegmentReader(file)][1:]
    return found


class TestKeep:
    def test_what_the_disk_refuses_stays_in_full(self, refuge: Refuge, span: Make) -> None:
        """And somebody is woken for each, who looks after it."""
        woken: list[int] = []
        refuge.wake = lambda: woken.append(1)
        refuge.keep_ended(FULL, span(1, end=9), 0)
        refuge.keep(FULL, MetricsRecord(3, b"sums"))

        assert (2, 2) == (len(list(refuge.overflow)), len(woken))
        assert (0, 0) == (refuge.lost_spans, refuge.lost_others)

    def test_what_is_no_fault_of_the_disk_is_lost(self, refuge: Refuge, span: Make) -> None:
        """To write it again would fail again."""
        refuge.keep_ended(ValueError("odd"), span(1, end=9), 0)
        refuge.keep(ValueError("odd"), MetricsRecord(3, b"sums"))

        assert (1, 1, []) == (refuge.lost_spans, refuge.lost_others, list(refuge.overflow))

    def test_whoever_cannot_be_woken_loses_nothing_else(self, refuge: Refuge, span: Make) -> None:
        """Nothing of it is raised."""
        refuge.wake = lambda: 1 / 0  # type: ignore[assignment,return-value]
        refuge.keep_ended(FULL, span(1, end=9), 0)

        assert 1 == len(list(refuge.overflow))

    def test_an_end_whose_start_is_on_disk_leaves_a_word_there(
        self, refuge: Refuge, appender: Appender, folder: Path, span: Make
    ) -> None:
        """In the room that was kept free for it; what is left of that is for what becomes of it."""
        appender.append(encode(span(1)), room=NOTICES)
        refuge.keep_ended(FULL, span(1, end=9), NOTICES)

        assert b'"type":"notice"' in written(folder)[-1]
        assert (NOTICES - ROOM, ROOM) == (appender._room, refuge.overflow.take()[1])  # type: ignore[index]


class TestRefused:
    def test_a_start_is_nowhere_on_disk_then(self, refuge: Refuge, span: Make) -> None:
        """What was noted of it is taken back: its end says everything."""
        refuge.begun.note(span(1), {"name": "x"}, NOTICES)
        refuge.refused(FULL, span(1), NOTICES)

        assert (None, {}) == (refuge.begun.known(span(1)), refuge.begun.rooms)
        assert [encode(span(1))] == list(refuge.overflow)

    def test_what_was_said_of_a_span_since_leaves_the_rest_where_it_is(self, refuge: Refuge, span: Make) -> None:
        """Its start is on disk, and so is the room for a word on it."""
        refuge.begun.note(span(1), {"name": "x"}, NOTICES)
        refuge.refused(FULL, span(1), 0)

        assert (None, [NOTICES]) == (refuge.begun.known(span(1)), [*refuge.begun.rooms.values()])


class TestWrite:
    def test_goes_to_the_disk_in_its_order(self, refuge: Refuge, folder: Path, span: Make) -> None:
        """Nothing is left, and nothing is kept free for it any more."""
        ends = [span(number, end=9) for number in range(3)]
        for end in ends:
            refuge.keep_ended(FULL, end, 0)

        assert refuge.write_now() is None
        assert ([encode(end) for end in ends], False) == (written(folder), bool(refuge.overflow))

    def test_stays_where_there_is_no_room(self, refuge: Refuge, folder: Path, span: Make) -> None:
        """Whoever asks hears why."""
        folder.touch()  # a file: no segment can be made
        ends = [span(number, end=9) for number in range(3)]
        for end in ends:
            refuge.keep_ended(FULL, end, 0)
        with pytest.raises(FileExistsError):
            refuge.write()

        assert isinstance(refuge.write_now(), FileExistsError)
        assert [encode(end) for end in ends] == list(refuge.overflow)

    def test_a_start_is_written_if_it_still_runs(self, refuge: Refuge, appender: Appender, span: Make) -> None:
        """With room for what is to be said of it later."""
        for number in (1, 2):
            refuge.keep_started(FULL, span(number), NOTICES)
        refuge.begun.take(span(2))  # it has ended meanwhile
        refuge.write()

        assert (1, NOTICES) == (appender.appended, appender._room)
        assert ([NOTICES], set()) == ([*refuge.begun.rooms.values()], refuge.begun.unwritten)


class TestSayWhatGoes:
    def test_counts_the_spans_that_had_ended(
        self, refuge: Refuge, folder: Path, span: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Where there is none, nothing is said."""
        refuge.keep_started(FULL, span(1), 0)
        refuge.keep(FULL, LogRecord(1, 1, "event"))
        with caplog.at_level(logging.WARNING, "orchestrace"):
            caplog.clear()
            refuge.say_what_goes(folder, FULL)
            before = [*caplog.messages]
            refuge.keep_ended(FULL, span(1, end=9), 0)
            caplog.clear()
            refuge.say_what_goes(folder, FULL)

        assert ([], 1) == (before, len(caplog.messages))
        assert "1 span(s) are in memory" in caplog.messages[0]


class TestForked:
    def test_a_child_has_nothing_of_its_parent_s(self, refuge: Refuge, span: Make) -> None:
        """But it knows what runs there."""
        refuge.begun.note(span(1), {"name": "x"})
        refuge.keep_ended(ValueError("odd"), span(2, end=9), 0)
        refuge.keep_ended(FULL, span(3, end=9), 0)
        refuge.forked()

        assert (0, False) == (refuge.lost_spans, bool(refuge.overflow))
        assert refuge.begun.is_of_parent(span(1))
