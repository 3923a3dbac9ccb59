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
from typing import Final, TypeVar

from orchestrace.journal.addressee import Addressee
from orchestrace.journal.appender import Appender
from orchestrace.journal.beginnings import Beginnings
from orchestrace.journal.bounds import stated_bounds
from orchestrace.journal.census import host
from orchestrace.journal.encoding import Header, encode, encode_header, encode_rest, encode_start
from orchestrace.journal.location import default_folder
from orchestrace.journal.overflow import Overflow
from orchestrace.journal.signals import encode_log, encode_metrics
from orchestrace.journal.worker import Worker
from orchestrace.recording.guard import report
from orchestrace.recording.tracer import version
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Journal"]

R = TypeVar("R")

_LOG = logging.getLogger("orchestrace")
_STOP_SECONDS: Final = 1.0

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
        self._appender = Appender(self.folder, lambda: encode_header(self.header()))
        self.worker: Worker = Worker(self.folder, self._appender, self.overflow)
        self._begin()
        _alive.add(self)

    @property
    def ended_spans(self) -> int:
        """How many spans ended in this process."""
        return self._appender.ends + self._unwritable

    @property
    def lost(self) -> int:
        """How many records could neither be written nor be kept in memory. Why was logged, once a minute."""
        return self._lost_spans + self._lost_others

    @property
    def lost_spans(self) -> int:
        """How many of these were spans that had ended."""
        return self._lost_spans

    def started(self, record: SpanRecord) -> None:
        """Keep a span that has just started, so that it is known even if it never ends. Never raises."""
        try:
            payload, head = encode_start(record)
            self._appender.append(payload)
            self._begun.note(record, head)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self._lost_others += not self._keeps(error, encode, record)

    def ended(self, record: SpanRecord) -> None:
        """Keep a span that has ended. Never raises."""
        try:
            payload = self._encode_end(record)
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", error)
            with self._counting:
                self._lost_spans += 1
                self._unwritable += 1
            return
        try:
            self._appender.append(payload, 1)
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            kept = self._keeps(error, encode, record)
            with self._counting:
                self._lost_spans += not kept

    def logged(self, record: LogRecord) -> None:
        """Keep a log record until its receiver has it. Never raises."""
        if not self._append(encode_log, record):
            self._lost_others += 1

    def measured(self, record: MetricsRecord) -> None:
        """Keep metrics until their receiver has them. Never raises."""
        if not self._append(encode_metrics, record):
            self._lost_others += 1

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
            if self.overflow:
                self.worker.write_overflow_now()
            self._appender.close()
            self._say_what_is_lost()
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

    def _append(self, encoded: Callable[[R], bytes], record: R) -> bool:
        try:
            self._appender.append(encoded(record))
            if not self.worker.started:
                self.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            return self._keeps(error, encoded, record)
        return True

    def _keeps(self, error: Exception, encoded: Callable[[R], bytes], record: R) -> bool:
        """Keep what could not be written in memory, in full; False if it is lost."""
        try:
            report("journal", error)
            if not isinstance(error, OSError) or not self.overflow.put(encoded(record)):
                return False
            if not self.worker.started:
                self.start()
        except Exception as another:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal", another)
            return False
        return True

    def _say_what_is_lost(self) -> None:
        lost = 0
        while self.overflow.take() is not None:
            lost += 1
        if lost:
            self._lost_others += lost
            _LOG.warning(
                "orchestrace: %d record(s) are lost: they were in memory, and %s cannot be written to the end. "
                "`orchestrace doctor` says why.",
                lost,
                self.folder,
            )

    def _encode_end(self, record: SpanRecord) -> bytes:
        begun = self._begun.take(record)
        return encode(record) if begun is None else encode_rest(record, *begun)

    def _begin(self) -> None:
        # A garbage collection may end spans while this very thread counts.
        self._counting = threading.RLock()
        self._begun = Beginnings()
        self._told = self._unwritable = self._lost_spans = self._lost_others = 0


def _after_fork() -> None:
    for journal in list(_alive):
        journal._begin()  # noqa: SLF001 - same module
        while journal.overflow.take() is not None:  # it is the parent's
            pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
