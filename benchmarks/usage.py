"""What a process has used: CPU time, of all its threads and children, and memory."""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["peak", "resident", "settled", "spent"]

_TICKS = 100
"""In a second, for what /proc tells; the kernel's own rate does not matter."""
_QUIET, _LOOK = 0.0005, 0.02
"""Seconds of CPU between two looks that are no work, and seconds between them."""
_PATIENCE = 1.0


def spent() -> float:
    """
    Return the CPU seconds of this process so far, user and system.

    All its threads count, and all its children: those that it waited for, and, where /proc tells, those that live.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used) + _living(Path("/proc/self"))


def settled() -> float:
    """Wait, for a second at most, until nothing works in the background any more; return what `spent` does."""
    over, before = time.monotonic() + _PATIENCE, time.process_time()
    while time.monotonic() < over:
        time.sleep(_LOOK)
        now = time.process_time()
        if now - before < _QUIET:
            break
        before = now
    return spent()


def peak() -> int:
    """Return the largest number of bytes that this process had in memory."""
    # ru_maxrss begins with that of the parent at the fork, which would hide everything that is smaller.
    told = _status("VmHWM")
    return told if told is not None else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def resident() -> tuple[int, int]:
    """Return how many bytes this process has in memory now, and how many of them are of no file; 0 if nobody tells."""
    return _status("VmRSS") or 0, _status("RssAnon") or 0


def _status(name: str) -> int | None:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def _living(process: Path) -> float:
    used = 0.0
    for listed in process.glob("task/*/children"):
        with suppress(OSError):  # it ended meanwhile
            for child in listed.read_text(encoding="ascii").split():
                fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                used += sum(map(int, fields[11:15])) / _TICKS + _living(Path(f"/proc/{child}"))
    return used
