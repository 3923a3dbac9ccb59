from __future__ import annotations

from pathlib import Path

import pytest

from orchestrace.cli.opening import open_journal
from orchestrace.exceptions import JournalError


class TestOpenJournal:
    def test_the_named_folder_is_read(self, tmp_path: Path) -> None:
        """Whatever the environment says."""
        assert tmp_path == open_journal(tmp_path).folder

    def test_the_default_is_where_programs_write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same variable is obeyed."""
        monkeypatch.setenv("ORCHESTRACE_JOURNAL", str(tmp_path))

        assert tmp_path == open_journal(None).folder

    def test_what_is_not_there_is_an_error_that_says_what_to_do(self, tmp_path: Path) -> None:
        """Nothing is made by looking."""
        missing = tmp_path / "missing"

        with pytest.raises(
            JournalError, match=r"no journal in .*missing yet: call orchestrace\.configure\(\).*--journal"
        ):
            open_journal(missing)

        assert not missing.exists()

    def test_a_file_is_no_journal(self, tmp_path: Path) -> None:
        """Where a folder was meant."""
        (tmp_path / "file").touch()

        with pytest.raises(JournalError, match="file is a file, and a journal is a folder: name another"):
            open_journal(tmp_path / "file")

    def test_what_cannot_be_looked_at_is_an_error_that_says_what_to_do(self, tmp_path: Path) -> None:
        """Below another user's home, for example."""
        with pytest.raises(JournalError, match=r"cannot be read: File name too long\. `orchestrace doctor`"):
            open_journal(tmp_path / ("n" * 256) / "journal")
