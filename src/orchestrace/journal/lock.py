"""Advisory file locks that die with their process, where the platform has them."""

from __future__ import annotations

from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["SUPPORTED", "is_held", "try_acquire"]

SUPPORTED: Final = fcntl is not None
"""This platform has such locks; a file system may still refuse them."""


def try_acquire(descriptor: int) -> bool:
    """
    Take the exclusive lock on an open file, if nobody has it; False where locks do not work (Windows, some networks).

    It belongs to the open file, not the process: two descriptors of one process exclude each other, and a forked child
    keeps it alive until it closes its copy.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_held(descriptor: int) -> bool:
    """
    Tell whether somebody holds the exclusive lock on the file; True where that cannot be found out.

    Those who ask at the same time do not see each other.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
