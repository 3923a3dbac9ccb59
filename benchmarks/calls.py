"""
CPU that watching OpenAI calls adds: nothing, ourselves and our peers side by side.

    python benchmarks/calls.py [--rounds 9] [--loopback] [--only capture]

Each contender has a process of its own, and all take turns in every round, so that whatever else the machine does meets
all of them. What counts is CPU time of that process, user and system, of all its threads and children, until everything
has been delivered; not wall time. A figure is the median over the rounds of what a contender needed beyond the bare
client in the same round.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chat import CHUNKS, WORK, client, prepared
from contenders import CONTENDERS, PEERS, Contender
from tables import machine, spread, table, versions

__all__ = ["main"]

_TIMES = {"call": 150, "hundred": 20, "stream": 6}
"""How often each work is done in one round."""
_UNIT = {"call": 1, "hundred": 1, "stream": CHUNKS}


def work(name: str, sink: str, provider: str | None) -> None:
    """Do what is asked for on standard input, as one contender; print what each piece cost in CPU seconds."""
    flush = next(one for one in CONTENDERS if one.name == name).start(sink)
    asked = client(provider)
    ready = {kind: prepared(asked, kind) for kind in WORK}
    for line in sys.stdin:
        kind, times = line.split()
        do = ready[kind]
        gc.collect()
        before = spent()
        for _ in range(int(times)):
            do()
        flush()
        print(json.dumps(spent() - before), flush=True)


def spent() -> float:
    """Return the CPU seconds of this process so far, user and system, of all its threads and children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Process:
    """One contender at work."""

    def __init__(self, contender: Contender, sink: str, provider: str | None) -> None:
        self.contender = contender
        self.costs: dict[str, list[float]] = {kind: [] for kind in WORK}
        self.sent: dict[str, float] = {}
        command = [sys.executable, __file__, "--worker", contender.name, "--sink", sink]
        command += ["--provider", provider] if provider else []
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def do(self, kind: str, times: int) -> float:
        """Have it do some work; return the CPU microseconds that one unit took."""
        assert self._process.stdin is not None  # noqa: S101 - as it was started
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(f"{kind} {times}\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())) * 1e6 / times / _UNIT[kind]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def other_end() -> Iterator[str]:
    """Yield the address of a receiver and provider in a process of its own."""
    script = Path(__file__).with_name("sink.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None  # noqa: S101 - as it was started
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def measured(wanted: list[Contender], rounds: int, *, loopback: bool) -> list[Process]:
    """Let the contenders take turns."""
    with ExitStack() as stack:
        sink = stack.enter_context(other_end())
        processes = [Process(one, sink, sink if loopback else None) for one in wanted]
        for process in processes:
            stack.callback(process.close)
            for kind, times in _TIMES.items():
                process.do(kind, max(times // 4, 2))  # caches, connections, threads
                taken(sink)
                process.do(kind, 2)
                process.sent[kind] = taken(sink) / 2
        for _ in range(rounds):
            for kind, times in _TIMES.items():
                for process in random.sample(processes, len(processes)):
                    process.costs[kind].append(process.do(kind, times))
    return processes


def taken(sink: str) -> int:
    """Return how many bytes were sent since this was asked for last."""
    with urllib.request.urlopen(f"{sink}/bytes") as answer:  # noqa: S310 - our own, on the loopback
        return int(answer.read())


def report(processes: list[Process]) -> str:
    """Return the table."""
    bare = processes[0]
    rows: list[list[object]] = [[bare.contender.name, *_cells(bare, None), ""]]
    for process in processes[1:]:
        size = f"{process.sent['call'] / 1000:.1f}" if process.sent["call"] else ""
        rows.append([_named(process.contender), *_cells(process, bare), size])
    head = ["CPU µs added (spread)", *WORK.values(), "KB sent for a call"]
    return table(head, rows)


def added(process: Process, bare: Process, kind: str) -> list[float]:
    """Return what a contender needed beyond the bare client, by round."""
    return [one - other for one, other in zip(process.costs[kind], bare.costs[kind], strict=True)]


def _named(contender: Contender) -> str:
    return f"**{contender.name}**" if contender.package not in PEERS else contender.name


def _cells(process: Process, bare: Process | None) -> list[str]:
    cells = []
    for kind in WORK:
        found = process.costs[kind] if bare is None else added(process, bare, kind)
        digits = 2 if kind == "stream" else 0
        sign = "" if bare is None else "+"
        cells.append(f"{statistics.median(found):{sign}.{digits}f} ({spread(found):.{digits}f})")
    return cells


def ratios(processes: list[Process]) -> str:
    """Return, for each way, our figures over those of the cheapest peer of this run, beside what is promised."""
    bare, rows = processes[0], []
    for way, promise in (("capture", "0.35"), ("whole", "0.5")):
        ours = [one for one in processes if one.contender.package == "orchestrace" and one.contender.way == way]
        peers = [one for one in processes if one.contender.package in PEERS and one.contender.way == way]
        if not ours or not peers:
            continue
        cells = []
        for kind in WORK:
            own = statistics.median(added(ours[0], bare, kind))
            cheapest = min(statistics.median(added(peer, bare, kind)) for peer in peers)
            cells.append(f"{own / cheapest:.2f}")
        rows.append([way, *cells, f"≤ {promise}"])
    return table(["orchestrace / cheapest peer", *WORK.values(), "promised for calls"], rows)


def main() -> None:
    """Measure and print; as a worker, do what the measuring process says."""
    parser = argparse.ArgumentParser(description="CPU that watching OpenAI calls adds.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loopback", action="store_true", help="ask a provider in another process, over HTTP")
    parser.add_argument("--only", default="", help="contenders whose names hold this, and the bare client")
    parser.add_argument("--worker")
    parser.add_argument("--sink", default="")
    parser.add_argument("--provider")
    given = parser.parse_args()
    if given.worker:
        work(given.worker, given.sink, given.provider)
        return
    wanted = [one for one in CONTENDERS if given.only in one.name or one.package == "bare client"]
    processes = measured(wanted, given.rounds, loopback=given.loopback)
    where = "another process, over the loopback" if given.loopback else "the client's own process"
    print(f"{machine()}; {versions('openai', 'opentelemetry-sdk', *PEERS)}.")
    print(f"{given.rounds} rounds; the provider is in {where}.\n\n{report(processes)}\n\n{ratios(processes)}")


if __name__ == "__main__":
    main()
