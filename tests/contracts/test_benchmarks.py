from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NOWHERE = "http://127.0.0.1:9"


def printed(script: str, *arguments: str, asked: str = "") -> str:
    """Return what a benchmark prints that is asked for little."""
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603 - ours


@pytest.mark.parametrize("contender", ["bare client, nothing recorded", "orchestrace, capture"])
def test_a_contender_does_every_kind_of_work(contender: str) -> None:
    """Each kind of work that is asked for is done, and its CPU time told."""
    asked = "call 1\nhundred 1\nstream 1\n"
    told = printed("calls.py", "--worker", contender, "--sink", NOWHERE, asked=asked)
    costs = [float(line) for line in told.splitlines()]
    assert len(costs) == 3
    assert all(cost > 0 for cost in costs)


def test_what_a_killed_process_left_is_all_found() -> None:
    """The recovery benchmark finds as many spans as were written."""
    row = printed("recovery.py", "50").splitlines()[-1]
    assert row.startswith("| 50 | 50 |")
