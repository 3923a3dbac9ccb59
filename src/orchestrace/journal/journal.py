"""The journal of a process: every span on disk before the call that started or ended it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.appender import Appender
from orchestrace.journal.census import host
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.location import default_folder
from orchestrace.journal.worker import Worker
from orchestrace.recording.guard import report
from orchestrace.recording.tracer import version
from orchestrace.records import SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Journal"]

_STOP_SECONDS: Final = 1.0


class Journal:
    """
    Keep spans in a folder, whatever becomes of the process. A `records.Sink`.

    `started` and `ended` copy a record into a file that is in memory: they wait for no disk and never raise. A thread
    brings it from there into the database. Processes may share a folder, on one machine. `resource` says who writes.
    """

    def __init__(self, folder: Path | None = None, *, resource: Mapping[str, AttributeValue] = {}) -> None:
        self.folder: Path = default_folder() if folder is None else folder
        with suppress(OSError):  # the current folder is gone
            self.folder = self.folder.absolute()
        self.lost: int = 0
        """How many records could not be written. Why was logged, once a minute."""
        self._told = 0
        self._resource = dict(resource)
        self._version = version()
        self._header: Header | None = None
        self._appender = Appender(self.folder, self._first)
        self._worker = Worker(self.folder, self._appender)

    def started(self, record: SpanRecord) -> None:
        """Keep a span that has just started, so that it is known even if it never ends. Never raises."""
        self._append(record)

    def ended(self, record: SpanRecord) -> None:
        """Keep a span that has ended. Never raises."""
        self._append(record)

    def flush(self, timeout: float = 10.0) -> bool:
        """
        Wait until everything that was given to this journal is in its database, at most `timeout` seconds.

        False if it did not get there in time, or if something was lost since the last flush. Never raises.
        """
        lost, told = self.lost, self._told
        self._told = lost
        try:
            return self._worker.flush(timeout) and lost == told
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal flush", error)
            return False

    def close(self) -> None:
        """
        End what is open; the next who opens the journal brings it into the database. Never raises.

        Spans that still run are interrupted to readers. A later record begins anew.
        """
        try:
            self._worker.stop(_STOP_SECONDS)
            self._appender.close()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("journal close", error)

    def _append(self, record: SpanRecord) -> None:
        try:
            self._appender.append(encode(record))
            if not self._worker.started:
                self._worker.start()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            self.lost += 1
            report("journal", error)

    def _first(self) -> bytes:
        # Made where a segment is: a forked child is a process of its own.
        pid = os.getpid()
        if self._header is None or self._header.pid != pid:
            self._header = Header(os.urandom(8).hex(), pid, host(), time.time_ns(), self._version, self._resource)
        return encode_header(self._header)
