"""
The SQLite file of a journal: where spans are once their segments were read.

    processes   who wrote: a row for each journal in each process; `over` once no segment of it is being written
    segments    how many bytes of a segment file were read so far
    traces      what a trace holds at most: 0 outcomes alone, 1 other spans, 2 an invocation; and its first start
    spans       one row a span; `end_time` is NULL until it ended. One of no trace may hold a place (see `removal`)
    deliveries  a row for each span that ended: what became of it, and for which receiver it waits (see `accounts`);
                `process` is NULL for markers, which nobody counts
    accounts    how many spans of each process are in which state, those too that are no longer here
    receivers   for whom spans are. A process without one (NULL) has none so far; of one that withholds its spans
                only log records and metrics are sent
    signals     log records and metrics that wait

Beside them stand the documented views (see `views`): they are for everybody, the tables may change. The file is in WAL
mode, so that readers never wait. `user_version` numbers the schema; an older file is brought up to date when it is
opened for writing, a newer one is left alone.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from orchestrace.exceptions import JournalError
from orchestrace.journal.private import open_file
from orchestrace.journal.views import VIEWS

__all__ = ["FILE_NAME", "SCHEMA", "Database", "connect", "connect_in_memory", "connect_to_read", "transaction"]

FILE_NAME: Final = "journal.db"
_RETRY: Final = 0.01
_FOREIGN: Final = "it is another program's"
_CACHE_KIB: Final = 8192
"""So much of the file is kept in memory: what a transaction touches, else it writes pages twice."""
_WAL_BYTES: Final = 64 << 20
"""The write-ahead log is cut to this size after it has been copied into the file."""

_STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE processes (
            process INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, pid INTEGER NOT NULL, host TEXT NOT NULL,
            version TEXT NOT NULL, start_time INTEGER NOT NULL, resource TEXT NOT NULL, over INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE TABLE segments (name TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE traces (
            trace_id TEXT PRIMARY KEY, start_time INTEGER NOT NULL, holds INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        # What is long stands last: SQLite reads a row from its beginning, as far as it must.
        """
        CREATE TABLE spans (
            id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT, role TEXT,
            start_time INTEGER NOT NULL, end_time INTEGER, kind INTEGER NOT NULL, process INTEGER NOT NULL,
            verdicts INTEGER NOT NULL, sampled INTEGER NOT NULL, status TEXT NOT NULL, name TEXT NOT NULL,
            scope TEXT NOT NULL, scope_version TEXT NOT NULL, trace_state TEXT NOT NULL, status_message TEXT,
            attributes TEXT NOT NULL, events TEXT NOT NULL, links TEXT NOT NULL, UNIQUE (trace_id, span_id)
        )
        """,
        "CREATE INDEX traces_by_start ON traces (holds, start_time)",
        "CREATE INDEX spans_by_role ON spans (role, start_time)",
        "CREATE INDEX spans_with_verdicts ON spans (start_time) WHERE verdicts > 0",
    ),
    # Beside `spans` and not in it: a row of 5 KB is written anew when a column of it changes.
    (
        "CREATE TABLE receivers (receiver INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, destination TEXT NOT NULL)",
        "ALTER TABLE processes ADD COLUMN receiver INTEGER",
        "ALTER TABLE processes ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE processes ADD COLUMN last_time INTEGER NOT NULL DEFAULT 0",
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY, process INTEGER, state INTEGER NOT NULL, receiver INTEGER, time INTEGER NOT NULL,
            settled INTEGER, reason TEXT NOT NULL DEFAULT ''
        )
        """,
        """
        CREATE TABLE accounts (
            process INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL, spans INTEGER NOT NULL,
            PRIMARY KEY (process, state, reason)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE signals (
            id INTEGER PRIMARY KEY AUTOINCREMENT, process INTEGER NOT NULL, kind TEXT NOT NULL, trace_id TEXT,
            time INTEGER NOT NULL, receiver INTEGER, payload BLOB NOT NULL
        )
        """,
        "CREATE INDEX deliveries_waiting ON deliveries (receiver, time) WHERE state = 1",
        "CREATE INDEX deliveries_kept ON deliveries (process) WHERE state = 0",
        "CREATE INDEX deliveries_refused ON deliveries (time) WHERE state = 3",
        "CREATE INDEX signals_waiting ON signals (receiver, kind, id)",
        "CREATE INDEX spans_running ON spans (process) WHERE end_time IS NULL",
    ),
    # A run is found by the business object that it is about, among as many as there are.
    (
        """
        CREATE INDEX runs_by_key ON spans (json_extract(attributes, '$."orchestrace.key"'), end_time)
        WHERE role IN ('agent', 'workflow')
        """,
    ),
)
"""What brings a file from version n to n + 1. A step that was released never changes."""

SCHEMA: Final = len(_STEPS)
"""The version that this package writes. A changed view needs no step."""


class Database(sqlite3.Connection):
    """A connection that is open for writing, and knows its file."""

    path: Path
    file: tuple[int, int]

    def is_current(self) -> bool:
        """Tell whether the file is still where it was: people delete folders while programs run."""
        with suppress(OSError):
            return self.file == _identity(self.path)
        return False


def connect(folder: Path, *, timeout: float = 5.0) -> Database:
    """
    Open the database of a journal for writing; make it, or bring it up to date, first.

    `timeout` seconds are waited for others who write. Transactions are to be begun by hand: see `transaction`. Raises
    OSError, sqlite3.Error, and JournalError for a file of a later version.
    """
    path = folder / FILE_NAME
    # SQLite would make it with what the umask leaves. Its other files get the permissions of this one.
    with suppress(FileExistsError):
        os.close(open_file(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, factory=Database)
    try:
        connection.path, connection.file = path, _identity(path)
        # Before anything is written, as neither can be changed later: retention will give pages back, and a prompt of
        # 100 KB takes half as long in pages of 16 KiB as in those of 4.
        # The size first: what makes the file takes the one that is said by then.
        connection.execute("PRAGMA page_size = 16384")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _become_readable_while_written(connection, timeout)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")  # else what undoes a statement is a file for each
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(folder: Path, *, shared: bool = False) -> sqlite3.Connection | None:
    """
    Open the database of a journal without writing to it; None if there is none yet.

    A `shared` one may be used by any thread, by one at a time. Raises sqlite3.Error, and JournalError for a file of
    another version.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    for mode in ("mode=ro", "immutable=1"):  # the second for a folder in which the log cannot be made either
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=not shared
        )
        try:
            version = _version(connection, path)
        except sqlite3.OperationalError:
            connection.close()
            if mode == "immutable=1":
                raise
        except BaseException:
            connection.close()
            raise
        else:
            if version == SCHEMA:
                return connection
            connection.close()
            if version:
                msg = f"{path} has the older schema {version}: open it with this version where it can be written, once."
                raise JournalError(msg)
            return None
    return None


def connect_in_memory() -> sqlite3.Connection:
    """Open a database that is nowhere on disk, for a journal in a folder that cannot be written."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _migrate(connection, Path(":memory:"))
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Be the only one who writes, from the first statement on; undone as a whole if the body raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _become_readable_while_written(connection: sqlite3.Connection, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # two who make the file do so at once: SQLite waits for neither
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        msg = (
            f"{path} was written by a newer orchestrace: its schema is {version}, this version knows {SCHEMA}. "
            "Upgrade the package, or let ORCHESTRACE_JOURNAL name another folder."
        )
        raise JournalError(msg)
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == SCHEMA and _views(connection) == VIEWS:
        return
    with transaction(connection):
        # Asked again: another process may have been faster.
        version = _version(connection, path)
        if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
            raise sqlite3.DatabaseError(_FOREIGN)
        statements = [statement for step in _STEPS[version:] for statement in step]
        drops = [f"DROP VIEW {name}" for name in _views(connection)]
        for statement in (*drops, *statements, *VIEWS.values()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _views(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
