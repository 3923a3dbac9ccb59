"""
What a receiver that fails costs the caller: nothing. How long a call takes on the program's own thread.

    python benchmarks/dead_endpoint.py [--rounds 20] [--calls 100] [--only refused]

One process for each kind of endpoint: one that takes everything, one where nobody listens, one that accepts and never
answers, one whose certificate nobody signed that we know. They take turns; a figure is wall time of a call on the
thread that makes it, and what counts is how it compares with that of the endpoint that answers. A process with no
endpoint at all stands beside them: there nothing is measured either, as metrics have nowhere to go. Exit is wall time
from the last line of the program to its end; what was not delivered stays in the journal.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chat import prepared
from interpreters import compiling
from process import other_end
from tables import TIMES, Promise, machine, promises, quantile, spread, table

import orchestrace
from orchestrace.testing import Certificates, OtlpReceiver, refused_endpoint, silent_endpoint

__all__ = ["main"]

NONE, WELL = "no endpoint", "one that answers"
_SLOWER = 1.05
"""How many times the latency with an endpoint that answers still counts as unchanged: the noise of such figures."""


def program(folder: str, endpoint: str) -> None:
    """Make as many calls as each line says, one after the other; print the microseconds that each took."""
    orchestrace.configure("benchmark", journal=folder, endpoint=endpoint or None, export=bool(endpoint))
    call = prepared("call", None)
    for line in sys.stdin:
        found = []
        for _ in range(int(line)):
            begun = time.perf_counter()
            call()
            found.append((time.perf_counter() - begun) * 1e6)
        print(json.dumps(found), flush=True)
    print(time.time(), flush=True)


class Program:
    """One process with an endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-", ignore_cleanup_errors=True)
        command = [sys.executable, __file__, "--program", self._folder.name, endpoint]
        self._process = subprocess.Popen(  # noqa: S603 - this file
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=compiling(),
            text=True,
        )
        self.rounds: list[list[float]] = []

    def call(self, times: int) -> list[float]:
        """Have it make some calls."""
        assert self._process.stdin is not None  # noqa: S101 - as it was started
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def end(self) -> float:
        """Return how many seconds it took to leave."""
        said, _ = self._process.communicate()
        left = time.time() - float(said)
        self._folder.cleanup()
        return left


@contextmanager
def untrusted() -> Iterator[str]:
    """Yield the address of a receiver behind TLS that nobody vouches for."""
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates.made_in(Path(folder))
        with OtlpReceiver(certificates=certificates) as receiver:
            yield receiver.endpoint


def measured(rounds: int, calls: int, only: str) -> tuple[dict[str, list[list[float]]], dict[str, float]]:
    """Return microseconds, by endpoint, round and call; and the seconds to leave."""
    with ExitStack() as stack:
        endpoints = {
            NONE: "",
            WELL: stack.enter_context(other_end()),
            "refused": stack.enter_context(refused_endpoint()),
            "black hole": stack.enter_context(silent_endpoint()),
            "TLS fails": stack.enter_context(untrusted()),
        }
        programs = {name: Program(endpoint) for name, endpoint in endpoints.items() if only in name or name == WELL}
        for one in programs.values():
            one.call(max(calls // 2, 1))  # caches, threads
        for _ in range(rounds):
            for one in random.sample(list(programs.values()), len(programs)):
                one.rounds.append(one.call(calls))
        return {name: one.rounds for name, one in programs.items()}, {name: one.end() for name, one in programs.items()}


def report(found: dict[str, list[list[float]]], left: dict[str, float]) -> str:
    """Return the tables."""
    usual = [statistics.median(took) for took in found[WELL]]
    rows: list[list[object]] = []
    kept = []
    for name, rounds in found.items():
        every = [one for took in rounds for one in took]
        ratios = [statistics.median(took) / other for took, other in zip(rounds, usual, strict=True)]
        slower = statistics.median(ratios)
        figures = [f"{quantile(every, part):.0f}" for part in (0.5, 0.99)]
        rows.append([name, len(every), *figures, f"{max(every):.0f}", f"{slower:.2f}", f"{left[name]:.2f}"])
        if name not in (NONE, WELL):
            kept.append(Promise(f"a call's latency, {name}", slower, _SLOWER, f"{TIMES} {WELL}", 2, spread(ratios)))
            kept.append(Promise(f"exit, {name}", left[name], 1.0, "s", 2))
    head = ["µs a call, endpoint", "calls", "p50", "p99", "max", f"p50 {TIMES} {WELL}", "s to exit"]
    return f"{table(head, rows)}\n\n{promises(kept)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a dead endpoint costs the caller.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--only", default="", help="endpoints whose names hold this, and one that answers")
    given = parser.parse_args()
    print(f"{machine()}; {given.rounds} rounds of {given.calls} calls.\n")
    print(report(*measured(given.rounds, given.calls, given.only)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--program"]:
        program(*sys.argv[2:4])
    else:
        main()
