"""
CPU, bytes and memory that watching OpenAI calls adds: nothing, ourselves and our peers side by side.

    python benchmarks/calls.py [--rounds 11] [--only capture] [--plot FILE] [--tiny] [--here]

Each contender has a process of its own, in an environment of its own, and all take turns in every round, so that
whatever else the machine does meets all of them. What counts is CPU time of that process, user and system, of all its
threads and children, until everything has been delivered and nothing works in the background any more; not wall time.
A figure is the median over the rounds of what a contender needed beyond the bare client in the same round.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from contenders import CONTENDERS, Contender
from interpreters import OURS, interpreter
from plot import Bar, bars
from process import Process, other_end, taken
from tables import TIMES, Promise, machine, promises, spread, table
from work import IN_PROCESS, LOOPBACK, TRANSPORTS, TURNS, WORK

__all__ = ["main"]

_TIMES = {"call": 150, "hundred": 20, "stream": 6}
"""How often each work is done in one round."""
_TINY = dict.fromkeys(_TIMES, 1)
_PROMISED = {"capture": {"call": 0.35}, "whole": {"call": 0.5, "hundred": 0.5}}
"""What we may cost at most, in parts of the cheapest peer, by way and kind of work."""
_FLOORS = {"capture": "bodies written", "whole": "read and sent, too"}
"""What cannot be gone below on each way."""
_CHUNK = 1.5
"""Microseconds."""
_PACED, _EVERY = 40, 0.25
"""Calls that everybody makes at the same time, and seconds between two: as in a service, whose caches are cold then."""
_IDLE = 5.0
"""Seconds without work, in which everybody is measured at once."""
_WHERE = {IN_PROCESS: "The provider in the client's process", LOOPBACK: "The provider in another one, over HTTP"}


def measured(wanted: list[tuple[Contender, str]], rounds: int, times: dict[str, int]) -> list[Process]:
    """Let the contenders take turns."""
    idle, paced = (0.1, 1) if times is _TINY else (_IDLE, _PACED)
    with ExitStack() as stack:
        sink = stack.enter_context(other_end())
        processes = []
        for contender, python in wanted:
            processes.append(Process(contender, python, sink))
            stack.callback(processes[-1].close)
            weighed(processes[-1], sink, times)
        for _ in range(rounds):
            for kind, count in times.items():
                for transport in TRANSPORTS:
                    for process in random.sample(processes, len(processes)):
                        process.do(kind, transport, count)
        for process in processes:
            process.peak = int(process.ask("peak"))
            process.tell("paced", paced, _EVERY)
        for process in processes:
            process.paced = process.answer() / paced
        for process in processes:
            process.tell("idle", idle)
        for process in processes:
            process.idle = process.answer() / idle
    return processes


def weighed(process: Process, sink: str, times: dict[str, int]) -> None:
    """Let one contender warm up (caches, connections, threads), and note how many bytes it sends for each work."""
    for kind, count in times.items():
        for transport in TRANSPORTS:
            process.ask(kind, transport, count // 4)
    for kind in times if times is _TINY else (*times, "conversation"):
        taken(sink)
        process.ask(kind, IN_PROCESS, 1)
        process.sent[kind] = taken(sink)


def added(process: Process, bare: Process, transport: str, kind: str) -> list[float]:
    """Return the CPU microseconds that a contender needed beyond the bare client, by round."""
    return [one - other for one, other in zip(process.costs[transport, kind], bare.costs[transport, kind], strict=True)]


def cpu(processes: list[Process], transport: str) -> str:
    """Return the table of what they cost."""
    bare, *others = processes
    rows: list[list[object]] = [[bare.contender.name, *(_cell(bare.costs[transport, kind], kind) for kind in WORK)]]
    for process in others:
        cells = [_cell(added(process, bare, transport, kind), kind, "+") for kind in WORK]
        rows.append([_named(process.contender), *cells])
    return table(["CPU µs added (spread)", *WORK.values()], rows)


def rest(processes: list[Process]) -> str:
    """Return the table of what they send, of their memory, and of what they do when there is nothing to do."""
    bare, rows = processes[0], []
    for process in processes:
        sent = [process.sent.get(kind) for kind in ("call", "hundred", "conversation")]
        sizes = [f"{size / 1000:,.1f}" if size else "" for size in sent]
        memory = f"{process.peak / 1e6:.0f}" if process is bare else f"+{(process.peak - bare.peak) / 1e6:.0f}"
        paced = process.paced if process is bare else process.paced - bare.paced
        told = f"{paced * 1e6:{'' if process is bare else '+'}.0f}"
        rows.append([_named(process.contender), *sizes, memory, told, f"{process.idle * 1000:.1f}"])
    conversation = f"of {TURNS} turns, 101 KB new"
    seldom = f"CPU µs of a call, {1 / _EVERY:.0f} a second"
    head = [
        "",
        "KB sent: a call",
        "100 messages",
        conversation,
        "peak memory, MB added",
        seldom,
        "CPU ms of an idle second",
    ]
    return table(head, rows)


def _named(contender: Contender) -> str:
    return f"**{contender.name}**" if contender.package == OURS else contender.name


def _cell(found: list[float], kind: str, sign: str = "") -> str:
    digits = 2 if kind == "stream" else 0
    return f"{statistics.median(found):{sign}.{digits}f} ({spread(found):.{digits}f})"


def compared(processes: list[Process]) -> tuple[str, str]:
    """Return our figures over those of the cheapest peer of this run; and what is promised of them, and of a chunk."""
    rows, kept = [], []
    for way, most in _PROMISED.items():
        ours, peers = _of(processes, way, ours=True), _of(processes, way, ours=False)
        for transport in TRANSPORTS if ours else ():
            where = f"{way}, {transport}"
            if peers:
                found = _ratios(ours[0], peers, processes[0], transport)
                rows.append([where, *found.values()])
                rows += [
                    [f"floor, {where}", *_ratios(floor, peers, processes[0], transport).values()]
                    for floor in _of(processes, _FLOORS[way], ours=False)
                ]
                for kind, limit in most.items():
                    ratio, unit = found[kind], f"{TIMES} {found[kind].peer}"
                    kept.append(Promise(f"{where}: {WORK[kind]}", ratio.value, limit, unit, 2, ratio.spread))
            chunk = added(ours[0], processes[0], transport, "stream")
            promised = Promise(f"{where}: {WORK['stream']}", statistics.median(chunk), _CHUNK, "µs", 2, spread(chunk))
            kept.append(promised)
    return table([f"orchestrace, {TIMES} the cheapest peer", *WORK.values()], rows), promises(kept)


def _of(processes: list[Process], way: str, *, ours: bool) -> list[Process]:
    return [one for one in processes if one.contender.way == way and (one.contender.package == OURS) == ours]


class Ratio(NamedTuple):
    """Our median over that of a peer; the spread is that of both."""

    value: float
    spread: float
    peer: str

    def __str__(self) -> str:
        """Return it as the table has it."""
        return f"{self.value:.2f} ({self.spread:.2f}) {self.peer}"


def _ratios(ours: Process, peers: list[Process], bare: Process, transport: str) -> dict[str, Ratio]:
    return {kind: _ratio(ours, peers, bare, (transport, kind)) for kind in WORK}


def _ratio(ours: Process, peers: list[Process], bare: Process, what: tuple[str, str]) -> Ratio:
    cheapest = min(peers, key=lambda peer: statistics.median(added(peer, bare, *what)))
    own, other = added(ours, bare, *what), added(cheapest, bare, *what)
    of = statistics.median(other)
    label = cheapest.contender.label
    if of <= 0:  # nothing can be said of so much noise
        return Ratio(math.inf, math.inf, label)
    ratio = statistics.median(own) / of
    return Ratio(ratio, (spread(own) + ratio * spread(other)) / of, label)


def drawn(processes: list[Process]) -> str:
    """Return the plot: what a call costs, by contender, in the client's process."""
    panels = {}
    for kind, name in WORK.items():
        panel = []
        for process in processes[1:]:
            found = added(process, processes[0], IN_PROCESS, kind)
            ours = process.contender.package == OURS
            panel.append(Bar(process.contender.name, statistics.median(found), spread(found), marked=ours))
        panels[f"µs added to a {name}"] = panel
    return bars("CPU that watching adds, beyond the bare client", panels)


def wanted(only: str, *, here: bool) -> tuple[list[tuple[Contender, str]], list[str]]:
    """Return the contenders whose names hold a text, the bare client before them, and those without an environment."""
    found, missing = [], []
    for one in CONTENDERS:
        if only not in one.name and one is not CONTENDERS[0]:
            continue
        python = interpreter(one.environment, one.package, here=here)
        if python is None:
            missing.append(one.name)
        else:
            found.append((one, python))
    return found, missing


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What watching OpenAI calls adds.")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="", help="contenders whose names hold this, and the bare client")
    parser.add_argument("--plot", type=Path, help="where to draw it, as SVG")
    parser.add_argument("--tiny", action="store_true", help="do each work once: figures that mean nothing, soon")
    parser.add_argument("--here", action="store_true", help="take this interpreter for every contender")
    given = parser.parse_args()
    found, missing = wanted(given.only, here=given.here)
    processes = measured(found, given.rounds, _TINY if given.tiny else _TIMES)
    versions = {package: version for one in processes for package, version in one.versions.items()}
    print(f"{machine()}; {given.rounds} rounds.\n")
    print(", ".join(f"{package} {version}" for package, version in versions.items()) + ".")
    if missing:
        print(f"\nLeft out, for they have no environment (`make bench` makes them): {', '.join(missing)}.")
    for transport in TRANSPORTS:
        print(f"\n{_WHERE[transport]}:\n\n{cpu(processes, transport)}")
    print("", *compared(processes), rest(processes), sep="\n\n")
    if given.plot:
        given.plot.write_text(drawn(processes), encoding="utf-8")


if __name__ == "__main__":
    main()
