from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrace.journal import election as module
from orchestrace.journal.election import Election, is_vacant, lock_path

STAND = """
import sys
from pathlib import Path
from orchestrace.journal.election import Election
election = Election(Path(sys.argv[1]), sys.argv[2])
for line in sys.stdin:
    if line == "leave\\n":
        election.leave()
    print(election.win() if line == "win\\n" else election.is_won, flush=True)
"""
FORK = """
import os, sys
from pathlib import Path
from orchestrace.journal.election import Election
election = Election(Path(sys.argv[1]), "5d")
assert election.win()
theirs, ours = os.pipe()
child = os.fork()
if child == 0:
    election.leave()  # as `Dispatch.forked` does
    os.write(ours, b"%d" % Election(Path(sys.argv[1]), "5d").win())
    os._exit(0)
os.waitpid(child, 0)
print(os.read(theirs, 1) == b"0", election.is_won, Election(Path(sys.argv[1]), "5d").win())
"""

Ask = Callable[[subprocess.Popen[str], str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that exists."""
    return tmp_path


@pytest.fixture
def stand(folder: Path) -> Iterator[Callable[..., Election]]:
    """Return what makes candidates, who leave with the test."""
    made: list[Election] = []

    def one(receiver: str = "5d") -> Election:
        made.append(Election(folder, receiver))
        return made[-1]

    yield one
    for candidate in made:
        candidate.leave()


def ask(process: subprocess.Popen[str], word: str = "") -> bool:
    """Have a candidate in another process try, or leave, or only say whether it has won."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    return process.stdout.readline() == "True\n"


class TestElection:
    def test_one_wins(self, stand: Callable[..., Election]) -> None:
        """And goes on winning, until it leaves; then it is another one's turn."""
        one, other = stand(), stand()
        first = [one.win(), other.win(), one.win(), one.is_won, other.is_won]
        one.leave()

        assert [True, False, True, True, False] == first
        assert [True, False, False] == [other.win(), one.win(), one.is_won]

    def test_receivers_are_apart(self, stand: Callable[..., Election]) -> None:
        """Each has somebody of its own."""
        assert (True, True) == (stand("5d").win(), stand("6e").win())

    def test_one_of_many_processes_wins(self, folder: Path, launch: Callable[..., subprocess.Popen[str]]) -> None:
        """When it is killed, another one takes over at its next try."""
        candidates = [launch(STAND, folder, "5d") for _ in range(3)]
        won = [ask(candidate, "win") for candidate in candidates]
        winner = candidates.pop(won.index(True))
        before = [ask(candidate, "win") for candidate in candidates]
        winner.kill()
        winner.wait()

        assert ([False, False, True], [False, False]) == (sorted(won), before)
        assert [True, False] == [ask(candidate, "win") for candidate in candidates]

    def test_a_forked_child_inherits_nothing(self, folder: Path, run: Callable[..., str]) -> None:
        """Its parent goes on, and the end of the child changes nothing."""
        assert "True True False\n" == run(FORK, folder)

    def test_a_deleted_file_is_no_mandate(self, folder: Path, stand: Callable[..., Election]) -> None:
        """The others look for it where it was: whoever comes first wins again."""
        one, other = stand(), stand()
        one.win()
        shutil.rmtree(folder)
        folder.mkdir()
        deleted = one.is_won

        assert (False, True, False, False) == (deleted, other.win(), one.win(), one.is_won)

    def test_without_a_folder_there_is_nothing_to_win(self, stand: Callable[..., Election], folder: Path) -> None:
        """Which is an error of the system's, and none afterwards."""
        candidate = stand()
        folder.rmdir()
        with pytest.raises(FileNotFoundError):
            candidate.win()
        folder.mkdir()

        assert candidate.win()

    def test_says_who_it_is(self, folder: Path, stand: Callable[..., Election]) -> None:
        """In a file that is for its owner's eyes."""
        path = lock_path(folder, "5d")
        path.write_text("12345678\n")
        stand().win()

        assert f"{os.getpid()}\n" == path.read_text()
        stand("6e").win()
        assert 0o600 == lock_path(folder, "6e").stat().st_mode & 0o777

    def test_a_full_disk_changes_nothing(self, stand: Callable[..., Election], monkeypatch: pytest.MonkeyPatch) -> None:
        """The process id is for people; what was won is kept, and given back."""

        def refuse(*_: object) -> None:
            raise OSError

        one, other = stand(), stand()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", refuse)
            won = one.win()
        one.leave()

        assert (True, True) == (won, other.win())

    def test_where_locks_do_not_work_everybody_wins(
        self, stand: Callable[..., Election], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is sent twice then is better than what nobody sends."""
        monkeypatch.setattr(module, "SUPPORTED", False)

        assert (True, True) == (stand().win(), stand().win())


class TestIsVacant:
    def test_tells_whether_nobody_sends(self, folder: Path, stand: Callable[..., Election]) -> None:
        """Whoever asks takes nothing: it can be asked again, and won."""
        one = stand()
        before = [is_vacant(folder, "5d"), is_vacant(folder, "5d")]
        one.win()
        during = [is_vacant(folder, "5d"), is_vacant(folder, "6e"), one.is_won]
        one.leave()

        assert ([True, True], [False, True, True], True) == (before, during, is_vacant(folder, "5d"))
