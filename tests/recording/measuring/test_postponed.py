from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrace.recording import finaliser
from orchestrace.recording.measuring.postponed import Postponed

PATIENCE = 10.0
FORKED = """
import os
from orchestrace.recording.measuring.postponed import Postponed
postponed = Postponed(lambda item: print(item, flush=True))
postponed.add("parent's")
if os.fork():
    os.wait()
else:
    postponed.add("child's")
postponed.settle()
"""


@pytest.fixture
def made() -> list[int]:
    """Return what was made so far."""
    return []


@pytest.fixture
def postponed(made: list[int]) -> Postponed[int]:
    """Return what has items made."""
    return Postponed(made.append)


class TestPostponed:
    def test_items_wait_and_are_made_in_order(self, postponed: Postponed[int], made: list[int]) -> None:
        """When somebody says so, and each once."""
        for item in range(3):
            postponed.add(item)
        before = [*made]
        postponed.settle()
        postponed.settle()

        assert ([], [0, 1, 2]) == (before, made)

    def test_too_many_do_not_wait_for_somebody_to_say_so(self, postponed: Postponed[int], made: list[int]) -> None:
        """A thread of ours makes them; what came afterwards waits again."""
        finaliser.ensure_running()
        for item in range(256):
            postponed.add(item)
        assert finaliser.drain(PATIENCE)
        postponed.add(256)

        assert [*range(256)] == made

    def test_one_that_breaks_costs_no_other(self) -> None:
        """It is gone; those behind it are made when it is said again."""
        done: list[float] = []
        postponed: Postponed[int] = Postponed(lambda item: done.append(1 / item))
        for item in (1, 0, 2):
            postponed.add(item)

        with pytest.raises(ZeroDivisionError):
            postponed.settle()
        postponed.settle()

        assert [1, 0.5] == done

    def test_who_is_asked_while_it_makes_one_makes_the_others(self) -> None:
        """A signal's handler may come in between, on the same thread."""
        done: list[int] = []

        def make(item: int) -> None:
            done.append(item)
            postponed.settle()

        postponed: Postponed[int] = Postponed(make)
        postponed.add(1)
        postponed.add(2)
        postponed.settle()

        assert [1, 2] == done

    @pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
    def test_a_forked_child_leaves_what_waits_to_its_parent(self) -> None:
        """Else it would be counted twice."""
        done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)  # noqa: S603

        assert "child's\nparent's\n" == done.stdout
