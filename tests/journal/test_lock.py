from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from orchestrace.journal.lock import is_held, try_acquire

HOLD = """
import os, sys
from orchestrace.journal.lock import try_acquire
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
print(try_acquire(descriptor), flush=True)
sys.stdin.read()
"""


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file for writing, for a while."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file to lock is."""
    return tmp_path / "locked"


class TestTryAcquire:
    def test_takes_a_free_lock(self, path: Path) -> None:
        """Nobody has it: it is ours."""
        with opened(path) as descriptor:
            assert try_acquire(descriptor) is True

    def test_two_openings_exclude_each_other(self, path: Path) -> None:
        """Also within one process."""
        with opened(path) as one, opened(path) as other:
            assert (True, False) == (try_acquire(one), try_acquire(other))

    def test_closing_gives_it_back(self, path: Path) -> None:
        """Nothing else is needed."""
        with opened(path) as one:
            try_acquire(one)
        with opened(path) as other:
            assert try_acquire(other) is True

    def test_says_no_where_locks_do_not_work(self) -> None:
        """A file system's refusal is no error."""
        assert try_acquire(-1 & 0xFFFF) is False


class TestIsHeld:
    def test_sees_the_holder(self, path: Path) -> None:
        """Held while it is, and free before and after."""
        with opened(path) as asking:
            before = is_held(asking)
            with opened(path) as holding:
                try_acquire(holding)
                during = is_held(asking)

            assert (False, True, False) == (before, during, is_held(asking))

    def test_asking_takes_nothing(self, path: Path) -> None:
        """Two can ask, and afterwards a third takes it."""
        with opened(path) as one, opened(path) as other, opened(path) as third:
            assert (False, False, True) == (is_held(one), is_held(other), try_acquire(third))

    def test_a_killed_process_holds_nothing(self, path: Path, launch: Callable[..., Popen[str]]) -> None:
        """The lock dies with its process, whatever way it goes."""
        holder = launch(HOLD, path)
        assert holder.stdout.readline() == "True\n"
        with opened(path) as asking:
            during = is_held(asking)
            holder.kill()
            holder.wait()

            assert (True, False) == (during, is_held(asking))

    def test_takes_a_file_that_it_cannot_ask_about_for_held(self) -> None:
        """Who may live is not taken for dead."""
        assert is_held(-1 & 0xFFFF) is True
