from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from orchestrace.journal.location import VARIABLE, default_folder, folder_named

linux = pytest.mark.skipif(sys.platform != "linux", reason="where a user's state is differs by platform")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make another folder the user's own, and unset what names one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return tmp_path


class TestDefaultFolder:
    def test_is_what_the_variable_names(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """White space around it is nobody's intention."""
        monkeypatch.setenv(VARIABLE, f" {tmp_path / 'here'} ")

        assert tmp_path / "here" == default_folder()

    def test_a_tilde_is_the_home(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        """Where no shell replaced it."""
        monkeypatch.setenv(VARIABLE, "~/journal")

        assert home / "journal" == default_folder()

    def test_an_unknown_home_is_a_name_like_any_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A wrong setting must not end the program."""
        monkeypatch.setenv(VARIABLE, "~nobody-has-this-name/journal")

        assert Path("~nobody-has-this-name/journal") == default_folder()

    @linux
    @pytest.mark.parametrize("stated", [None, "", "relative/state"])
    def test_is_in_the_user_s_state_otherwise(
        self, monkeypatch: pytest.MonkeyPatch, home: Path, stated: str | None
    ) -> None:
        """A state directory that is not absolute is none."""
        monkeypatch.setenv(VARIABLE, "  ")
        if stated is not None:
            monkeypatch.setenv("XDG_STATE_HOME", stated)

        assert home / ".local" / "state" / "orchestrace" == default_folder()

    @linux
    def test_is_in_the_stated_directory(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """As the XDG specification has it."""
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

        assert tmp_path / "state" / "orchestrace" == default_folder()

    @linux
    def test_somebody_without_a_home_has_a_folder_of_their_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A container's user that no file knows: in the temporary directory, and not one that others share."""
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(os, "getuid", lambda: 4_000_001)  # whom no passwd file has

        assert Path(tempfile.gettempdir()) / "state-4000001" / "orchestrace" == default_folder()

    @linux
    def test_the_stated_directory_needs_no_home(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A container has often one of the two."""
        monkeypatch.delenv("HOME")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        monkeypatch.setattr(os, "getuid", lambda: 4_000_001)

        assert tmp_path / "orchestrace" == default_folder()

    @linux
    def test_a_home_that_is_nowhere_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else there would be a journal in each folder that a program is started in."""
        monkeypatch.setenv("HOME", "here")
        monkeypatch.setattr(os, "getuid", lambda: 4_000_001)

        assert Path(tempfile.gettempdir()) / "state-4000001" / "orchestrace" == default_folder()

    @linux
    def test_where_nothing_can_be_written_there_is_a_name_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A container whose file system is read-only: what is recorded stays in memory, and the program runs."""

        def find_none() -> str:
            raise FileNotFoundError

        monkeypatch.delenv("HOME")
        monkeypatch.setattr(os, "getuid", lambda: 4_000_001)
        monkeypatch.setattr(tempfile, "gettempdir", find_none)

        assert Path("/tmp/state-4000001/orchestrace") == default_folder()  # noqa: S108 - nothing is written


class TestFolderNamed:
    def test_a_tilde_is_the_home(self, home: Path) -> None:
        """A home that nobody knows is a name like any other."""
        assert [home / "x", Path("~nobody-has-this-name")] == [
            folder_named("~/x"),
            folder_named("~nobody-has-this-name"),
        ]
