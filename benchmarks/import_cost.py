"""
What importing us and our peers adds to a process, and setting us up.

    python benchmarks/import_cost.py [repetitions] [--only orchestrace] [--here]

Every figure is CPU time of a fresh interpreter with its byte code cached, in milliseconds: of the import over that of
the OpenTelemetry API, and of everything until OpenAI's calls are watched and would be sent, in a process that has
imported the API and `openai` already. The subjects take turns in one run, so that whatever else the machine does meets
all of them; the median counts, the spread is the distance between the quartiles. `json` is a measure for the machine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from contenders import PEERS
from interpreters import OURS, compiling, interpreter
from tables import Promise, machine, promises, spread, table

__all__ = ["main"]

_IMPORT = """
import os, time
import opentelemetry.context, opentelemetry.trace
begun = time.process_time()
{statement}
print((time.process_time() - begun) * 1000, flush=True)
os._exit(0)
"""
_START = """
import os, sys, time
sys.path.insert(0, {folder!r})
import opentelemetry.context, opentelemetry.trace, openai, contenders
begun = time.process_time()
contenders.named({name!r}).start("http://127.0.0.1:9")
print((time.process_time() - begun) * 1000, flush=True)
os._exit(0)
"""
"""Nobody listens there; and it leaves without waiting for what it could send."""
_MOST = 20.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A line of the table: a statement, and the contender that is set up."""

    label: str
    environment: str
    package: str
    statement: str
    contender: str | None = None

    def programs(self) -> dict[str, str]:
        """Return the source of what is measured, by column."""
        found = {"import": _IMPORT.format(statement=self.statement)}
        if self.contender is not None:
            found["start"] = _START.format(folder=str(Path(__file__).parent), name=self.contender)
        return found


SUBJECTS = (
    Subject("nothing", OURS, OURS, "pass"),
    Subject("json", OURS, OURS, "import json"),
    Subject(OURS, OURS, OURS, "import orchestrace", "orchestrace, whole"),
    *(Subject(one.label, one.environment, one.package, f"import {one.module}", f"{one.label}, whole") for one in PEERS),
)


def cost(python: str, program: str) -> float:
    """Return the milliseconds that a program says it took, in an interpreter of its own."""
    command = [python, "-c", program]
    done = subprocess.run(command, env=compiling(), capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return float(done.stdout)


def measured(repetitions: int, only: str, *, here: bool) -> dict[tuple[str, str], list[float]]:
    """Let the subjects take turns; return milliseconds by subject and column."""
    programs = {}
    for one in SUBJECTS:
        python = interpreter(one.environment, one.package, here=here)
        if python is not None and only in one.label:
            programs |= {(one.label, column): (python, source) for column, source in one.programs().items()}
    for program in programs.values():
        cost(*program)
    costs: dict[tuple[str, str], list[float]] = {what: [] for what in programs}
    for _ in range(repetitions):
        for what, program in programs.items():
            costs[what].append(cost(*program))
    return costs


def _cell(found: list[float] | None) -> str:
    return f"{statistics.median(found):.1f} ({spread(found):.1f})" if found else ""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What importing adds.")
    parser.add_argument("repetitions", type=int, nargs="?", default=10)
    parser.add_argument("--here", action="store_true", help="take this interpreter for every contender")
    parser.add_argument("--only", default="", help="subjects whose names hold this")
    given = parser.parse_args()
    costs = measured(given.repetitions, given.only, here=given.here)
    labels = dict.fromkeys(label for label, _ in costs)
    rows = [[label, *(_cell(costs.get((label, column))) for column in ("import", "start"))] for label in labels]
    print(f"{machine()}; {given.repetitions} repetitions.\n")
    print(table(["CPU ms (spread)", "import over opentelemetry-api", "set up, whole, beside openai"], rows))
    if ours := costs.get((OURS, "import")):
        what = "import orchestrace, over opentelemetry-api"
        kept = Promise(what, statistics.median(ours), _MOST, "ms", 1, spread(ours))
        print(f"\n{promises([kept])}")


if __name__ == "__main__":
    main()
