from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.exceptions import JournalError
from orchestrace.journal.database import (
    FILE_NAME,
    SCHEMA,
    connect,
    connect_in_memory,
    connect_to_read,
    transaction,
)
from orchestrace.journal.views import VIEWS

READ_ONLY = """
import sys
from contextlib import closing
from pathlib import Path
from orchestrace.journal.database import connect_to_read
with closing(connect_to_read(Path(sys.argv[1]))) as database:
    print(database.execute("SELECT count(*) FROM traces").fetchone()[0])
"""
TRACE = "INSERT INTO traces VALUES ('a', 1, 1)"


def count(database: sqlite3.Connection) -> int:
    """Return how many traces there are."""
    return int(database.execute("SELECT count(*) FROM traces").fetchone()[0])


class TestConnect:
    def test_makes_a_database_for_its_owner_alone(self, database: sqlite3.Connection, folder: Path) -> None:
        """With its log, whatever the umask says."""
        database.execute(TRACE)

        assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    def test_readers_never_wait(self, database: sqlite3.Connection) -> None:
        """The mode of its log says so."""
        assert ("wal",) == database.execute("PRAGMA journal_mode").fetchone()

    def test_can_give_pages_back(self, database: sqlite3.Connection) -> None:
        """Which could not be decided later, no more than how large they are."""
        assert [(2,), (16384,)] == [
            database.execute(f"PRAGMA {name}").fetchone() for name in ("auto_vacuum", "page_size")
        ]

    def test_opened_again_nothing_is_lost(self, database: sqlite3.Connection, folder: Path) -> None:
        """And nothing is made twice."""
        database.execute(TRACE)
        with closing(connect(folder)) as again:
            assert (1, SCHEMA) == (count(again), again.execute("PRAGMA user_version").fetchone()[0])

    def test_many_at_once_make_one(self, folder: Path) -> None:
        """Whoever comes first makes it; the others find it made, or are told that it is locked and try again."""
        folder.mkdir()
        failed: list[BaseException] = []

        def work() -> None:
            while True:
                try:
                    connect(folder, timeout=30).close()
                except sqlite3.OperationalError:
                    continue
                except Exception as error:
                    failed.append(error)
                return

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [] == failed

    def test_views_are_those_of_this_version(self, database: sqlite3.Connection, folder: Path) -> None:
        """Whatever an earlier one made of them, and also those that it had too many."""
        database.execute("DROP VIEW calls")
        database.execute("CREATE VIEW calls AS SELECT 1 AS old")
        database.execute("CREATE VIEW former AS SELECT 1 AS old")
        database.execute(TRACE)
        with closing(connect(folder)) as again:
            views = dict(again.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))

            assert (VIEWS, 1) == (views, count(again))

    def test_a_newer_file_is_left_alone(self, database: sqlite3.Connection, folder: Path) -> None:
        """The message says what can be done."""
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
        with pytest.raises(JournalError, match=r"written by a newer orchestrace.*Upgrade the package"):
            connect(folder)

    def test_another_file_of_that_name_is_an_error(self, folder: Path) -> None:
        """It is not overwritten."""
        folder.mkdir()
        (folder / FILE_NAME).write_text("not a database, and longer than its header would be" * 50)
        with pytest.raises(sqlite3.DatabaseError):
            connect(folder)

        assert (folder / FILE_NAME).read_text().startswith("not a database")

    def test_knows_whether_its_file_was_deleted(self, folder: Path) -> None:
        """Or replaced: what is written then would be lost."""
        folder.mkdir()
        with closing(connect(folder)) as opened:
            before = opened.is_current()
            for path in folder.iterdir():
                path.unlink()
            deleted = opened.is_current()
            (folder / FILE_NAME).touch()

            assert (True, False, False) == (before, deleted, opened.is_current())


class TestConnectToRead:
    def test_there_may_be_none(self, folder: Path) -> None:
        """Neither a folder nor a database; none is made."""
        assert (None, False) == (connect_to_read(folder), folder.exists())

    def test_one_that_was_never_finished_is_none(self, folder: Path) -> None:
        """Its maker was killed before the tables were there."""
        folder.mkdir()
        (folder / FILE_NAME).touch()

        assert connect_to_read(folder) is None

    def test_reads_and_does_not_write(self, database: sqlite3.Connection, folder: Path) -> None:
        """What was committed is there, the log included."""
        database.execute(TRACE)
        with closing(connect_to_read(folder) or database) as reading:
            assert 1 == count(reading)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reading.execute("DELETE FROM traces")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
    def test_reads_in_a_folder_that_cannot_be_written(self, folder: Path, run: Callable[..., str]) -> None:
        """A copy on a read-only medium."""
        folder.mkdir()
        with closing(connect(folder)) as opened:
            opened.execute(TRACE)
        folder.chmod(0o500)

        assert "1\n" == run(READ_ONLY, folder)

    def test_a_newer_file_is_an_error(self, database: sqlite3.Connection, folder: Path) -> None:
        """Its tables may be anything."""
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
        with pytest.raises(JournalError, match="newer"):
            connect_to_read(folder)


class TestConnectInMemory:
    def test_has_the_same_tables_and_views(self, database: sqlite3.Connection) -> None:
        """And no file."""
        with closing(connect_in_memory()) as memory:
            made = "SELECT name, sql FROM sqlite_master ORDER BY name"

            assert database.execute(made).fetchall() == memory.execute(made).fetchall()


class TestTransaction:
    def test_is_kept_as_a_whole(self, database: sqlite3.Connection) -> None:
        """Once its body ended well."""
        with transaction(database):
            database.execute(TRACE)

        assert (1, False) == (count(database), database.in_transaction)

    def test_is_undone_as_a_whole(self, database: sqlite3.Connection) -> None:
        """Whatever was raised, which goes on."""

        def write_and_fail() -> None:
            with transaction(database):
                database.execute(TRACE)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_and_fail()

        assert (0, False) == (count(database), database.in_transaction)

    def test_excludes_others_from_its_beginning(self, database: sqlite3.Connection, folder: Path) -> None:
        """Also before anything was written."""
        with closing(connect(folder, timeout=0)) as other, transaction(database):
            with pytest.raises(sqlite3.OperationalError, match="locked"), transaction(other):
                pass

            assert 0 == count(other)
