"""
Getting back what a killed process left: from its segments into the database, and how large both are.

    python benchmarks/recovery.py [spans]

A process writes spans of 2 KB into a journal and is killed with SIGKILL. Another one then opens the journal.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tables import machine, table

from orchestrace.journal.journal import Journal
from orchestrace.journal.reader import Reader
from orchestrace.journal.worker import Worker
from orchestrace.records import SpanRecord

__all__ = ["main"]

_TEXT = "what somebody said, " * 80
_SECOND = 1_000_000_000


def leave(folder: str, count: int) -> None:
    """Record spans, and die."""
    Worker.start = lambda _: None  # type: ignore[method-assign] # as if its thread had had no time
    journal = Journal(Path(folder), resource={"service.name": "benchmark"})
    now = time.time_ns()
    for number in range(count):
        record = SpanRecord(
            f"{number // 10 + 1:032x}",
            f"{number + 1:016x}",
            None,
            "chat gpt-4o",
            2,
            now + number * 1000,
            attributes={"gen_ai.operation.name": "chat", "gen_ai.input.messages": _TEXT},
        )
        record.end = record.start + _SECOND
        journal.ended(record)
    os.kill(os.getpid(), signal.SIGKILL)


def recovered(folder: Path) -> int:
    """Open the journal as `orchestrace list` does; return how many spans it has now."""
    Reader(folder).runs()
    with closing(sqlite3.connect(folder / "journal.db")) as database:
        found: int = database.execute("SELECT count(*) FROM spans").fetchone()[0]
    return found


def size(folder: Path, pattern: str) -> int:
    """Return the bytes of some files."""
    return sum(found.stat().st_size for found in folder.glob(pattern))


def main(count: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-") as place:
        folder = Path(place) / "journal"
        subprocess.run([sys.executable, __file__, "--leave", str(folder), str(count)], check=False)  # noqa: S603 - ourselves
        left = size(folder, "*.segment")
        begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        found = recovered(folder)
        took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
        kept = size(folder, "journal.db*")
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    print(f"{machine()}.\n")
    head = ["spans", "found", "seconds", "CPU seconds", "spans/s", "bytes a span in segments", "in the database"]
    row = [count, found, f"{took:.1f}", f"{cpu:.1f}", f"{count / took:,.0f}", left // count, kept // count]
    print(table(head, [row]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--leave"]:
        leave(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
