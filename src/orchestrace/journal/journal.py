"""The journal of a process: every span on disk before the call that started or ended it goes on."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.appender import Appender
from orchestrace.journal.beginnings import MOST_ON_DISK, Beginnings
from orchestrace.journal.bounds import stated_bounds
from orchestrace.journal.census import host
from orchestrace.journal.encoding import Header, encode, encode_header, encode_more, encode_rest, encode_start
from orchestrace.journal.entry import Entry, read
from orchestrace.journal.location import default_folder
from orchestrace.journal.notice import ROOM, encode_ended
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.pairing import is_end
from orchestrace.journal.signals import encode_log, encode_metrics
from orchestrace.journal.worker import Worker
from orchestrace.recording.guard import report
from orchestrace.recording.tracer import version
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Journal"]

R = TypeVar("R")

_LOG = logging.getLogger("orchestrace")

_STOP_SECONDS: Final = 0.3
"""What the thread is in the midst of, it may finish; where others hold the database, that could be for ever."""
_NOTICES: Final = 2 * ROOM
"""Bytes that are kept free for a span that runs: to say that it ended, and what became of it."""

_alive: weakref.WeakSet[Journal] = weakref.WeakSet()


class Journal:
    """
    Keep spans in a folder, whatever becomes of the process. A `records.Sink`.

    `started` and `ended` copy a record into a file that is in memory: they wait for no disk and never raise. A thread
    brings it from there into the database. Processes may share a folder, on one machine. `resource` says who writes,
    and `receiver` for whom; None is for nobody so far. Spans that are `withheld` are not to be sent to anybody. Raises
    ConfigurationError for bounds that cannot be read (see `bounds`).
    """

    _begun: Beginnings
    _told: int

    def __init__(
        self,
        folder: Path | None = None,
        *,
        resource: Mapping[str, AttributeValue] = {},
        receiver: Addressee | None = None,
        withheld: bool = False,
    ) -> None:
        stated_bounds()  # an error at once, and not in a thread a minute later
        self.folder: Path = default_folder() if folder is None else folder
        with suppress(OSError):  # the current folder is gone
            self.folder = self.folder.absolute()
        self.when_used: Callable[[], None] | None = None
        """Called when something is kept that nobody looks after yet: in a new process, or after `close`."""
        self.overflow: Overflow = Overflow()
        """What could not be written."""
        self._resource = dict(resource)
        self._receiver = receiver
        self._withheld = withheld
        self._version = version()
        self._header: Header | None = None
        self.appender: Appender = Appender(self.folder, lambda: encode_header(self.header()))
        self.appender.refused = self._refused
        self.worker: Worker = Worker(self.folder, self.appender, self.overflow)
        self.worker.wanted, self.worker.came = self._wanted, self._came
        self._begin(Beginnings())
        _alive.add(self)

    @property
    def ended_spans(self) -> int:
        """How many spans ended in this process."""
        return self.appender.ends + self._unwritable

    @property
    def lost(self) -> int:
        """How many records could neither be written nor be kept in memory. Why was logged, once a minute."""
        return self._lost_spans + self._lost_others

    @property
    def lost_spans(self) -> int:
        """How many of these were spans that had ended."""
        return self._lost_spans

    def started(self, record: SpanRecord) -> None:
        """Keep a span that has just started, or says more, so that it is known even if it never ends. Never raises."""
        room = 0
        try:
            known = self._begun.known(record)
            payload, head = encode_start(record) if known is None else encode_more(record, known[0])
            room = _NOTICES if known is None and len(self._begun.rooms) < MOST_ON_DISK else 0
            self.appender.append(payload, 0, room, record)
            self._begun.note(record, head, room)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self._keep_started(error, record, room)

    def ended(self, record: SpanRecord) -> None:
        """Keep a span that has ended, unless it is the parent's of this process. Never raises."""
        try:
            beginning, room = self._begun.take(record)
            # A forked child that leaves through its parent's blocks ends copies of what runs there.
            if beginning is None and self._begun.is_of_parent(record):
                return
            payload = encode(record) if beginning is None else encode_rest(record, *beginning)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", error)
            with self._counting:
                self._lost_spans += 1
                self._unwritable += 1
            return
        try:
            self.appender.append(payload, 1, -room, record)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self._keep_ended(error, record, room)

    def logged(self, record: LogRecord) -> None:
        """Keep a log record until its receiver has it. Never raises."""
        self._append(encode_log, record)

    def measured(self, record: MetricsRecord) -> None:
        """Keep metrics until their receiver has them. Never raises."""
        self._append(encode_metrics, record)

    def start(self) -> None:
        """Look after the folder from now on: what was left behind there is brought into the database."""
        if not self.worker.started:
            self.worker.start()
            if self.when_used is not None:
                self.when_used()

    def flush(self, timeout: float = 10.0) -> bool:
        """
        Wait until everything that was given to this journal is in its database, at most `timeout` seconds.

        False if it did not get there in time, or if something was lost since the last flush. Never raises.
        """
        lost, told = self.lost, self._told
        self._told = lost
        try:
            return self.worker.flush(timeout) and lost == told and not self.overflow
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal flush", error)
            return False

    def close(self) -> None:
        """
        End what is open; the next who opens the journal brings it into the database. Never raises.

        Spans that still run are interrupted to readers. A later record begins anew.
        """
        try:
            self.worker.stop(_STOP_SECONDS)
            if self.overflow and (error := self.worker.write_overflow_now()) is not None:
                self._say_what_goes(error)
            self.appender.close()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal close", error)

    def _say_what_goes(self, error: OSError) -> None:
        if left := sum(map(is_end, self.overflow)):
            _LOG.warning(
                "orchestrace: %d span(s) are in memory, and the journal in %s has no room for them as it closes "
                "(%s). They go with this process. `orchestrace doctor` says what can be done.",
                left,
                self.folder,
                error,
            )

    def header(self) -> Header:
        """Return who writes: made where it is asked for, as a forked child is a process of its own."""
        pid = os.getpid()
        if self._header is None or self._header.pid != pid:
            self._header = Header(
                os.urandom(8).hex(),
                pid,
                host(),
                time.time_ns(),
                self._version,
                self._resource,
                receiver=self._receiver,
                withheld=self._withheld,
            )
        return self._header

    def _append(self, encoded: Callable[[R], bytes], record: R) -> None:
        try:
            self.appender.append(encoded(record), 0, 0, record)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self._lost_others += not self._keeps(error, record)

    def _refused(self, error: Exception, record: object, room: int) -> None:
        """Keep what was not written when its turn came."""
        if isinstance(record, SpanRecord) and record.end is not None:
            self._keep_ended(error, record, -room)
            return
        if isinstance(record, SpanRecord):
            # Its start, which is nowhere on disk then, or what was said of it since.
            (self._begun.take if room else self._begun.forget)(record)
            self._keep_started(error, record, room)
            return
        self._lost_others += not self._keeps(error, record)

    def _keep_started(self, error: Exception, record: SpanRecord, room: int) -> None:
        """Keep a start in memory; when it comes to the disk, so much is to be kept free for it there."""
        if room:
            self._begun.unwritten.add((record.trace_id, record.span_id))
        self._lost_others += not self._keeps(error, record, -room)

    def _wanted(self, start: bytes, room: int) -> int | None:
        """Return how much to keep free for a start that is in memory; None if its span has ended."""
        said = read(start)
        return self._begun.wanted((said.trace_id, said.span_id), room) if isinstance(said, Entry) else None

    def _came(self, start: bytes, room: int) -> None:
        """Take note of a start that has come to the disk after all."""
        said = read(start)
        if not isinstance(said, Entry) or not self._begun.came((said.trace_id, said.span_id), room):
            self.appender.release(room)

    def _keep_ended(self, error: Exception, record: SpanRecord, room: int) -> None:
        """Keep a span in memory, and say so where its start is; what memory has no room for is lost, but for that."""
        noticed = bool(room) and self._notes(record)
        kept = self._keeps(error, record, ROOM if noticed else 0)
        if room and not (noticed and kept):
            self.appender.release(ROOM if noticed else room)
        with self._counting:
            self._lost_spans += not kept and not noticed

    def _notes(self, record: SpanRecord) -> bool:
        try:
            self.appender.append(encode_ended(record), room=-ROOM)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", error)
            return False
        return True

    def _keeps(self, error: Exception, record: object, room: int = 0) -> bool:
        """Keep what could not be written in memory, in full; False if it is lost."""
        try:
            report("journal", error)
            if not isinstance(error, OSError) or not self.overflow.put(_encoded(record), room):
                return False
            if not self.worker.started:
                self.start()
        except Exception as another:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", another)
            return False
        return True

    def _begin(self, begun: Beginnings) -> None:
        # A garbage collection may end spans while this very thread counts.
        self._counting = threading.RLock()
        self._begun = begun
        self._told = self._unwritable = self._lost_spans = self._lost_others = 0


def _encoded(record: Any) -> bytes:  # noqa: ANN401 - whatever was to be kept: what is of no such type has no `end`
    if isinstance(record, LogRecord):
        return encode_log(record)
    return encode_metrics(record) if isinstance(record, MetricsRecord) else encode(record)


def _after_fork() -> None:
    for journal in list(_alive):
        journal._begin(journal._begun.forked())  # noqa: SLF001 - same module
        while journal.overflow.take() is not None:  # it is the parent's
            pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
