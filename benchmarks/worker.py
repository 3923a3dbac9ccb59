"""
One contender at work, in an environment of its own, for calls.py.

    python benchmarks/worker.py "orchestrace, capture" http://127.0.0.1:4318

begins by saying, as JSON, which version works here. Then each line that comes in is a task, and answered by a number:
`call in-process 150`, which is the CPU seconds that 150 calls took, `paced 40 0.25`, those that 40 calls took of which
one begins every quarter of a second, `idle 2`, those of two seconds without work, or `peak`, the most bytes of memory
so far.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
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
        if kind == "paced":
            return self._worked(prepared("call", None), int(rest[0]), float(rest[1]))
        return self._worked(prepared(kind, self._sink if rest[0] == LOOPBACK else None), int(rest[1]))

    def _worked(self, do: Callable[[], None], times: int, every: float = 0.0) -> float:
        gc.collect()
        before = settled()
        for _ in range(times):
            due = time.monotonic() + every
            do()
            if every:  # else not even for nothing: it would hand over the GIL after each call
                time.sleep(max(0.0, due - time.monotonic()))
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
