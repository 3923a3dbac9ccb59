"""
Put a database away that cannot be read, so that the journal goes on with a new one.

Those who record do so, who look do not. What is in segments is not touched by it; what was in the file can be rescued.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from orchestrace.journal.database import FILE_NAME
from orchestrace.journal.lock import SUPPORTED, try_acquire
from orchestrace.journal.private import open_file

__all__ = ["DAMAGED", "DamageError", "watched"]

DAMAGED: Final = ".damaged-"
"""Stands between the name that the file had and the time when it was put away."""
_LOCK: Final = "damaged.lock"

_LOG = logging.getLogger("orchestrace")


class DamageError(OSError):
    """Say that the database was put away: whoever opens it now gets another one."""

    told: bool = True
    """Somebody has said so already."""


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Put the database of `folder` away if the body finds it damaged. Raises DamageError then, or if others did."""
    path = folder / FILE_NAME
    known = _identity(path)
    try:
        yield
    except sqlite3.DatabaseError as error:
        # A file that is damaged, or is none of SQLite's: all other failures have classes of their own.
        if type(error) is sqlite3.DatabaseError:
            _put_away(path, known, error)
        elif _identity(path) == known:
            raise
        raise DamageError(str(error)) from error


def _put_away(path: Path, known: tuple[int, int] | None, error: sqlite3.DatabaseError) -> None:
    lock = open_file(path.with_name(_LOCK), os.O_RDWR | os.O_CREAT)
    try:
        if (SUPPORTED and not try_acquire(lock)) or known is None or _identity(path) != known:
            return  # another process was faster
        aside = path.with_name(f"{path.name}{DAMAGED}{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
        path.rename(aside)
        # SQLite throws a log away that it finds beside an empty database; kept with its own it may rescue something.
        with suppress(OSError):
            path.with_name(f"{path.name}-wal").rename(aside.with_name(f"{aside.name}-wal"))
        with suppress(OSError):
            path.with_name(f"{path.name}-shm").unlink()
    finally:
        os.close(lock)
    _LOG.warning(
        "orchestrace: %s cannot be read (%s). It is now %s, and a new one begins. What had not been sent is in there: "
        "`sqlite3 %s .recover` may read it.",
        path,
        error,
        aside.name,
        aside.name,
    )


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None
