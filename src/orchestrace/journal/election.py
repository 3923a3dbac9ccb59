"""Who sends what waits in a journal: of all processes with the same receiver the one that has the lock."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.lock import SUPPORTED, try_acquire
from orchestrace.journal.private import open_file

__all__ = ["Election", "is_vacant", "lock_path"]

_LOCK: Final = "forward-{}.lock"


def lock_path(folder: Path, receiver: str) -> Path:
    """Return the file whose lock whoever sends to a receiver holds; its process id stands in it."""
    return folder / _LOCK.format(receiver)


def is_vacant(folder: Path, receiver: str) -> bool:
    """Tell whether nobody sends to a receiver right now."""
    election = Election(folder, receiver)
    try:
        return election.win()
    finally:
        election.leave()


class Election:
    """
    One process's candidacy for a receiver. The lock dies with its process, however that ends.

    Where locks do not work (Windows, some networks) everybody wins: what is sent twice then is what two read at once.
    """

    def __init__(self, folder: Path, receiver: str) -> None:
        self._path = lock_path(folder, receiver)
        self._descriptor: int | None = None

    @property
    def is_won(self) -> bool:
        """Tell whether this candidate has the lock, and its file is still where the others look for it."""
        if self._descriptor is None:
            return False
        with suppress(OSError):
            here, there = os.fstat(self._descriptor), self._path.stat()
            return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
        return False

    def win(self) -> bool:
        """Try to get the lock; True if this candidate has it, from before or from now on. Raises OSError."""
        if self.is_won:
            return True
        self.leave()
        descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT)
        if SUPPORTED and not try_acquire(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        with suppress(OSError):  # for people, and on a full disk not even for them
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"%d\n" % os.getpid())
        return True

    def leave(self) -> None:
        """Give the lock up; in a forked child: leave it to the parent, which has it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)
