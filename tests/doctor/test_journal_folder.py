from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.journal_folder import check
from orchestrace.journal.database import FILE_NAME, SCHEMA, connect, transaction
from orchestrace.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an empty journal in it."""
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o700)
    connect(folder).close()
    return folder


def found(folder: Path) -> list[Finding]:
    """Return what is found in a folder."""
    return list(check(Settings(journal=folder)))


def bad(folder: Path) -> list[Finding]:
    """Return what is not as it should be."""
    return [one for one in found(folder) if one.state != OK]


class TestCheck:
    def test_a_healthy_one(self, folder: Path) -> None:
        """Nothing is wrong, and nothing was touched."""
        before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

        assert [] == bad(folder)
        assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    def test_one_that_is_not_there_yet(self, tmp_path: Path) -> None:
        """It is not made here."""
        [finding] = found(tmp_path / "journal")

        assert (OK, []) == (finding.state, [*tmp_path.iterdir()])

    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        """A path that can be no folder."""
        (tmp_path / "journal").write_text("")

        assert [PROBLEM] == [one.state for one in found(tmp_path / "journal")]

    @pytest.mark.skipif(os.name == "nt", reason="has no such permissions")
    def test_others_may_read_it(self, folder: Path) -> None:
        """What to type is said."""
        folder.chmod(0o755)

        assert [f"chmod 700 {folder}"] == [one.do for one in bad(folder)]

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is writable for root")
    def test_one_that_cannot_be_written(self, folder: Path) -> None:
        """Spans would be in memory alone."""
        folder.chmod(0o500)
        try:
            assert PROBLEM in {one.state for one in bad(folder)}
        finally:
            folder.chmod(0o700)

    def test_no_database(self, folder: Path) -> None:
        """Some other file has its name."""
        (folder / FILE_NAME).write_bytes(b"a letter to a friend, " * 100)
        [finding] = bad(folder)

        assert (PROBLEM, True) == (finding.state, finding.what.endswith("cannot be read"))

    def test_another_programs_database(self, folder: Path) -> None:
        """It is whole, and none of ours: who records here puts it away."""
        (folder / FILE_NAME).unlink()
        with closing(sqlite3.connect(folder / FILE_NAME)) as database:
            database.execute("CREATE TABLE letters (text)")
        (folder / FILE_NAME).chmod(0o600)
        [finding] = bad(folder)

        assert (PROBLEM, True) == (finding.state, finding.what.endswith("is another program's"))

    def test_a_folder_in_the_place_of_the_database(self, folder: Path) -> None:
        """Nobody can bring anything into it."""
        (folder / FILE_NAME).unlink()
        (folder / FILE_NAME).mkdir(mode=0o700)

        assert [(PROBLEM, f"{folder / FILE_NAME} is no file")] == [(one.state, one.what) for one in bad(folder)]

    def test_one_that_nobody_may_look_at(self, tmp_path: Path) -> None:
        """What is recorded would be in memory alone; it is said what to do."""
        folder = tmp_path / ("n" * 256) / "journal"
        [finding] = found(folder)

        assert (PROBLEM, f"{folder} cannot be reached") == (finding.state, finding.what)
        assert "ORCHESTRACE_JOURNAL" in finding.do

    def test_one_that_somebody_holds(self, folder: Path) -> None:
        """For longer than anybody of ours does: until they let go nothing comes into it, and nothing is sent."""
        with closing(connect(folder)) as other:
            before = bad(folder)
            with transaction(other):
                [finding] = bad(folder)

        assert ([], WARNING, f"{folder / FILE_NAME} is held by a program") == (before, finding.state, finding.what)
        assert f"lsof {folder / FILE_NAME}" in finding.do

    def test_asking_who_holds_it_changes_nothing(self, folder: Path) -> None:
        """What a killed process has left in the log stays there."""
        with closing(connect(folder)) as database:
            database.execute("CREATE TABLE new (number)")
            left = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
        for name, content in left.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)

        assert [] == bad(folder)
        assert left == {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}

    def test_a_damaged_database(self, folder: Path) -> None:
        """A page was written over."""
        path = folder / FILE_NAME
        content = bytearray(path.read_bytes())
        content[32768:49152] = os.urandom(16384)
        path.write_bytes(content)

        assert [PROBLEM] == [one.state for one in bad(folder)]

    def test_a_database_of_a_newer_version(self, folder: Path) -> None:
        """It is left alone."""
        database = connect(folder)
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
        database.close()

        assert ["pip install -U orchestrace"] == [one.do for one in bad(folder)]

    def test_what_was_left_behind(self, folder: Path) -> None:
        """Damaged segments, and those that were never begun, if they are not of this moment."""
        (folder / "1-2-3.torn").write_bytes(b"")
        for name, age in (("1-2-4.unborn", 0), ("1-2-5.unborn", 1_000_000_000)):
            (folder / name).write_bytes(b"")
            if age:
                os.utime(folder / name, (age, age))

        assert ["damaged segments: 1", "segments never begun: 1"] == [one.what for one in bad(folder)]
        assert {WARNING} == {one.state for one in bad(folder)}
