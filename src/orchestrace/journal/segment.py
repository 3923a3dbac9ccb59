"""One segment: a pre-allocated, memory-mapped file that one process appends to."""

from __future__ import annotations

import errno
import mmap
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.frames import END, FRAME, HEADER, LOCKED, MAGIC, VERSION, checksum
from orchestrace.journal.lock import try_acquire
from orchestrace.journal.private import open_file

__all__ = ["OVERHEAD", "SUFFIX", "UNBORN", "Segment"]

SUFFIX: Final = ".segment"
UNBORN: Final = ".unborn" if os.name != "nt" else SUFFIX
"""
Suffix of a file that is no segment yet: readers see it only complete, locked and with its first frame.

Windows renames no open file; there the magic number, which comes last, is all that tells.
"""

OVERHEAD: Final = HEADER.size + 2 * FRAME.size
"""Bytes of a segment with one frame that are not its payload: header, frame head, end mark."""

_HEAD: Final = FRAME.size
_put_head: Final = FRAME.pack_into
_UNSUPPORTED: Final = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.ENODEV}
_POPULATE_WRITE: Final = 23
"""Linux's MADV_POPULATE_WRITE, since 5.14: pages become as a write would leave them."""
_READY_AT_ONCE: Final = 32 * mmap.PAGESIZE
_READY_AT_MOST: Final = 512 << 10
"""Bytes of one look that count: in what is ready and never used, zeros may be written to the disk."""
_ZEROS_AT_ONCE: Final = 1 << 20


class Segment:
    """
    An open segment file. Not safe for threads by itself: see `appender`.

    Bytes written are in the page cache at once: they outlive kill -9, and writing them is a memory copy that neither
    waits for a disk nor gives the GIL away.
    """

    __slots__ = ("_descriptor", "_end", "_left", "_map", "_ready", "_seen", "_size", "_soiled", "path", "room")

    def __init__(self, path: Path, descriptor: int, mapping: mmap.mmap) -> None:
        self.path: Path = path
        self._descriptor = descriptor
        self._map = mapping
        self._size = len(mapping)
        self.room: int = self._size - HEADER.size - 2 * FRAME.size
        """Bytes that the next payload may have: where it will stand follows from it."""
        self._end = self._size - _HEAD
        self._ready = self._seen = self._left = 0
        """How far pages are in memory, what was written, and what let go of, when `make_ready` was last asked."""
        self._soiled = False
        """A write is on its way, or was interrupted: what comes next may stand over something else than zeros."""

    @classmethod
    def create(cls, folder: Path, size: int, first: bytes) -> Segment:
        """Make a segment of `size` bytes, or as many as `first`, its first frame, needs. Raises OSError."""
        name = f"{time.time_ns():019d}-{os.getpid()}-{os.urandom(4).hex()}"
        unborn = folder / (name + UNBORN)
        descriptor = open_file(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            segment = cls(folder / (name + SUFFIX), descriptor, _mapped(descriptor, max(size, OVERHEAD + len(first))))
            segment._begin(first)
            if unborn != segment.path:
                unborn.rename(segment.path)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                unborn.unlink()
            raise
        return segment

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def write(self, payload: bytes) -> None:
        """Append one frame; `payload` must not be empty, nor longer than `room`."""
        size, body = len(payload), self._end - self.room
        left = self.room - _HEAD - size
        # Said before anything is written, and taken back at the end: whatever raises in between leaves it said.
        soiled, self._soiled = self._soiled, True
        try:
            self._map[body : body + size] = payload
            if soiled:
                _put_head(self._map, body + size, 0, 0)
            _put_head(self._map, body - _HEAD, checksum(payload), size)  # the length last: this is the commit
            self.room = left
            self._soiled = soiled
        except BaseException:
            # A signal's handler may raise between any two. What readers may have seen must not be written over, and
            # what else was left must not look like the length of a frame that follows.
            if FRAME.unpack_from(self._map, body - _HEAD) != (0, 0):
                self.room = left
            raise

    def make_ready(self) -> None:
        """
        Have the pages in memory that `write` comes to next: twice as many bytes as were written since the last time.

        Those that it has left behind are let go of.
        A page that is not there costs the program's thread ten microseconds. For a thread of our own; where the system
        cannot do it, nothing happens.
        """
        at = self._end - self.room
        self._let_go(at - at % mmap.PAGESIZE)
        came, self._seen = at - self._seen, at
        until = min(at + 2 * min(came, _READY_AT_MOST), self._size)
        while (start := max(self._ready, at - at % mmap.PAGESIZE)) < until:
            size = min(_READY_AT_ONCE, until - start + -until % mmap.PAGESIZE)
            self._ready = start + size
            try:
                self._map.madvise(_POPULATE_WRITE, start, min(size, self._size - start))
            except (AttributeError, OSError, ValueError):  # another system, an older kernel, a file that was cut
                self._ready = self._size
            time.sleep(0)  # `madvise` keeps the GIL: between two pieces whoever wants it has it

    def _let_go(self, until: int) -> None:
        # They stay in the system's cache; else a process would seem to need as much memory as its segments are long.
        if until > self._left:
            with suppress(AttributeError, OSError, ValueError):  # as above
                self._map.madvise(mmap.MADV_DONTNEED, self._left, until - self._left)
            self._left = until

    def end(self) -> None:
        """Say in the file that nothing more will come, give back what was not used, and close it."""
        end = self._end - self.room - FRAME.size
        FRAME.pack_into(self._map, end, 0, END)
        self._map.close()
        with suppress(OSError):
            os.ftruncate(self._descriptor, end + FRAME.size)
        os.close(self._descriptor)

    def close(self) -> None:
        """Close this process's view of the file, and leave the file as it is (a forked child; a lost file)."""
        self._map.close()
        os.close(self._descriptor)

    def _begin(self, first: bytes) -> None:
        locked = LOCKED if try_acquire(self._descriptor) else 0
        self.write(first)
        HEADER.pack_into(self._map, 0, MAGIC, VERSION, locked, 0)


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    # Allocated first: a write into a hole of a mapped file on a full disk kills the process (SIGBUS).
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:  # macOS, Windows
        _fill(descriptor, size)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        _fill(descriptor, size)
    return mmap.mmap(descriptor, size)


def _fill(descriptor: int, size: int) -> None:
    zeros = bytes(min(size, _ZEROS_AT_ONCE))
    left = size
    while left > 0:
        left -= os.write(descriptor, zeros[:left])
