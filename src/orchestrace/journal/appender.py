"""Append to the segments of this process: from any thread, through forks, and from inside itself."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.frames import END
from orchestrace.journal.private import make_folder
from orchestrace.journal.segment import OVERHEAD, Segment

__all__ = ["SEGMENT_SIZE", "Appender"]

SEGMENT_SIZE: Final = 16 * 1024 * 1024

_RETRY_SECONDS = 5.0
_alive: weakref.WeakSet[Appender] = weakref.WeakSet()


class Appender:
    """
    The writing end of a journal folder in this process; nothing is opened before the first `append`.

    `first` makes the first frame of each segment. A full segment is ended and followed by a new one; a payload larger
    than a segment gets one of its own size. The room that is kept is in the one that is being
    written.
    """

    _busy: bool
    _pid: int

    def __init__(self, folder: Path, first: Callable[[], bytes], *, size: int = SEGMENT_SIZE) -> None:
        self.appended: int = 0
        """How many payloads were written here since this process began."""
        self.ends: int = 0
        """How many spans ended with what `append` was called for since then, written or not."""
        self.refused: Callable[[Exception, object, int], None] = _forget
        """Told of what waited and could not be written: why, its source, and the room asked for. Never raises."""
        self._folder = folder
        self._first = first
        self._size = size
        self._retry_at = 0.0
        self._refusal: tuple[int | None, str | None] | None = None
        self._current: Segment | None = None
        self._spare: Segment | None = None
        self._begin()
        _alive.add(self)

    def append(self, payload: bytes, ends: int = 0, room: int = 0, source: object = None) -> None:
        """
        Write one frame, with which so many spans end. Raises OSError when it could not be written.

        Then it is not to be called again for it. `room` are bytes to be kept free from then on, or no longer if it is
        negative. A garbage collection inside may end spans and come back here on the same thread: such payloads wait in
        a queue which the outer call empties; one that cannot be written then is `refused`, with its `source`.
        """
        if os.getpid() != self._pid:
            self._forked()
        try:
            with self._lock:
                self.ends += ends
                if self._busy:
                    self._waiting.append((payload, room, source))
                    return
                try:
                    self._busy = True
                    self._write(payload, room)
                finally:
                    self._busy = False
                    if self._waiting:
                        self._write_what_waits()
        finally:
            if self._unwritten:
                self._refuse()

    def release(self, room: int) -> None:
        """Keep so many bytes free no longer."""
        with self._lock:
            self._room -= room

    def try_again(self) -> None:
        """Ask for room at once, though there was none a moment ago."""
        self._retry_at = 0.0

    def prepare(self) -> None:
        """
        Make the next segment before it is needed, and leave those whose file was deleted. Raises OSError.

        For a thread of our own: creating a file gives the GIL away several times, writing does not.
        """
        if os.getpid() != self._pid or (current := self._current) is None:
            return
        if not current.path.exists():
            self._leave(current)
            return
        if self._spare is None and current.room < current.size // 2:
            spare: Segment | None = self._create(b"")
            with self._lock:
                if self._current is not None:  # not closed in the meantime
                    spare, self._spare = self._spare, spare
            if spare is not None:
                spare.end()
        current.make_ready()

    def close(self) -> None:
        """End the segments of this process; a later `append` opens a new one."""
        if os.getpid() != self._pid:
            self._forked()
        with self._lock:
            # Swapped without making an object: a garbage collection in between may come back to `append`.
            current, self._current = self._current, None
            spare, self._spare = self._spare, None
        for segment in (current, spare):
            if segment is not None:
                segment.end()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._busy = False
        self._room = 0
        self._waiting: deque[tuple[bytes, int, object]] = deque()
        self._unwritten: deque[tuple[Exception, object, int]] = deque()
        self._pid = os.getpid()

    def _forked(self) -> None:
        # The files belong to the parent; so does what waits. The lock may be held by a thread that is not here.
        inherited, self._current, self._spare = (self._current, self._spare), None, None
        self.appended = self.ends = 0
        self._begin()
        for segment in inherited:
            if segment is not None:
                segment.close()

    def _write(self, payload: bytes, room: int) -> None:
        current, kept = self._current, self._room + room
        if current is None or current.room < len(payload) + kept:
            self._rotate(payload, kept)
        else:
            current.write(payload)
        self._room = kept
        self.appended += 1

    def _write_what_waits(self) -> None:
        while self._waiting:
            payload, room, source = self._waiting.popleft()
            try:
                self._busy = True
                self._write(payload, room)
            except Exception as error:  # noqa: BLE001 - of this one alone: what waits behind it may still fit
                self._unwritten.append((error, source, room))
            finally:
                self._busy = False

    def _refuse(self) -> None:
        # Outside of the lock: whoever is told may log.
        with suppress(IndexError):  # another thread was faster
            while True:
                self.refused(*self._unwritten.popleft())

    def _rotate(self, payload: bytes, kept: int) -> None:
        following = self._spare
        if following is None or following.room < len(payload) + kept:
            following = self._create(payload, kept)
        following.write(payload)
        if following is self._spare:
            self._spare = None
        before, self._current = self._current, following
        if before is not None:
            before.end()

    def _create(self, payload: bytes, kept: int = 0) -> Segment:
        if self._refusal is not None and time.monotonic() < self._retry_at:
            raise OSError(*self._refusal, str(self._folder))
        if len(payload) >= END:
            raise OSError(None, "a record of 4 GiB does not fit into a frame")
        first = self._first()
        try:
            make_folder(self._folder)
            size = max(self._size, 2 * OVERHEAD + len(first) + len(payload) + kept)
            segment = Segment.create(self._folder, size, first)
        except OSError as error:
            # Not tried again for each span: every attempt gives the GIL away.
            self._refusal, self._retry_at = (error.errno, error.strerror), time.monotonic() + _RETRY_SECONDS
            raise
        self._refusal = None
        return segment

    def _leave(self, lost: Segment) -> None:
        with self._lock:
            if self._busy or self._current is not lost:
                return
            self._current = None
            spare, self._spare = self._spare, None
        for segment in (lost, spare):
            if segment is not None:
                segment.close()


def _forget(error: Exception, source: object, room: int) -> None:
    """Do nothing."""


def _after_fork() -> None:
    for appender in list(_alive):
        appender._forked()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
