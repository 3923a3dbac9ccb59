from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrace.recording.ending import INTERRUPTED, End
from orchestrace.recording.unended import began, end_all, is_over

FORKED = """
import os
from orchestrace.recording.unended import began, end_all

class One:
    def end(self, end):
        print(os.getpid() == parent, end.ending, flush=True)
    def disown(self):
        print(os.getpid() == parent, "disowned", flush=True)

parent, one = os.getpid(), One()
began(one)
if os.fork():
    os.wait()
end_all()
"""


class One:
    """Something that is open, and says in `ends` how it ended."""

    def __init__(self, name: str, ends: list[tuple[str, str]]) -> None:
        self.name = name
        self.ends = ends
        began(self)

    def end(self, end: End) -> None:
        """Say how."""
        self.ends.append((self.name, end.ending))
        is_over(self)

    def disown(self) -> None:
        """Be nobody's."""


class TestEndAll:
    def test_ends_what_is_open_innermost_first(self) -> None:
        """The process leaves: all of it was interrupted, and each once."""
        ends: list[tuple[str, str]] = []
        kept = [One(name, ends) for name in ("outer", "done", "inner")]
        is_over(kept[1])
        end_all()
        end_all()

        assert [("inner", INTERRUPTED), ("outer", INTERRUPTED)] == ends

    def test_what_nobody_holds_is_not_held_here(self) -> None:
        """It has nobody left to tell."""
        ends: list[tuple[str, str]] = []
        One("dropped", ends)
        end_all()

        assert [] == ends

    @pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
    def test_a_forked_child_leaves_them_to_its_parent(self) -> None:
        """It has copies of them."""
        done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)  # noqa: S603

        assert ["False disowned", f"True {INTERRUPTED}"] == done.stdout.splitlines()
