"""The journal's health, read without writing to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from orchestrace.doctor import spans
from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.journal.census import census
from orchestrace.journal.database import FILE_NAME, SCHEMA
from orchestrace.journal.ingest import TORN
from orchestrace.journal.location import default_folder, folder_named
from orchestrace.journal.lock import is_held
from orchestrace.journal.segment import SUFFIX, UNBORN
from orchestrace.settings import Settings

__all__ = ["check"]

_CHECK: Final = "journal"
_NETWORKS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs"})
_LITTLE: Final = 256 << 20
"""Bytes that should be free: each process has 16 MiB open."""
_SECONDS: Final = 4.0
_A_MINUTE: Final = 60.0
_PATIENCE: Final = 1.0
"""Seconds after which a lock is held for too long: our own transactions take some hundredths."""


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the folder, its file system, its database and its segments."""
    folder = folder_named(settings.journal) if settings.journal else default_folder()
    try:
        yield from _look(folder)
    except OSError as error:
        why = f"{error.strerror}: spans are kept in memory alone."
        do = "Run it as the user of the program, or ORCHESTRACE_JOURNAL=…"
        yield Finding(_CHECK, PROBLEM, f"{folder} cannot be reached", why, do)


def _look(folder: Path) -> Iterator[Finding]:
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not there.is_dir():
        yield Finding(_CHECK, PROBLEM, f"{there} is no folder", "The journal needs one.", "Name another folder.")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        why = f"{there} is not writable for this user: spans are kept in memory alone."
        yield Finding(
            _CHECK, PROBLEM, f"{folder} cannot be written", why, f"chown or chmod {there}, or ORCHESTRACE_JOURNAL=…"
        )
    yield from _disk(there)
    if there is not folder:
        yield Finding(_CHECK, OK, f"{folder} is made when the program runs")
        return
    yield from _permissions(folder)
    yield from _database(folder / FILE_NAME)
    yield from _segments(folder)


def _disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < _LITTLE:
        why = f"{free >> 20} MiB are left; each process that records needs 16."
        yield Finding(_CHECK, PROBLEM, f"the disk of {folder} is almost full", why, "Make room, or run it elsewhere.")
    kind = _file_system(folder)
    if kind in _NETWORKS:
        why = f"It is on {kind}: locks and SQLite's WAL mode need a local disk."
        yield Finding(_CHECK, WARNING, f"{folder} is not on this machine", why, "ORCHESTRACE_JOURNAL=… on a local disk")
    if os.name != "nt" and not _locks(folder):
        why = "flock failed: processes that were killed cannot be told from those that run."
        yield Finding(_CHECK, WARNING, f"locks do not work in {folder}", why, "ORCHESTRACE_JOURNAL=… on a local disk")


def _file_system(folder: Path) -> str | None:
    place = str(folder.resolve())
    best: tuple[int, str] | None = None
    with suppress(OSError):
        for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
            _, mount, kind, *_ = line.split(" ")
            below = mount.replace("\\040", " ").rstrip("/")
            if (place == below or place.startswith(below + "/")) and (best is None or len(below) >= best[0]):
                best = len(below), kind
    return None if best is None else best[1]


def _locks(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return not is_held(descriptor)
    finally:
        os.close(descriptor)


def _permissions(folder: Path) -> Iterator[Finding]:
    status = folder.stat()
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        why = f"Its owner has the id {status.st_uid}, this user {os.getuid()}."
        yield Finding(_CHECK, WARNING, f"{folder} belongs to somebody else", why, "Run it as the user of the program.")
    for path, mode in ((folder, 0o700), (folder / FILE_NAME, 0o600)):
        with suppress(FileNotFoundError):
            found = stat.S_IMODE(path.stat().st_mode)
            if os.name != "nt" and found & 0o077:
                why = f"Its mode is {found:04o}, and it holds prompts and answers."
                yield Finding(_CHECK, WARNING, f"others may read {path}", why, f"chmod {mode:o} {path}")


def _database(path: Path) -> Iterator[Finding]:
    if not path.is_file():
        if path.exists():
            yield Finding(_CHECK, PROBLEM, f"{path} is no file", "SQLite cannot open it.", f"Move {path} away.")
        else:
            yield Finding(_CHECK, OK, f"{path.parent} has no database yet")
        return
    # Without a log nobody has it open: then no file is made beside it, either.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=1)) as database:
            until = time.monotonic() + _SECONDS
            database.set_progress_handler(lambda: int(time.monotonic() > until), 100_000)
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                why = f"Its schema is {version}, this version knows {SCHEMA}: segments wait."
                yield Finding(_CHECK, PROBLEM, f"{path} is of a newer orchestrace", why, "pip install -U orchestrace")
                return
            if not version and database.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
                why = "A program that records here puts it away, and begins another."
                yield Finding(_CHECK, PROBLEM, f"{path} is another program's", why, "ORCHESTRACE_JOURNAL=… elsewhere")
                return
            yield _whole(path, database)
            yield from _held(path)
            if version == SCHEMA:
                yield from spans.check(database)
    except sqlite3.Error as error:
        do = f"Move {path} away; a new one is made. What it held may be read with SQLite's .recover."
        yield Finding(_CHECK, PROBLEM, f"{path} cannot be read", str(error), do)


def _held(path: Path) -> Iterator[Finding]:
    """
    Tell of somebody who does not let go of it.

    Its lock is taken and given back, and nothing is written: the caller has it open, so that this empties no log.
    """
    if not Path(f"{path}-wal").exists():  # nobody has it open
        return
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):  # it may not be written: that is told elsewhere
                return
            why = f"For more than {_PATIENCE:g} s: until it lets go, spans wait in segments, and nothing is sent."
            yield Finding(_CHECK, WARNING, f"{path} is held by a program", why, f"lsof {path} names who has it open.")


def _whole(path: Path, database: sqlite3.Connection) -> Finding:
    try:
        (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return Finding(_CHECK, OK, f"{path} opens; it is too large to be read through here")
    if said == "ok":
        return Finding(_CHECK, OK, f"{path} is whole")
    do = f"Move {path} away; a new one is made. What it held may be read with SQLite's .recover."
    return Finding(_CHECK, PROBLEM, f"{path} is damaged", said, do)


def _segments(folder: Path) -> Iterator[Finding]:
    found = census(folder)
    gone = sum(not one.lives for one in found)
    yield Finding(_CHECK, OK, f"{len(found) - gone} segments of programs that run, {gone} of programs that are gone")
    torn = sorted(path.name for path in folder.glob(f"*{TORN}"))
    if torn:
        why = f"A frame in each is damaged: {', '.join(torn[:3])}. What stood before it is in the database."
        do = f"Look at the disk; then rm {folder}/*{TORN}"
        yield Finding(_CHECK, WARNING, f"damaged segments: {len(torn)}", why, do)
    unborn = [path for path in folder.glob(f"*{UNBORN}") if UNBORN != SUFFIX and _age(path) > _A_MINUTE]
    if unborn:
        why = "Their programs died while they made them, and nothing is in them."
        yield Finding(_CHECK, WARNING, f"segments never begun: {len(unborn)}", why, f"rm {folder}/*{UNBORN}")


def _age(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0
