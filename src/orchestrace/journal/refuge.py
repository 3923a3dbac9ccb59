"""Where records go that the disk does not take: into memory, and from there to the disk when it takes them again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from orchestrace.journal.appender import Appender
from orchestrace.journal.beginnings import Beginnings
from orchestrace.journal.encoding import encode
from orchestrace.journal.entry import Entry, read
from orchestrace.journal.notice import ROOM, encode_ended
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.pairing import is_end
from orchestrace.journal.signals import encode_log, encode_metrics
from orchestrace.recording.guard import report
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord

__all__ = ["NOTICES", "Refuge"]

_LOG: Final = logging.getLogger("orchestrace")

NOTICES: Final = 2 * ROOM
"""Bytes that are kept free for a span that runs: to say that it ended, and what became of it."""


class Refuge:
    """
    Keep what `appender` could not write, in `overflow`, and count what could not be kept either. None of that raises.

    A start says how much is to be kept free when it comes to the disk; an end, how much is kept free because its start
    is there: as a word on it is written there, it needs less.
    """

    begun: Beginnings
    """What is known of the spans that run."""
    lost_spans: int
    """How many spans that had ended could neither be written nor kept. Why was logged, once a minute."""
    lost_others: int
    """How many other records."""

    def __init__(self, appender: Appender, overflow: Overflow | None = None) -> None:
        self.overflow: Overflow = Overflow() if overflow is None else overflow  # which is false while it is empty
        self.wake: Callable[[], None] = lambda: None
        """Called when something came: somebody has to look after it."""
        self._appender = appender
        self._begin(Beginnings())

    def keep(self, error: Exception, record: object) -> None:
        """Keep a record that is no span."""
        self.lost_others += not self._keeps(error, record)

    def keep_started(self, error: Exception, record: SpanRecord, room: int) -> None:
        """Keep a start; when it comes to the disk, so much is to be kept free for it there."""
        if room:
            self.begun.unwritten.add((record.trace_id, record.span_id))
        self.lost_others += not self._keeps(error, record, -room)

    def keep_ended(self, error: Exception, record: SpanRecord, room: int) -> None:
        """Keep an end, and say so where its start is; what memory has no room for is lost, but for that."""
        noticed = bool(room) and self._notes(record)
        kept = self._keeps(error, record, ROOM if noticed else 0)
        if room and not (noticed and kept):
            self._appender.release(ROOM if noticed else room)
        if not kept and not noticed:
            self.lose()

    def lose(self) -> None:
        """Count a span that is lost."""
        with self._counting:
            self.lost_spans += 1

    def refused(self, error: Exception, record: object, room: int) -> None:
        """Keep what waited for another write, and was not written when its turn came."""
        if not isinstance(record, SpanRecord):
            self.keep(error, record)
        elif record.end is not None:
            self.keep_ended(error, record, -room)
        else:
            # Its start, which is nowhere on disk then, or what was said of it since.
            (self.begun.take if room else self.begun.forget)(record)
            self.keep_started(error, record, room)

    def write(self) -> None:
        """Write what is here. Raises OSError when there is no room for the first that is left."""
        while (taken := self.overflow.take()) is not None:
            payload, room = taken
            kept = self._wanted(payload, -room) if room < 0 else -room
            if kept is None:
                continue
            try:
                self._appender.append(payload, room=kept)
            except OSError:
                self.overflow.put_back(payload, room)
                raise
            if kept > 0:
                self._came(payload, kept)

    def write_now(self) -> OSError | None:
        """Do the same, however short ago there was no room; return why there still is none, if so."""
        self._appender.try_again()
        try:
            self.write()
        except OSError as error:
            return error
        return None

    def say_what_goes(self, folder: Path, error: OSError) -> None:
        """Say which spans there is no place for to the end."""
        if left := sum(map(is_end, self.overflow)):
            _LOG.warning(
                "orchestrace: %d span(s) are in memory, and the journal in %s has no room for them as it closes "
                "(%s). They go with this process. `orchestrace doctor` says what can be done.",
                left,
                folder,
                error,
            )

    def forked(self) -> None:
        """Begin anew in a forked child: what is here is the parent's."""
        self._begin(self.begun.forked())
        while self.overflow.take() is not None:
            pass

    def _begin(self, begun: Beginnings) -> None:
        # A garbage collection may end spans while this very thread counts.
        self._counting = threading.RLock()
        self.begun = begun
        self.lost_spans = self.lost_others = 0

    def _keeps(self, error: Exception, record: object, room: int = 0) -> bool:
        """Keep a record in full; False if it is lost."""
        try:
            report("journal", error)
            if not isinstance(error, OSError) or not self.overflow.put(_encoded(record), room):
                return False
            self.wake()
        except Exception as another:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", another)
            return False
        return True

    def _notes(self, record: SpanRecord) -> bool:
        try:
            self._appender.append(encode_ended(record), room=-ROOM)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", error)
            return False
        return True

    def _wanted(self, start: bytes, room: int) -> int | None:
        """Return how much to keep free for a start; None if its span has ended."""
        said = read(start)
        return self.begun.wanted((said.trace_id, said.span_id), room) if isinstance(said, Entry) else None

    def _came(self, start: bytes, room: int) -> None:
        """Take note of a start that has come to the disk after all."""
        said = read(start)
        if not isinstance(said, Entry) or not self.begun.came((said.trace_id, said.span_id), room):
            self._appender.release(room)


def _encoded(record: Any) -> bytes:  # noqa: ANN401 - whatever was to be kept: what is of no such type has no `end`
    if isinstance(record, LogRecord):
        return encode_log(record)
    return encode_metrics(record) if isinstance(record, MetricsRecord) else encode(record)
