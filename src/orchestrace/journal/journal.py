"""The journal of a process: every span on disk before the call that started or ended it goes on."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.appender import Appender
from orchestrace.journal.beginnings import MOST_ON_DISK
from orchestrace.journal.bounds import stated_bounds
from orchestrace.journal.census import host
from orchestrace.journal.encoding import Header, encode, encode_header, encode_more, encode_rest, encode_start
from orchestrace.journal.location import default_folder
from orchestrace.journal.refuge import NOTICES, Refuge
from orchestrace.journal.signals import encode_log, encode_metrics
from orchestrace.journal.worker import Worker
from orchestrace.recording.guard import report
from orchestrace.recording.tracer import version
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Journal"]

R = TypeVar("R")

_STOP_SECONDS: Final = 0.3
"""What the thread is in the midst of, it may finish; where others hold the database, that could be for ever."""

_alive: weakref.WeakSet[Journal] = weakref.WeakSet()


class Journal:
    """
    Keep spans in a folder, whatever becomes of the process. A `records.Sink`.

    `started` and `ended` copy a record into a file that is in memory: they wait for no disk and never raise. A thread
    brings it from there into the database. Processes may share a folder, on one machine. `resource` says who writes,
    and `receiver` for whom; None is for nobody so far. Spans that are `withheld` are not to be sent to anybody. Raises
    ConfigurationError for bounds that cannot be read (see `bounds`).
    """

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
        self._resource = dict(resource)
        self._receiver = receiver
        self._withheld = withheld
        self._version = version()
        self._header: Header | None = None
        self.appender: Appender = Appender(self.folder, lambda: encode_header(self.header()))
        self.refuge: Refuge = Refuge(self.appender)
        """Where goes what could not be written."""
        self.refuge.wake, self.appender.refused = self._wake, self.refuge.refused
        self.worker: Worker = Worker(self.folder, self.appender, self.refuge)
        self._begin()
        _alive.add(self)

    @property
    def ended_spans(self) -> int:
        """How many spans ended in this process."""
        return self.appender.ends + self._unwritable

    @property
    def lost(self) -> int:
        """How many records could neither be written nor be kept in memory. Why was logged, once a minute."""
        return self.refuge.lost_spans + self.refuge.lost_others

    @property
    def lost_spans(self) -> int:
        """How many of these were spans that had ended."""
        return self.refuge.lost_spans

    def started(self, record: SpanRecord) -> None:
        """Keep a span that has just started, or says more, so that it is known even if it never ends. Never raises."""
        room = 0
        try:
            known = self.refuge.begun.known(record)
            payload, head = encode_start(record) if known is None else encode_more(record, known[0])
            room = NOTICES if known is None and len(self.refuge.begun.rooms) < MOST_ON_DISK else 0
            self.appender.append(payload, 0, room, record)
            self.refuge.begun.note(record, head, room)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self.refuge.keep_started(error, record, room)

    def ended(self, record: SpanRecord) -> None:
        """Keep a span that has ended, unless it is the parent's of this process. Never raises."""
        try:
            beginning, room = self.refuge.begun.take(record)
            # A forked child that leaves through its parent's blocks ends copies of what runs there.
            if beginning is None and self.refuge.begun.is_of_parent(record):
                return
            payload = encode(record) if beginning is None else encode_rest(record, *beginning)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", error)
            self.refuge.lose()
            with self._counting:
                self._unwritable += 1
            return
        try:
            self.appender.append(payload, 1, -room, record)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self.refuge.keep_ended(error, record, room)

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
            return self.worker.flush(timeout) and lost == told and not self.refuge.overflow
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
            if self.refuge.overflow and (error := self.refuge.write_now()) is not None:
                self.refuge.say_what_goes(self.folder, error)
            self.appender.close()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal close", error)

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
            self.refuge.keep(error, record)

    def _wake(self) -> None:
        if not self.worker.started:
            self.start()

    def _begin(self) -> None:
        self._counting = threading.RLock()  # a garbage collection may end spans while this very thread counts
        self._told = self._unwritable = 0


def _after_fork() -> None:
    for journal in list(_alive):
        journal.refuge.forked()
        journal._begin()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
