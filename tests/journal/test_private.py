from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.journal.database import FILE_NAME, connect
from orchestrace.journal.journal import Journal
from orchestrace.journal.private import make_folder, open_file
from orchestrace.records import SpanRecord

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have a process that takes nothing, or everything, from the permissions of what it makes."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
class TestMakeFolder:
    def test_those_around_it_are_its_owners_too(self, tmp_path: Path) -> None:
        """Whoever may write to `~/.local` may put another folder in the place of this one."""
        make_folder(tmp_path / "a" / "b" / "c")

        assert [0o700] * 3 == [mode(tmp_path / "a" / rest) for rest in ("", "b", "b/c")]

    def test_what_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        """Its owner had a reason."""
        (tmp_path / "a").mkdir()
        (tmp_path / "a").chmod(0o750)
        make_folder(tmp_path / "a")

        assert 0o750 == mode(tmp_path / "a")

    def test_in_the_place_of_a_file_there_is_none(self, tmp_path: Path) -> None:
        """An error, as ever."""
        (tmp_path / "file").touch()
        for folder in (tmp_path / "file", tmp_path / "file" / "a" / "b"):
            with pytest.raises(OSError, match="file"):
                make_folder(folder)


@pytest.mark.usefixtures("umask")
class TestOpenFile:
    def test_its_owner_may_open_it_again(self, tmp_path: Path) -> None:
        """And nobody else."""
        os.close(open_file(tmp_path / "new", os.O_RDWR | os.O_CREAT | os.O_EXCL))

        assert 0o600 == mode(tmp_path / "new")


@pytest.mark.usefixtures("umask")
class TestJournal:
    def test_all_its_files_are_its_owners(self, tmp_path: Path) -> None:
        """Segments, the database and its log, and the folders around them."""
        journal = Journal(tmp_path / "state" / "journal")
        journal.ended(SpanRecord("a" * 32, "b" * 16, None, "x", 0, 1, 2))
        journal.flush(30)
        with closing(connect(journal.folder)):
            found = {mode(path) for path in journal.folder.iterdir()}
        journal.close()

        assert ({0o600}, 0o700, 0o600) == (found, mode(tmp_path / "state"), mode(journal.folder / FILE_NAME))
