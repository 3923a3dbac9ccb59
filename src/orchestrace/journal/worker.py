"""The thread that brings what this process appends into the database, every now and then."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrace.journal.appender import Appender
from orchestrace.recording.guard import report

if TYPE_CHECKING:
    from orchestrace.journal.database import Database

__all__ = ["Worker"]

_INTERVAL: Final = 0.2
"""Seconds between two looks at what was appended."""
_RETRY: Final = 5.0
"""Seconds after which what failed is tried again."""
_OTHERS: Final = 30.0
"""Seconds between two looks at what processes that are gone left behind."""
_COURTESY: Final = 0.05
"""Seconds between two transactions with it: the program's threads come first."""
_FORK_WAITS: Final = 1.0
"""Seconds that a fork waits at most for a transaction of ours."""

_alive: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """
    A daemon thread that ingests for one journal. It is started when first needed, in a forked child again.

    Between two transactions it holds nothing that a fork could break: SQLite's locks and imports are taken inside.
    """

    started: bool
    """`start` was called in this process; for callers who must not wait."""

    _starting: threading.Lock
    _thread: threading.Thread | None

    def __init__(self, folder: Path, appender: Appender) -> None:
        self._folder = folder
        self._appender = appender
        self._begin()
        _alive.add(self)

    def start(self) -> None:
        """Start the thread, unless it was started or cannot be. Never raises."""
        # Not waited for: a garbage collection may come back here while this very thread is in here.
        if self.started or not self._starting.acquire(blocking=False):
            return
        try:
            self.started = True
            self._stop = threading.Event()
            thread = threading.Thread(target=self._work, args=(self._stop,), name="orchestrace-journal", daemon=True)
            thread.start()
            self._thread = thread
        except RuntimeError:  # no more threads, or the interpreter is leaving: the next reader ingests
            pass
        finally:
            self._starting.release()

    def flush(self, timeout: float) -> bool:
        """Return True once everything that was appended before is in the database, False if it did not get there."""
        if not self._appender.appended:
            return True
        thread, stop = self._thread, self._stop
        if thread is None or not thread.is_alive():
            return self._ingest_here()
        if thread is threading.current_thread():
            return False
        with self._changed:
            self._wanted += 1
            ticket = self._wanted
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done >= ticket or stop.is_set(), timeout)
            return self._done >= ticket

    def stop(self, timeout: float) -> None:
        """End the thread after the transaction that it is in; `start` makes another one."""
        thread, self._thread, self.started = self._thread, None, False
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _begin(self) -> None:
        self.started = False
        self._between_forks = threading.RLock()
        self._starting = threading.Lock()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = None
        self._wanted = self._done = 0

    def _work(self, stop: threading.Event) -> None:
        # Kept in this frame and nowhere else: a forked child must neither use it nor close it.
        database: Database | None = None
        seen, others_at = 0, 0.0
        while not stop.is_set():
            wanted, appended, now = self._wanted, self._appender.appended, time.monotonic()
            others, pause = now >= others_at, _INTERVAL
            try:
                if others or appended != seen or wanted > self._done:
                    database = self._opened(database)
                    self._ingest(database, stop, others=others)
                    seen, others_at = appended, now + _OTHERS if others else others_at
                if not stop.is_set():
                    self._say(wanted)
            except Exception as error:  # noqa: BLE001 - the thread must live on
                report("journal ingest", error)
                _close(database)
                database, pause = None, _RETRY
            self._wait(stop, wanted, pause)
        _close(database)

    def _ingest(self, database: Database, stop: threading.Event, *, others: bool) -> None:
        with self._between_forks:
            from orchestrace.journal.ingest import ingest, ingest_own  # noqa: PLC0415 - as in `_opened`

        wanted = self._wanted
        steps = ingest(database, self._folder, pid=os.getpid()) if others else ingest_own(database, self._folder)
        while not stop.is_set():
            with self._between_forks:
                if next(steps, self) is self:
                    return
            if others:
                self._wait(stop, wanted, _COURTESY)

    def _opened(self, database: Database | None) -> Database:
        with self._between_forks:
            # Imported here: `configure()` is to work in a Python without sqlite3, and a fork must not catch an import.
            from orchestrace.journal.database import connect  # noqa: PLC0415

            with suppress(OSError):  # the next append says so itself
                self._appender.prepare()
            if database is not None and database.is_current():
                return database
            _close(database)
            return connect(self._folder)

    def _ingest_here(self) -> bool:
        from orchestrace.journal.ingest import ingest_own  # noqa: PLC0415 - sqlite3

        try:
            with closing(self._opened(None)) as database:
                for _ in ingest_own(database, self._folder):
                    pass
        except Exception as error:  # noqa: BLE001 - told by the result
            report("journal ingest", error)
            return False
        return True

    def _say(self, wanted: int) -> None:
        with self._changed:
            self._done = max(self._done, wanted)
            self._changed.notify_all()

    def _wait(self, stop: threading.Event, wanted: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: stop.is_set() or self._wanted > wanted, seconds)


def _close(database: Database | None) -> None:
    if database is not None:
        with suppress(Exception):
            database.close()


def _before_fork() -> None:
    held = [worker for worker in list(_alive) if worker._between_forks.acquire(timeout=_FORK_WAITS)]  # noqa: SLF001 - same module
    _held[threading.get_ident()] = held


def _after_fork_in_parent() -> None:
    for worker in _held.pop(threading.get_ident(), ()):
        worker._between_forks.release()  # noqa: SLF001 - same module


def _after_fork_in_child() -> None:
    _held.clear()
    for worker in list(_alive):
        worker._begin()  # noqa: SLF001 - same module


_held: dict[int, list[Worker]] = {}
"""Whose transactions wait for a fork that a thread is in."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
