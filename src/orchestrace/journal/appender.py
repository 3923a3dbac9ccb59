"""Append to the segments of this process: from any thread, through forks, and from inside itself."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
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
    than a segment gets one of its own size.
    """

    _busy: bool
    _pid: int

    def __init__(self, folder: Path, first: Callable[[], bytes], *, size: int = SEGMENT_SIZE) -> None:
        self.appended: int = 0
        """How many payloads were written here since this process began."""
        self.ends: int = 0
        """How many spans ended with what `append` was called for since then, written or not."""
        self._folder = folder
        self._first = first
        self._size = size
        self._retry_at = 0.0
        self._refusal: tuple[int | None, str | None] | None = None
        self._current: Segment | None = None
        self._spare: Segment | None = None
        self._begin()
        _alive.add(self)

    def append(self, payload: bytes, ends: int = 0) -> None:
        """
        Write one frame, with which so many spans end. Raises OSError when one could not be written.

        Then it is not to be called again for it. A garbage collection inside may end spans and come back here on the
        same thread: such payloads wait in a queue which the outer call empties.
        """
        if os.getpid() != self._pid:
            self._forked()
        with self._lock:
            self.ends += ends
            if self._busy:
                self._waiting.append(payload)
                return
            try:
                self._busy = True
                self._write(payload)
            finally:
                self._busy = False
                if self._waiting:
                    self._write_what_waits()

    def ask_again(self) -> None:
        """Have the next `append` try the disk, though it has refused a moment ago: somebody waits for it."""
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
        self._waiting: deque[bytes] = deque()
        self._pid = os.getpid()

    def _forked(self) -> None:
        # The files belong to the parent; so does what waits. The lock may be held by a thread that is not here.
        inherited, self._current, self._spare = (self._current, self._spare), None, None
        self.appended = self.ends = 0
        self._begin()
        for segment in inherited:
            if segment is not None:
                segment.close()

    def _write(self, payload: bytes) -> None:
        current = self._current
        if current is None or current.room < len(payload):
            self._rotate(payload)
        else:
            current.write(payload)
        self.appended += 1

    def _write_what_waits(self) -> None:
        refusal = None
        while self._waiting:
            try:
                self._busy = True
                self._write(self._waiting.popleft())
            except OSError as error:  # those that wait behind it may still fit
                refusal = error
            finally:
                self._busy = False
        if refusal is not None:
            raise refusal

    def _rotate(self, payload: bytes) -> None:
        following = self._spare
        if following is None or following.room < len(payload):
            following = self._create(payload)
        following.write(payload)
        if following is self._spare:
            self._spare = None
        before, self._current = self._current, following
        if before is not None:
            before.end()

    def _create(self, payload: bytes) -> Segment:
        if self._refusal is not None and time.monotonic() < self._retry_at:
            raise OSError(*self._refusal, str(self._folder))
        if len(payload) >= END:
            raise OSError(None, "a record of 4 GiB does not fit into a frame")
        first = self._first()
        try:
            make_folder(self._folder)
            segment = Segment.create(self._folder, max(self._size, 2 * OVERHEAD + len(first) + len(payload)), first)
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


def _after_fork() -> None:
    for appender in list(_alive):
        appender._forked()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
