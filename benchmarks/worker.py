"""
One contender at work, in an environment of its own, for calls.py.

    python benchmarks/worker.py "orchestrace, capture" http://127.0.0.1:4318

begins by saying, as JSON, which version works here. Then each line that comes in is a task, and answered by a number:
`call in-process 150`, which is the CPU seconds that 150 calls took, `idle 2`, those that two seconds without work
took, or `peak`, the most bytes of memory so far.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from importlib import metadata

from chat import prepared
from contenders import Contender, Flush, named
from usage import peak, settled, spent
from work import LOOPBACK

__all__ = ["main"]


def introduction(contender: Contender) -> str:
    """Say who works here."""
    versions = {name: metadata.version(name) for name in (contender.package, "openai")}
    return json.dumps({"version": versions[contender.package], "openai": versions["openai"]})


class Worker:
    """What a contender is asked to do, by the first word of a task."""

    def __init__(self, sink: str, flush: Flush) -> None:
        self._sink = sink
        self._flush = flush

    def did(self, task: str) -> float:
        """Do a task; return the number that answers it."""
        kind, *rest = task.split()
        if kind == "peak":
            return peak()
        if kind == "idle":
            before = spent()
            time.sleep(float(rest[0]))
            return spent() - before
        return self._worked(kind, rest[0], int(rest[1]))

    def _worked(self, kind: str, transport: str, times: int) -> float:
        do = prepared(kind, self._sink if transport == LOOPBACK else None)
        gc.collect()
        before = settled()
        for _ in range(times):
            do()
        self._flush()
        return settled() - before


def main(name: str, sink: str) -> None:
    """Work until nobody asks any more."""
    contender = named(name)
    worker = Worker(sink, contender.start(sink))
    print(introduction(contender), flush=True)
    for task in sys.stdin:
        print(json.dumps(worker.did(task)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
