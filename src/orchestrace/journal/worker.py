"""The thread that brings what this process appends into the database, every now and then."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrace.concurrency.fork_guard import ForkGuard
from orchestrace.journal.appender import Appender
from orchestrace.journal.census import may_have_others
from orchestrace.journal.refuge import Refuge
from orchestrace.journal.upkeep import Upkeep
from orchestrace.recording.guard import report

if TYPE_CHECKING:
    from orchestrace.journal.database import Database

__all__ = ["Worker"]

_INTERVAL: Final = 0.2
"""Seconds between two looks at what was appended, while it is much."""
_CALM: Final = 0.6
"""The same, while it is not: a look costs as much as bringing in many spans, and nobody waits for it."""
_MUCH: Final = 16
"""Payloads of one look."""
_RETRY: Final = 5.0
"""Seconds after which what failed is tried again."""
_OTHERS: Final = 30.0
"""Seconds between two looks at what processes that are gone left behind."""
_OTHERS_EAGERLY: Final = 2.0
"""The same, for a process that sends what the others left."""
_SIGN_OF_LIFE: Final = 1.0
"""Seconds between two notes that this process lives, while spans run in it."""
_COURTESY: Final = 0.05
"""Seconds between two transactions with it: the program's threads come first."""
_QUIET: Final = 3
"""Looks that found nothing appended, after which the thread sleeps until something is."""

_alive: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """
    A daemon thread that ingests for one journal. It is started when first needed, in a forked child again.

    Between two transactions it holds nothing that a fork could break: SQLite's locks and imports are taken inside.
    """

    started: bool
    """The thread looks again soon; else `start` is to be called. For callers who must not wait."""

    _starting: threading.Lock
    _bell: threading.Lock
    _thread: threading.Thread | None

    def __init__(self, folder: Path, appender: Appender, refuge: Refuge | None = None) -> None:
        self.is_eager: Callable[[], bool] = bool
        """Asked whether what others leave behind is wanted soon."""
        self._folder = folder
        self._appender = appender
        self._refuge = refuge or Refuge(appender)
        self._between_forks = ForkGuard()
        self._begin()
        _alive.add(self)

    def start(self) -> None:
        """Start the thread, or wake it, unless it was started or cannot be. Never raises."""
        # Not waited for: a garbage collection may come back here while this very thread is in here.
        if self.started or not self._starting.acquire(blocking=False):
            return
        try:
            self.started = True
            if self._thread is not None and self._thread.is_alive():
                self._ring()
                return
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
        # Here: where there is no disk at all, nobody is to wait for it. A function in a cloud flushes at each request.
        if self._refuge.overflow and self._refuge.write_now() is not None:
            return False
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
            self._ring()
            self._changed.wait_for(lambda: self._done >= ticket or stop.is_set(), timeout)
            return self._done >= ticket

    def stop(self, timeout: float) -> None:
        """End the thread after the transaction that it is in; `start` makes another one."""
        with self._changed:
            thread, self._thread, self.started = self._thread, None, False
            self._stop.set()
            self._changed.notify_all()
        self._ring()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _begin(self) -> None:
        self.started = False
        self._starting = threading.Lock()
        # What the thread waits for: a lock that anybody may release, from inside of a garbage collection too.
        self._bell = threading.Lock()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = None
        self._wanted = self._done = 0
        self._shown_at, self._has_running = 0.0, False
        self._looked_at = self._read_at = -_OTHERS

    def _work(self, stop: threading.Event) -> None:
        # Kept in this frame and nowhere else: a forked child must neither use it nor close it.
        database: Database | None = None
        seen, quiet, upkeep = 0, 0, Upkeep(self._folder)
        while not stop.is_set():
            wanted, appended, now = self._wanted, self._appender.appended, time.monotonic()
            others, pause = self._is_due(now), _INTERVAL if appended - seen >= _MUCH else _CALM
            quiet = quiet + 1 if appended == seen else 0
            try:
                with suppress(OSError):  # said when it did not fit
                    self._refuge.write()
                if self._has_work(others=others or upkeep.is_due, appended=appended != seen, wanted=wanted):
                    database = self._opened(database)
                    self._ingest(database, stop, others=others)
                    seen, self._read_at = appended, now if others else self._read_at
                    with self._between_forks:
                        upkeep.step(database)
                    pause = _COURTESY if upkeep.is_busy else pause
                self._show_life(database)
                if not stop.is_set():
                    self._say(wanted)
            except Exception as error:  # noqa: BLE001 - the thread must live on
                if not getattr(error, "told", False):
                    report("journal ingest", error)
                    pause = _RETRY
                _close(database)
                database, seen, self._looked_at = None, -1, -_OTHERS
            if quiet > _QUIET and pause == _CALM and not self._refuge.overflow:
                self._sleep(stop, wanted, appended)
                pause = _INTERVAL  # what begins now may have ended by then
            self._wait(stop, wanted, pause)
        _close(database)

    def _sleep(self, stop: threading.Event, wanted: int, appended: int) -> None:
        """Wait until something is appended, or it is time for something else."""
        self.started = False
        if self._appender.appended == appended:  # whoever appends from now on calls `start`
            self._wait(stop, wanted, _SIGN_OF_LIFE if self._has_running else self._patience())
        with self._changed:
            self.started = not stop.is_set() or self.started

    def _show_life(self, database: Database | None) -> None:
        if database is not None and time.monotonic() >= self._shown_at + _SIGN_OF_LIFE:
            self._shown_at = time.monotonic()
            with self._between_forks:
                from orchestrace.journal.interruption import show_life  # noqa: PLC0415 - as in `_opened`

                self._has_running = show_life(database, os.getpid(), time.time_ns())

    def _has_work(self, *, others: bool, appended: bool, wanted: int) -> bool:
        if appended or wanted > self._done:
            return True
        with suppress(OSError):  # said when something did not fit
            return others and self._folder.is_dir()
        return False

    def _is_due(self, now: float) -> bool:
        """Tell whether to read what others left: now and then, or as soon as files of theirs lie there."""
        if now < self._looked_at + _OTHERS_EAGERLY or now < self._looked_at + self._patience():
            return False
        self._looked_at = now
        return now >= self._read_at + _OTHERS or may_have_others(self._folder, os.getpid())

    def _patience(self) -> float:
        return _OTHERS_EAGERLY if self.is_eager() else _OTHERS

    def _ingest(self, database: Database, stop: threading.Event, *, others: bool) -> None:
        with self._between_forks:
            from orchestrace.journal.damage import watched  # noqa: PLC0415 - as in `_opened`
            from orchestrace.journal.ingest import ingest, ingest_own  # noqa: PLC0415 - as above

        wanted = self._wanted
        steps = ingest(database, self._folder, pid=os.getpid()) if others else ingest_own(database, self._folder)
        while not stop.is_set():
            with self._between_forks, watched(self._folder):
                if next(steps, self) is self:
                    return
            if others:
                self._wait(stop, wanted, _COURTESY)

    def _opened(self, database: Database | None) -> Database:
        with self._between_forks:
            # Imported here: `configure()` is to work in a Python without sqlite3, and a fork must not catch an import.
            from orchestrace.journal.damage import watched  # noqa: PLC0415
            from orchestrace.journal.database import connect  # noqa: PLC0415

            with suppress(OSError):  # the next append says so itself
                self._appender.prepare()
            if database is not None and database.is_current():
                return database
            _close(database)
            with watched(self._folder):
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
        if not stop.is_set() and self._wanted == wanted:
            self._bell.acquire(timeout=seconds)

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it rings already
            self._bell.release()


def _close(database: Database | None) -> None:
    if database is not None:
        with suppress(Exception):
            database.close()


def _after_fork_in_child() -> None:
    for worker in list(_alive):
        worker._begin()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
