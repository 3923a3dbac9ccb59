from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrace.journal.damage import DAMAGED, DamageError, watched
from orchestrace.journal.database import FILE_NAME, connect


@pytest.fixture
def path(folder: Path) -> Path:
    """Return a database that is none."""
    folder.mkdir()
    found = folder / FILE_NAME
    found.write_text("nothing that SQLite knows\n" * 100)
    return found


def meet(folder: Path, error: sqlite3.Error, before: Callable[[], object] = object) -> None:
    """Have an error come up while the database is in use; before that, something happens to it."""
    with watched(folder):
        before()
        raise error


class TestWatched:
    def test_knows_a_file_that_is_none_of_ours(self, path: Path) -> None:
        """Whatever it is."""
        with pytest.raises(DamageError), watched(path.parent):
            connect(path.parent)

        assert not path.exists()

    def test_puts_the_file_away_and_says_so(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """With all that is in it, and its log; the next who connects gets a new one."""
        path.with_name(f"{FILE_NAME}-wal").write_text("log")
        with caplog.at_level(logging.WARNING, "orchestrace"), pytest.raises(DamageError):
            meet(path.parent, sqlite3.DatabaseError("malformed"))

        (aside,) = (one for one in path.parent.glob(f"{FILE_NAME}{DAMAGED}*") if not one.name.endswith("-wal"))
        assert aside.read_text().startswith("nothing that SQLite knows")
        assert "log" == aside.with_name(f"{aside.name}-wal").read_text()
        assert aside.name in caplog.text
        with watched(path.parent):
            connect(path.parent).close()

    def test_leaves_other_failures_to_whoever_knows_better(self, path: Path) -> None:
        """A file that is locked is not damaged."""
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            meet(path.parent, sqlite3.OperationalError("database is locked"))

        assert path.is_file()

    def test_leaves_the_file_that_took_its_place(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Another process was faster: its new file is not the damaged one."""

        def replaced() -> None:
            path.rename(path.with_name("elsewhere"))
            path.write_text("new")

        with pytest.raises(DamageError):
            meet(path.parent, sqlite3.DatabaseError("malformed"), replaced)

        assert ("new", "") == (path.read_text(), caplog.text)

    def test_knows_a_failure_that_came_of_another_having_put_it_away(self, path: Path) -> None:
        """Whoever was about to open it meets files that move."""
        with pytest.raises(DamageError):
            meet(path.parent, sqlite3.OperationalError("disk I/O error"), lambda: path.rename(path.with_name("gone")))
